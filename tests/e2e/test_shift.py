"""What agents do at the desk all day, in a real browser, by mouse and by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.browser import PHONE, Window, launch, violations
from tests.e2e.people import Visitor, agent_at, visitor
from tests.e2e.stack import PASSWORD, Stack, eventually

pytestmark = [pytest.mark.slow, pytest.mark.browser]

DESK = "/admin/desk/"
QUESTION = "How much is standard shipping to France?"
SIZES = {
    "1440": {"width": 1440, "height": 900},
    "1024": {"width": 1024, "height": 768},
    "390": PHONE,
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module", autouse=True)
def _tools(demo_stack: Stack) -> None:
    """A saved reply and a macro."""
    with demo_stack.database() as database:
        database.execute(
            "INSERT INTO tickets_savedreply (name, text, updated_at)"
            " VALUES ('Thanks', 'Thank you for waiting!', now())"
        )
        database.execute(
            "WITH made AS (INSERT INTO tickets_macro (name, about, is_active, updated_at)"
            " VALUES ('Done', '', true, now()) RETURNING id)"
            " INSERT INTO tickets_macrostep (macro_id, position, kind, text, status)"
            " SELECT id, 1, 'status', '', 'solved' FROM made"
        )


@pytest.fixture(scope="module")
def dora(demo_stack: Stack) -> str:
    """A colleague of the admin's, with the same password."""
    demo_stack.manage(
        *("createsuperuser", "--noinput", "--username", "dora", "--email", "dora@example.com"),
        DJANGO_SUPERUSER_PASSWORD=PASSWORD,
    )
    return "dora"


def open_desk(agent: Window, stack: Stack, ada: Visitor) -> Page:
    agent.page.goto(f"{stack.url}{DESK}{ada.ticket}/")
    expect(agent.page.locator("[data-items] .sb-message").first).to_be_attached()
    return agent.page


def has_said(ada: Visitor, text: str) -> bool:
    with ada.stack.database() as database:
        found = database.execute(
            "SELECT 1 FROM tickets_message WHERE conversation_id = %s AND text = %s",
            [ada.conversation, text],
        )
        return found.fetchone() is not None


def is_answered(ada: Visitor) -> bool:
    with ada.stack.database() as database:
        found = database.execute(
            "SELECT 1 FROM tickets_message WHERE conversation_id = %s AND author = 'bot'",
            [ada.conversation],
        )
        return found.fetchone() is not None


def pane(page: Page, name: str) -> None:
    """On a phone, one part at a time."""
    button = page.locator(f"[data-pane-button={name}]")
    if button.is_visible():
        button.click()


def is_fitting(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("size", SIZES)
def test_a_shift_by_mouse(browser: Browser, demo_stack: Stack, size: str) -> None:
    with (
        agent_at(browser, demo_stack, f"mouse-{size}", SIZES[size]) as ben,
        visitor(demo_stack) as ada,
    ):
        page = ben.page
        page.goto(f"{demo_stack.url}{DESK}?view=new")
        ada.asks_for_a_person()
        ada.says(QUESTION)
        eventually(ada.has_draft, "the draft is written")
        entry = page.locator(f"[data-entries] [data-number='{ada.ticket}']")
        expect(entry).to_contain_text(QUESTION)
        ben.picture("queue")
        assert violations(ben) == []
        entry.click()
        expect(page.locator("[data-items]")).to_contain_text(QUESTION)
        pane(page, "side")
        draft = page.locator("[data-draft]")
        expect(draft).to_have_count(1)
        ben.picture("draft")
        assert violations(ben) == []
        assert is_fitting(page)
        draft.get_by_role("button", name="Edit").click()
        text = page.locator("#dk-text")
        expect(text).to_be_focused()
        text.fill("Standard shipping to France costs £9.95 up to 2 kg.")
        page.get_by_role("button", name="Check").click()
        expect(page.get_by_role("heading", name="Checked against the documents")).to_be_visible()
        ben.picture("checked")
        assert violations(ben) == []
        page.get_by_role("button", name="Send edited reply").click()
        expect(page.get_by_text("The reply goes out in 10 seconds.")).to_be_visible()
        ben.picture("sending")
        eventually(
            lambda: has_said(ada, "Standard shipping to France costs £9.95 up to 2 kg."),
            "the reply is sent",
        )
        open_desk(ben, demo_stack, ada)
        pane(page, "side")
        page.get_by_text("Decided drafts (1)").click()
        expect(page.locator(".dk-changes ins").first).to_be_visible()
        pane(page, "chat")
        note_and_saved_reply(ben)
        ada.says("Thank you!")
        expect(page.locator("[data-items]")).to_contain_text("Thank you!")
        solve_by_macro(ben)
        ada.asks_for_a_person()
        eventually(lambda: ada.status() == "reopened", "the ticket is reopened")


def note_and_saved_reply(ben: Window) -> None:
    page, text = ben.page, ben.page.locator("#dk-text")
    page.get_by_role("tab", name="Internal note").click()
    text.fill("@dora asked twice, please call her.")
    ben.picture("note")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator(".dk-note")).to_contain_text("@dora asked twice")
    page.get_by_role("tab", name="Reply").click()
    page.get_by_role("button", name="Saved replies").click()
    page.get_by_role("button", name="Insert Thanks").click()
    expect(text).to_have_value("Thank you for waiting!")


def solve_by_macro(ben: Window) -> None:
    page = ben.page
    page.get_by_role("button", name="Macros").click()
    expect(page.get_by_text("Set the status to “Solved”")).to_be_visible()
    ben.picture("macro")
    assert violations(ben) == []
    page.get_by_role("button", name="Apply Done").click()
    expect(page.get_by_text("“Done” is done.")).to_be_visible()


@pytest.mark.parametrize("size", SIZES)
def test_a_shift_by_keyboard_alone(browser: Browser, demo_stack: Stack, size: str) -> None:
    with (
        agent_at(browser, demo_stack, f"keys-{size}", SIZES[size]) as ben,
        visitor(demo_stack) as ada,
    ):
        page, keys = ben.page, ben.page.keyboard
        ada.asks_for_a_person()
        ada.says(f"{QUESTION} ({size})")
        eventually(ada.has_draft, "the draft is written")
        page.goto(f"{demo_stack.url}{DESK}")
        keys.press("/")
        keys.type(f"#{ada.ticket}")
        expect(page.locator("[data-entries] [data-number]")).to_have_count(1)
        keys.press("Enter")
        expect(page.locator("[data-entries] [data-number]")).to_be_focused()
        keys.press("Enter")
        expect(page.locator("[data-items]")).to_contain_text(QUESTION)
        expect(page.locator("[data-draft]")).to_have_count(1)
        keys.press("m")
        expect(page.get_by_text("The ticket is assigned to admin.")).to_be_visible()
        keys.press("i")
        expect(page.get_by_role("dialog", name="Another draft")).to_be_visible()
        keys.press("Escape")
        keys.press("t")
        expect(page.get_by_text("You speak with the customer now.")).to_be_visible()
        keys.press("e")
        expect(page.locator("#dk-text")).to_be_focused()
        keys.press("Control+a")
        keys.type("It costs £9.95.")
        keys.press("Control+Enter")
        expect(page.get_by_text("The reply goes out in 10 seconds.")).to_be_visible()
        keys.press("Escape")
        keys.press("u")
        expect(page.get_by_text("The reply is taken back. Nothing was sent.")).to_be_visible()
        expect(page.locator("#dk-text")).to_have_value("It costs £9.95.")
        keys.press("Control+Enter")
        eventually(lambda: has_said(ada, "It costs £9.95."), "the reply is sent")
        keys.press("Escape")
        keys.press("n")
        keys.type("She was @dora's customer before.")
        keys.press("Control+Enter")
        expect(page.locator(".dk-note")).to_contain_text("customer before.")
        expect(page.locator("[data-items]")).to_contain_text("It costs £9.95.")
        keys.press("Escape")
        keys_and_palette(ben)


def keys_and_palette(ben: Window) -> None:
    page, keys = ben.page, ben.page.keyboard
    keys.press("?")
    expect(page.get_by_role("heading", name="Keys", exact=True)).to_be_visible()
    ben.picture("keys")
    assert violations(ben) == []
    keys.press("Escape")
    keys.press("Control+k")
    keys.type("solve")
    ben.picture("palette")
    assert violations(ben) == []
    keys.press("Enter")
    expect(page.get_by_text("The ticket is now “Solved”.")).to_be_visible()


@pytest.mark.parametrize("size", ["1440", "390"])
def test_a_new_draft_does_not_move_what_is_being_written(
    browser: Browser, demo_stack: Stack, size: str
) -> None:
    with (
        agent_at(browser, demo_stack, f"draft-{size}", SIZES[size]) as ben,
        visitor(demo_stack) as ada,
    ):
        ada.says("Hello")
        # An answer that is still under way when a person is asked for becomes a draft.
        eventually(lambda: is_answered(ada), "the greeting is answered")
        ada.asks_for_a_person()
        page = open_desk(ben, demo_stack, ada)
        text = page.locator("#dk-text")
        text.fill("One moment, I am looking")
        before = text.bounding_box()
        ada.says(QUESTION)
        expect(page.locator("[data-draft]")).to_have_count(1)
        expect(page.locator("[data-voice]")).to_contain_text("The bot has written a draft.")
        assert page.locator("[data-voice]").text_content().count(QUESTION) == 1  # type: ignore[union-attr]
        expect(text).to_be_focused()
        assert (text.input_value(), text.bounding_box()) == ("One moment, I am looking", before)
        page.reload()
        expect(page.locator("#dk-text")).to_have_value("One moment, I am looking")


def test_colleagues_see_each_other_and_do_not_answer_twice(
    browser: Browser, demo_stack: Stack, dora: str
) -> None:
    with (
        agent_at(browser, demo_stack, "first") as ben,
        agent_at(browser, demo_stack, "second", user=dora) as her,
        visitor(demo_stack) as ada,
    ):
        ada.says("Hello")
        ada.asks_for_a_person()
        his, hers = open_desk(ben, demo_stack, ada), open_desk(her, demo_stack, ada)
        expect(his.locator("[data-presence]")).to_have_text("dora is looking at this ticket.")
        hers.locator("#dk-text").press_sequentially("I am on it.")
        expect(his.locator("[data-presence]")).to_have_text("dora is writing a reply.")
        his.locator("#dk-text").fill("Me too.")
        his.route("**/news/**", lambda route: route.abort())  # his page has not heard of it
        hers.get_by_role("button", name="Send", exact=True).click()
        eventually(lambda: has_said(ada, "I am on it."), "her reply is sent")
        his.get_by_role("button", name="Send", exact=True).click()
        told = his.get_by_role("dialog", name="dora replied while you were writing.")
        expect(told).to_contain_text("I am on it.")
        ben.picture("collision")
        assert violations(ben) == []
        told.get_by_role("button", name="Look first").click()
        assert his.locator("#dk-text").input_value() == "Me too."
        assert not has_said(ada, "Me too.")


def test_offline_is_said_and_what_was_missed_comes_afterwards(
    browser: Browser, demo_stack: Stack
) -> None:
    with agent_at(browser, demo_stack, "offline") as ben, visitor(demo_stack) as ada:
        ada.says("Hello")
        ada.asks_for_a_person()
        page = open_desk(ben, demo_stack, ada)
        page.context.set_offline(True)
        page.get_by_role("button", name="Take over").click()
        expect(page.get_by_text(re.compile("The server cannot be reached")).first).to_be_visible()
        ben.picture("offline")
        ada.says("Are you still there?")
        page.context.set_offline(False)
        expect(page.locator("[data-items]")).to_contain_text("Are you still there?")
        expect(page.locator("[data-state]")).to_be_hidden()

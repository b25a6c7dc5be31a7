"""What an agent sees happen at the desk, in a real browser, without reloading a page."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect, sync_playwright

from tests.e2e.browser import DESKTOP, PHONE, Window, launch, sign_in, violations, window
from tests.e2e.stack import ADMIN, PASSWORD, Stack, eventually

pytestmark = [pytest.mark.slow, pytest.mark.browser]

TICKETS = "/admin/tickets/ticket/"
CONVERSATIONS = "/admin/tickets/conversation/"
QUESTION = "How much is standard shipping to France?"
WIDE = {"width": 1400, "height": 900}
CONTENT = "document.querySelector('#content')"
LOOK_AWAY = """hidden => {
    Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
}"""
# What stands on top of an element at the lower edge of the window, from its top to its bottom.
COVERS = """one => {
    one.scrollIntoView({ block: 'end' });
    const { left, top, width, height } = one.getBoundingClientRect();
    return [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
        .map(part => document.elementFromPoint(left + width / 2, top + height * part))
        .filter(found => found !== one).map(found => found?.outerHTML.slice(0, 80) ?? 'nothing');
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@dataclass
class Visitor:
    """A customer who writes over REST."""

    api: httpx.Client
    conversation: str
    stack: Stack

    def says(self, text: str) -> None:
        message = {"text": text, "client_id": str(uuid.uuid4())}
        answer = self.api.post(f"conversations/{self.conversation}/messages/", json=message)
        assert answer.status_code == 202, answer.text

    def asks_for_a_person(self) -> None:
        answer = self.api.post(f"conversations/{self.conversation}/handover/", json={})
        assert answer.is_success, answer.text

    @property
    def ticket(self) -> int:
        query = "SELECT id FROM tickets_ticket WHERE conversation_id = %s"
        (number,) = self._ask(query)
        return number

    def has_draft(self) -> bool:
        query = (
            "SELECT draft.id FROM tickets_draft draft JOIN tickets_ticket ticket"
            " ON ticket.id = draft.ticket_id WHERE ticket.conversation_id = %s"
        )
        return bool(self._ask(query))

    def _ask(self, query: str) -> tuple[int, ...]:
        with self.stack.database() as database:
            return database.execute(query, [self.conversation]).fetchone() or ()


@contextmanager
def visitor(stack: Stack) -> Iterator[Visitor]:
    with httpx.Client(base_url=f"{stack.url}/api/v1/", timeout=60) as api:
        token = api.post("visitors/").json()["token"]
        api.headers["Authorization"] = f"Bearer {token}"
        yield Visitor(api, api.post("conversations/").json()["id"], stack)


@contextmanager
def agent_at(
    browser: Browser,
    stack: Stack,
    name: str,
    viewport: dict[str, int] | None = None,
    timezone: str | None = None,
) -> Iterator[Window]:
    with window(browser, f"agent-{name}", viewport, timezone) as ben:
        sign_in(ben, stack, ADMIN, PASSWORD)
        yield ben


def waiting(page: Page) -> int:
    """The number behind “Tickets” in the navigation."""
    badge = page.locator(f'#nav-sidebar-apps a[href="{TICKETS}"] [data-badge]')
    return int(badge.first.text_content() or "0")


def row_of(page: Page, ticket: int) -> str:
    return f'#result_list a[href*="{TICKETS}{ticket}/"]'


# -- Live -----------------------------------------------------------------------------------------
def test_list_number_and_title_follow_a_hand_over(browser: Browser, demo_stack: Stack) -> None:
    with agent_at(browser, demo_stack, "live") as ben, visitor(demo_stack) as ada:
        page = ben.page
        page.goto(f"{demo_stack.url}{TICKETS}")
        before = waiting(page)
        page.evaluate("window.isSamePage = true")
        ada.says(QUESTION)
        ada.asks_for_a_person()
        expect(page).to_have_title(f"({before + 1}) Tickets | supportbot")
        assert waiting(page) == before + 1
        row = page.locator(row_of(page, ada.ticket)).first
        expect(row).to_be_visible()
        said = page.locator("p[role=status]")
        expect(said).to_have_attribute("aria-live", "polite")
        expect(said).to_contain_text("A customer is waiting for a person")
        assert page.evaluate("window.isSamePage"), "nothing was reloaded"
        ben.picture("list")
        assert violations(ben, CONTENT) == []
        page.goto(f"{demo_stack.url}{TICKETS}{ada.ticket}/change/")
        page.get_by_role("button", name="Resolve").click()
        expect(page).to_have_title(re.compile(r"^\(\d+\) #" if before else r"^#"))
        assert waiting(page) == before


def test_a_tab_in_the_background_counts_and_draws_its_list_when_looked_at(
    browser: Browser, demo_stack: Stack
) -> None:
    with agent_at(browser, demo_stack, "background") as ben, visitor(demo_stack) as ada:
        page = ben.page
        page.goto(f"{demo_stack.url}{TICKETS}")
        before = waiting(page)
        page.evaluate(LOOK_AWAY, True)
        ada.says(QUESTION)
        ada.asks_for_a_person()
        expect(page).to_have_title(re.compile(rf"^\({before + 1}\) "))
        page.evaluate(LOOK_AWAY, False)
        expect(page.locator(row_of(page, ada.ticket)).first).to_be_visible()


@pytest.mark.parametrize("lost", [2, 10_000], ids=["a-lost-socket", "no-socket-at-all"])
def test_the_page_follows_after_and_without(browser: Browser, demo_stack: Stack, lost: int) -> None:
    opened: list[WebSocketRoute] = []

    def connect(socket: WebSocketRoute) -> None:
        opened.append(socket)
        if len(opened) <= lost:
            socket.close()
        else:
            socket.connect_to_server()

    with agent_at(browser, demo_stack, f"lost-{lost}") as ben, visitor(demo_stack) as ada:
        page = ben.page
        page.route_web_socket(re.compile(r"/ws/desk/$"), connect)
        page.goto(f"{demo_stack.url}{TICKETS}")
        before = waiting(page)
        ada.says(QUESTION)
        if lost == 2:
            # Playwright serves its sockets only while it is called.
            for _ in range(100):
                page.wait_for_timeout(200)
                if len(opened) > lost:
                    break
            assert len(opened) == lost + 1, "it connects again"
        ada.asks_for_a_person()
        expect(page).to_have_title(re.compile(rf"^\({before + 1}\) "))
        expect(page.locator(row_of(page, ada.ticket)).first).to_be_visible()


def test_conversations_move_up_with_their_last_words_and_a_mark(
    browser: Browser, demo_stack: Stack
) -> None:
    zone = "Asia/Tokyo"
    with (
        agent_at(browser, demo_stack, "unread", timezone=zone) as ben,
        visitor(demo_stack) as ada,
        visitor(demo_stack) as eve,
    ):
        page = ben.page
        ada.asks_for_a_person()
        ada.says(QUESTION)
        eve.says("What is the capital of Peru?")
        page.goto(f"{demo_stack.url}{CONVERSATIONS}")
        first = page.locator("#result_list tbody").first
        expect(first).to_contain_text("Bot: I could not find")  # what Eve is told comes first
        ada.says("Are you there (unread)?")
        expect(first).to_contain_text("Are you there (unread)?")
        expect(first.get_by_text("(unread)", exact=True)).to_be_attached()
        moment = first.locator("local-time")
        at = dt.datetime.fromisoformat(moment.get_attribute("datetime") or "")
        expect(moment).to_have_text(f"{at.astimezone(ZoneInfo(zone)):%H:%M}")
        ben.picture("conversations")
        assert violations(ben, CONTENT) == []
        first.get_by_role("link").first.click()
        expect(page.get_by_role("heading", name="Conversation with")).to_be_visible()
        page.goto(f"{demo_stack.url}{CONVERSATIONS}")
        row = page.locator("#result_list tbody").filter(has_text="Are you there (unread)?")
        expect(row.get_by_text("(unread)", exact=True)).to_have_count(0)


# -- The ticket's page ----------------------------------------------------------------------------
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_new_draft_neither_covers_nor_moves_what_is_being_written(
    browser: Browser, demo_stack: Stack, size: dict[str, int]
) -> None:
    name = f"news-{size['width']}"
    with agent_at(browser, demo_stack, name, size) as ben, visitor(demo_stack) as ada:
        page = ben.page
        ada.asks_for_a_person()
        page.goto(f"{demo_stack.url}{TICKETS}{ada.ticket}/change/")
        reply = page.locator("#reply")
        reply.fill("One moment, I am looking")
        ada.says(QUESTION)
        draft = page.locator("[data-draft]")
        expect(draft).to_have_count(1)
        news = page.locator("[data-news-box]")
        expect(news).to_contain_text("The bot has written a new draft.")
        expect(news).to_have_attribute("aria-live", "polite")
        assert reply.input_value() == "One moment, I am looking"
        expect(reply).to_be_focused()
        assert reply.evaluate(COVERS) == []
        assert page.locator(".sb-reply button").evaluate(COVERS) == []
        ben.picture("draft")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0
        assert violations(ben, "document.querySelector('.sb-desk')") == []
        # It works like one that was there when the page was opened.
        draft.locator("textarea").first.fill("9.95 to France.")
        draft.get_by_role("button", name="Send edited reply").click()
        expect(page.get_by_text("The reply is sent.")).to_be_visible()
        expect(page.locator("[data-chat]")).to_contain_text("9.95 to France.")


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_ones_own_reply_stands_beside_the_drafts_or_before_them(
    browser: Browser, demo_stack: Stack, size: dict[str, int]
) -> None:
    name = f"beside-{size['width']}"
    with agent_at(browser, demo_stack, name, size) as ben, visitor(demo_stack) as ada:
        ada.asks_for_a_person()
        ada.says(QUESTION)
        eventually(ada.has_draft, "the draft is written")
        ben.page.goto(f"{demo_stack.url}{TICKETS}{ada.ticket}/change/")
        reply = ben.page.locator(".sb-reply").bounding_box()
        draft = ben.page.locator("[data-draft]").bounding_box()
        assert reply is not None
        assert draft is not None
        ben.picture("beside")
        if size is WIDE:
            assert reply["x"] + reply["width"] <= draft["x"]
            assert reply["y"] == draft["y"]
        else:
            assert reply["y"] + reply["height"] <= draft["y"]


def test_what_a_colleague_does_is_seen_and_own_words_stay(
    browser: Browser, demo_stack: Stack
) -> None:
    with (
        agent_at(browser, demo_stack, "looks") as ben,
        agent_at(browser, demo_stack, "edits") as cleo,
        agent_at(browser, demo_stack, "decides") as dora,
        visitor(demo_stack) as ada,
    ):
        ada.asks_for_a_person()
        ada.says(QUESTION)
        eventually(ada.has_draft, "the draft is written")
        for agent in (ben, cleo, dora):
            agent.page.goto(f"{demo_stack.url}{TICKETS}{ada.ticket}/change/")
        cleo.page.locator("[data-draft] textarea").first.fill("My own words.")
        dora.page.get_by_text("Reject…").click()
        dora.page.get_by_role("button", name="Reject without sending").click()
        expect(ben.page.locator("[data-draft]")).to_have_count(0)
        expect(cleo.page.locator("[data-news-box]")).to_contain_text("is decided already")
        assert cleo.page.locator("[data-draft] textarea").first.input_value() == "My own words."
        dora.page.get_by_role("button", name="Take over").click()
        side = ben.page.get_by_role("complementary", name="Ticket")
        expect(side).to_contain_text("speaks with the customer.")
        side.get_by_role("button", name="Assign to me").click()
        expect(ben.page.get_by_text("The ticket is assigned to")).to_be_visible()

"""What people do in the widget and at the agents' desk, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.browser import (
    DESKTOP,
    PHONE,
    ZOOMED,
    Window,
    launch,
    sign_in,
    violations,
    window,
)
from tests.e2e.corpus import ANSWER, QUESTION, SECOND_ANSWER, SECOND_QUESTION
from tests.e2e.model import SlowModel
from tests.e2e.screen_reader import ScreenReader, check_snapshot
from tests.e2e.stack import ADMIN, PASSWORD, Stack, eventually
from tests.e2e.zoom import check_fit

pytestmark = [pytest.mark.slow, pytest.mark.browser]

BEN = "ben"
TOLD = "has already approved this draft. Nothing was sent a second time."
SIZES = {"desktop": DESKTOP, "phone": PHONE}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def second_agent(model_stack: Stack) -> str:
    """A colleague of the admin's, with the same password."""
    model_stack.manage(
        *("createsuperuser", "--noinput", "--username", BEN, "--email", "ben@example.com"),
        DJANGO_SUPERUSER_PASSWORD=PASSWORD,
    )
    return BEN


@pytest.mark.parametrize("size", SIZES)
def test_from_a_question_to_a_colleagues_reply(
    browser: Browser, model_stack: Stack, model: SlowModel, size: str
) -> None:
    question = f"{QUESTION} ({list(SIZES).index(size) + 1})"  # a word would be part of the question
    script = model.answers(question, ANSWER, allowed=0)
    with window(browser, f"journey-{size}", SIZES[size]) as ada:
        ada.open_widget(model_stack.url)
        ada.picture("open")
        ada.ask(question)
        expect(ada.find("status")).to_be_visible()
        ada.picture("status")
        for number in (1, 2):
            script.let(number)
            expect(ada.find("sentence")).to_have_count(number)
        assert ada.sentences() == list(ANSWER[:2])
        ada.picture("two-sentences")
        _read_the_source(ada)
        _reload_in_mid_answer(ada)
        script.finish()
        expect(ada.find("feedback-up")).to_be_visible()
        assert ada.sentences() == list(ANSWER)
        ada.picture("answered")
        if size == "desktop":  # the reply takes ten seconds, in which it could be taken back
            _get_a_reply(browser, model_stack, ada, model)


def _read_the_source(ada: Window) -> None:
    ada.find("citation").first.click()
    expect(ada.find("source")).to_be_visible()
    quote = ada.find("source-quote").inner_text()
    assert " ".join(quote.split()) == ANSWER[0]
    passage = ada.find("source").inner_text()
    assert len(passage) > len(quote) + 100, "the quote stands in its passage"
    assert "Returns policy" in passage
    ada.picture("source")
    ada.find("source-close").click()
    expect(ada.find("source")).to_have_count(0)


def _reload_in_mid_answer(ada: Window) -> None:
    ada.page.reload()
    if not ada.find("panel").is_visible():
        ada.find("launcher").click()
    expect(ada.find("sentence")).to_have_count(2)
    assert ada.sentences() == list(ANSWER[:2])
    ada.picture("reloaded")


def _get_a_reply(browser: Browser, stack: Stack, ada: Window, model: SlowModel) -> None:
    question = f"{SECOND_QUESTION} ({len(ada.name)})"
    model.answers(question, SECOND_ANSWER)
    ada.find("handover").click()
    expect(ada.find("banner")).to_be_visible()
    ada.ask(question)
    expect(ada.find("log")).to_contain_text(question)
    ada.picture("waiting")
    with window(browser, f"desk-{ada.name}") as agent:
        sign_in(agent, stack, ADMIN, PASSWORD)
        _open_ticket_of(agent, stack, question)
        draft = agent.page.locator("[data-draft]")
        expect(draft).to_contain_text(SECOND_ANSWER[0])
        agent.picture("draft")
        draft.get_by_role("button", name="Approve and send").click()
        expect(agent.page.get_by_text("The reply goes out in 10 seconds.")).to_be_visible()
        agent.picture("sent")
    expect(ada.find("log")).to_contain_text(SECOND_ANSWER[0])
    # Never the name that the agent logs in with, which is all that this account has.
    expect(ada.find("banner")).to_contain_text("a colleague")
    # Approved word for word, so it comes with its citation.
    assert ada.sentences() == [*ANSWER, *SECOND_ANSWER]
    ada.picture("reply")
    ada.find("citation").last.click()
    assert SECOND_ANSWER[0] == " ".join(ada.find("source-quote").inner_text().split())
    ada.find("source-close").click()


def _open_ticket_of(agent: Window, stack: Stack, question: str) -> None:
    """Find the ticket at the desk by the customer's words; the draft may still be on its way."""
    agent.page.goto(f"{stack.url}/admin/desk/?q={question.replace(' ', '+')}")
    agent.page.locator("[data-entries] [data-number]").first.click()
    expect(agent.page.locator("[data-items]")).to_contain_text(question)
    expect(agent.page.locator("[data-draft]")).to_have_count(1)


def test_two_agents_press_approve_and_one_of_them_is_told(
    browser: Browser, model_stack: Stack, model: SlowModel, second_agent: str
) -> None:
    question = f"{SECOND_QUESTION} (2)"
    model.answers(question, SECOND_ANSWER)
    with (
        window(browser, "two-agents-customer") as ada,
        window(browser, "two-agents-first") as first,
        window(browser, "two-agents-second") as second,
    ):
        ada.open_widget(model_stack.url)
        ada.find("handover").click()
        expect(ada.find("banner")).to_be_visible()
        ada.ask(question)
        expect(ada.find("log")).to_contain_text(question)
        for agent, user in ((first, ADMIN), (second, second_agent)):
            sign_in(agent, model_stack, user, PASSWORD)
            _open_ticket_of(agent, model_stack, question)
            # Neither hears of the other before they press.
            agent.page.route("**/news/**", lambda route: route.abort())
        for agent in (first, second):
            # Pressed without waiting for what comes of it.
            press = "() => document.querySelector('[data-verb=approve]').click()"
            agent.page.evaluate(press)
        sent = first.page.get_by_text("The reply goes out in 10 seconds.")
        told = first.page.get_by_text("A reply from this draft is on its way already.")
        expect(sent.or_(told)).to_be_visible()
        winner, loser = (first, second) if sent.is_visible() else (second, first)
        expect(winner.page.get_by_text("The reply goes out in 10 seconds.")).to_be_visible()
        expect(
            loser.page.get_by_text("A reply from this draft is on its way already.")
        ).to_be_visible()
        winner.picture("wins")
        loser.picture("is-told")
        expect(ada.find("log").get_by_text(SECOND_ANSWER[0])).to_have_count(1)


def test_a_conversation_with_the_keyboard_alone(browser: Browser, demo_stack: Stack) -> None:
    with window(browser, "keyboard") as ada:
        ada.page.goto(demo_stack.url)
        expect(ada.find("launcher")).to_be_visible()
        _press_until(ada, "Tab", "launcher")
        ada.page.keyboard.press("Enter")
        expect(ada.find("input")).to_be_focused()
        ada.page.keyboard.type("How long do I have to return something?")
        ada.page.keyboard.press("Enter")
        expect(ada.find("feedback-up")).to_be_visible()
        _press_until(ada, "Shift+Tab", "citation")
        ada.picture("citation-focused")
        ada.page.keyboard.press("Enter")
        expect(ada.find("source-close")).to_be_focused()
        expect(ada.find("source-quote")).to_be_visible()
        for _ in range(6):
            ada.page.keyboard.press("Tab")
            # A table in the quoted passage can be scrolled, so it takes the focus too.
            assert _focused(ada).startswith(("source", "table")), "focus stays in the dialog"
        ada.page.keyboard.press("Escape")
        expect(ada.find("source")).to_have_count(0)
        assert _focused(ada) == "citation"
        ada.page.keyboard.press("Escape")
        expect(ada.find("panel")).to_be_hidden()
        assert _focused(ada) == "launcher"


def test_a_screen_reader_says_each_sentence_of_an_answer_once(
    browser: Browser, model_stack: Stack, model: SlowModel
) -> None:
    question = f"{QUESTION} (3)"
    script = model.answers(question, ANSWER, allowed=0)
    with window(browser, "screen-reader") as ada:
        ada.open_widget(model_stack.url)
        reader = ScreenReader(ada)
        ada.ask(question)
        expect(ada.find("status")).to_be_visible()
        eventually(lambda: script.begun, "the model has begun")
        reader.hear("the question was sent")
        for number in (1, 2):
            script.let(number)
            expect(ada.find("sentence")).to_have_count(number)
            reader.hear(f"sentence {number} came", awaited=ANSWER[number - 1])
        reader.read("log", "the conversation, after two sentences")
        script.finish()
        expect(ada.find("edit-again")).to_be_visible()
        reader.hear("the rest came, and the answer was finished", awaited=ANSWER[-1])
        reader.read("panel", "the whole chat, with the finished answer")
        reader.regions()
        for sentence in ANSWER:
            assert sum(sentence in line for line in reader.heard) == 1, reader.heard
        check_snapshot("screen_reader.txt", reader.text)


def _press_until(ada: Window, key: str, testid: str) -> None:
    for _ in range(30):
        ada.page.keyboard.press(key)
        if _focused(ada) == testid:
            return
    raise AssertionError(f"{key} never came to {testid}; it is at {_focused(ada)!r}")


def _focused(ada: Window) -> str:
    """The test id, or else the class, of what has the focus, inside the widget too."""
    return str(
        ada.page.evaluate(
            """() => {
                let at = document.activeElement;
                while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
                return at?.dataset?.testid || at?.className || at?.localName || '';
            }"""
        )
    )


def test_a_walk_at_twice_the_size_of_text(browser: Browser, demo_stack: Stack) -> None:
    with window(browser, "zoomed", ZOOMED) as ada:
        ada.page.goto(demo_stack.url)
        attributes = "(chat, all) => all.forEach(([name, value]) => chat.setAttribute(name, value))"
        asked = [["ask-first", "optional"], ["consent", "You may write to this address."]]
        ada.page.locator("support-chat").evaluate(attributes, asked)
        ada.find("launcher").click()
        expect(ada.find("address-email")).to_be_focused()
        check_fit(ada, "address", "address")
        ada.find("address-skip").click()
        expect(ada.find("suggestion").first).to_be_visible()
        check_fit(ada, "open", "panel")
        ada.ask("How long do I have to return something?")
        expect(ada.find("edit-again")).to_be_visible()
        check_fit(ada, "answer", "panel")
        ada.find("citation").first.click()
        expect(ada.find("source-quote")).to_be_visible()
        check_fit(ada, "source", "source")
        ada.find("source-close").click()
        ada.find("help-open").click()
        expect(ada.find("help-entry").first).to_be_visible()
        check_fit(ada, "help", "panel")
        ada.find("help-entry").first.click()
        expect(ada.find("article")).to_be_visible()
        check_fit(ada, "article", "panel")
        ada.page.keyboard.press("Escape")
        ada.page.keyboard.press("Escape")
        ada.find("handover").click()
        expect(ada.find("banner")).to_be_visible()
        check_fit(ada, "waiting", "panel")


def _violations_in_both_themes(ada: Window) -> list[str]:
    found = []
    for theme in ("light", "dark"):
        set_theme = "(chat, theme) => chat.setAttribute('theme', theme)"
        ada.page.locator("support-chat").evaluate(set_theme, theme)
        ada.picture(theme)
        found += [f"{theme}: {one}" for one in violations(ada)]
    return found


@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_in_the_widget(browser: Browser, demo_stack: Stack, size: str) -> None:
    with window(browser, f"axe-{size}", SIZES[size]) as ada:
        ada.page.goto(demo_stack.url)
        assert _violations_in_both_themes(ada) == []
        ada.find("launcher").click()
        expect(ada.find("suggestion").first).to_be_visible()
        assert _violations_in_both_themes(ada) == []
        ada.find("suggestion").first.click()
        expect(ada.find("feedback-up")).to_be_visible()
        assert _violations_in_both_themes(ada) == []
        ada.find("feedback-down").click()
        expect(ada.find("feedback-comment")).to_be_visible()
        assert _violations_in_both_themes(ada) == []
        ada.find("citation").first.click()
        expect(ada.find("source")).to_be_visible()
        assert _violations_in_both_themes(ada) == []


def test_axe_finds_nothing_on_the_agents_desk(
    browser: Browser, model_stack: Stack, model: SlowModel
) -> None:
    question = f"{SECOND_QUESTION} (axe)"
    model.answers(question, SECOND_ANSWER)
    with window(browser, "axe-customer") as ada, window(browser, "axe-desk") as agent:
        ada.open_widget(model_stack.url)
        ada.find("handover").click()
        expect(ada.find("banner")).to_be_visible()
        ada.ask(question)
        expect(ada.find("log")).to_contain_text(question)
        sign_in(agent, model_stack, ADMIN, PASSWORD)
        _open_ticket_of(agent, model_stack, question)
        agent.picture("ticket")
        assert violations(agent) == []

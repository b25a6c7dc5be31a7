"""What an agent sees happen in the admin's lists, in a real browser, without reloading a page."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect, sync_playwright

from tests.e2e.browser import launch, violations
from tests.e2e.people import agent_at, visitor
from tests.e2e.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.browser]

TICKETS = "/admin/tickets/ticket/"
DESK = "/admin/desk/"
CONVERSATIONS = "/admin/tickets/conversation/"
QUESTION = "How much is standard shipping to France?"
CONTENT = "document.querySelector('#content')"
LOOK_AWAY = """hidden => {
    Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


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
        page.goto(f"{demo_stack.url}{DESK}{ada.ticket}/")
        page.get_by_role("button", name="Solve").click()
        expect(page.get_by_text("The ticket is now “Solved”.")).to_be_visible()
        page.goto(f"{demo_stack.url}{TICKETS}")
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

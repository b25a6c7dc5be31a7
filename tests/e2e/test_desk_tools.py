"""Several tickets, files and search at the desk, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect, sync_playwright

from tests.e2e.browser import PHONE, Window, launch, violations
from tests.e2e.people import Visitor, agent_at, visitor
from tests.e2e.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.browser]

SIZES = {"1440": {"width": 1440, "height": 900}, "390": PHONE}
LOG: FilePayload = {"name": "log.txt", "mimeType": "text/plain", "buffer": b"log"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


def run(page: Page, command: str) -> None:
    """By the palette, as somebody would who knows no key."""
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="What do you want to do?").fill(command)
    page.keyboard.press("Enter")


def at_desk(agent: Window, ada: Visitor) -> Page:
    agent.page.goto(f"{ada.stack.url}/admin/desk/{ada.ticket}/")
    expect(agent.page.locator("[data-items]")).to_contain_text("zither")
    return agent.page


@pytest.mark.parametrize("size", SIZES)
def test_tickets_are_split_and_linked_and_that_is_undone(
    browser: Browser, demo_stack: Stack, size: str
) -> None:
    with (
        agent_at(browser, demo_stack, f"several-{size}", SIZES[size]) as ben,
        visitor(demo_stack) as ada,
    ):
        ada.asks_for_a_person()
        ada.says("My zither is out of tune.")
        page = at_desk(ben, ada)
        run(page, "split")
        dialog = page.get_by_role("dialog", name="Split this ticket")
        dialog.get_by_role("button", name="Begin a new ticket").click()
        expect(dialog.get_by_role("alert")).to_have_text("Choose at least one message.")
        ben.picture("split")
        assert violations(ben) == []
        dialog.get_by_label("My zither is out of tune.").check()
        dialog.get_by_role("button", name="Begin a new ticket").click()
        expect(page.locator("[data-panel=details]")).to_contain_text("Split off from this one")
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("[data-panel=details]")).not_to_contain_text("Belongs together")
        run(page, "link another")
        dialog = page.get_by_role("dialog", name="Link another ticket")
        dialog.get_by_label("ticket number").fill("1")
        page.keyboard.press("Enter")
        expect(page.locator("[data-panel=details]")).to_contain_text("Related")


def test_a_file_goes_with_a_note(browser: Browser, demo_stack: Stack) -> None:
    with (
        agent_at(browser, demo_stack, "files", SIZES["1440"]) as ben,
        visitor(demo_stack) as ada,
    ):
        ada.asks_for_a_person()
        ada.says("My zither hums.")
        page = at_desk(ben, ada)
        page.get_by_role("button", name="Attach").click()
        expect(page.get_by_role("alert")).to_contain_text("Files go to customers by e-mail")
        page.get_by_role("tab", name="Internal note").click()
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Attach").click()
        chooser.value.set_files([LOG])
        expect(page.locator("[data-file-list]")).to_contain_text("log.txt")
        page.locator("#dk-text").fill("See the log.")
        page.get_by_role("button", name="Add note").click()
        note = page.locator(".dk-note", has_text="See the log.")
        expect(note.get_by_role("link", name="log.txt")).to_be_visible()
        expect(page.locator("[data-files]")).to_be_hidden()
        assert violations(ben) == []


def test_search_marks_the_words(browser: Browser, demo_stack: Stack) -> None:
    with (
        agent_at(browser, demo_stack, "search", SIZES["1440"]) as ben,
        visitor(demo_stack) as ada,
    ):
        ada.asks_for_a_person()
        ada.says("My zither has lost a string.")
        page = at_desk(ben, ada)
        page.keyboard.press("/")
        page.get_by_role("searchbox").fill("zithers string")
        entry = page.locator(f"[data-entries] [data-number='{ada.ticket}']")
        expect(entry.locator("mark")).to_have_text(["zither", "string"])
        expect(page.locator(".dk-head h2")).to_have_text("My zither has lost a string.")
        entry.click()
        page.wait_for_function("CSS.highlights.get('desk-found')?.size === 2")
        marked = "[...CSS.highlights.get('desk-found')].map(String)"
        assert page.evaluate(marked) == ["zither", "string"]
        assert violations(ben) == []

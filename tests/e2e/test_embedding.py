"""The widget on somebody else's site: one script tag, from an allowed origin and from others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.browser import Window, launch, window
from tests.e2e.shop import shop
from tests.e2e.stack import Stack, free_port

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A shop</title></head>
<body><main><h1>A shop</h1><p>It has a page of its own.</p></main>
<script src="{url}/static/widget/support-chat.js" async></script></body></html>
"""
REFUSED = "This chat is not available on this page."


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@contextmanager
def site(folder: Path, stack: Stack, port: int) -> Iterator[str]:
    """A site with the one script tag; yields its address."""
    (folder / "index.html").write_text(PAGE.format(url=stack.url), encoding="utf-8")
    with shop(folder, port) as address:
        yield address


def test_a_site_that_is_named_embeds_it_with_one_line(
    browser: Browser, demo_stack: Stack, shop_port: int, tmp_path: Path
) -> None:
    with site(tmp_path, demo_stack, shop_port) as address, window(browser, "embedded") as ada:
        ada.open_widget(address)
        ada.ask("How long do I have to return something?")
        expect(ada.find("feedback-up")).to_be_visible()
        assert ada.sentences()
        ada.find("feedback-up").click()
        ada.find("citation").first.click()
        expect(ada.find("source-quote")).to_be_visible()
        ada.picture("answered")


@pytest.mark.parametrize("stack_name", ["demo_stack", "model_stack"])
def test_a_site_that_is_not_named_is_refused_plainly(
    browser: Browser, request: pytest.FixtureRequest, stack_name: str, tmp_path: Path
) -> None:
    """`demo_stack` names another site, `model_stack` none."""
    stack: Stack = request.getfixturevalue(stack_name)
    before = _visitors(stack)
    with site(tmp_path, stack, free_port()) as address, window(browser, "refused") as ada:
        ada.open_widget(address)
        expect(ada.find("connection")).to_have_text(REFUSED)
        ada.picture(stack_name)
        _page_still_works(ada)
    assert _visitors(stack) == before


def _visitors(stack: Stack) -> int:
    with stack.database() as database:
        row = database.execute("SELECT count(*) FROM tickets_customer").fetchone()
    assert row is not None
    return int(row[0])


def _page_still_works(ada: Window) -> None:
    ada.find("close").click()
    expect(ada.find("panel")).to_be_hidden()
    expect(ada.page.get_by_role("heading", name="A shop")).to_be_visible()

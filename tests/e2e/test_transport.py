"""The widget behind proxies that block or hold back, and in two tabs of a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect, sync_playwright

from tests.e2e.bad_proxy import bad_proxy
from tests.e2e.browser import Window, launch, sign_in, violations, window
from tests.e2e.stack import ADMIN, PASSWORD, Stack

pytestmark = [pytest.mark.slow, pytest.mark.browser]

QUESTION = "How long do I have to return something?"
WAY = "() => Object.entries(sessionStorage).find(([key]) => key.endsWith(':way'))?.[1] ?? null"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


def _sockets(page: Page) -> list[WebSocket]:
    opened: list[WebSocket] = []

    def note(socket: WebSocket) -> None:
        opened.append(socket)

    page.on("websocket", note)
    return opened


@pytest.mark.parametrize(
    ("faults", "way"), [(("no-upgrade",), "stream"), (("no-upgrade", "buffer"), "poll")]
)
def test_an_answer_comes_through_a_proxy_that_blocks_sockets(
    browser: Browser, demo_stack: Stack, faults: tuple[str, ...], way: str
) -> None:
    with bad_proxy(demo_stack.port, *faults) as url, window(browser, f"proxy-{way}") as ada:
        ada.open_widget(url)
        ada.ask(QUESTION)
        expect(ada.find("feedback-up")).to_be_visible()
        assert ada.page.evaluate(WAY) == way
        ada.picture("answered")
        sockets = _sockets(ada.page)
        ada.page.reload()
        ada.find("launcher").click()
        expect(ada.find("feedback-up")).to_be_visible()
        # The tab knows, and does not begin with what cannot work.
        assert sockets == []


def test_two_tabs_share_a_socket_and_one_goes_on_without_the_other(
    browser: Browser, demo_stack: Stack
) -> None:
    with window(browser, "tabs") as ada:
        ada.open_widget(demo_stack.url)
        ada.ask(QUESTION)
        expect(ada.find("feedback-up")).to_be_visible()
        page = ada.page.context.new_page()
        page.set_viewport_size({"width": 1280, "height": 800})
        sockets = _sockets(page)
        other = Window(page, "tabs-second")
        other.open_widget(demo_stack.url)
        expect(other.find("feedback-up")).to_be_visible()
        other.ask("What does express delivery cost?")
        for tab in (ada, other):
            expect(tab.find("feedback-up")).to_have_count(2)
        assert sockets == []
        ada.page.close()
        other.ask("Can I return a gift card?")
        expect(other.find("feedback-up")).to_have_count(3)
        other.picture("alone")
        assert len(sockets) == 1


def test_the_connection_test_tells_the_operator_what_is_in_the_way(
    browser: Browser, demo_stack: Stack
) -> None:
    path = "/admin/widget/site/connection/"
    with (
        bad_proxy(demo_stack.port, "no-upgrade", "buffer") as url,
        window(browser, "self-test") as dora,
    ):
        sign_in(dora, demo_stack, ADMIN, PASSWORD)
        results = dora.page.locator("[data-result]")
        for address, found in (
            (demo_stack.url, ["Works", "Works", "Works", "Works"]),
            (url, ["Does not work", "Held back", "Works", "Works"]),
        ):
            dora.page.goto(f"{address}{path}")
            expect(results).to_have_text(found)
            expect(dora.page.get_by_text("Test again")).to_be_enabled()
            dora.picture("result")
        expect(dora.page.get_by_text("2 things do not get through")).to_be_visible()
        expect(dora.page.get_by_text("proxy_buffering off;")).to_be_visible()
        # The frame around it is Unfold's.
        assert violations(dora, "'[data-self-test]'") == []
        dora.page.set_viewport_size({"width": 390, "height": 844})
        dora.picture("phone")
        assert dora.page.evaluate("() => document.documentElement.scrollWidth") <= 390

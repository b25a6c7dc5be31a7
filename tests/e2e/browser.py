"""Chromium, the pages that tests need in it, and pictures of what they saw."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Playwright, expect

from supportbot.local.paths import PROJECT_ROOT
from tests.e2e.stack import Stack

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
    # Nothing outside this machine, whatever a page asks for.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
ZOOMED = {"width": 640, "height": 400}  # the desktop's 1280 × 800 at 200%
WORDS = """all => all.map(one => {
    const copy = one.cloneNode(true);
    copy.querySelectorAll('[data-testid="citation"]').forEach(cite => cite.remove());
    return copy.textContent;
})"""
PATIENCE_MS = 90_000
FAILED = "failed"
PICTURES = PROJECT_ROOT / "test-results" / "e2e"
# A person who wants to look sets it. Otherwise only a test that fails takes a picture.
ARE_TAKEN = bool(os.environ.get("SUPPORTBOT_TEST_PICTURES"))
REST_MS = 350  # what moves has come to rest
AXE = PROJECT_ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


def launch(playwright: Playwright) -> Browser:
    """A browser with a profile of its own. Skips where there is none, but not in CI."""
    installed = next(filter(None, map(shutil.which, NAMES)), None)
    path = installed or playwright.chromium.executable_path
    if not Path(path).exists():
        problem = "there is no Chromium: install it, or run `playwright install chromium`"
        if os.environ.get("CI"):
            pytest.fail(problem)
        pytest.skip(problem)
    expect.set_options(timeout=PATIENCE_MS)
    return playwright.chromium.launch(executable_path=path, args=ARGUMENTS)


@dataclass
class Window:
    """One browser context with one page: a person at a screen, with their own cookies."""

    page: Page
    name: str
    problems: list[str] = field(default_factory=list)
    _pictures: int = 0
    _may_move: bool = True

    def picture(self, what: str) -> None:
        """Keep what is on the screen, in test-results/e2e/, where the tests are told to."""
        self._may_move = True
        if not ARE_TAKEN and what != FAILED:
            return
        self._pictures += 1
        PICTURES.mkdir(parents=True, exist_ok=True)
        path = PICTURES / f"{self.name}-{self._pictures:02}-{what}.png"
        self.rest()
        self.page.screenshot(path=path)

    def rest(self) -> None:
        """Wait until it looks as it does at rest, after `picture` said that it may move."""
        if self._may_move:
            self.page.wait_for_timeout(REST_MS)
        self._may_move = False

    def find(self, testid: str) -> Locator:
        return self.page.get_by_test_id(testid)

    def open_widget(self, url: str) -> None:
        self.page.goto(url)
        self.find("launcher").click()
        expect(self.find("input")).to_be_visible()

    def ask(self, question: str) -> None:
        self.find("input").fill(question)
        self.find("send").click()

    def sentences(self) -> list[str]:
        """The sentences on the screen, without the numbers of their citations."""
        texts = self.find("sentence").evaluate_all(WORDS)
        return [str(text).strip() for text in texts]


@contextmanager
def window(
    browser: Browser,
    name: str,
    viewport: dict[str, int] | None = None,
    timezone: str | None = None,
) -> Iterator[Window]:
    """A fresh window. Asserts at its end that no page script raised."""
    size = viewport or DESKTOP
    context = browser.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        has_touch=size is PHONE,
        is_mobile=size is PHONE,
        device_scale_factor=2 if size in (PHONE, ZOOMED) else 1,
        locale="en-GB",
        timezone_id=timezone,
    )
    context.set_default_timeout(PATIENCE_MS)
    shown = Window(context.new_page(), name)
    shown.page.on("pageerror", lambda error: shown.problems.append(str(error)))
    try:
        yield shown
    except BaseException:
        shown.picture(FAILED)
        raise
    finally:
        context.close()
    assert shown.problems == []


def sign_in(window: Window, stack: Stack, user: str, password: str) -> None:
    window.page.goto(f"{stack.url}/admin/login/")
    window.page.locator("#id_username").fill(user)
    window.page.locator("#id_password").fill(password)
    window.page.locator("#id_password").press("Enter")
    expect(window.page).to_have_url(f"{stack.url}/admin/")


def violations(window: Window, scope: str = "document") -> list[str]:
    """What axe-core finds against WCAG 2.2 A and AA and its best practices, one line for each."""
    if not AXE.exists():
        problem = "there is no axe-core: run `npm ci` in frontend/"
        if os.environ.get("CI"):
            pytest.fail(problem)
        pytest.skip(problem)
    window.rest()
    if not window.page.evaluate("() => 'axe' in window"):
        window.page.evaluate(AXE.read_text("utf-8"))
    found: dict[str, Any] = window.page.evaluate(f"() => axe.run({scope})")
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]

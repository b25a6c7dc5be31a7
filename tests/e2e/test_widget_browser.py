"""The widget on the pages of others: strict policies, hostile style sheets, single-page apps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.browser import Window, launch, sign_in, violations, window
from tests.e2e.corpus import ANSWER
from tests.e2e.corpus import QUESTION as RETURNS
from tests.e2e.model import SlowModel
from tests.e2e.shop import shop
from tests.e2e.stack import ADMIN, PASSWORD, Stack, free_port

pytestmark = [pytest.mark.slow, pytest.mark.browser]

QUESTION = "How long do I have to return something?"
# The policy of a careful site, with the one origin that it has added for the chat.
POLICY = "default-src 'self' {url} {socket}; base-uri 'none'; object-src 'none'"
HEAD = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A shop</title>'
SCRIPT = '<script src="{url}/static/widget/support-chat.js" async></script>'
STYLES = Path(__file__).parent / "styles"
# How every element of the widget looks, and where it stands.
LOOK = """() => {
  const names = ['color', 'backgroundColor', 'font', 'letterSpacing', 'textTransform', 'textAlign',
    'textDecoration', 'border', 'borderRadius', 'padding', 'margin', 'display', 'opacity', 'fill',
    'listStyle', 'boxSizing', 'wordBreak', 'cursor'];
  const root = document.querySelector('support-chat').shadowRoot;
  return [...root.querySelectorAll('*')].map(element => {
    const { x, y, width, height } = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    const place = [x, y, width, height].map(number => Math.round(number * 10) / 10);
    const look = names.map(name => `${name}: ${style[name]}`);
    return [element.localName, element.getAttribute('class'), ...place, ...look].join('; ');
  });
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def pages(demo_stack: Stack, shop_port: int, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Writes a page of the shop; its address."""
    with shop(tmp_path, shop_port) as address:

        def page(name: str, *, head: str = "", body: str = SCRIPT) -> str:
            text = f"{HEAD}{head}</head><body><main><h1>A shop</h1></main>{body}</body></html>"
            socket = demo_stack.url.replace("http", "ws")
            text = text.replace("{url}", demo_stack.url).replace("{socket}", socket)
            (tmp_path / name).write_text(text, encoding="utf-8")
            return f"{address}{name}"

        yield page


def _hear(ada: Window) -> tuple[list[str], list[str]]:
    """The files of the widget that are asked for, and what the console says of errors."""
    files: list[str] = []
    said: list[str] = []

    def asked(request: Any) -> None:
        if "/static/widget/" in request.url:
            files.append(request.url.split("/static/widget/")[1].split("?")[0])

    ada.page.on("request", asked)
    ada.page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    return files, said


def test_a_strict_page_hears_no_error_and_loads_the_panel_when_it_is_wanted(
    browser: Browser, pages: Callable[..., str]
) -> None:
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    icon = '<link rel="icon" href="/icon.png">'
    address = pages("strict.html", head=policy + icon)
    pages("icon.png")
    with window(browser, "strict") as ada:
        files, said = _hear(ada)
        ada.page.goto(address)
        expect(ada.find("launcher")).to_be_visible()
        assert files == ["support-chat.js"]
        ada.find("launcher").hover()
        ada.find("launcher").click()
        ada.ask(QUESTION)
        expect(ada.find("feedback-up")).to_be_visible()
        ada.find("citation").first.click()
        expect(ada.find("source-quote")).to_be_visible()
        assert files.count("support-chat-panel.js") == 1
        assert said == []


def test_style_sheets_of_the_page_change_nothing(
    browser: Browser, pages: Callable[..., str]
) -> None:
    """Of five ordinary sites, and of one that means harm: closed, and with an answer."""
    sheets = {path.stem: path.read_text("utf-8") for path in sorted(STYLES.glob("*.css"))}
    looks: dict[str, list[list[str]]] = {}
    with window(browser, "page") as ada:
        ada.page.emulate_media(reduced_motion="reduce")  # nothing is measured on its way
        ada.open_widget(pages("first.html"))
        ada.ask(QUESTION)
        expect(ada.find("feedback-up")).to_be_visible()
        for name, css in {"plain": "", **sheets}.items():
            ada.page.goto(pages(f"{name}.html", head=f"<style>{css}</style>"))
            expect(ada.find("launcher")).to_be_visible()
            closed = ada.page.evaluate(LOOK)
            ada.find("launcher").click()
            expect(ada.find("feedback-up")).to_be_visible()
            ada.page.mouse.move(1, 1)
            looks[name] = [closed, settled(ada)]
            ada.picture(name)
    assert len(looks) == 7
    for name in sheets:
        for seen, plain in zip(looks[name], looks["plain"], strict=True):
            assert seen == plain, f"{name} changes how the widget looks"


def settled(ada: Window) -> list[str]:
    """How the widget looks once it looks the same for half a second: it scrolls to its end."""
    seen: list[list[str]] = []
    while len(seen) < 6 or any(one != seen[-1] for one in seen[-6:]):
        assert len(seen) < 100, "the widget never comes to rest"
        seen.append(ada.page.evaluate(LOOK))
        ada.page.wait_for_timeout(100)
    return seen[-1]


def test_a_page_with_two_scripts_or_a_new_body_has_one_widget(
    browser: Browser, pages: Callable[..., str]
) -> None:
    address = pages("twice.html", body=SCRIPT + SCRIPT)
    again = """url => {
      document.body.replaceChildren();
      const script = document.createElement('script');
      script.src = url;
      document.body.append(script);
    }"""
    with window(browser, "twice") as ada:
        ada.open_widget(address)
        script = ada.page.locator("script").first.get_attribute("src")
        expect(ada.page.locator("support-chat")).to_have_count(1)
        ada.page.evaluate(again, script)
        expect(ada.page.locator("support-chat")).to_have_count(1)
        ada.find("launcher").click()
        expect(ada.find("input")).to_be_focused()
        move = "element => { element.remove(); document.body.append(element); }"
        ada.page.locator("support-chat").evaluate(move)
        expect(ada.find("input")).to_be_visible()
        ada.ask(QUESTION)
        expect(ada.find("feedback-up")).to_be_visible()


@pytest.mark.parametrize(
    "kind", [("en", "light", 1280), ("ar", "light", 1281), ("de", "dark", 320)]
)
def test_axe_finds_nothing_in_any_state(
    browser: Browser, model_stack: Stack, model: SlowModel, kind: tuple[str, str, int]
) -> None:
    language, theme, width = kind
    question = f"{RETURNS} ({width})"
    script = model.answers(question, ANSWER, allowed=0)
    with model_stack.database() as database:  # as if the document had been fetched
        database.execute("UPDATE knowledge_document SET source_url = 'https://shop.example/r'")
    attributes = "(chat, all) => all.forEach(([name, value]) => chat.setAttribute(name, value))"
    with window(browser, f"axe-{language}-{width}", {"width": width, "height": 700}) as ada:
        ada.page.goto(model_stack.url)
        chat = ada.page.locator("support-chat")
        chat.evaluate(attributes, [["lang", language], ["theme", theme], ["sound", "on"]])
        found = {"closed": violations(ada)}

        def look(state: str) -> None:
            ada.picture(state)
            found[state] = violations(ada)

        ada.find("launcher").click()
        expect(ada.find("speak")).to_be_visible()
        expect(ada.find("sound")).to_be_visible()
        look("open")
        ada.ask(question)
        expect(ada.find("status")).to_be_visible()
        script.let(1)
        expect(ada.find("sentence")).to_have_count(1)
        look("streaming")
        script.finish()
        expect(ada.find("edit-again")).to_be_visible()
        look("answered")
        ada.find("citation").first.click()
        expect(ada.find("source-quote")).to_be_visible()
        expect(ada.find("source-page")).to_be_visible()
        look("citation")
        ada.find("source-close").click()
        ada.find("history-open").click()
        expect(ada.find("transcript")).to_be_visible()
        look("history")
        ada.find("history-back").first.click()
        _read_help(ada, look)
        ada.ask("x" * 10_000)
        expect(ada.find("edit")).to_be_visible()
        look("error")
        assert not _reaches_over(ada), "nothing is wider than the screen"
    assert not any(found.values()), found


def _read_help(ada: Window, look: Callable[[str], None]) -> None:
    """A search, and what it finds, with the keyboard alone."""
    ada.find("help-open").click()
    expect(ada.find("help-entry").first).to_be_visible()
    look("help")
    ada.find("help-input").fill("opened goods")
    ada.page.keyboard.press("Enter")
    expect(ada.page.locator(".help-snippet").first).to_be_visible()
    ada.find("help-entry").first.focus()
    ada.page.keyboard.press("Enter")
    expect(ada.find("article")).to_be_visible()
    look("article")
    wide = "element => element.scrollWidth > element.clientWidth"
    assert not ada.find("help").evaluate(wide)
    ada.page.keyboard.press("Escape")
    expect(ada.find("help-input")).to_be_visible()
    ada.page.keyboard.press("Escape")
    expect(ada.find("input")).to_be_focused()


def _reaches_over(ada: Window) -> bool:
    """Whether the page, or the conversation, scrolls sideways."""
    wide = "element => element.scrollWidth > element.clientWidth"
    log = ada.find("log").evaluate(wide)
    return bool(log or ada.page.evaluate(f"({wide})(document.documentElement)"))


def test_a_site_is_set_up_in_the_admin_and_taken_offline_there(
    browser: Browser, demo_stack: Stack, tmp_path: Path
) -> None:
    port = free_port()  # of an origin that no setting names
    with shop(tmp_path, port) as address, window(browser, "site-admin") as cleo:
        sign_in(cleo, demo_stack, ADMIN, PASSWORD)
        cleo.page.goto(f"{demo_stack.url}/admin/widget/site/add/")
        cleo.page.fill("#id_name", "The shop")
        cleo.page.fill("#id_origins", address)
        cleo.page.fill("#id_heading", "Tamperwick")
        cleo.page.select_option("#id_language", "de")
        preview = cleo.page.frame_locator("[data-site-preview]")
        expect(preview.get_by_role("heading", name="Tamperwick")).to_be_visible()
        expect(preview.get_by_test_id("launcher")).to_have_attribute("aria-label", "Chat schließen")
        cleo.page.click("[name=_save]")
        line = cleo.page.locator("[data-snippet]").inner_text()
        cleo.picture("set-up")
        (tmp_path / "index.html").write_text(f"{HEAD}</head><body>{line}</body></html>", "utf-8")
        with window(browser, "site-online") as ada:
            ada.open_widget(address)
            expect(ada.find("panel")).to_contain_text("Tamperwick")
            ada.ask(QUESTION)
            expect(ada.find("feedback-up")).to_be_visible()
            ada.picture("answered")
        switch = cleo.page.locator("#id_is_online")
        switch.evaluate("element => element.click()")
        cleo.page.click("[name=_save]")
        expect(cleo.page.get_by_text("Offline").first).to_be_visible()
        with window(browser, "site-offline") as ada:
            with ada.page.expect_response("**/api/v1/sites/**"):
                ada.page.goto(address)
            expect(ada.find("launcher")).to_be_hidden()

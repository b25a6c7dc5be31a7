"""What a content editor does at the desk, in a real browser: by mouse and by keyboard."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect, sync_playwright

from tests.e2e.browser import PHONE, Window, launch, sign_in, violations, window
from tests.e2e.conftest import running_stack
from tests.e2e.stack import ADMIN, PASSWORD, Stack, eventually
from tests.knowledge.files import pdf

pytestmark = [pytest.mark.slow, pytest.mark.browser]

LIST = "/admin/knowledge/document/"
CONTENT = "document.querySelector('#content')"  # the frame around it is unfold's
SIZES: dict[str, ViewportSize] = {
    "desktop": {"width": 1280, "height": 800},
    "phone": {"width": 390, "height": 844},
}
OLD = """# Returns policy

## Time limits

You can return unopened goods within 14 days of delivery.

## Parcels

Print the label and stick it over the old address. Bring the parcel to any post office.

Keep the receipt until your money is back, or we cannot look for the parcel.

## Refunds

We refund the price to the card you paid with within 5 working days.
"""
NEW = OLD.replace("14 days", "30 days").replace("5 working days", "5 working days, without a fee")
DROP = """async ([selector, files]) => {
    const transfer = new DataTransfer();
    for (const [name, content] of files) {
        const bytes = Uint8Array.from(atob(content), c => c.charCodeAt(0));
        transfer.items.add(new File([bytes], name));
    }
    const zone = document.querySelector(selector);
    for (const type of ["dragenter", "dragover", "drop"]) {
        zone.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true,
                                                 dataTransfer: transfer }));
    }
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running_stack({}, demo=False) as running:
        yield running


@contextmanager
def editor_at(
    browser: Browser, stack: Stack, name: str, viewport: dict[str, int] | None = None
) -> Iterator[Window]:
    with window(browser, f"editor-{name}", viewport) as cleo:
        sign_in(cleo, stack, ADMIN, PASSWORD)
        yield cleo


def put_in(stack: Stack, name: str, content: bytes | str, **fields: str) -> int:
    """A document through the API, read when this returns; its id."""
    content = content.encode() if isinstance(content, str) else content
    with stack.staff() as api:
        answer = api.post("documents/", data=fields, files={"file": (name, content)})
        assert answer.status_code in {200, 201, 202}, answer.text
        pk = int(answer.json()["id"])
    eventually(lambda: statuses(stack, pk) <= {"ready", "failed"}, f"{name} is read")
    return pk


def statuses(stack: Stack, pk: int) -> set[str]:
    return set(versions_of(stack, pk, "status").values())


def versions_of(stack: Stack, pk: int, column: str = "state") -> dict[int, str]:
    """Version number → what stands in that column."""
    with stack.database() as database:
        rows = database.execute(
            f"SELECT number, {column} FROM knowledge_documentversion WHERE document_id = %s",  # noqa: S608
            [pk],
        ).fetchall()
    return dict(rows)


def drop(page: Page, files: dict[str, bytes]) -> None:
    encoded = [[name, base64.b64encode(content).decode()] for name, content in files.items()]
    page.evaluate(DROP, ["[data-drop]", encoded])


def slow_down(page: Page, bytes_per_second: int) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    limits = {"offline": False, "latency": 20, "downloadThroughput": -1}
    session.send(
        "Network.emulateNetworkConditions", {**limits, "uploadThroughput": bytes_per_second}
    )


def row_of(page: Page, name: str) -> Locator:
    return page.locator("[data-rows] tr", has=page.get_by_text(name, exact=True))


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_files_are_dropped_and_each_shows_how_far_it_is(browser: Browser, stack: Stack) -> None:
    large = b"%PDF-1.4 and then nothing of a PDF " + b"x" * 600_000
    with editor_at(browser, stack, "upload") as cleo:
        page = cleo.page
        page.goto(f"{stack.url}{LIST}add/")
        page.get_by_label("Collection").fill("Dropped")
        files = {"hours.md": OLD.encode(), "large.pdf": large, "photo.heic": b"x", "empty.md": b""}
        drop(page, files)
        expect(page.locator("[data-rows] tr")).to_have_count(4)
        expect(row_of(page, "photo.heic")).to_contain_text("Of a kind that cannot be read")
        cleo.picture("chosen")
        assert violations(cleo, CONTENT) == []
        slow_down(page, 150_000)
        press(page, "Upload 3 files")
        bar = row_of(page, "large.pdf").get_by_role("progressbar")
        expect(bar).to_be_visible()
        page.wait_for_function("bar => bar.value > 0 && bar.value < 1", arg=bar.element_handle())
        cleo.picture("sending")
        assert violations(cleo, CONTENT) == []
        expect(row_of(page, "empty.md")).to_contain_text("“empty.md” is empty.")
        expect(row_of(page, "hours.md")).to_contain_text("passage")
        expect(row_of(page, "large.pdf")).to_contain_text("damaged")
        said = page.get_by_role("status").filter(has_text="uploaded")
        expect(said).to_have_text("2 of 4 files uploaded, 2 refused, 1 read, 1 could not be read.")
        cleo.picture("done")
        assert violations(cleo, CONTENT) == []
        row_of(page, "large.pdf").get_by_role("button", name="Try again").click()
        expect(row_of(page, "large.pdf")).to_contain_text("damaged")
        row_of(page, "hours.md").get_by_role("link").click()
        expect(page.get_by_text("Version 1").first).to_be_visible()
        expect(page.locator("#chosen")).to_contain_text("In effect")


def test_an_upload_is_stopped_and_what_did_not_arrive_sent_again(
    browser: Browser, stack: Stack
) -> None:
    with editor_at(browser, stack, "stopped") as cleo:
        page = cleo.page
        page.goto(f"{stack.url}{LIST}add/")
        drop(page, {"slow.md": (OLD + "x" * 400_000).encode()})
        slow_down(page, 40_000)
        press(page, "Upload 1 file")
        row = row_of(page, "slow.md")
        expect(row.get_by_role("progressbar")).to_be_visible()
        press(page, "Stop uploading")
        expect(row).to_contain_text("Cancelled.")
        slow_down(page, -1)
        row.get_by_role("button", name="Send again").click()
        expect(row).to_contain_text("Accepted as version 1.")
        row.get_by_role("button", name="Cancel reading").or_(row.get_by_text("passages")).wait_for()


def test_what_is_wrong_with_a_field_stops_the_upload_and_is_shown_there(
    browser: Browser, stack: Stack
) -> None:
    with editor_at(browser, stack, "fields") as cleo:
        page = cleo.page
        page.goto(f"{stack.url}{LIST}add/")
        page.get_by_label("Effective from").fill("2031-03-01")
        page.get_by_label("Effective until").fill("2031-02-01")
        drop(page, {"one.md": b"One.", "two.md": b"Two."})
        press(page, "Upload 2 files")
        expect(page.locator("[data-problem]")).to_contain_text("Correct what is marked below")
        expect(page.locator("[data-error-of=effective_until]")).to_contain_text("later day")
        expect(page.get_by_label("Effective until")).to_be_focused()
        assert violations(cleo, CONTENT) == []
        page.get_by_label("Effective until").fill("2031-04-01")
        press(page, "Upload 2 files")
        expect(row_of(page, "two.md")).to_contain_text("Accepted as version 1.")


def test_a_draft_is_published_by_keyboard_and_undone(browser: Browser, stack: Stack) -> None:
    pk = put_in(stack, "keyboard.md", OLD, title="Keyboard", publish="false")
    eventually(lambda: None not in versions_of(stack, pk, "checked_at").values(), "it is checked")
    with editor_at(browser, stack, "keyboard") as cleo:
        page = cleo.page
        page.goto(f"{stack.url}{LIST}{pk}/change/")
        assert violations(cleo, CONTENT) == []
        _tab_to(page, "Publish…")
        page.keyboard.press("Enter")
        cleo.picture("terms")
        assert violations(cleo, CONTENT) == []
        _tab_to(page, "Publish version 1")
        page.keyboard.press("Enter")
        expect(
            page.get_by_role("status").filter(has_text="Version 1 is published.")
        ).to_be_visible()
        assert versions_of(stack, pk) == {1: "published"}
        cleo.picture("published")
        assert violations(cleo, CONTENT) == []
        _tab_to(page, "Undo")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Undone: 1 step.")).to_be_visible()
        assert versions_of(stack, pk) == {1: "draft"}


def _tab_to(page: Page, text: str) -> None:
    """Press Tab until that control has the focus, as somebody without a mouse does."""
    for _ in range(150):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == text:
            return
    pytest.fail(f"the keyboard does not reach “{text}”")


def test_one_click_goes_back_to_an_earlier_version(browser: Browser, stack: Stack) -> None:
    pk = put_in(stack, "back.md", OLD, title="Back")
    put_in(stack, "back.md", NEW, title="Back")
    assert versions_of(stack, pk) == {1: "retired", 2: "published"}
    with editor_at(browser, stack, "roll-back") as cleo:
        page = cleo.page
        page.goto(f"{stack.url}{LIST}{pk}/change/")
        page.get_by_role("button", name="Go back to this version").click()
        expect(page.get_by_text("Version 1 is in effect again.")).to_be_visible()
        assert versions_of(stack, pk) == {1: "published", 2: "retired"}
        cleo.picture("back")
        page.locator(".sb-undo").get_by_role("button", name="Undo").click()
        expect(page.get_by_text("Undone: 1 step.")).to_be_visible()
        assert versions_of(stack, pk) == {1: "retired", 2: "published"}


def test_what_changed_is_seen_word_by_word(browser: Browser, stack: Stack) -> None:
    pk = put_in(stack, "changed.md", OLD, title="Changed")
    put_in(stack, "changed.md", NEW, title="Changed", publish="false")
    with editor_at(browser, stack, "diff") as cleo:
        page = cleo.page
        page.goto(f"{stack.url}{LIST}{pk}/change/")
        page.get_by_role("link", name="Compare versions").click()
        expect(page.get_by_text("2 paragraphs changed; 1 of them has a number")).to_be_visible()
        assert [one.strip() for one in page.locator("del").all_inner_texts()] != []
        expect(page.locator("del").first).to_contain_text("14")
        expect(page.locator("ins").first).to_contain_text("30")
        hidden = page.get_by_text("Keep the receipt")
        expect(hidden).to_be_hidden()
        page.locator(".sb-folded summary").filter(has_text="unchanged").nth(1).press("Enter")
        expect(hidden).to_be_visible()
        for size, viewport in SIZES.items():
            page.set_viewport_size(viewport)
            cleo.picture(size)
            assert violations(cleo, CONTENT) == []


def test_the_source_stands_beside_text_and_passages(browser: Browser, stack: Stack) -> None:
    pages = [
        ["The filter is cleaned with warm water every Sunday."],
        ["The grinder is opened with the small key and brushed."],
        ["Call the workshop when the pump makes a noise."],
    ]
    pk = put_in(stack, "manual.pdf", pdf(pages), title="Manual")
    with editor_at(browser, stack, "reading") as cleo:
        page = cleo.page
        page.goto(f"{stack.url}{LIST}{pk}/change/")
        page.get_by_role("link", name="Source, text and passages").click()
        first = page.locator("#source-page-1 img")
        page.wait_for_function("image => image.naturalWidth > 500", arg=first.element_handle())
        link = page.locator("#passages article a").last
        link.focus()
        passage = page.locator("#passages article").last
        marked = page.locator(f"#text-{passage.get_attribute('data-passage')}")
        expect(marked).to_have_class(re.compile("sb-here"))
        number = passage.get_attribute("data-page")
        expect(page.locator(f"#source-page-{number}")).to_have_class(re.compile("sb-here"))
        for size, viewport in reversed(SIZES.items()):
            page.set_viewport_size(viewport)
            cleo.picture(size)
            assert violations(cleo, CONTENT) == []
        press(page, "Source")
        expect(page.locator("#source")).to_be_hidden()
        press(page, "Text")
        press(page, "Passages")
        expect(page.locator("#passages"), "one column stays").to_be_visible()


def test_many_are_published_together_after_a_question_and_undone(
    browser: Browser, stack: Stack
) -> None:
    drafts = [
        put_in(
            stack, f"bulk-{n}.md", f"# Bulk {n}\n\nRule {n}.", collection="Bulk", publish="false"
        )
        for n in range(3)
    ]
    with editor_at(browser, stack, "bulk") as cleo:
        page = cleo.page
        page.goto(f"{stack.url}{LIST}")
        assert violations(cleo, CONTENT) == []
        page.get_by_label("Collection").select_option(label="Bulk")
        press(page, "Filter")
        expect(page.locator("#result_list tbody")).to_have_count(3)
        page.locator("#action-toggle").check()
        page.locator("select[name=action]").select_option(label="Publish…")
        page.get_by_role("button", name="Run").click()
        expect(page.get_by_role("heading", name="Publish 3 documents?")).to_be_visible()
        cleo.picture("asked")
        assert violations(cleo, CONTENT) == []
        press(page, "Publish 3 documents")
        expect(page.get_by_role("heading", name="Published 3 documents")).to_be_visible()
        assert all(versions_of(stack, pk) == {1: "published"} for pk in drafts)
        cleo.picture("job")
        assert violations(cleo, CONTENT) == []
        press(page, "Undo all of it")
        expect(page.get_by_role("heading", name="Undone: 3 steps")).to_be_visible()
        assert all(versions_of(stack, pk) == {1: "draft"} for pk in drafts)
        page.go_back()
        page.get_by_role("link", name="Back to the documents").click()
        expect(page.locator("#result_list tbody"), "still filtered").to_have_count(3)


def test_choosing_a_file_leaves_the_collection_as_it_was_written(
    browser: Browser, stack: Stack
) -> None:
    """The admin's own script puts a file's name into the first text field of a form."""
    with editor_at(browser, stack, "collection") as cleo:
        page = cleo.page
        page.goto(f"{stack.url}{LIST}add/")
        page.locator("input[type=file]").set_input_files(
            {"name": "chosen.md", "mimeType": "text/markdown", "buffer": OLD.encode()}
        )
        expect(row_of(page, "chosen.md")).to_be_visible()
        expect(page.get_by_label("Collection")).to_have_value("Documents")


def test_a_text_is_corrected_with_a_preview(browser: Browser, stack: Stack) -> None:
    pk = put_in(stack, "corrected.md", "# Kiosk\n\nThe kiosk has *four* seats.", title="Kiosk")
    with editor_at(browser, stack, "corrected") as cleo:
        page = cleo.page
        page.goto(f"{stack.url}{LIST}{pk}/change/")
        page.get_by_role("link", name="Correct the text").click()
        assert violations(cleo, CONTENT) == []
        page.get_by_label("Text, as Markdown").fill("# Kiosk\n\nThe kiosk has **nine** seats.")
        expect(page.locator("[data-shown] strong")).to_have_text("nine")
        cleo.picture("preview")
        page.get_by_label("What you changed").fill("Seats were added.")
        press(page, "Save as a new version")
        expect(page.get_by_text("Your text is version 2.")).to_be_visible()
        eventually(
            lambda: versions_of(stack, pk) == {1: "retired", 2: "published"}, "it is published"
        )
        page.goto(f"{stack.url}{LIST}{pk}/change/")
        expect(page.get_by_text("“Seats were added.”")).to_be_visible()
        assert violations(cleo, CONTENT) == []


def test_a_question_is_tried_on_a_draft(browser: Browser, stack: Stack) -> None:
    text = "# Workshop\n\nOur workshop in Leeds repairs a broken coffee grinder within 9 days."
    pk = put_in(stack, "tried.md", text, title="Workshop", publish="false")
    with editor_at(browser, stack, "tried") as cleo:
        page = cleo.page
        page.goto(f"{stack.url}{LIST}{pk}/change/")
        question = page.get_by_role("textbox", name="Question")
        question.fill("How long does the workshop in Leeds take to repair a coffee grinder?")
        press(page, "Ask")
        answer = page.locator("[data-answer]")
        expect(answer.locator(".sb-answer")).to_contain_text("within 9 days")
        answer.get_by_role("link", name=re.compile(r"^Passage \d+$")).first.click()
        expect(answer.locator("li:target")).to_contain_text("from this version")
        cleo.picture("answered")
        assert violations(cleo, CONTENT) == []
        question.fill("Who painted the ceiling of the chapel?")
        press(page, "Ask")
        expect(answer).to_contain_text("No answer")
    assert versions_of(stack, pk) == {1: "draft"}


def test_the_history_tells_who_did_what(browser: Browser, stack: Stack) -> None:
    pk = put_in(stack, "told.md", OLD, title="Told")
    with editor_at(browser, stack, "history") as cleo:
        page = cleo.page
        page.goto(f"{stack.url}{LIST}{pk}/history/")
        expect(page.get_by_text("Published, version 1")).to_be_visible()
        assert violations(cleo, CONTENT) == []
        page.goto(f"{stack.url}/admin/knowledge/documentevent/?q=Told")
        expect(page.locator("#result_list tbody")).to_have_count(2)
        assert violations(cleo, CONTENT) == []


def test_the_list_is_read_on_a_phone(browser: Browser, stack: Stack) -> None:
    pk = put_in(stack, "phone.md", OLD, title="Phone")
    with editor_at(browser, stack, "phone", PHONE) as cleo:
        for path in (LIST, f"{LIST}{pk}/change/", f"{LIST}add/"):
            cleo.page.goto(f"{stack.url}{path}")
            wide = cleo.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, path
            cleo.picture("phone")
            assert violations(cleo, CONTENT) == []

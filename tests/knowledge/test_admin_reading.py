"""The source beside the text beside the passages."""

from __future__ import annotations

import struct

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.html import strip_tags

from knowledge.admin.passages import TextRenderer, render_html_file, render_passage
from knowledge.admin.rendering import PageNotDrawnError, draw_page
from knowledge.models import DocumentVersion, Passage
from tests.knowledge.desk import Publish, act, text_of
from tests.knowledge.files import pdf

PAGES = [["The first page is about returns."], ["The second page is about shipping."]]
LONG = "# Manual\n\n" + "\n\n".join(
    f"## Part {n}\n\nThe machine number {n} is cleaned with water and dried in the sun. " * 4
    for n in range(24)
)


@pytest.fixture
def manual(publish: Publish) -> DocumentVersion:
    return publish(pdf(PAGES), file_name="manual.pdf", title="Manual")


def size_of(png: bytes) -> tuple[int, int]:
    """(width, height) from the header: PNG, section 11.2.2."""
    width, height = struct.unpack(">II", png[16:24])
    return width, height


# -- Three columns --------------------------------------------------------------------------------
def test_passages_stand_beside_the_text_in_reading_order(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    text = text_of(editor.get(act("read", returns_policy)))
    assert text.index("within 30 days") < text.index("The return parcel costs")
    for passage in returns_policy.passages.all():
        assert f'id="text-{passage.pk}"' in text
        assert f'href="#text-{passage.pk}"' in text
    assert "tokens" in text


def test_each_passage_marks_its_own_stretch_of_the_text(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    segments = editor.get(act("read", returns_policy)).context["segments"]
    for segment in segments:
        if segment.passage is not None:
            shown = strip_tags("".join(str(piece.html) for piece in segment.pieces))
            assert segment.passage.text.lstrip("# ").split()[0] in shown
    whole = "".join(str(piece.html) for segment in segments for piece in segment.pieces)
    assert strip_tags(whole).split() == strip_tags(render_passage(returns_policy.markdown)).split()


def test_tables_are_tables(editor: Client, shipping: DocumentVersion) -> None:
    assert "<th>Country</th>" in text_of(editor.get(act("read", shipping)))


def test_the_source_of_a_text_is_the_text_itself(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    source = editor.get(act("read", returns_policy)).context["source"]
    assert (source.kind, source.text) == ("text", returns_policy.markdown.strip())


def test_pages_are_marked_in_the_text_and_shown_as_pictures(
    editor: Client, manual: DocumentVersion
) -> None:
    answer = editor.get(act("read", manual))
    text = text_of(answer)
    for page in (1, 2):
        assert act("page", manual, page) in text
        assert f'data-text-page="{page}"' in text
    assert "Pages 1 to 2 of 2" in text
    assert list(answer.context["source"].pages) == [1, 2]


def test_a_long_document_comes_in_parts(editor: Client, publish: Publish) -> None:
    version = publish(LONG, file_name="long.md", title="Long")
    whole = len(version.markdown)
    first = editor.get(act("read", version)).context["part"]
    assert first.count > 1
    parts = [
        editor.get(f"{act('read', version)}?part={number}").context["part"]
        for number in range(1, first.count + 1)
    ]
    assert "".join(part.text for part in parts) == version.markdown
    assert max(len(part.text) for part in parts) < whole
    shown = [passage.pk for part in parts for passage in part.passages]
    assert shown == list(version.passages.values_list("pk", flat=True))


def test_a_link_to_a_passage_opens_its_part(editor: Client, publish: Publish) -> None:
    version = publish(LONG, file_name="long.md", title="Long")
    last = version.passages.order_by("-position")[0]
    answer = editor.get(f"{act('read', version)}?passage={last.pk}")
    assert last in answer.context["part"].passages
    assert f'data-chosen="{last.pk}"' in text_of(answer)


def test_a_link_to_a_page_opens_where_it_stands(editor: Client, manual: DocumentVersion) -> None:
    Passage.objects.filter(version=manual).update(page=2)
    for page in (1, 2, 99):
        part = editor.get(f"{act('read', manual)}?page={page}").context["part"]
        assert part.number == 1


@pytest.mark.parametrize("query", ["part=0", "part=99", "part=x", "passage=x", "page=-1", "page="])
def test_odd_choices_show_some_part(
    editor: Client, returns_policy: DocumentVersion, query: str
) -> None:
    answer = editor.get(f"{act('read', returns_policy)}?{query}")
    assert answer.context["part"].number == 1


def test_an_html_file_is_shown_without_anything_that_runs_or_loads(
    editor: Client, publish: Publish
) -> None:
    page = (
        "<html><head><title>Secret title</title></head><body onload=alert(1)><h1>Hours</h1>"
        "<p style='position:fixed'>Nine to five. <a href='https://evil.example/'>More</a></p>"
        "<script>alert(2)</script><img src='https://evil.example/p.png'></body></html>"
    )
    source = editor.get(act("read", publish(page, file_name="h.html"))).context["source"]
    assert source.kind == "html"
    assert "Nine to five." in source.html
    for forbidden in ("script", "alert", "evil", "style", "onload", "Secret title"):
        assert forbidden not in source.html


def test_other_files_are_offered_for_download(editor: Client, publish: Publish) -> None:
    version = publish("{\\rtf1 Opening hours are nine to five.}", file_name="hours.rtf")
    answer = editor.get(act("read", version))
    assert answer.context["source"].kind == "download"
    assert act("file", version) in text_of(answer)


def test_a_file_that_is_gone_is_said_so(editor: Client, publish: Publish) -> None:
    version = publish("a,b\n1,2\n", file_name="t.csv")
    version.file.delete(save=False)
    DocumentVersion.objects.update(file="documents/gone.csv")
    assert "no longer stored" in text_of(editor.get(act("read", version)))


def test_a_version_that_could_not_be_read_says_why(editor: Client, publish: Publish) -> None:
    version = publish(b"%PDF-1.4 no", file_name="damaged.pdf")
    assert "damaged" in text_of(editor.get(act("read", version)))
    assert editor.get(act("read", 77)).status_code == 404


# -- Pictures of pages ----------------------------------------------------------------------------
def test_a_page_is_a_picture_that_browsers_keep(editor: Client, manual: DocumentVersion) -> None:
    answer = editor.get(act("page", manual, 2))
    assert answer["Content-Type"] == "image/png"
    width, height = size_of(answer.content)
    assert 500 < width < height
    assert "private" in answer["Cache-Control"]
    assert "immutable" in answer["Cache-Control"]
    again = editor.get(act("page", manual, 2), headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("page", [0, 3, 10**9])
def test_a_page_that_is_not_there_is_not_found(
    editor: Client, manual: DocumentVersion, page: int
) -> None:
    assert editor.get(act("page", manual, page)).status_code == 404


def test_only_pdf_files_have_pages(editor: Client, returns_policy: DocumentVersion) -> None:
    assert editor.get(act("page", returns_policy, 1)).status_code == 404


def test_pages_are_for_viewers_only(ben: User, browser_of: object, manual: DocumentVersion) -> None:
    assert Client().get(act("page", manual, 1)).status_code == 302
    client = Client()
    client.force_login(ben)
    assert client.get(act("page", manual, 1)).status_code == 403


def test_a_page_too_large_to_draw_takes_nothing_else_down(
    editor: Client, manual: DocumentVersion
) -> None:
    """22,000 pixels a side are 1.9 GB."""
    content = manual.file.read().replace(b"[0 0 595 842]", b"[0 0 14400 14400]")
    assert b"14400" in content
    with open(manual.file.path, "wb") as file:
        file.write(content)
    answer = editor.get(act("page", manual, 1))
    assert answer.status_code == 422
    assert text_of(answer) == "This page cannot be drawn. Download the file."


def test_a_page_of_a_lost_file_says_so(manual: DocumentVersion) -> None:
    manual.file.storage.delete(str(manual.file.name))
    with pytest.raises(PageNotDrawnError, match="no longer stored"):
        draw_page(manual, 1)


# -- Text as HTML ---------------------------------------------------------------------------------
def test_nothing_in_a_document_runs_or_loads() -> None:
    html = render_passage(
        "<script>alert(1)</script> ![p](https://evil.example/p.png) [l](javascript:alert(1)) "
        "[m](https://evil.example/)"
    )
    for forbidden in ("<script", "<img", "<a", "href", "src="):
        assert forbidden not in html


def test_a_table_that_goes_on_keeps_its_header() -> None:
    renderer = TextRenderer()
    first = renderer.render("| Country | Price |\n| --- | --- |\n| France | 5 |\n")
    second = renderer.render("| Spain | 6 |\n")
    third = renderer.render("| Italy | 7 |\n\nThe end.")
    fourth = renderer.render("| no | table |")
    assert "<td>France</td>" in first
    for html in (second, third):
        assert "<th>Country</th>" in html
    assert "<td>Spain</td>" in second
    assert "<table" not in fourth


def test_a_list_that_goes_on_keeps_its_numbers() -> None:
    assert '<ol start="3">' in render_passage("3. Third\n4. Fourth")


def test_headings_of_a_document_stand_below_those_of_the_page() -> None:
    assert "<h3>One</h3>" in render_passage("# One")
    assert "<h6>Six</h6>" in render_html_file("<h6>Six</h6>")

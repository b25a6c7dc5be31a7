"""Formats other than PDF: their headings, lists, tables and notes in Markdown, and what is left
out on purpose."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pptx
import pytest
from openpyxl.workbook import Workbook
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from knowledge.pages import page_at
from knowledge.reading import ReadText, read_file
from tests.knowledge.files import docx, epub, ods, odt, outlook, paragraph, zipped


def read(folder: Path, name: str, content: bytes | str) -> ReadText:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_file(path, name)


# -- CSV ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~"])
def test_a_list_is_cut_at_its_delimiter(delimiter: str, tmp_path: Path) -> None:
    lines = [["Part", "Price"], ["Gasket, large", "4"], ["Tank", "9"]]
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
    assert read(tmp_path, "a.csv", text).markdown == (
        "| Part | Price |\n| --- | --- |\n| Gasket, large | 4 |\n| Tank | 9 |"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_list_keeps_its_letters(encoding: str, tmp_path: Path) -> None:
    text = "Größe;Preis\nKännchen für Öl;5 €\nTässchen für Süßes;7 €\n"
    expected = "| Kännchen für Öl | 5 € |"
    assert expected in read(tmp_path, "a.csv", text.encode(encoding)).markdown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sep=;\nA;B\n1;2\n", "| A | B |\n| --- | --- |\n| 1 | 2 |"),
        ('A,B\n"two\nlines","a|b"\n', "| A | B |\n| --- | --- |\n| two lines | a\\|b |"),
        ('A,B\n5" pipe,1\n"open,2\n', '| A | B |\n| --- | --- |\n| 5" pipe | 1 |\n| "open | 2 |'),
        (
            "Prices 2026,,\nA,B,C\n1,2,3\n",
            "Prices 2026\n\n| A | B | C |\n| --- | --- | --- |\n| 1 | 2 | 3 |",
        ),
        ("Opens\n10:30\n11:30\n", "Opens\n\n10:30\n\n11:30"),
    ],
)
def test_lists_of_many_programs(text: str, expected: str, tmp_path: Path) -> None:
    assert read(tmp_path, "a.csv", text).markdown == expected


# -- HTML ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h2>A <b>B</b></h2>", "## A B"),
        ("<p>One<br>two <b>three</b> <i>four</i></p>", "One\ntwo **three** *four*"),
        ("<ul><li>A<ul><li>B</li></ul></li><li>C</li></ul>", "- A\n   - B\n- C"),
        ("<ol start=3><li>A</li><li>B</li></ol>", "3. A\n4. B"),
        ("<pre><code class='language-py'>a\n  b</code></pre>", "```py\na\n  b\n```"),
        ("<blockquote><p>A</p></blockquote>", "> A"),
        ("<dl><dt>Question?</dt><dd>Answer.</dd></dl>", "**Question?**\n\nAnswer."),
        (
            "<p>A <a href='https://x.example/a (b)' title='No'>link</a></p>",
            "A [link](https://x.example/a%20%28b%29)",
        ),
        ("<p><a href='#a'>A</a> <a href='/b'>B</a></p>", "A B"),
        ("<p>A <img src='x.png' alt='picture'> B</p>", "A picture B"),
        ("<p>5 &lt; 6 &amp; 7</p>", "5 < 6 & 7"),
    ],
)
def test_html_becomes_markdown(html: str, expected: str, tmp_path: Path) -> None:
    assert read(tmp_path, "a.html", html).markdown == expected


@pytest.mark.parametrize(
    "furniture",
    [
        "<nav><a href='/'>Home</a></nav>",
        "<button>Menu</button>",
        "<p hidden>Hidden</p>",
        "<p style='display: none'>Hidden</p>",
        "<span aria-hidden=true>Icon</span>",
        "<select><option>Choose</option></select>",
        "<noscript>Switch scripts on</noscript>",
        "<template>Later</template>",
        "<footer><p>Sign up for our letter.</p></footer>",
    ],
)
def test_the_furniture_of_a_page_is_no_text(furniture: str, tmp_path: Path) -> None:
    assert read(tmp_path, "a.html", f"{furniture}<p>Text.</p>").markdown == "Text."


def test_the_foot_of_an_article_is_text(tmp_path: Path) -> None:
    page = "<article><p>Text.</p><footer><p>In effect from May.</p></footer></article>"
    assert read(tmp_path, "a.html", page).markdown == "Text.\n\nIn effect from May."


def test_answers_that_fold_out_are_text(tmp_path: Path) -> None:
    page = (
        "<h3><button aria-controls=a>How long?</button></h3><div id=a hidden>30 days.</div>"
        "<details><summary>And then?</summary>Never.</details>"
    )
    markdown = read(tmp_path, "a.html", page).markdown
    assert markdown == "### How long?\n\n30 days.\n\n**And then?**\n\nNever."


def test_cells_that_span_stand_in_every_row_and_column(tmp_path: Path) -> None:
    page = (
        "<table><tr><th>Zone</th><th colspan=2>Price</th></tr>"
        "<tr><td rowspan=2>Europe</td><td>1 kg</td><td>£9</td></tr>"
        "<tr><td>2 kg</td><td>£12<table><tr><td>or</td><td>£11</td></tr></table></td></tr>"
        "<tr><td colspan=3>Prices of 2026</td></tr></table>"
    )
    assert read(tmp_path, "a.html", page).markdown.splitlines() == [
        "| Zone | Price | Price |",
        "| --- | --- | --- |",
        "| Europe | 1 kg | £9 |",
        "| Europe | 2 kg | £12 or, £11 |",
        "| Prices of 2026 |  |  |",
    ]


def test_a_page_says_what_encoding_it_has(tmp_path: Path) -> None:
    page = "<meta charset='windows-1251'><p>Возврат</p>".encode("windows-1251")
    assert read(tmp_path, "a.html", page).markdown == "Возврат"


# -- DOCX ---------------------------------------------------------------------------------------

NUMBERING = (
    '<w:numbering xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    '<w:abstractNum w:abstractNumId="0">'
    '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/>'
    '</w:lvl><w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/>'
    '<w:lvlText w:val="%1.%2"/></w:lvl></w:abstractNum>'
    '<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/>'
    '<w:lvlText w:val="•"/></w:lvl></w:abstractNum>'
    '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    '<w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num></w:numbering>'
)


def numbered(text: str, level: int, number: int = 1, more: str = "") -> str:
    properties = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>{more}'
    return paragraph(text, properties)


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(text)}</w:tc>"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (paragraph("Terms &amp; conditions &lt;5 kg, it&#39;s"), "Terms & conditions <5 kg, it's"),
        (paragraph("A", '<w:outlineLvl w:val="1"/>'), "## A"),
        (
            "<w:p><w:r><w:t>Within </w:t></w:r><w:del><w:r><w:delText>14</w:delText></w:r></w:del>"
            "<w:ins><w:r><w:t>30</w:t></w:r></w:ins><w:r><w:t xml:space='preserve'> days</w:t>"
            "</w:r></w:p>",
            "Within 30 days",
        ),
        (
            paragraph("Seen") + "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>Hidden</w:t></w:r></w:p>",
            "Seen",
        ),
        (f"<w:sdt><w:sdtContent>{paragraph('In a field')}</w:sdtContent></w:sdt>", "In a field"),
        (
            "<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>bo</w:t></w:r><w:r><w:rPr><w:b/></w:rPr>"
            "<w:t>ld</w:t></w:r></w:p>",
            "**bold**",
        ),
    ],
)
def test_a_word_document_is_read_as_it_looks(body: str, expected: str, tmp_path: Path) -> None:
    assert read(tmp_path, "a.docx", docx(body)).markdown == expected


def test_numbers_that_word_shows_are_kept(tmp_path: Path) -> None:
    heading = '<w:outlineLvl w:val="0"/>'
    body = (
        numbered("Returns", 0, more=heading)
        + numbered("Within 30 days.", 1)
        + numbered("Unopened.", 1)
        + numbered("Refunds", 0, more=heading)
        + numbered("To the card.", 1)
        + numbered("Bullet", 0, number=2)
    )
    assert read(tmp_path, "a.docx", docx(body, {"word/numbering.xml": NUMBERING})).markdown == (
        "# 1. Returns\n\n1.1 Within 30 days.\n\n1.2 Unopened.\n\n# 2. Refunds\n\n"
        "2.1 To the card.\n\n- Bullet"
    )


def test_merged_cells_of_a_word_table(tmp_path: Path) -> None:
    start, rest = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    wide = '<w:gridSpan w:val="2"/>'
    body = (
        f"<w:tbl><w:tr>{cell('Zone')}{cell('Price', wide)}</w:tr>"
        f"<w:tr>{cell('Europe', start)}{cell('1 kg')}{cell('£9')}</w:tr>"
        f"<w:tr>{cell('', rest)}{cell('2 kg')}{cell('a|b')}</w:tr></w:tbl>"
    )
    assert read(tmp_path, "a.docx", docx(body)).markdown.splitlines() == [
        "| Zone | Price | Price |",
        "| --- | --- | --- |",
        "| Europe | 1 kg | £9 |",
        "| Europe | 2 kg | a\\|b |",
    ]


MERGED_HEADER = (
    "<table><tr><th rowspan=2>Zone</th><th colspan=2>Price (£)</th></tr>"
    "<tr><th>1 kg</th><th>2 kg</th></tr><tr><td>Europe</td><td>9</td><td>12</td></tr></table>"
)


def _word_header() -> bytes:
    start, rest = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    wide = '<w:gridSpan w:val="2"/>'
    return docx(
        f"<w:tbl><w:tr>{cell('Zone', start)}{cell('Price (£)', wide)}</w:tr>"
        f"<w:tr>{cell('', rest)}{cell('1 kg')}{cell('2 kg')}</w:tr>"
        f"<w:tr>{cell('Europe')}{cell('9')}{cell('12')}</w:tr></w:tbl>"
    )


def _sheet_header() -> bytes:
    def fill(book: Workbook) -> None:
        sheet = book.worksheets[0]
        for row in (["Zone", "Price (£)"], [None, "1 kg", "2 kg"], ["Europe", "9", "12"]):
            sheet.append(row)
        sheet.merge_cells("A1:A2")
        sheet.merge_cells("B1:C1")

    return sheets(fill)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.html", MERGED_HEADER.encode()), ("a.docx", _word_header), ("a.xlsx", _sheet_header)],
)
def test_a_header_in_two_rows_becomes_one(
    name: str, content: bytes | Callable[[], bytes], tmp_path: Path
) -> None:
    text = read(tmp_path, name, content if isinstance(content, bytes) else content()).markdown
    assert [line for line in text.splitlines() if line.startswith("|")] == [
        "| Zone | Price (£) 1 kg | Price (£) 2 kg |",
        "| --- | --- | --- |",
        "| Europe | 9 | 12 |",
    ]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (";(kg);", "| Part | Weight (kg) | Note |"),
        ("A1;(old);new", "| Part | Weight | Note |"),
    ],
)
def test_a_row_of_units_is_part_of_the_header(second: str, expected: str, tmp_path: Path) -> None:
    text = read(tmp_path, "a.csv", f"Part;Weight;Note\n{second}\nTank;3;x\nLid;4;y\n").markdown
    assert text.splitlines()[0] == expected


def test_a_row_under_columns_of_one_head_stays_a_row(tmp_path: Path) -> None:
    text = read(tmp_path, "a.csv", "Topic;Period;Period;Page\nSales;2022;2023;2\nCosts;1;2;3\n")
    assert text.markdown.splitlines()[0] == "| Topic | Period | Period | Page |"


def test_unaccepted_changes_are_told(tmp_path: Path) -> None:
    body = "<w:p><w:ins><w:r><w:t>New</w:t></w:r></w:ins></w:p>"
    [warning] = read(tmp_path, "a.docx", docx(body)).warnings
    assert warning.code == "tracked_changes"


def test_a_document_in_the_strict_form_is_read_too(tmp_path: Path) -> None:
    strict = (
        '<w:document xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main"><w:body>'
        f"{paragraph('Text.')}</w:body></w:document>"
    )
    assert read(tmp_path, "a.docx", docx("", {"word/document.xml": strict})).markdown == "Text."


# -- ODT, ODS, EPUB -----------------------------------------------------------------------------


def test_an_open_document_keeps_headings_lists_and_tables(tmp_path: Path) -> None:
    text = (
        '<text:h text:outline-level="2">Prices</text:h>'
        "<text:p>One<text:s/>two<text:line-break/>three <text:span>four</text:span></text:p>"
        "<text:list><text:list-item><text:p>A</text:p><text:list><text:list-item><text:p>B</text:p>"
        "</text:list-item></text:list></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p><text:span>Zone</text:span>"
        "</text:p></table:table-cell><table:table-cell><text:p>Price</text:p></table:table-cell>"
        "</table:table-row><table:table-row><table:table-cell><text:p>Europe</text:p>"
        "</table:table-cell><table:table-cell><text:p>£9</text:p></table:table-cell>"
        "</table:table-row></table:table>"
        "<text:tracked-changes><text:p>Deleted</text:p></text:tracked-changes>"
    )
    assert read(tmp_path, "a.odt", odt(text)).markdown == (
        "## Prices\n\nOne two\nthree four\n\n- A\n   - B\n\n"
        "| Zone | Price |\n| --- | --- |\n| Europe | £9 |"
    )


def test_an_open_sheet_shows_what_people_see(tmp_path: Path) -> None:
    def row(*texts: str) -> str:
        cells = "".join(
            f"<table:table-cell><text:p>{text}</text:p></table:table-cell>" for text in texts
        )
        return f"<table:table-row>{cells}</table:table-row>"

    empty = (
        '<table:table-row table:number-rows-repeated="1048570"><table:table-cell '
        'table:number-columns-repeated="16384"/></table:table-row>'
    )
    sheet = row("Part", "Discount") + row("Lid", "15%") + empty
    assert read(tmp_path, "a.ods", ods(sheet)).markdown == (
        "## Prices\n\n| Part | Discount |\n| --- | --- |\n| Lid | 15% |"
    )


def test_a_book_is_read_by_chapter(tmp_path: Path) -> None:
    chapter = "<html xmlns='http://www.w3.org/1999/xhtml'><h1>One</h1><p>Text&nbsp;here.</p></html>"
    assert read(tmp_path, "a.epub", epub(chapter)).markdown == "# One\n\nText here."


# -- XLSX ---------------------------------------------------------------------------------------


def sheets(fill: Callable[[Workbook], None]) -> bytes:
    book = openpyxl.Workbook()
    fill(book)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        (3.5, '"£"#,##0.00', "£3.50"),
        (1234.5, "[$€-407]#,##0.00", "€1234.50"),
        (0.15, "0%", "15%"),
        (14, '0 "days"', "14 days"),
        (-3.5, "$#,##0.00_);[Red]($#,##0.00)", "-$3.50"),
        (0.1 + 0.2, "General", "0.3"),
        (40, "0", "40"),
        (True, "General", "TRUE"),
    ],
)
def test_a_number_is_shown_with_its_unit(
    value: float, form: str, shown: str, tmp_path: Path
) -> None:
    def fill(book: Workbook) -> None:
        book.active.append(["Name", "Value"])
        book.active.append(["A", value])
        book.active["B2"].number_format = form

    assert f"| A | {shown} |" in read(tmp_path, "a.xlsx", sheets(fill)).markdown


def test_titles_and_notes_stand_beside_the_table_of_a_sheet(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        sheet = book.active
        for row in (["Prices 2026"], ["Zone", "Price"], ["Europe", 9], [None, 12], ["With tax"]):
            sheet.append(row)
        sheet.merge_cells("A3:A4")
        sheet.merge_cells("A1:B1")
        sheet.append([])
        sheet.append(["Valid until", "December"])
        hidden = book.create_sheet("Costs")
        hidden["A1"] = "Secret"
        hidden.sheet_state = "hidden"

    result = read(tmp_path, "a.xlsx", sheets(fill))
    assert result.markdown == (
        "## Sheet\n\nPrices 2026\n\n"
        "| Zone | Price |\n| --- | --- |\n| Europe | 9 |\n| Europe | 12 |\n\nWith tax\n\n"
        "| Valid until | December |\n| --- | --- |"
    )
    [warning] = result.warnings
    assert (warning.code, "“Costs”" in warning.text) == ("hidden_sheets", True)


def test_a_sheet_that_its_reader_refuses_is_read_by_another(tmp_path: Path) -> None:
    with zipfile.ZipFile(
        io.BytesIO(sheets(lambda book: book.active.append(["A", "B"])))
    ) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/styles.xml"] = parts["xl/styles.xml"].replace(b'numFmtId="0"', b'numFmtId="none"')
    result = read(tmp_path, "a.xlsx", zipped(parts))
    assert "| A | B |" in result.markdown
    assert [warning.code for warning in result.warnings] == ["read_simply"]


# -- PPTX ---------------------------------------------------------------------------------------


def slides(fill: Callable[[Any], None]) -> bytes:
    presentation = pptx.Presentation()
    fill(presentation)
    content = io.BytesIO()
    presentation.save(content)
    return content.getvalue()


def test_slides_keep_titles_lists_tables_charts_and_notes(tmp_path: Path) -> None:
    def fill(presentation: Any) -> None:
        first = presentation.slides.add_slide(presentation.slide_layouts[1])
        first.shapes.title.text = "Returns"
        body = first.placeholders[1].text_frame
        body.text = "Within 30 days"
        body.add_paragraph().text = "Unopened"
        body.paragraphs[1].level = 1
        first.notes_slide.notes_text_frame.text = "Say it slowly."
        second = presentation.slides.add_slide(presentation.slide_layouts[5])
        second.shapes.title.text = "Prices"
        table = second.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
        for place, text in enumerate(("Zone", "Price", "Europe", "9")):
            table.cell(place // 2, place % 2).text = text
        data: Any = CategoryChartData()  # type: ignore[no-untyped-call]
        data.categories = ["2025", "2026"]
        data.add_series("Orders", (120, 130.5))
        area = (Inches(1), Inches(4), Inches(4), Inches(3))
        second.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *area, data)

    result = read(tmp_path, "a.pptx", slides(fill))
    assert result.markdown == (
        "# Returns\n\n- Within 30 days\n   - Unopened\n\n**Notes**\n\nSay it slowly.\n\n"
        "# Prices\n\n| Zone | Price |\n| --- | --- |\n| Europe | 9 |\n\nBar chart\n\n"
        "|  | Orders |\n| --- | --- |\n| 2025 | 120 |\n| 2026 | 130.5 |"
    )
    assert page_at(result.page_starts, result.markdown.index("# Prices")) == 2


def test_a_hidden_slide_is_left_out_and_told(tmp_path: Path) -> None:
    def fill(presentation: Any) -> None:
        for text in ("Shown", "Hidden", "Last"):
            slide = presentation.slides.add_slide(presentation.slide_layouts[5])
            slide.shapes.title.text = text
        presentation.slides[1].element.set("show", "0")

    result = read(tmp_path, "a.pptx", slides(fill))
    assert result.markdown == "# Shown\n\n# Last"
    assert [(warning.code, warning.page) for warning in result.warnings] == [("hidden_slide", 2)]
    assert page_at(result.page_starts, result.markdown.index("Last")) == 3


# -- Mail ---------------------------------------------------------------------------------------


def test_a_mail_keeps_its_headers_and_lists(tmp_path: Path) -> None:
    mail = (
        "From: Ada <ada@example.org>\nTo: shop@example.org\nSubject: =?utf-8?q?R=C3=BCckgabe?=\n"
        "Date: Fri, 23 Dec 2022 12:08:48 +0000\nMIME-Version: 1.0\n"
        "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/html\n\n"
        "<p>I return:</p><ul><li>a kettle</li></ul>\n--x\nContent-Type: application/pdf\n"
        "Content-Disposition: attachment; filename=bill.pdf\n\n%PDF\n--x--\n"
    )
    result = read(tmp_path, "a.eml", mail)
    assert result.markdown == (
        "# Rückgabe\n\nFrom: Ada <ada@example.org>\nTo: shop@example.org\n"
        "Date: Fri, 23 Dec 2022 12:08:48 +0000\n\nI return:\n\n- a kettle"
    )
    [warning] = result.warnings
    assert (warning.code, "“bill.pdf”" in warning.text) == ("attachments_not_read", True)


def test_an_outlook_mail_keeps_its_paragraphs(tmp_path: Path) -> None:
    content = outlook(
        {"0037": "Return", "0C1A": "Ada", "0C1F": "ada@example.org", "1000": "Hello,\r\n\r\nbye."}
    )
    assert read(tmp_path, "a.msg", content).markdown == (
        "# Return\n\nFrom: Ada <ada@example.org>\n\nHello,\n\nbye."
    )

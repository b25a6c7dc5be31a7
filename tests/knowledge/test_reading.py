"""knowledge.reading: files of every kind → text with pages, or a sentence for an editor."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.pages import page_at
from knowledge.reading import ReadText, UnreadableFileError, read_file
from tests.knowledge.files import DATA, DEMO_DOCUMENTS, pdf

# What a reader of the PDF sees first in the text of each page, below the running titles.
FIRST_WORDS = {
    "warranty-terms.pdf": ["This warranty is given by", "What is covered", "Countries"],
    "safety-notice-heron-kettle.pdf": [
        "Issued on 19 January 2026",
        "You need neither a receipt nor an account",
        "Questions and answers",
    ],
    "ingle-one-manual.pdf": [
        "The Ingle One is a compact",
        "Open the steam dial for 20 seconds",
        "Hold the single and the steam button",
    ],
    "ingle-duo-manual.pdf": [
        "The Ingle Duo is an espresso machine",
        "Soak the water filter TW-P2100",
        "Switch the steam boiler off and wait",
        "Warranty, repair and spare parts",
    ],
}
# … and last.
LAST_WORDS = {
    "warranty-terms.pdf": [
        "Registration does not extend it",
        "warranty does not pass on",
        "Saturday 9 am to 1 pm",
    ],
    "ingle-one-manual.pdf": [
        "Repeat twice",
        "under the group and the steam wand",
        "Parts of the Ingle Duo do not fit",
    ],
}


def read(folder: Path, name: str, content: bytes | str) -> ReadText:
    path = folder / "stored"
    path = path.with_suffix(Path(name).suffix)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_file(path, name)


def refusal(folder: Path, name: str, content: bytes | str) -> str:
    with pytest.raises(UnreadableFileError) as caught:
        read(folder, name, content)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.md", "# Title\r\n\r\nSome **bold** text.\r\n", "# Title\n\nSome **bold** text."),
        ("a.txt", "One paragraph.\n\nAnother.", "One paragraph.\n\nAnother."),
        ("a.csv", "Part,Price\nGasket,4\n", "| Part | Price |\n| --- | --- |\n| Gasket | 4 |"),
        ("a.tsv", "Part\tPrice\nGasket\t4\n", "| Part | Price |\n| --- | --- |\n| Gasket | 4 |"),
        ("a.HTML", "<h1>Title</h1><p>Text of it.</p>", "# Title\n\nText of it."),
        ("a.rtf", r"{\rtf1\ansi Hello there.}", "Hello there."),
        ("a.json", '{"question": "How?"}', "question: How?"),
        ("a.org", "* Title\n\nText.", "# Title\n\nText."),
    ],
)
def test_a_file_becomes_markdown_by_its_kind(
    tmp_path: Path, name: str, content: str, expected: str
) -> None:
    assert read(tmp_path, name, content).markdown == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("repair-service.docx", "# Repair service"),
        ("price-and-warranty-list-2026.xlsx", "| Product | Part number | Price |"),
        ("gift-cards.html", "# Gift cards"),
        ("warranty-terms.pdf", "# Warranty terms"),
    ],
)
def test_office_web_and_pdf_documents_keep_headings_and_tables(name: str, expected: str) -> None:
    assert expected in read_file(DEMO_DOCUMENTS / name, name).markdown


def test_characters_that_postgresql_cannot_store_are_left_out(tmp_path: Path) -> None:
    assert read(tmp_path, "a.txt", b"one\x00two").markdown == "onetwo"


def test_the_head_of_an_html_page_is_not_in_its_text(tmp_path: Path) -> None:
    page = (
        "<html><head><title>Browser title</title><meta name='description' content='For search'>"
        "<meta property='og:title' content='For sharing'></head>"
        "<body><h1>Gift cards</h1><p>They last two years.</p></body></html>"
    )
    assert read(tmp_path, "a.html", page).markdown == "# Gift cards\n\nThey last two years."


def test_the_head_of_an_html_page_without_a_title_is_not_in_its_text(tmp_path: Path) -> None:
    page = "<head><meta name='description' content='For search'></head><body><p>Text.</p></body>"
    assert read(tmp_path, "a.html", page).markdown == "Text."


def test_a_rule_at_the_top_of_an_html_page_does_not_swallow_text(tmp_path: Path) -> None:
    page = "<body><hr><p>Kept text.</p><hr><p>More text.</p></body>"
    markdown = read(tmp_path, "a.html", page).markdown
    assert "Kept text." in markdown
    assert "More text." in markdown


def test_scripts_and_styles_of_a_page_are_not_in_its_text(tmp_path: Path) -> None:
    page = "<style>p { color: red }</style><script>steal()</script><p>Text.</p>"
    assert read(tmp_path, "a.html", page).markdown == "Text."


def test_a_file_with_a_password_says_so(tmp_path: Path) -> None:
    content = (DATA / "protected.pdf").read_bytes()
    assert refusal(tmp_path, "protected.pdf", content) == (
        "The file is protected by a password. Remove the password and upload it again."
    )


@pytest.mark.parametrize("content", [b"", b" \n\t\n"])
def test_a_file_without_text_says_so(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path, "a.txt", content).endswith("Check that you chose the right one.")


def test_a_pdf_of_blank_pages_says_so(tmp_path: Path) -> None:
    assert "No text was found" in refusal(tmp_path, "blank.pdf", pdf([[], []]))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("broken.pdf", pdf([["Text"]])[:40]),
        ("broken.docx", b"PK\x03\x04 and then nothing"),
        ("not-really.docx", b"plain text"),
        ("not-really.pdf", b"plain text"),
    ],
)
def test_a_damaged_file_says_so_and_what_to_do(tmp_path: Path, name: str, content: bytes) -> None:
    text = refusal(tmp_path, name, content)
    assert text.startswith("The file is damaged or is not really a “.")
    assert text.endswith("save it again and upload that.")


def test_an_unsupported_kind_names_the_supported_ones(tmp_path: Path) -> None:
    text = refusal(tmp_path, "program.exe", b"MZ")
    assert "“.exe”" in text
    assert "PDF, DOCX" in text


def test_only_formats_with_pages_have_pages(tmp_path: Path) -> None:
    assert read(tmp_path, "a.md", "# Title\n\nText").page_starts == []


def test_pages_of_a_pdf_start_where_their_text_starts(tmp_path: Path) -> None:
    pages = [["The first page speaks of delivery."], ["The second of returns."], ["Then refunds."]]
    result = read(tmp_path, "three.pdf", pdf(pages))
    starts = [result.markdown.index(lines[0]) for lines in pages]
    assert result.page_starts == starts


@pytest.mark.parametrize("name", sorted(FIRST_WORDS))
def test_a_pages_text_lies_on_that_page(name: str) -> None:
    result = read_file(DEMO_DOCUMENTS / name, name)
    found = [
        page_at(result.page_starts, _end_of(words, result.markdown)) for words in FIRST_WORDS[name]
    ]
    assert found == list(range(1, len(FIRST_WORDS[name]) + 1))


@pytest.mark.parametrize("name", sorted(LAST_WORDS))
def test_the_end_of_a_page_lies_on_that_page(name: str) -> None:
    result = read_file(DEMO_DOCUMENTS / name, name)
    found = [
        page_at(result.page_starts, result.markdown.index(words)) for words in LAST_WORDS[name]
    ]
    assert found == list(range(1, len(LAST_WORDS[name]) + 1))


def _end_of(words: str, markdown: str) -> int:
    return markdown.index(words) + len(words) - 1


def test_a_text_file_with_a_byte_order_mark_keeps_its_first_heading(tmp_path: Path) -> None:
    assert read(tmp_path, "a.md", "\ufeff# Title\n\nText").markdown == "# Title\n\nText"


@pytest.mark.parametrize(
    "encoding",
    [
        "utf-8",
        "utf-16",
        "cp1252",
    ],
)
def test_a_text_file_in_an_older_encoding_keeps_its_letters(tmp_path: Path, encoding: str) -> None:
    text = "Die Rückgabe ist in den ersten dreißig Tagen für Sie kostenlos – danach nicht."
    assert read(tmp_path, "a.txt", text.encode(encoding)).markdown == text


@pytest.mark.parametrize("name", sorted(FIRST_WORDS))
def test_running_titles_and_page_numbers_do_not_stand_in_the_text(name: str) -> None:
    markdown = read_file(DEMO_DOCUMENTS / name, name).markdown
    assert "Page 2 of" not in markdown
    assert "Tamperwick Coffee & Kitchen" not in markdown

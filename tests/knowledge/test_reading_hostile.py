"""Files that want to do harm, or that somebody broke: each is read without what is bad in it, or
refused with a sentence that says what to do. OUTCOMES is the table."""

from __future__ import annotations

import hashlib
import http.server
import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest

from knowledge.reading import ReadText, UnreadableFileError, read_file
from knowledge.services.ingestion.documents import UploadRefusedError, check_upload
from tests.knowledge.files import (
    DATA,
    docx,
    epub,
    odt,
    paragraph,
    pdf,
    relations,
    zipped,
)

LAUGHS = "<!DOCTYPE x [" + "".join(
    f'<!ENTITY e{n + 1} "{f"&e{n};" * 9}">' if n else '<!ENTITY e1 "ha">' for n in range(9)
)
LAUGHS += "]>"
OUTSIDE = '<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/hostname">]>'
SPACES = b"<a>" + b" " * (257 * 1024 * 1024)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
NOISE = b"".join(hashlib.sha256(bytes([number])).digest() for number in range(64))
DEEP = 100_000
_TEXT = paragraph("Text.")
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def word(prolog: str, text: str) -> bytes:
    body = f'<w:document xmlns:w="{_WORD}"><w:body>{paragraph(text)}</w:body></w:document>'
    return docx("", {"word/document.xml": prolog + body})


def workbook(*cells: tuple[str, str], merged: str = "") -> bytes:
    book = openpyxl.Workbook()
    for place, value in cells:
        book.active[place] = value
    content = io.BytesIO()
    book.save(content)
    return _merged(content.getvalue(), merged) if merged else content.getvalue()


def _merged(content: bytes, area: str) -> bytes:
    """openpyxl would make every cell of the area; a file only names it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    cells = f'</sheetData><mergeCells count="1"><mergeCell ref="{area}"/></mergeCells>'
    return zipped({**parts, sheet: parts[sheet].replace(b"</sheetData>", cells.encode())})


def with_false_size(content: bytes) -> bytes:
    """A zip whose directory says that every part is small."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sizes = {info.file_size for info in archive.infolist()}
    for size in sizes:
        content = content.replace(size.to_bytes(4, "little"), (64).to_bytes(4, "little"))
    return content


def locked_zip() -> bytes:
    """The flag that says a part is encrypted, in both of its headers."""
    content = bytearray(docx(_TEXT))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(mark, at + 4)
    return bytes(content)


Content = bytes | Callable[[], bytes]

# name → (content, what it comes to): “read: ” and the whole text, then the codes of warnings; or
# “refused: ” and the code of the refusal.
OUTCOMES: dict[str, tuple[Content, str]] = {
    # Bombs
    "spaces.docx": (lambda: docx("", {"word/document.xml": SPACES}), "refused: bomb"),
    "spaces.odt": (lambda: odt("", {"content.xml": SPACES}), "refused: bomb"),
    "spaces.epub": (lambda: epub("", {"text/a.xhtml": SPACES}), "refused: bomb"),
    "spaces.xlsx": (lambda: zipped({"xl/workbook.xml": SPACES}), "refused: bomb"),
    "spaces.pptx": (lambda: zipped({"ppt/presentation.xml": SPACES}), "refused: bomb"),
    "false-size.docx": (
        lambda: with_false_size(docx("", {"word/document.xml": SPACES})),
        "refused: damaged",
    ),
    "many-parts.docx": (
        lambda: docx(_TEXT, {f"word/{n}": b"" for n in range(20_001)}),
        "refused: bomb",
    ),
    "zip-in-zip.docx": (
        docx(_TEXT, {"word/embeddings/1.zip": zipped({"2.zip": zipped({"3": b"0" * 10**6})})}),
        "read: Text.",
    ),
    "laughs.docx": (word(LAUGHS, "&e9;"), "refused: xml_entities"),
    "laughs.odt": (odt("", {"content.xml": LAUGHS + "<a>&e9;</a>"}), "refused: xml_entities"),
    "laughs.epub": (epub(f"{LAUGHS}<html><p>&e9;</p></html>"), "refused: xml_entities"),
    "laughs.xlsx": (
        zipped({"xl/workbook.xml": LAUGHS + "<workbook>&e9;</workbook>"}),
        "refused: xml_entities",
    ),
    "laughs.xml": (f"{LAUGHS}<a>&e9;</a>".encode(), "refused: xml_entities"),
    "laughs-utf-16.xml": (f"{LAUGHS}<a>&e9;</a>".encode("utf-16"), "refused: xml_entities"),
    "secret.docx": (word(OUTSIDE, "&secret;"), "refused: xml_entities"),
    "secret.xml": (f"{OUTSIDE}<a>&secret;</a>".encode(), "refused: xml_entities"),
    # Depth and width
    "deep.html": (b"<div>" * DEEP + b"Text.", "refused: too_deep"),
    "deep.xml": (b"<a>" * DEEP + b"Text." + b"</a>" * DEEP, "refused: too_deep"),
    "deep.json": (b"[" * DEEP + b"]" * DEEP, "refused: damaged"),
    "deep.docx": (
        docx("<w:tbl><w:tr><w:tc>" * 300 + _TEXT + "</w:tc></w:tr></w:tbl>" * 300),
        "refused: too_deep",
    ),
    "deep.md": (b"> " * DEEP + b"Text.", "read: " + "> " * DEEP + "Text."),
    "wide.html": (
        b"<table><tr><td colspan=999999999 rowspan=999999999>A</td><td>B</td></tr></table>",
        "read: | A | B |\n| --- | --- |",
    ),
    "far.xlsx": (
        workbook(("A1", "A"), ("B1", "B"), ("XFD1048576", "Far")),
        "read: ## Sheet\n\n| A | B |\n| --- | --- |\n\nFar",
    ),
    "10000-pages.pdf": (lambda: pdf([["Text"]] * 10_000), "refused: too_many_pages"),
    # What runs, and what is fetched
    "javascript.pdf": (
        pdf([["Text."]], catalog="/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>"),
        "read: Text.",
    ),
    "macros.docm": (docx(_TEXT, {"word/vbaProject.bin": b"\x00"}), "read: Text. +macros_ignored"),
    "macros.docx": (docx(_TEXT, {"word/vbaProject.bin": b"\x00"}), "read: Text. +macros_ignored"),
    "script.html": (
        b"<style>p { color: red }</style><script>steal()</script><p onclick='steal()'>Text.</p>"
        b"<iframe src='//x.example'>Frame</iframe><svg><text>Drawn</text></svg>",
        "read: Text.",
    ),
    "link.html": (b"<a href='javascript:steal()'>Text.</a>", "read: Text."),
    "formulas.csv": (
        b'Name,Value\nA,=HYPERLINK("http://x.example")\nB,+1+1\nC,@SUM(1)\n',
        'read: | Name | Value |\n| --- | --- |\n| A | =HYPERLINK("http://x.example") |\n'
        "| B | +1+1 |\n| C | @SUM(1) |",
    ),
    # Passwords
    "password.pdf": ((DATA / "protected.pdf").read_bytes(), "refused: protected"),
    "password.docx": (OLE + "EncryptedPackage".encode("utf-16-le"), "refused: protected"),
    "password-zip.docx": (locked_zip(), "refused: protected"),
    "password.odt": (
        odt("", {"META-INF/manifest.xml": "<m xmlns:a='a'><a:encryption-data/></m>"}),
        "refused: protected",
    ),
    # Names that do not say what is inside
    "really-a-pdf.docx": (pdf([["Text."]]), "read: Text. +mislabelled"),
    "really-a-docx.pdf": (docx(_TEXT), "read: Text. +mislabelled"),
    "really-html.pdf": (b"<!doctype html><p>Text.</p>", "read: Text. +mislabelled"),
    "really-html.xls": (b"<html><p>Text.</p></html>", "read: Text. +mislabelled"),
    "really-text.xls": (
        b"Part\tPrice\nLid\t4\n",
        "read: | Part | Price |\n| --- | --- |\n| Lid | 4 | +mislabelled",
    ),
    "really-rtf.doc": (rb"{\rtf1\ansi Text.}", "read: Text. +mislabelled"),
    "really-a-pdf.txt": (pdf([["Text."]]), "read: Text. +mislabelled"),
    "really-a-picture.pdf": (b"\x89PNG\r\n\x1a\n" + NOISE, "refused: damaged"),
    "really-a-program.docx": (b"MZ\x90\x00" + NOISE, "refused: program"),
    "really-an-archive.docx": (zipped({"a.txt": "Text."}), "refused: archive"),
    "really-gzip.csv": (b"\x1f\x8b\x08" + NOISE, "refused: archive"),
    "really-text.docx": (b"Text.", "refused: damaged"),
    # Nothing, and noise
    "empty.pdf": (b"", "refused: empty"),
    "blank.md": (b" \n\t\n", "refused: no_text"),
    "blank.docx": (docx(paragraph(" ")), "refused: no_text"),
    "scan.pdf": (pdf([[]], draws="10 10 200 200 re f"), "refused: needs_ocr"),
    "half.pdf": (pdf([["Text"]])[:60], "refused: damaged"),
    "half.docx": (docx(_TEXT)[:200], "refused: damaged"),
    "no-document.docx": (zipped({"word/other.xml": "<a/>"}), "refused: damaged"),
    "no-workbook.xlsx": (zipped({"xl/other.xml": "<a/>"}), "refused: damaged"),
    "no-slides.pptx": (zipped({"ppt/other.xml": "<a/>"}), "refused: damaged"),
    "not-xml.docx": (docx("", {"word/document.xml": b"<w:document"}), "refused: damaged"),
    **{
        f"noise.{extension}": (NOISE, "refused: damaged")
        for extension in (
            *("pdf", "docx", "doc", "odt", "rtf", "pptx", "ppt", "xlsx", "xls", "ods", "epub"),
            *("msg", "eml", "csv", "tsv", "html", "json", "xml", "rst", "org", "tex", "md", "txt"),
        )
    },
}


def outcome(folder: Path, name: str, content: bytes) -> tuple[str, str]:
    """(outcome in the words of the table, the sentence of a refusal)."""
    path = folder / name
    path.write_bytes(content)
    try:
        read: ReadText = read_file(path, name)
    except UnreadableFileError as error:
        return f"refused: {error.code}", str(error)
    codes = "".join(f" +{warning.code}" for warning in read.warnings)
    return f"read: {read.markdown}{codes}", ""


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_hostile_file_comes_to(name: str, tmp_path: Path) -> None:
    content, expected = OUTCOMES[name]
    found, sentence = outcome(tmp_path, name, content() if callable(content) else content)
    assert found == expected
    # A refusal says what is wrong and what to do.
    assert not sentence or sentence.count(". ") >= 1


@pytest.fixture
def visits() -> Iterator[list[str]]:
    """The paths that somebody asked a server on this machine for; its port is the last path."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    asked.append(str(server.server_port))
    yield asked
    server.shutdown()
    server.server_close()


def test_nothing_that_a_file_refers_to_is_fetched(visits: list[str], tmp_path: Path) -> None:
    host = f"http://127.0.0.1:{visits.pop()}"
    links = relations(
        ("a", "attachedTemplate", f"{host}/template.dotm"), ("b", "image", f"{host}/picture.png")
    )
    picture = f'<p>Text.<img src="{host}/a.png"><link rel="stylesheet" href="{host}/b.css"></p>'
    document = docx(_TEXT, {"word/_rels/document.xml.rels": links})
    doctype = f'<!DOCTYPE a SYSTEM "{host}/a.dtd"><a>Text.</a>'
    assert outcome(tmp_path, "a.docx", document)[0] == "read: Text. +external_content_ignored"
    assert outcome(tmp_path, "a.html", picture.encode())[0] == "read: Text."
    assert outcome(tmp_path, "a.epub", epub(f"<html>{picture}</html>"))[0] == "read: Text."
    assert outcome(tmp_path, "a.xml", doctype.encode())[0].startswith("read: ")
    assert visits == []


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../../etc/terms.md", "terms.md"),
        ("C:\\Users\\cleo\\terms.md", "terms.md"),
        ("/etc/passwd/terms.md", "terms.md"),
        ("a\x00b\n\r\t\x1b[31m\x7f.md", "ab[31m.md"),
        ("terms\u202efdp.md", "termsfdp.md"),
        ("\u200bterms\ufeff.md", "terms.md"),
        ("x" * 300 + ".md", "x" * 197 + ".md"),
        (" terms.md ", "terms.md"),
        ("terms.md/", "terms.md"),
    ],
)
def test_a_name_keeps_neither_path_nor_control_characters(name: str, kept: str) -> None:
    assert check_upload(io.BytesIO(b"Text."), file_name=name).file_name == kept


@pytest.mark.parametrize("name", ["", "..", "/", "\x00", ".md", "terms.md\x00.exe"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UploadRefusedError):
        check_upload(io.BytesIO(b"Text."), file_name=name)

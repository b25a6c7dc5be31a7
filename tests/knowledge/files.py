"""Small files for the tests, made here, so that what is in them can be read here."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

DATA = Path(__file__).parent / "data"
DEMO_DOCUMENTS = Path(__file__).parents[2] / "supportbot" / "local" / "demo" / "documents"

_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
_ODF_TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
_ODF_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"


def pdf(pages: Sequence[Sequence[str]], *, catalog: str = "", draws: str = "") -> bytes:
    """A PDF with the given lines of plain ASCII on each page; a page without lines is blank.
    `catalog` is added to the catalogue, `draws` to what is drawn on every page."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, lines in enumerate(pages):
        shown = " ".join(f"({line}) Tj 0 -20 Td" for line in lines)
        content = f"{draws} BT /F1 12 Tf 50 790 Td {shown} ET"
        objects += [_page(5 + 2 * number), _stream(content)]
    return _with_offsets(objects)


def placed_pdf(words: Sequence[tuple[float, float, str]], *, draws: str = "") -> bytes:
    """A PDF of one page with text of 10 points at (x, y) from the lower left corner."""
    shown = " ".join(f"1 0 0 1 {x} {y} Tm ({text}) Tj" for x, y, text in words)
    content = f"{draws} BT /F1 10 Tf {shown} ET"
    return _with_offsets(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            _page(5),
            _stream(content),
        ]
    )


def _page(content: int) -> str:
    return (
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
        f"/Contents {content} 0 R /Resources << /Font << /F1 3 0 R >> >> >>"
    )


def _stream(content: str) -> str:
    return f"<< /Length {len(content)} >>\nstream\n{content}\nendstream"


def _with_offsets(objects: Sequence[str]) -> bytes:
    out = [b"%PDF-1.4\n"]
    length = len(out[0])
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(length)
        out.append(f"{number} 0 obj\n{content}\nendobj\n".encode("ascii"))
        length += len(out[-1])
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    xref = f"xref\n0 {size}\n0000000000 65535 f \n{table}"
    trailer = f"trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{length}\n%%EOF\n"
    return b"".join([*out, (xref + trailer).encode("ascii")])


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return content.getvalue()


def docx(body: str, parts: Mapping[str, str | bytes] | None = None) -> bytes:
    """A DOCX with this XML in its body; `parts` are added or put in the place of others."""
    document = (
        f'<w:document xmlns:w="{_WORD}" xmlns:r="{_RELATIONS}"><w:body>{body}</w:body></w:document>'
    )
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
            "word/document.xml": document,
            **(parts or {}),
        }
    )


def paragraph(text: str, properties: str = "") -> str:
    return (
        f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t xml:space='preserve'>{text}</w:t></w:r></w:p>"
    )


def relations(*entries: tuple[str, str, str]) -> str:
    """(id, kind, target) of things outside of the file."""
    inner = "".join(
        f'<Relationship Id="{name}" Type="{_RELATIONS}/{kind}" Target="{target}" '
        'TargetMode="External"/>'
        for name, kind, target in entries
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{inner}</Relationships>'


def odt(text: str, parts: Mapping[str, str | bytes] | None = None) -> bytes:
    return _open_document("text", f"<office:text>{text}</office:text>", parts or {})


def ods(sheet: str) -> bytes:
    body = f'<office:spreadsheet><table:table table:name="Prices">{sheet}</table:table>'
    return _open_document("spreadsheet", f"{body}</office:spreadsheet>", {})


def _open_document(kind: str, body: str, parts: Mapping[str, str | bytes]) -> bytes:
    content = (
        f'<office:document-content xmlns:office="{_OFFICE}" xmlns:text="{_ODF_TEXT}" '
        f'xmlns:table="{_ODF_TABLE}"><office:body>{body}</office:body></office:document-content>'
    )
    media_type = f"application/vnd.oasis.opendocument.{kind}"
    return zipped({"mimetype": media_type, "content.xml": content, **parts})


def epub(chapter: str, parts: Mapping[str, str | bytes] | None = None) -> bytes:
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container><rootfiles><rootfile full-path="book.opf"/>'
            "</rootfiles></container>",
            "book.opf": '<package><manifest><item id="a" href="text/a.xhtml" '
            'media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine>'
            "</package>",
            "text/a.xhtml": chapter,
            **(parts or {}),
        }
    )


def outlook(properties: Mapping[str, str]) -> bytes:
    """An MSG: an OLE file with a stream for each property. Every stream is filled up to the size
    from which it lies in sectors of its own."""
    streams = {
        f"__substg1.0_{name}001F": text.encode("utf-16-le") for name, text in properties.items()
    }
    streams["__properties_version1.0"] = b""
    return _ole({name: content.ljust(4096, b"\x00") for name, content in streams.items()})


def _ole(streams: Mapping[str, bytes]) -> bytes:
    """Sectors of 512 bytes: one of the allocation table, some of the directory, then streams of
    4,096 bytes, eight sectors each."""
    directory = _entries(list(streams))
    sectors = len(directory) // 512
    table = [0xFFFFFFFD, *range(2, sectors + 1), 0xFFFFFFFE]
    for number in range(len(streams)):
        first = 1 + sectors + 8 * number
        table += [*range(first + 1, first + 8), 0xFFFFFFFE]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<I", 0) + b"\xff" * (4 * 108)
    allocation = b"".join(struct.pack("<I", entry) for entry in table).ljust(512, b"\xff")
    return b"".join([header, allocation, directory, *streams.values()])


_NONE, _END = 0xFFFFFFFF, 0xFFFFFFFE


def _entries(names: list[str]) -> bytes:
    """The root and the streams, each the left neighbour of the next in the tree of names."""
    sectors = (len(names) + 1 + 3) // 4
    root = _entry("Root Entry", 5, (_NONE, 1), (_END, 0))
    entries = [
        _entry(
            name,
            2,
            (place + 1 if place < len(names) else _NONE, _NONE),
            (1 + sectors + 8 * (place - 1), 4096),
        )
        for place, name in enumerate(names, start=1)
    ]
    return b"".join([root, *entries]).ljust(512 * sectors, b"\x00")


def _entry(name: str, kind: int, links: tuple[int, int], where: tuple[int, int]) -> bytes:
    """`links` to the right neighbour and to a child, `where` the content begins and its size."""
    encoded = name.encode("utf-16-le")
    return (
        encoded.ljust(64, b"\x00")
        + struct.pack("<HBB", len(encoded) + 2, kind, 1)
        + struct.pack("<III", _NONE, *links)
        + bytes(36)
        + struct.pack("<IQ", *where)
    )

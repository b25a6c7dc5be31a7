"""ODT and ODS → Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lxml import etree

from knowledge.reading import markdown
from knowledge.reading.archives import Archive
from knowledge.reading.grid import Cell, fill_grid
from knowledge.reading.kinds import REFUSALS, damaged
from knowledge.reading.office.inline import Run, render_runs
from knowledge.reading.office.sheet_blocks import Sheet, render_sheets
from knowledge.reading.result import Extract, Limits, UnreadableFileError

_ODF = "{urn:oasis:names:tc:opendocument:xmlns:"
_OFFICE = f"{_ODF}office:1.0}}"
_TEXT = f"{_ODF}text:1.0}}"
_TABLE = f"{_ODF}table:1.0}}"
_DRAW = f"{_ODF}drawing:1.0}}"
_STYLE = f"{_ODF}style:1.0}}"
_SVG = f"{_ODF}svg-compatible:1.0}}"
_FO = f"{_ODF}xsl-fo-compatible:1.0}}"
_XLINK = "{http://www.w3.org/1999/xlink}"
_GONE = frozenset(
    {f"{_TEXT}{name}" for name in ("tracked-changes", "sequence-decls", "list-header", "ruby-text")}
    | {f"{_OFFICE}annotation", f"{_OFFICE}annotation-end", f"{_OFFICE}forms"}
)
_MOST_REPEATED = 1000  # rows or columns; empty ones are repeated to the end of the sheet
_ROWS = (f"{_TABLE}table-row",)
_ROW_GROUPS = tuple(
    f"{_TABLE}{name}" for name in ("table-rows", "table-header-rows", "table-row-group")
)
_CELLS = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")


def read(path: Path, kind: str, limits: Limits) -> Extract:
    """Values of a sheet as the sheet shows them. Raises UnreadableFileError."""
    with Archive(path, kind) as archive:
        body, styles = _content(archive, kind)
    document = _Document(styles)
    if kind == "ods":
        return render_sheets([_sheet(table, document) for table in body.iter(f"{_TABLE}table")])
    blocks = document.blocks(body)
    return Extract(markdown.join([*blocks, *document.notes]))


def _content(archive: Archive, kind: str) -> tuple[etree._Element, dict[str, etree._Element]]:
    if "content.xml" not in archive.names:
        raise damaged(kind)
    if "META-INF/manifest.xml" in archive.names:
        manifest = archive.xml("META-INF/manifest.xml")
        if any(str(entry.tag).endswith("}encryption-data") for entry in manifest.iter()):
            raise UnreadableFileError(REFUSALS["protected"], "protected")
    root = archive.xml("content.xml")
    body = root.find(f"{_OFFICE}body")
    if body is None:
        raise damaged(kind)
    parts = [root]
    if "styles.xml" in archive.names:
        parts.append(archive.xml("styles.xml"))
    styles = {s.get(f"{_STYLE}name", ""): s for part in parts for s in part.iter(f"{_STYLE}style")}
    lists = {s.get(f"{_STYLE}name", ""): s for s in root.iter(f"{_TEXT}list-style")}
    return body, {**styles, **lists}


class _Document:
    def __init__(self, styles: dict[str, etree._Element]) -> None:
        self._styles = styles
        self._boxes: list[str] = []
        self.notes: list[str] = []

    def blocks(self, container: etree._Element) -> list[str]:
        found: list[str] = []
        for child in container:
            found += self._block(child)
        return found

    def _block(self, element: etree._Element) -> list[str]:
        if element.tag in _GONE:
            return []
        if element.tag in (f"{_TEXT}p", f"{_TEXT}h"):
            return self._paragraph(element)
        if element.tag == f"{_TEXT}list":
            return self._list(element, 0, ordered=None)
        if element.tag == f"{_TABLE}table":
            return self._table(element)
        return self.blocks(element)

    def _paragraph(self, paragraph: etree._Element) -> list[str]:
        outer, self._boxes = self._boxes, []
        level = self._heading_level(paragraph)
        text = render_runs(self._runs(paragraph, Run("")), plain=level is not None)
        boxes, self._boxes = self._boxes, outer
        if text and level is not None:
            return [markdown.heading(level, text), *boxes]
        return [text, *boxes] if text else boxes

    def _heading_level(self, paragraph: etree._Element) -> int | None:
        if paragraph.tag == f"{_TEXT}h":
            level = paragraph.get(f"{_TEXT}outline-level", "1")
            return int(level) if level.isdecimal() else 1
        name = paragraph.get(f"{_TEXT}style-name", "")
        for _ in range(5):
            if name == "Title":
                return 1
            style = self._styles.get(name)
            name = "" if style is None else style.get(f"{_STYLE}parent-style-name", "")
        return None

    def _runs(self, element: etree._Element, style: Run) -> Iterator[Run]:
        if element.text:
            yield replace(style, text=_spaces(element.text))
        for child in element:
            if child.tag not in _GONE:
                yield from self._inline(child, style)
            if child.tail:
                yield replace(style, text=_spaces(child.tail))

    def _inline(self, child: etree._Element, style: Run) -> Iterator[Run]:
        name = str(child.tag)
        if name == f"{_TEXT}s":
            yield replace(style, text=" ")
        elif name == f"{_TEXT}tab":
            yield replace(style, text="\t")
        elif name == f"{_TEXT}line-break":
            yield replace(style, text="\n")
        elif name == f"{_TEXT}a":
            yield from self._runs(child, replace(style, link=child.get(f"{_XLINK}href", "")))
        elif name == f"{_TEXT}note":
            body = child.find(f"{_TEXT}note-body")
            text = "" if body is None else " ".join(self.blocks(body))
            self.notes.append(f"[{len(self.notes) + 1}] {markdown.one_line(text)}")
            yield Run(f"[{len(self.notes)}]")
        elif name.startswith(_DRAW):
            # What is drawn stands beside the paragraph that it is anchored to.
            self._boxes += self.blocks(child)
            about = child.findtext(f"{_SVG}desc") or ""
            yield Run(f" {about} " if about else "")
        else:
            yield from self._runs(child, self._style_of(child, style))

    def _style_of(self, span: etree._Element, style: Run) -> Run:
        entry = self._styles.get(span.get(f"{_TEXT}style-name", ""))
        text = None if entry is None else entry.find(f"{_STYLE}text-properties")
        if text is None:
            return style
        return replace(
            style,
            bold=style.bold or text.get(f"{_FO}font-weight") == "bold",
            italic=style.italic or text.get(f"{_FO}font-style") == "italic",
            struck=style.struck
            or text.get(f"{_STYLE}text-line-through-style", "none") not in ("none", ""),
        )

    def _list(self, entry: etree._Element, level: int, ordered: bool | None) -> list[str]:
        style = self._styles.get(entry.get(f"{_TEXT}style-name", ""))
        if style is not None:
            wanted = str(level + 1)
            kinds = [kind.tag for kind in style if kind.get(f"{_TEXT}level") == wanted]
            ordered = f"{_TEXT}list-level-style-number" in kinds
        found: list[str] = []
        number = 0
        for child in entry.iterchildren(f"{_TEXT}list-item"):
            start = child.get(f"{_TEXT}start-value", "")
            number = int(start) if start.isdecimal() else number + 1
            own: list[str] = []
            for part in child:
                if part.tag == f"{_TEXT}list":
                    found += _as_item(own, level, number if ordered else None)
                    own = []
                    found += self._list(part, level + 1, ordered)
                elif part.tag == f"{_TEXT}p":
                    own += self._paragraph(part)
                else:
                    found += self._block(part)
            found += _as_item(own, level, number if ordered else None)
        return found

    def _table(self, table: etree._Element) -> list[str]:
        rows = [list(_cells(row)) for row in _rows(table)]
        if max((len(row) for row in rows), default=0) <= 1:
            return [block for row in rows for cell in row for block in self.blocks(cell)]
        texts = [[self.cell_text(cell) for cell in row] for row in rows]
        if next(table.iterancestors(*_CELLS), None) is not None:
            # A table within a cell would break the outer one.
            return ["; ".join(filter(None, (", ".join(filter(None, row)) for row in texts)))]
        grid = [
            [
                _spanning(cell, text)
                for cell, text in zip(row, line, strict=True)
                if not _covered(cell)
            ]
            for row, line in zip(rows, texts, strict=True)
        ]
        return [markdown.table(fill_grid(grid))]

    def cell_text(self, cell: etree._Element) -> str:
        return " ".join(self.blocks(cell))


def _as_item(blocks: list[str], level: int, number: int | None) -> list[str]:
    return [markdown.item("\n".join(blocks), level=level, number=number)] if blocks else []


def _spaces(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def _rows(table: etree._Element) -> Iterator[etree._Element]:
    for child in table:
        if child.tag in _ROWS:
            yield child
        elif child.tag in _ROW_GROUPS:
            yield from _rows(child)


def _cells(row: etree._Element) -> Iterator[etree._Element]:
    yield from row.iterchildren(*_CELLS)


def _covered(cell: etree._Element) -> bool:
    return bool(cell.tag == f"{_TABLE}covered-table-cell")


def _spanning(cell: etree._Element, text: str) -> Cell:
    return Cell(
        text,
        _count(cell, "number-rows-spanned"),
        _count(cell, "number-columns-spanned"),
    )


def _count(element: etree._Element, name: str) -> int:
    value = element.get(f"{_TABLE}{name}", "1")
    return max(int(value), 1) if value.isdecimal() else 1


def _sheet(table: etree._Element, document: _Document) -> Sheet:
    """Only what is filled is kept: a sheet's rows and columns are repeated to its edge."""
    sheet = Sheet(table.get(f"{_TABLE}name", ""))
    row = 0
    for entry in _rows(table):
        repeated = _count(entry, "number-rows-repeated")
        filled: dict[int, tuple[str, int, int]] = {}
        column = 0
        for cell in _cells(entry):
            text = document.cell_text(cell)
            across = _count(cell, "number-columns-repeated")
            if text and not _covered(cell):
                span = _count(cell, "number-rows-spanned"), _count(cell, "number-columns-spanned")
                for offset in range(min(across, _MOST_REPEATED)):
                    filled[column + offset] = (text, *span)
            column += across
        for below in range(min(repeated, _MOST_REPEATED) if filled else 0):
            for place, (text, down, right) in filled.items():
                sheet.put(row + below, place, text, down, right)
        row += repeated
    return sheet

"""DOCX → Markdown: the text as Word shows it, with what was deleted or hidden left out."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from knowledge.reading import markdown
from knowledge.reading.archives import Archive
from knowledge.reading.grid import Cell, fill_grid
from knowledge.reading.kinds import damaged
from knowledge.reading.office.chart import render_chart
from knowledge.reading.office.formula import to_latex
from knowledge.reading.office.inline import Run, render_runs
from knowledge.reading.office.word_lists import VAL, Label, Numbering, W, value_of, whole
from knowledge.reading.office.word_styles import Styles, is_on
from knowledge.reading.result import Extract, Limits, ReadWarning

_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}chart"
_GONE = frozenset(
    {f"{W}{name}" for name in ("del", "moveFrom", "instrText", "pPr", "sectPr", "rt")}
    | {f"{_MC}Fallback"}
)
_NOTES = {f"{W}footnoteReference": "footnotes", f"{W}endnoteReference": "endnotes"}
_GENERATED = re.compile(r"automatically generated|^(?:picture|image|grafik|bild) ?\d*$", re.I)
_SIGNS = {"tab": "\t", "cr": "\n", "br": "\n", "noBreakHyphen": "-"}


def read(path: Path, kind: str, limits: Limits) -> Extract:
    """Raises UnreadableFileError."""
    with Archive(path, kind) as archive:
        document = _Document(archive)
        blocks = document.blocks(document.root)
        text = markdown.join([*blocks, *document.notes()])
        return Extract(text, warnings=document.warnings())


class _Document:
    """The parts of a file, and what is counted while it is read."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._path = _main_part(archive)
        self._folder = posixpath.dirname(self._path)
        self.root = archive.xml(self._path)
        self._links = self._relations()
        self._styles = Styles(self._part("styles.xml"))
        self._numbering = Numbering.from_xml(self._part("numbering.xml"))
        self._noted: list[tuple[str, str]] = []
        self._boxes: list[str] = []
        self._pictures = 0
        self._described = False

    def _part(self, name: str) -> etree._Element | None:
        path = posixpath.normpath(posixpath.join(self._folder, name))
        return self._archive.xml(path) if path in self._archive.names else None

    def _relations(self) -> dict[str, str]:
        rels = self._part(f"_rels/{posixpath.basename(self._path)}.rels")
        entries = [] if rels is None else list(rels)
        return {entry.get("Id", ""): entry.get("Target", "") for entry in entries}

    def warnings(self) -> list[ReadWarning]:
        found = []
        if next(self.root.iter(f"{W}ins", f"{W}del", f"{W}moveTo"), None) is not None:
            found.append(
                ReadWarning(
                    "tracked_changes",
                    "The file has tracked changes that nobody accepted or rejected; it was read as "
                    "if all were accepted.",
                )
            )
        if self._pictures:
            found.append(pictures_without_text(self._pictures))
        return found

    def blocks(self, container: etree._Element) -> list[str]:
        found: list[str] = []
        for child in container:
            if child.tag in _GONE:
                continue
            if child.tag == f"{W}p":
                found += self._paragraph(child)
            elif child.tag == f"{W}tbl":
                found += self._table(child)
            else:
                found += self.blocks(child)
        return found

    def _paragraph(self, paragraph: etree._Element) -> list[str]:
        style = self._styles.of(paragraph)
        outer, self._boxes = self._boxes, []
        runs = [] if style.hidden else list(self._runs(paragraph))
        boxes, self._boxes = self._boxes, outer
        text = render_runs(runs, plain=style.level is not None)
        if not text:
            return boxes
        label = self._numbering.next_label(style.list_id, style.list_level)
        if style.level is not None:
            number = f"{label.text} " if label else ""
            return [markdown.heading(style.level, number + text), *boxes]
        if label is not None:
            return [_item(label, text), *boxes]
        return [markdown.quote(text) if style.quote else text, *boxes]

    def _runs(self, element: etree._Element, link: str = "") -> Iterator[Run]:
        for child in element:
            if child.tag in _GONE:
                continue
            if child.tag == f"{W}r":
                yield self._run(child, link)
            elif child.tag == f"{_M}oMath":
                yield Run(f" ${to_latex(child).strip()}$ ")
            elif child.tag == f"{W}hyperlink":
                yield from self._runs(child, self._links.get(child.get(f"{_R}id", ""), ""))
            else:
                yield from self._runs(child, link)

    def _run(self, run: etree._Element, link: str) -> Run:
        properties = run.find(f"{W}rPr")
        if is_on(properties, "vanish"):
            return Run("")
        text = "".join(self._text(child) for child in run if child.tag not in _GONE)
        return Run(
            text,
            bold=is_on(properties, "b"),
            italic=is_on(properties, "i"),
            struck=is_on(properties, "strike"),
            link=link,
        )

    def _text(self, element: etree._Element) -> str:
        if element.tag == f"{W}t":
            return element.text or ""
        if element.tag in _NOTES:
            self._noted.append((_NOTES[element.tag], element.get(f"{W}id", "")))
            return f"[{len(self._noted)}]"
        name = str(element.tag).removeprefix(W)
        if name in _SIGNS:
            return _SIGNS[name]
        if name == "ruby":
            return "".join(run.text for run in self._runs(element))
        if name == "rPr":
            return ""
        return self._embedded(element)

    def _embedded(self, element: etree._Element) -> str:
        """The alternative text of what is drawn here; text boxes and charts become blocks."""
        if element.tag in _GONE:
            return ""
        if element.tag == f"{W}txbxContent":
            self._boxes += self.blocks(element)
            return ""
        if element.tag == _CHART:
            part = self._part(self._links.get(element.get(f"{_R}id", ""), ""))
            self._boxes += [] if part is None else render_chart(part)
            return ""
        text = ""
        if element.tag == f"{_WP}docPr":
            text = _alternative(element)
            self._described = bool(text)
        elif str(element.tag).endswith("}blip") and not self._described:
            self._pictures += 1
        return text + "".join(self._embedded(child) for child in element)

    def _table(self, table: etree._Element) -> list[str]:
        rows: list[list[_Cell]] = []
        above: dict[int, _Cell] = {}
        for row in _within(table, f"{W}tr"):
            properties = row.find(f"{W}trPr")
            if properties is not None and properties.find(f"{W}del") is not None:
                continue
            before = 0 if properties is None else whole(value_of(properties, "gridBefore"))
            rows.append(self._row(row, before, above))
        if max((len(row) for row in rows), default=0) <= 1:
            return [block for row in rows for cell in row for block in cell.blocks]
        if next(table.iterancestors(f"{W}tc"), None) is not None:
            # A table within a cell would break the outer one.
            lines = (", ".join(cell.text for cell in row if cell.text) for row in rows)
            return ["; ".join(filter(None, lines))]
        cells = [[Cell(cell.text, cell.rows, cell.columns) for cell in row] for row in rows]
        return [markdown.table(fill_grid(cells))]

    def _row(self, row: etree._Element, before: int, above: dict[int, _Cell]) -> list[_Cell]:
        cells = [_Cell([], columns=before)] if before else []
        column = before
        for entry in _within(row, f"{W}tc"):
            properties = entry.find(f"{W}tcPr")
            merge = None if properties is None else properties.find(f"{W}vMerge")
            width = 1 if properties is None else whole(value_of(properties, "gridSpan"), 1)
            if merge is not None and merge.get(VAL, "continue") == "continue" and column in above:
                above[column].rows += 1
            else:
                cells.append(_Cell(self.blocks(entry), columns=width))
                above[column] = cells[-1]
            column += max(width, 1)
        return cells

    def notes(self) -> list[str]:
        """The foot- and endnotes in the order in which the text refers to them."""
        found: list[str] = []
        parts = {name: self._part(f"{name}.xml") for name in set(_NOTES.values())}
        for name, note_id in list(self._noted):
            part = parts[name]
            for note in () if part is None else part:
                if note.get(f"{W}id") == note_id:
                    text = " ".join(self.blocks(note))
                    found.append(f"[{len(found) + 1}] {markdown.one_line(text)}")
        return found


@dataclass
class _Cell:
    blocks: list[str]
    rows: int = 1
    columns: int = 1

    @property
    def text(self) -> str:
        return " ".join(self.blocks)


def _main_part(archive: Archive) -> str:
    """Word can name it as it likes; only strange programs use that."""
    named = sorted(name for name in archive.names if re.fullmatch(r"word/document\d*\.xml", name))
    if not named:
        raise damaged("docx")
    return named[0]


def _within(element: etree._Element, tag: str) -> Iterator[etree._Element]:
    """Rows or cells, also those in content controls and in accepted insertions."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag in (f"{W}sdt", f"{W}sdtContent", f"{W}customXml", f"{W}ins"):
            yield from _within(child, tag)


def _item(label: Label, text: str) -> str:
    if label.text and label.number is None:
        # Such as “4.2” or “(a)”, which Markdown has no list for and which people refer to.
        return f"{label.text} {text}"
    return markdown.item(text, level=label.level, number=label.number)


def _alternative(properties: etree._Element) -> str:
    text = markdown.one_line(properties.get("descr", ""))
    return f" {text} " if text and not is_generated(text) else ""


def pictures_without_text(count: int) -> ReadWarning:
    pictures = "1 picture is" if count == 1 else f"{count} pictures are"
    return ReadWarning(
        "pictures_without_text",
        f"{pictures} in the file; text in pictures is not read. Write what matters beside it.",
    )


def is_generated(about: str) -> bool:
    """Whether a program wrote an alternative text, such as “Picture 3”."""
    return _GENERATED.search(about.strip()) is not None

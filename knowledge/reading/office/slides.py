"""PPTX → Markdown, a page for each slide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pptx
from lxml import etree
from pptx.enum.shapes import PP_PLACEHOLDER

from knowledge.reading import markdown
from knowledge.reading.archives import Archive
from knowledge.reading.grid import Cell, fill_grid
from knowledge.reading.office.chart import render_chart
from knowledge.reading.office.formula import to_latex
from knowledge.reading.office.inline import Run, render_runs
from knowledge.reading.office.word import is_generated, pictures_without_text
from knowledge.reading.result import Extract, Limits, ReadWarning

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_DIAGRAM = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
_TITLES = (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE, PP_PLACEHOLDER.VERTICAL_TITLE)
# Their paragraphs have bullets unless they say otherwise.
_LISTS = (PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT, PP_PLACEHOLDER.VERTICAL_BODY)
_FURNITURE = (PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER)
_ROW = 360_000  # EMU, 1 cm: shapes whose tops differ by less stand beside one another


def read(path: Path, kind: str, limits: Limits) -> Extract:
    """A page for each slide; a hidden one's is empty. Raises UnreadableFileError; and anything on a
    file that PowerPoint reads, for the library checks more than it has to."""
    with Archive(path, kind) as archive:
        archive.check_all()
    slides = list(pptx.Presentation(str(path)).slides)
    reader = _Reader()
    pages: list[str] = []
    hidden: list[int] = []
    for number, slide in enumerate(slides, start=1):
        if slide.element.get("show") in ("0", "false"):
            hidden.append(number)
            pages.append("")
        else:
            pages.append(markdown.join(reader.slide(slide)))
    return Extract(pages=pages, warnings=reader.warnings(hidden))


class _Reader:
    def __init__(self) -> None:
        self._pictures = 0

    def warnings(self, hidden: list[int]) -> list[ReadWarning]:
        found = [
            ReadWarning(
                "hidden_slide",
                f"Slide {number} is hidden and was left out. Show it in the file and upload that "
                "again if it belongs to it.",
                number,
            )
            for number in hidden
        ]
        return [*found, pictures_without_text(self._pictures)] if self._pictures else found

    def slide(self, slide: Any) -> list[str]:
        blocks: list[str] = []
        title = slide.shapes.title
        for shape in _in_reading_order(slide.shapes):
            if title is not None and shape.shape_id == title.shape_id:
                heading = markdown.heading(1, render_runs(_runs_of(title.text_frame), plain=True))
                blocks.insert(0, heading)
            else:
                blocks += self._shape(shape)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            notes = slide.notes_slide.notes_text_frame.text.strip()
            blocks += ["**Notes**", notes.replace("\v", "\n")] if notes else []
        return blocks

    def _shape(self, shape: Any) -> list[str]:
        if shape.element.tag == f"{_P}grpSp":
            return [b for part in _in_reading_order(shape.shapes) for b in self._shape(part)]
        if getattr(shape, "has_table", False):
            return [_table(shape.table)]
        if getattr(shape, "has_chart", False):
            return render_chart(shape.chart._chartSpace)
        kind = shape.placeholder_format.type if shape.is_placeholder else None
        if kind in _FURNITURE:
            return []
        if getattr(shape, "has_text_frame", False) and shape.text_frame.text.strip():
            return _paragraphs(shape.text_frame, listed=kind in _LISTS)
        return self._drawn(shape)

    def _drawn(self, shape: Any) -> list[str]:
        """What a picture or a diagram says in words."""
        blocks = _diagram(shape)
        about = next(
            (node.get("descr", "") for node in shape.element.iter() if "descr" in node.attrib), ""
        )
        if about.strip() and not is_generated(about):
            return [*blocks, markdown.one_line(about)]
        if shape.element.tag == f"{_P}pic":
            self._pictures += 1
        return blocks


def _in_reading_order(shapes: Iterable[Any]) -> list[Any]:
    return sorted(shapes, key=lambda shape: ((shape.top or 0) // _ROW, shape.left or 0))


def _paragraphs(frame: Any, *, listed: bool) -> list[str]:
    blocks: list[str] = []
    numbers: dict[int, int] = {}
    several = len([p for p in frame.paragraphs if p.text.strip()]) > 1
    for paragraph in frame.paragraphs:
        text = render_runs(_runs(paragraph))
        if not text:
            continue
        level = paragraph.level
        kind = _bullet(paragraph) or ("char" if listed and several else "none")
        for below in [key for key in numbers if key > level or (key == level and kind != "number")]:
            del numbers[below]
        if kind == "none":
            blocks.append(text)
            continue
        numbers[level] = numbers.get(level, 0) + 1
        number = numbers[level] if kind == "number" else None
        blocks.append(markdown.item(text, level=level, number=number))
    return blocks


def _bullet(paragraph: Any) -> str | None:
    """What the paragraph says of its bullet itself; None when it says nothing."""
    properties = paragraph._p.find(f"{_A}pPr")
    for name, kind in (("buNone", "none"), ("buAutoNum", "number"), ("buChar", "char")):
        if properties is not None and properties.find(f"{_A}{name}") is not None:
            return kind
    return None


def _runs_of(frame: Any) -> Iterator[Run]:
    for paragraph in frame.paragraphs:
        yield from _runs(paragraph)
        yield Run(" ")


def _runs(paragraph: Any) -> Iterator[Run]:
    """Also fields and line breaks, which python-pptx does not count among the runs."""
    links = {id(run._r): run.hyperlink.address or "" for run in paragraph.runs}
    for child in paragraph._p:
        if child.tag == f"{_A}br":
            yield Run("\n")
        elif child.tag in (f"{_A}r", f"{_A}fld"):
            properties = child.find(f"{_A}rPr")
            style = {} if properties is None else properties.attrib
            yield Run(
                child.findtext(f"{_A}t") or "",
                bold=style.get("b") in ("1", "true"),
                italic=style.get("i") in ("1", "true"),
                struck=style.get("strike", "noStrike") != "noStrike",
                link=links.get(id(child), ""),
            )
        elif next(child.iter(f"{_M}oMath"), None) is not None:
            yield Run("".join(f" ${to_latex(math).strip()}$ " for math in child.iter(f"{_M}oMath")))


def _table(table: Any) -> str:
    rows = [
        [
            Cell(_cell_text(cell), cell.span_height, cell.span_width)
            for cell in row.cells
            if not cell.is_spanned
        ]
        for row in table.rows
    ]
    return markdown.table(fill_grid(rows))


def _cell_text(cell: Any) -> str:
    return " ".join(render_runs(_runs(paragraph)) for paragraph in cell.text_frame.paragraphs)


def _diagram(shape: Any) -> list[str]:
    """The texts of a SmartArt diagram, which lie in a part of their own."""
    for node in shape.element.iter(f"{{{_DIAGRAM}}}relIds"):
        part = shape.part.related_part(
            next(iter(v for k, v in node.attrib.items() if k.endswith("}dm")))
        )
        root = etree.fromstring(part.blob, etree.XMLParser(resolve_entities=False, no_network=True))
        texts = (
            markdown.one_line("".join(text.text or "" for text in point.iter(f"{_A}t")))
            for point in root.iter(f"{{{_DIAGRAM}}}pt")
        )
        return [markdown.item(text) for text in texts if text]
    return []

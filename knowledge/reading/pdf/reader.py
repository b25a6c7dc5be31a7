"""PDF → Markdown, page by page, in the order in which people read it."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from knowledge.reading import markdown
from knowledge.reading.kinds import REFUSALS, damaged
from knowledge.reading.ocr.models import Picture
from knowledge.reading.ocr.scans import MOST_SIDE, Scans, read_scans
from knowledge.reading.pdf.labels import with_bullets, with_labels
from knowledge.reading.pdf.layout import Column, Region, Table, find_regions
from knowledge.reading.pdf.lines import without_hyphens
from knowledge.reading.pdf.rules import read_drawn
from knowledge.reading.pdf.running import find_running_titles
from knowledge.reading.pdf.spans import Span, read_spans
from knowledge.reading.pdf.tables import with_tables
from knowledge.reading.pdf.text import Style, find_style, render_column
from knowledge.reading.result import Extract, Limits, UnreadableFileError

_PAGE_BREAK = "\f"
_UNKNOWN = 0.3  # share of a page's letters that the file has no text for: as good as a scan
OCR_TIME = 0.7  # of the time for the file
_FEW_LETTERS = 100  # beside a picture of the page: a stamp, or a mark of the scanner's program
_WHOLE_PAGE = 0.6  # of its area, that such a picture covers
_MOST_SCALE = 300 / 72  # dots of a picture per point of a small page


@dataclass(frozen=True)
class _Page:
    spans: list[Span]
    turned: list[str]  # texts that stand across the others
    height: float
    drawn: bool  # something is on it, if not text
    pictured: bool = False  # a picture covers it, and hardly any text
    text: str = ""  # already in Markdown


def read(path: Path, kind: str, limits: Limits) -> Extract:
    """Raises UnreadableFileError."""
    deadline = time.monotonic() + OCR_TIME * limits.seconds
    document = _open(path)
    try:
        check_pages(len(document), limits.max_pages)
        pages = [_read_page(document, number) for number in range(len(document))]
        texts = _render(pages)
        scans = _read_scans(document, pages, texts, limits.ocr_languages, deadline)
    except pypdfium2.PdfiumError as error:
        raise damaged(kind) from error
    finally:
        document.close()
    if scans.pages:
        texts = _render([_scanned(scans, number, page) for number, page in enumerate(pages)])
    if not any(texts):
        scans.refuse_uncovered()
    return Extract(pages=texts, warnings=scans.warnings(), scanned_pages=scans.numbers)


def render_scans(scans: Scans, count: int) -> list[str]:
    """The texts of so many pages, of which some were read from scans and the others are blank."""
    blank = _Page([], [], 0.0, drawn=False)
    return _render([_scanned(scans, number, blank) for number in range(count)])


def _scanned(scans: Scans, number: int, page: _Page) -> _Page:
    found = scans.pages.get(number)
    if found is None:
        return page
    return _Page(found.spans, [], found.height, drawn=True, text=found.text)


def _read_scans(
    document: pypdfium2.PdfDocument,
    pages: Sequence[_Page],
    texts: Sequence[str],
    languages: str,
    deadline: float,
) -> Scans:
    pictures = {
        number: functools.partial(_picture_of, document, number)
        for number, page in enumerate(pages)
        if page.pictured or (page.drawn and not texts[number])
    }
    return read_scans(pictures, languages, deadline)


def _picture_of(document: pypdfium2.PdfDocument, number: int) -> Picture | None:
    try:
        page = document[number]
        scale = min(MOST_SIDE / max(*page.get_size(), 1.0), _MOST_SCALE)
        picture: Picture = page.render(scale=scale, rev_byteorder=False).to_numpy().copy()
    except pypdfium2.PdfiumError:
        return None
    return picture[:, :, :3]


def check_pages(count: int, most: int) -> None:
    if count > most:
        raise UnreadableFileError(
            f"The file has {count:,} pages, more than {most:,}. Split it and upload the parts.",
            "too_many_pages",
        )


def _open(path: Path) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == pdfium.FPDF_ERR_PASSWORD:
            raise UnreadableFileError(REFUSALS["protected"], "protected") from error
        raise damaged("pdf") from error


def _read_page(document: pypdfium2.PdfDocument, number: int) -> _Page:
    try:
        page = document[number]
    except pypdfium2.PdfiumError:
        return _Page([], [], 0.0, drawn=True)  # one broken page is no reason to refuse the others
    try:
        text = read_spans(page)
        grids, bullets = read_drawn(page, page.get_cropbox(), text.quarter_turns)
        drawn = pdfium.FPDFPage_CountObjects(page.raw) > 0
        pictured = text.letters < _FEW_LETTERS and _is_covered_by_picture(page)
    finally:
        page.close()
    if text.unknown > _UNKNOWN * text.letters:
        return _Page([], [], text.height, drawn)
    spans = with_tables(grids, with_bullets(with_labels(text.upright), bullets))
    for span in spans:
        span.letters.clear()  # a book's would fill the memory
    return _Page(spans, [span.text for span in text.turned], text.height, drawn, pictured)


def _is_covered_by_picture(page: pypdfium2.PdfPage) -> bool:
    width, height = page.get_size()
    pictures = page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE])
    bounds = (picture.get_bounds() for picture in pictures)
    covered = max(((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in bounds), default=0.0)
    return bool(covered >= _WHOLE_PAGE * width * height)


def _render(pages: Sequence[_Page]) -> list[str]:
    titles = find_running_titles([(page.spans, page.height) for page in pages])
    regions = [
        find_regions([span for span in page.spans if id(span) not in titles]) for page in pages
    ]
    _join_tables(regions)
    style = find_style(
        [region for page in regions for region in page if isinstance(region, Column)]
    )
    rendered = (
        _render_page(page, found, style) for page, found in zip(pages, regions, strict=True)
    )
    texts = without_hyphens(_PAGE_BREAK.join(rendered)).split(_PAGE_BREAK)
    return [markdown.tidy(text) for text in texts]


def _join_tables(pages: Sequence[Sequence[Region]]) -> None:
    """Writes tables, those that go on over several pages as one with its header at the top."""
    last: Table | None = None
    for page in pages:
        for place, table in enumerate(page):
            if not isinstance(table, Table):
                continue
            before = last if place == 0 and last is not None and last.goes_on_in(table) else None
            if before is None:
                table.lines = markdown.table(table.rows).split("\n")
            else:
                rows = table.rows[table.rows[0] == before.rows[0] :]
                table.lines = markdown.table([before.rows[0], *rows], whole=True).split("\n")[2:]
                table.rows = [before.rows[0], *rows]
        last = page[-1] if page and isinstance(page[-1], Table) else None


def _render_page(page: _Page, regions: Sequence[Region], style: Style) -> str:
    blocks = [page.text] if page.text else []
    for region in regions:
        if isinstance(region, Column):
            blocks += render_column(region, style)
        else:
            blocks.append("\n".join(region.lines))
    blocks += page.turned
    return markdown.join(blocks).replace(_PAGE_BREAK, "")

"""Scanned pages → text, by the Tesseract inside kreuzberg with the language data of an installed
Tesseract."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Sequence
from pathlib import Path

import kreuzberg
import pypdfium2

from knowledge.reading.other import plain
from knowledge.reading.result import ReadWarning

_SINGLE_WARNINGS = 10  # pages; more are told together
_WARNINGS = {
    "ocr_used": (
        "Page {} was read by OCR. Compare its text with the page.",
        "{:,} pages were read by OCR, among them {}. Compare their text with the pages.",
    ),
    "ocr_unfinished": (
        "Page {} was not read, because OCR took too long. Split the file and upload the parts.",
        "{:,} pages, among them {}, were not read, because OCR took too long. Split the file and "
        "upload the parts.",
    ),
    "no_text_layer": (
        "Page {} has no text layer; its text is missing. Save the file as a searchable PDF if it "
        "matters.",
        "{:,} pages, among them {}, have no text layer; their text is missing. Save the file as a "
        "searchable PDF if it matters.",
    ),
}
_FOLDERS = (
    "/usr/share/tesseract-ocr/*/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
)


def find_languages(wanted: str) -> str | None:
    """Those of the wanted languages that are installed, joined by a plus; None without any.

    Tells Tesseract where they are.
    """
    named = os.environ.get("TESSDATA_PREFIX")
    folders = [Path(named)] if named else []
    folders += [path for form in _FOLDERS for path in sorted(Path("/").glob(form[1:]))]
    for folder in folders:
        found = [n for n in wanted.split("+") if (folder / f"{n}.traineddata").is_file()]
        if found:
            os.environ["TESSDATA_PREFIX"] = str(folder)
            return "+".join(found)
    return None


def read_scans(
    document: pypdfium2.PdfDocument, pages: Sequence[int], wanted: str, deadline: float
) -> tuple[dict[int, str], list[ReadWarning]]:
    """The texts of those pages, counted from 0, that there was time for and a text on. `deadline`
    is in seconds of the monotonic clock."""
    languages = find_languages(wanted)
    found: dict[int, str] = {}
    late: list[int] = []
    for page in pages if languages else ():
        if time.monotonic() > deadline:
            late.append(page)
        elif text := _read_scan(document, page, languages or ""):
            found[page] = text
    without = [page for page in pages if page not in found and page not in late]
    return found, [
        *_warn("ocr_used", list(found)),
        *_warn("ocr_unfinished", late),
        *_warn("no_text_layer", without),
    ]


def _read_scan(document: pypdfium2.PdfDocument, page: int, languages: str) -> str:
    """Empty where nothing could be recognised."""
    config = kreuzberg.ExtractionConfig(
        output_format="markdown",
        use_cache=False,
        force_ocr=True,
        ocr=kreuzberg.OcrConfig(backend="tesseract", language=languages),
    )
    single = pypdfium2.PdfDocument.new()
    content = io.BytesIO()
    try:
        single.import_pages(document, [page])
        single.save(content)
        result = kreuzberg.extract_bytes_sync(content.getvalue(), "application/pdf", config=config)
    except (kreuzberg.KreuzbergError, pypdfium2.PdfiumError):
        return ""
    finally:
        single.close()
    return plain(result.content)


def _warn(code: str, pages: list[int]) -> list[ReadWarning]:
    """One warning for each page, or one for all when there are many."""
    one, many = _WARNINGS[code]
    if len(pages) <= _SINGLE_WARNINGS:
        return [ReadWarning(code, one.format(page + 1), page + 1) for page in pages]
    shown = ", ".join(str(page + 1) for page in pages[:_SINGLE_WARNINGS])
    return [ReadWarning(code, many.format(len(pages), shown), pages[0] + 1)]

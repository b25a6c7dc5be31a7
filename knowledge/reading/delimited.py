"""CSV and its relatives → a Markdown table, whatever the delimiter and the encoding."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections import Counter
from pathlib import Path

from knowledge.reading import markdown
from knowledge.reading.office.sheet_blocks import render_area
from knowledge.reading.plain import decode
from knowledge.reading.result import Extract, Limits

_USUAL = ",;\t|"
_UNUSUAL = "^~:#&§\x1f"  # taken only when every line has as many of them
_SAMPLE_LINES = 200
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)  # Excel's own, above the header


def read(path: Path, kind: str, limits: Limits) -> Extract:
    """Raises UnreadableFileError."""
    return Extract(read_delimited(path.read_bytes(), kind))


def read_delimited(content: bytes, extension: str) -> str:
    """Raises UnreadableFileError."""
    text = decode(content, extension).replace("\x00", "")
    if declared := _SEPARATOR_LINE.match(text):
        text, delimiter = text[declared.end() :], declared.group(1)
    else:
        delimiter = _find_delimiter(text)
    rows = _parse(text, delimiter)
    filled = [{n: cell for n, cell in enumerate(row) if cell.strip()} for row in rows]
    filled = [row for row in filled if row]
    return markdown.join(render_area(filled)) if filled else ""


def _parse(text: str, delimiter: str) -> list[list[str]]:
    csv.field_size_limit(sys.maxsize)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        # A quotation mark that is not closed would swallow the rest of the file.
        lines = io.StringIO(text, newline="")
        return list(csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE))


def _find_delimiter(text: str) -> str:
    """The one that cuts most lines into as many cells as each other, and into most."""
    sample = "".join(io.StringIO(text, newline="").readlines(1 << 18)[:_SAMPLE_LINES])
    best = max(_USUAL, key=lambda delimiter: _agreement(sample, delimiter))
    if _agreement(sample, best)[1] > 1:
        return best
    for delimiter in _UNUSUAL:
        share, cells = _agreement(sample, delimiter)
        if share == 1 and cells > 1 and sample.count("\n") > 1:
            return delimiter
    return best


def _agreement(sample: str, delimiter: str) -> tuple[float, int]:
    """(share of the lines that have the most usual number of cells, that number); nothing counts
    as agreement on one cell."""
    counts = Counter(len(row) for row in _parse(sample, delimiter) if any(row))
    cells, lines = max(counts.items(), key=lambda entry: (entry[1], entry[0]), default=(0, 0))
    return (lines / counts.total(), cells) if cells > 1 else (0.0, cells)

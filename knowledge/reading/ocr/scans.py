"""Scanned pages → spans for the layout of a page, or text; and what an editor should know of it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from knowledge.pages import name_pages
from knowledge.reading import progress
from knowledge.reading.ocr import models, tesseract
from knowledge.reading.ocr.models import Picture, ReadLine
from knowledge.reading.pdf.labels import with_labels
from knowledge.reading.pdf.spans import Span
from knowledge.reading.result import ReadWarning, UnreadableFileError

_LONG_SIDE = 842.0  # points of a page; how large it really is, a picture does not tell
MOST_SIDE = 2400  # pixels: A4 at 205 dots per inch
_SIZE = 0.75  # of a line's box: the font's size
_SAME_SIZE = (0.75, 1.2)  # times the usual: boxes of one font differ with the letters in them
_COVERED = (
    "Scans are read in languages with Latin letters, in Chinese and in Japanese. Save the file as "
    "a searchable PDF, or ask whoever runs this site to set up Tesseract for the language."
)


@dataclass(frozen=True)
class ScannedPage:
    """`spans` are placed in points, like those of a page with text; or `text` is finished."""

    spans: list[Span] = field(default_factory=list)
    text: str = ""
    height: float = 0.0


@dataclass
class Scans:
    """Pages count from 0. `uncovered` are in writing that is not known, `late` there was no time
    for, `damaged` cannot be drawn, and on those that are missing everywhere there is no text."""

    pages: dict[int, ScannedPage] = field(default_factory=dict)
    uncovered: list[int] = field(default_factory=list)
    late: list[int] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)

    @property
    def numbers(self) -> list[int]:
        """Of the pages that were read, counted from 1."""
        return [page + 1 for page in sorted(self.pages)]

    def warnings(self) -> list[ReadWarning]:
        return [
            *_warn("ocr_used", "read from a scan. Compare the text with the scan.", self.pages),
            *_warn(
                "needs_ocr",
                f"not read: the writing is not known, or not clear enough. {_COVERED}",
                self.uncovered,
            ),
            *_warn(
                "ocr_unfinished",
                "not read, because reading scans took too long. Split the file and upload the "
                "parts.",
                self.late,
            ),
            *_warn(
                "page_damaged",
                "not read: the file is damaged there. Open it in the program it comes from, save "
                "it again and upload that.",
                self.damaged,
            ),
        ]

    def refuse_uncovered(self) -> None:
        """Raises UnreadableFileError where that is why nothing was read."""
        if self.uncovered:
            raise UnreadableFileError(
                f"The file needs OCR: it is a scan in writing that is not known here, or not clear "
                f"enough. {_COVERED}",
                "needs_ocr",
            )


def read_scans(
    pictures: Mapping[int, Callable[[], Picture | None]], languages: str, deadline: float
) -> Scans:
    """Reads the pages that there is time for. Each picture is made when its turn comes, and is None
    where it cannot be made. `deadline` is in seconds of the monotonic clock."""
    scans = Scans()
    installed = tesseract.find_languages(languages) if languages else None
    for done, (number, make) in enumerate(pictures.items()):
        progress.tell(done, len(pictures))
        if time.monotonic() > deadline:
            scans.late.append(number)
        elif (picture := make()) is None:
            scans.damaged.append(number)
        else:
            _read(scans, number, picture, installed)
    if pictures:
        progress.tell(len(pictures), len(pictures))
    return scans


def _read(scans: Scans, number: int, picture: Picture, installed: str | None) -> None:
    if installed:
        if text := tesseract.recognise(picture, installed):
            scans.pages[number] = ScannedPage(text=text, height=float(picture.shape[0]))
        return
    found = models.recognise(picture)
    if not found.legible:
        scans.uncovered.append(number)
    elif found.lines:
        scale = _LONG_SIDE / max(found.width, found.height)
        scans.pages[number] = ScannedPage(_spans(found.lines, scale), height=scale * found.height)


def _spans(lines: Sequence[ReadLine], scale: float) -> list[Span]:
    boxes = [[scale * edge for edge in line.box] for line in lines]
    heights = [bottom - top for _, top, _, bottom in boxes]
    usual = statistics.median(heights)
    spans = []
    for line, (left, top, right, bottom), height in zip(lines, boxes, heights, strict=True):
        least, most = (share * usual for share in _SAME_SIZE)
        size = _SIZE * (usual if least < height < most else height)
        text = line.text.strip()
        spans.append(Span(text, left, top, right, bottom, size, letters=[(left, text)]))
    spans.sort(key=lambda span: (round(span.middle / usual), span.x0))
    return with_labels(spans)


def _warn(code: str, what: str, pages: Iterable[int]) -> list[ReadWarning]:
    numbers = sorted(page + 1 for page in pages)
    if not numbers:
        return []
    verb = "was" if len(numbers) == 1 else "were"
    return [ReadWarning(code, f"{name_pages(numbers).capitalize()} {verb} {what}", numbers[0])]

"""A picture of text: each page of a TIFF, or the one that it is."""

from __future__ import annotations

import time
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from knowledge.reading.kinds import damaged
from knowledge.reading.ocr.models import Picture
from knowledge.reading.ocr.scans import MOST_SIDE, read_scans
from knowledge.reading.pdf.reader import OCR_TIME, check_pages, render_scans
from knowledge.reading.result import Extract, Limits, UnreadableFileError


def read(path: Path, kind: str, limits: Limits) -> Extract:
    """Raises UnreadableFileError."""
    deadline = time.monotonic() + OCR_TIME * limits.seconds
    try:
        with warnings.catch_warnings():
            # A picture of so many points would fill the memory when it is unpacked.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                frames = getattr(image, "n_frames", 1) if kind == "tiff" else 1
                check_pages(frames, limits.max_pages)
                makers = {n: lambda n=n: _frame(image, n) for n in range(frames)}
                scans = read_scans(makers, limits.ocr_languages, deadline)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise UnreadableFileError(
            "The picture has more points than can be read. Save it at 300 points per inch and "
            "upload that.",
            "too_large",
        ) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise damaged(kind) from error
    if not scans.pages:
        scans.refuse_uncovered()
    return Extract(
        pages=render_scans(scans, frames), warnings=scans.warnings(), scanned_pages=scans.numbers
    )


def _frame(image: Image.Image, number: int) -> Picture:
    image.seek(number)
    image.draft("RGB", (MOST_SIDE, MOST_SIDE))
    upright = ImageOps.exif_transpose(image)
    if upright.mode not in ("RGB", "L"):
        layered = upright.convert("RGBA")
        upright = Image.new("RGBA", layered.size, "white")
        upright.alpha_composite(layered)
    upright.thumbnail((MOST_SIDE, MOST_SIDE))
    return np.ascontiguousarray(np.asarray(upright.convert("RGB"))[:, :, ::-1])

"""Pictures of text, and PDFs of such pictures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import unfold
from PIL import Image, ImageDraw, ImageFont

# The admin's own font: it has Latin, Greek and Cyrillic letters.
_FONT = Path(unfold.__file__).parent / "static/unfold/fonts/inter/Inter-Regular.woff2"
WIDTH, HEIGHT, MARGIN, DISTANCE = 1240, 900, 80, 50


def page(lines: Sequence[str], *, size: int = 28, columns: int = 350) -> Image.Image:
    """Lines of text, one below the other; a tab moves on to the next column."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.truetype(str(_FONT), size)
    for number, line in enumerate(lines):
        for place, text in enumerate(line.split("\t")):
            at = (MARGIN + columns * place, MARGIN + DISTANCE * number)
            draw.text(at, text, font=font, fill="black")
    return picture


def saved(pictures: Sequence[Image.Image], form: str) -> bytes:
    """In one file; `form` is Pillow's name of its format."""
    first, *others = pictures
    content = io.BytesIO()
    more = {"save_all": True, "append_images": others} if others else {}
    first.save(content, form, **more)
    return content.getvalue()


def scanned_pdf(*pages: Sequence[str]) -> bytes:
    return saved([page(lines) for lines in pages], "PDF")

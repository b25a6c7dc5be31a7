"""Pictures beside a question, for models that see: small, of one kind, and without the place and
the device that a camera writes into its files."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from typing import Any

MOST_PICTURES = 3  # of a question
EDGE = 1568  # pixels of the longer side; the providers make larger ones smaller themselves
MOST_PIXELS = 50_000_000  # of a picture as it came: a small file may unfold to gigabytes
PICTURE_TOKENS = 2500  # rather too many for a picture of that size, by the providers' own counts
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")


class PictureError(ValueError):
    """The picture cannot be read, or it is too large."""


@dataclass(frozen=True)
class Picture:
    """A JPEG, and the name, type and bytes of the file that it was made from."""

    name: str
    content_type: str
    size: int
    jpeg: bytes = field(repr=False)

    def as_part(self) -> dict[str, Any]:
        """As the OpenAI protocol sends it."""
        data = base64.b64encode(self.jpeg).decode()
        return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{data}"}}

    def as_words(self) -> str:
        """What is stored in its place."""
        return f"[Picture: {self.name}, {self.content_type}, {self.size:,} bytes]"


def read_picture(name: str, content_type: str, content: bytes) -> Picture:
    """The first frame of a PNG, JPEG, GIF or WebP. Raises PictureError."""
    from PIL import Image, ImageOps  # most processes read no picture

    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise PictureError(f"{opened.width} by {opened.height} pixels are too many")
            opened.draft("RGB", (EDGE, EDGE))  # a large JPEG is read at a fraction of its size
            upright = ImageOps.exif_transpose(opened).convert("RGBA")
        upright.thumbnail((EDGE, EDGE))
        paper = Image.new("RGB", upright.size, "white")
        paper.paste(upright, mask=upright)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PictureError(f"the picture cannot be read: {type(error).__name__}") from error
    made = io.BytesIO()
    paper.save(made, "JPEG", quality=85)
    return Picture(name, content_type, len(content), made.getvalue())

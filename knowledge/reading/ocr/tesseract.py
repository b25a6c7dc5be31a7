"""A picture → Markdown, by the Tesseract inside kreuzberg with the language data of an installed
Tesseract."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import kreuzberg

from knowledge.reading.ocr.models import Picture
from knowledge.reading.other import plain

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
        found = [n for n in wanted.split("+") if n and (folder / f"{n}.traineddata").is_file()]
        if found:
            os.environ["TESSDATA_PREFIX"] = str(folder)
            return "+".join(found)
    return None


def recognise(picture: Picture, languages: str) -> str:
    """Empty where nothing could be recognised."""
    config = kreuzberg.ExtractionConfig(
        output_format="markdown",
        use_cache=False,
        force_ocr=True,
        ocr=kreuzberg.OcrConfig(backend="tesseract", language=languages),
    )
    content = cv2.imencode(".png", picture)[1].tobytes()
    try:
        result = kreuzberg.extract_bytes_sync(content, "image/png", config=config)
    except kreuzberg.KreuzbergError:
        return ""
    return plain(result.content)

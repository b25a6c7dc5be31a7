"""A stored file → Markdown with page starts and warnings, or a sentence that tells an editor what
is wrong."""

from __future__ import annotations

from pathlib import Path

from knowledge.reading import kinds, markdown
from knowledge.reading.kinds import (
    HTML_EXTENSIONS,
    PICTURE_EXTENSIONS,
    PLAIN_EXTENSIONS,
    SUPPORTED_EXTENSIONS,
)
from knowledge.reading.progress import Listener, ignore
from knowledge.reading.result import Limits, ReadText, ReadWarning, UnreadableFileError

__all__ = [
    "HTML_EXTENSIONS",
    "PICTURE_EXTENSIONS",
    "PLAIN_EXTENSIONS",
    "SUPPORTED_EXTENSIONS",
    "ReadText",
    "ReadWarning",
    "UnreadableFileError",
    "read_file",
]

_SMALL = 1024 * 1024
_NOT_TEXT = (b"%PDF-", b"{\\rtf", b"PK\x03\x04")


def read_file(path: Path, file_name: str, on_page: Listener = ignore) -> ReadText:
    """Read one file of any supported format. Raises UnreadableFileError; OSError when the file is
    not there or no process can be started.

    All but short plain text is read in a process of its own, within the limits of the settings.
    `on_page` is told how many pages of a scan are read, and of how many; what it raises ends the
    reading.
    """
    size = path.stat().st_size
    if kinds.extension_of(file_name) in PLAIN_EXTENSIONS and size <= _SMALL:
        text = _read_small(path.read_bytes())
        if text:
            return ReadText(text, "text/markdown")
    from django.conf import settings

    from knowledge.reading.process import read_in_process

    limits = Limits(
        memory_mb=settings.READING_MEMORY_MB,
        seconds=settings.READING_SECONDS,
        max_pages=settings.READING_MAX_PAGES,
        ocr_languages=settings.OCR_LANGUAGES,
    )
    return read_in_process(path, file_name, limits, on_page)


def _read_small(content: bytes) -> str | None:
    """Text in UTF-8; None for everything that needs a closer look."""
    if content.startswith(_NOT_TEXT) or b"\x00" in content:
        return None
    try:
        return markdown.tidy(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return None

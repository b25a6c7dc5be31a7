"""Plain text and Markdown; and bytes → text, whatever the encoding."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

import charset_normalizer

from knowledge.reading.kinds import damaged
from knowledge.reading.result import Extract, Limits

# UTF-32 first: its mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_DECLARED_WITHIN = 2048
_SAMPLE = 256 * 1024
_STRANGE = 0.2


def read(path: Path, kind: str, limits: Limits) -> Extract:
    """Raises UnreadableFileError."""
    return Extract(decode(path.read_bytes(), kind))


def decode(content: bytes, kind: str, *, declared: str | None = None) -> str:
    """Raises UnreadableFileError when the content is no text in any encoding."""
    mark = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), None)
    for encoding in (mark, declared, "utf-8"):
        text = _decode_as(content, encoding)
        if text is not None and _is_text(text):
            return text
    best = charset_normalizer.from_bytes(content[:_SAMPLE]).best()
    text = None if best is None else content.decode(best.encoding, errors="replace")
    if text is None or not _is_text(text):
        raise damaged(kind)
    return text


def _is_text(text: str) -> bool:
    """A few control characters are left over in many files; a program or a picture is full of
    them."""
    sample = text[:_SAMPLE]
    strange = sum(sign < " " and sign not in "\t\n\r\f" for sign in sample)
    return strange <= _STRANGE * len(sample)


def declared_encoding(markup: bytes) -> str | None:
    """What an HTML or XML file says of itself."""
    found = _DECLARED.search(markup[:_DECLARED_WITHIN])
    return found.group(1).decode("ascii", errors="ignore") if found else None


def _decode_as(content: bytes, encoding: str | None) -> str | None:
    if encoding is None:
        return None
    try:
        # Browsers read what calls itself Latin-1 as Windows-1252, its superset, and so do writers.
        latin = encoding.lower() in ("iso-8859-1", "latin-1", "latin1", "us-ascii", "ascii")
        return content.decode("cp1252" if latin else encoding)
    except (UnicodeDecodeError, LookupError, ValueError):
        return None

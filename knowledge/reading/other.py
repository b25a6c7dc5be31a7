"""What kreuzberg reads best: RTF, old office formats, JSON, XML, Outlook mails, TeX and more."""

from __future__ import annotations

import re
from pathlib import Path

import kreuzberg

from knowledge.reading import markdown
from knowledge.reading.archives import parse_xml, refuse_entities
from knowledge.reading.kinds import MEDIA_TYPES, REFUSALS, TEXT_EXTENSIONS, damaged
from knowledge.reading.plain import decode
from knowledge.reading.result import Extract, Limits, UnreadableFileError

_BULLET = re.compile(r"^(\s*)[•◦▪‣·▫●○■□–][\t ]+", re.MULTILINE)
_ESCAPED = re.compile(r"\\([#*_\[\]~`>.!+()-])")


def read(path: Path, kind: str, limits: Limits) -> Extract:
    """Raises UnreadableFileError."""
    config = kreuzberg.ExtractionConfig(output_format="markdown", use_cache=False)
    try:
        if kind in TEXT_EXTENSIONS:
            content = _checked(path.read_bytes(), kind)
            result = kreuzberg.extract_bytes_sync(content, _media_type(kind), config=config)
        else:
            result = kreuzberg.extract_file_sync(str(path), _media_type(kind), config=config)
    except kreuzberg.KreuzbergError as error:
        raise _explain(error, kind) from error
    return Extract(markdown.join(plain(result.content).split("\n\n")))


def _media_type(kind: str) -> str:
    return MEDIA_TYPES.get(kind, "text/markdown")


def _checked(content: bytes, kind: str) -> bytes:
    """Text in UTF-8, and if it is XML, without traps."""
    if kind == "xml":
        refuse_entities(content)
        parse_xml(content, kind)
        return content
    return decode(content, kind).encode("utf-8", errors="replace")


def _explain(error: Exception, kind: str) -> UnreadableFileError:
    text = str(error).lower()
    if "password" in text or "encrypt" in text:
        return UnreadableFileError(REFUSALS["protected"], "protected")
    return damaged(kind)


def plain(text: str) -> str:
    """Lists as lists, and without the backslashes that customers would be quoted."""
    return _ESCAPED.sub(r"\1", _BULLET.sub(r"\1- ", text))

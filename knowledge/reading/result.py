"""What reading a file gives: text with page starts and warnings, or a refusal. Plain data that
crosses the border between two processes as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


class UnreadableFileError(Exception):
    """The file cannot become text. `str()` is a sentence for an editor, `code` is stable."""

    def __init__(self, text: str, code: str = "unreadable") -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class ReadWarning:
    """Something an editor should know about a text that was read. `page` counts from 1."""

    code: str
    text: str
    page: int | None = None


@dataclass(frozen=True)
class ReadText:
    """`page_starts[i]` is the offset in `markdown` (characters) at which page i + 1 starts; a slide
    is a page. Empty for formats without pages. `scanned_pages`, counted from 1, were read from
    pictures of them."""

    markdown: str
    media_type: str
    page_starts: list[int] = field(default_factory=list)
    scanned_pages: list[int] = field(default_factory=list)
    warnings: list[ReadWarning] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> ReadText:
        warnings = [ReadWarning(**warning) for warning in fields.pop("warnings")]
        return cls(**fields, warnings=warnings)


@dataclass(frozen=True)
class Extract:
    """What the reader of one format gives: `pages`, or for formats without them `text`."""

    text: str = ""
    pages: list[str] = field(default_factory=list)
    scanned_pages: list[int] = field(default_factory=list)
    warnings: list[ReadWarning] = field(default_factory=list)


@dataclass(frozen=True)
class Limits:
    """What one file may take. `ocr_languages` are Tesseract's names joined by a plus; without
    any, the bundled models read scans."""

    memory_mb: int = 2048
    seconds: int = 300
    max_pages: int = 5000
    ocr_languages: str = ""

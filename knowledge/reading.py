"""A stored file → Markdown with page starts, or a sentence that tells an editor what is wrong."""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass, field
from pathlib import Path

import kreuzberg

SUPPORTED_EXTENSIONS = frozenset(
    {"pdf", "docx", "doc", "odt", "rtf", "pptx", "ppt", "xlsx", "xls", "ods"}
    | {"html", "htm", "xhtml"}
    | {"md", "markdown", "txt", "text", "csv", "tsv", "eml", "msg", "epub", "json", "xml", "rst"}
    | {"org", "tex"}
)
PROBE_CHARACTERS = 40
# The reader puts a page's <meta> and <title> in front of its text; customers must not be quoted it.
_HTML_FRONT_MATTER = re.compile(r"\A---\n.*?\n(?:---|## title:[^\n]*)\n+", re.DOTALL)


class UnreadableFileError(Exception):
    """The file cannot become text. `str()` is a sentence for an editor."""


@dataclass(frozen=True)
class ReadText:
    """`page_starts[i]` is the offset in `markdown` (characters) at which page i + 1 starts."""

    markdown: str
    media_type: str
    page_starts: list[int] = field(default_factory=list)


def read_file(path: Path, file_name: str) -> ReadText:
    """Read one file of any supported format. Raises UnreadableFileError."""
    extension = Path(file_name).suffix.lstrip(".").lower()
    if extension not in SUPPORTED_EXTENSIONS:
        raise UnreadableFileError(
            f"Files of the kind “.{extension}” cannot be read. "
            "Save it as PDF, DOCX, XLSX, PPTX, HTML, Markdown, CSV or plain text and upload that."
        )
    if path.stat().st_size == 0:
        raise UnreadableFileError("The file is empty. Check that you chose the right one.")
    # The file's own content, not the name it was stored under, is what the reader goes by; but
    # plain-text formats look alike, so those go by the extension.
    config = kreuzberg.ExtractionConfig(
        output_format="markdown",
        pages=kreuzberg.PageConfig(extract_pages=True),
        use_cache=False,
    )
    try:
        result = kreuzberg.extract_file_sync(str(path), config=config)
    except kreuzberg.KreuzbergError as error:
        raise UnreadableFileError(_explain(error, extension)) from error
    markdown = result.content.replace("\x00", "").replace("\r\n", "\n").strip()
    if result.mime_type == "text/html":
        markdown = _HTML_FRONT_MATTER.sub("", markdown)
    pages = [str(page["content"]) for page in result.pages or []]
    if not markdown:
        raise UnreadableFileError(_explain_no_text(extension))
    is_paged = result.mime_type == "application/pdf"
    return ReadText(
        markdown=markdown,
        media_type=result.mime_type,
        page_starts=find_page_starts(markdown, pages) if is_paged else [],
    )


def _explain(error: Exception, extension: str) -> str:
    text = str(error).lower()
    if "password" in text or "encrypt" in text:
        return "The file is protected by a password. Remove the password and upload it again."
    return (
        f"The file is damaged or is not really a “.{extension}” file. "
        "Open it in the program it comes from, save it again and upload that."
    )


def _explain_no_text(extension: str) -> str:
    if extension == "pdf":
        return (
            "No text was found: the pages are probably scanned pictures and need OCR. "
            "Save the file as a searchable PDF and upload that."
        )
    return "No text was found in the file. Check that you chose the right one."


def find_page_starts(markdown: str, pages: list[str]) -> list[int]:
    """Offsets in `markdown` at which each page's text starts, by aligning both texts' letters.

    The reader gives pages as plain text and the whole as Markdown, with headings marked, lines
    joined and running titles left out. Letters and digits survive that in order, so a stretch of
    each page is looked for behind the page before. A page that cannot be found starts where its
    share of the letters says.
    """
    letters, offsets = _letters_of(markdown)
    page_letters = [_letters_of(page)[0] for page in pages]
    total = sum(map(len, page_letters)) or 1
    starts, position, seen = [], 0, 0
    for page in page_letters:
        expected = int(len(letters) * seen / total)
        found = _find_page(letters, page, position) if page else None
        position = max(position, found if found is not None else min(expected, len(letters)))
        starts.append(offsets[position] if position < len(offsets) else len(markdown))
        seen += len(page)
    if starts:
        starts[0] = 0
    return starts


def _find_page(letters: str, page: str, position: int) -> int | None:
    # The first probe may be a running title that the Markdown leaves out, so later ones are tried.
    for skip in range(0, min(len(page), 10 * PROBE_CHARACTERS), PROBE_CHARACTERS // 2):
        probe = page[skip : skip + PROBE_CHARACTERS]
        at = letters.find(probe, position)
        if at >= 0 and len(probe) >= min(PROBE_CHARACTERS, len(page)) // 2:
            return max(position, at - skip)
    return None


def _letters_of(text: str) -> tuple[str, list[int]]:
    letters: list[str] = []
    offsets: list[int] = []
    for match in re.finditer(r"[^\W_]+", text):
        lowered = match.group().lower()
        if len(lowered) == len(match.group()):
            letters.append(lowered)
            offsets.extend(range(match.start(), match.end()))
    return "".join(letters), offsets


def page_at(page_starts: list[int], offset: int) -> int | None:
    """The page number (from 1) on which a character lies; None when the format has no pages."""
    return bisect.bisect_right(page_starts, offset) or None if page_starts else None

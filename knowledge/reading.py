"""A stored file → Markdown with page starts, or a sentence that tells an editor what is wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import charset_normalizer
import kreuzberg

from knowledge.pages import find_page_starts, without_running_titles

HTML_EXTENSIONS = frozenset({"html", "htm", "xhtml"})
# Read as they are: a reader that renders Markdown anew loses some of it.
PLAIN_EXTENSIONS = frozenset({"md", "markdown", "txt", "text"})
SUPPORTED_EXTENSIONS = frozenset(
    {"pdf", "docx", "doc", "odt", "rtf", "pptx", "ppt", "xlsx", "xls", "ods", "csv", "tsv"}
    | {"eml", "msg", "epub", "json", "xml", "rst", "org", "tex"}
    | HTML_EXTENSIONS
    | PLAIN_EXTENSIONS
)
# The reader puts a page's <title> and <meta> in front of its text; customers must not be quoted it.
_HTML_HEAD = re.compile(
    r"<head\b.*?</head\s*>|<title\b.*?</title\s*>|<meta\b[^>]*>", re.DOTALL | re.IGNORECASE
)


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
    pages: list[str] = []
    if extension in PLAIN_EXTENSIONS:
        markdown, media_type = _decode(path, extension), "text/markdown"
    else:
        markdown, media_type, pages = _extract(path, extension)
    markdown = markdown.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n").strip()
    markdown, pages = without_running_titles(markdown, pages)
    if not markdown:
        raise UnreadableFileError(_explain_no_text(extension))
    return ReadText(markdown, media_type, find_page_starts(markdown, pages))


def _decode(path: Path, extension: str) -> str:
    """Text as it stands in the file, whatever its encoding."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        best = charset_normalizer.from_bytes(content).best()
    if best is None:
        raise UnreadableFileError(_explain_damaged(extension))
    return str(best)


def _extract(path: Path, extension: str) -> tuple[str, str, list[str]]:
    """(Markdown, media type, text of each page where the format has pages)."""
    config = kreuzberg.ExtractionConfig(
        output_format="markdown",
        pages=kreuzberg.PageConfig(extract_pages=True),
        # The reader drops what it takes for running titles, and takes first lines for them.
        pdf_options=kreuzberg.PdfConfig(top_margin_fraction=0.0, bottom_margin_fraction=0.0),
        use_cache=False,
    )
    try:
        if extension in HTML_EXTENSIONS:
            body = _HTML_HEAD.sub("", _decode(path, extension)).encode()
            result = kreuzberg.extract_bytes_sync(body, "text/html", config=config)
        else:
            result = kreuzberg.extract_file_sync(str(path), config=config)
    except kreuzberg.KreuzbergError as error:
        raise UnreadableFileError(_explain(error, extension)) from error
    has_pages = result.mime_type == "application/pdf"
    pages = [str(page["content"]) for page in result.pages or []] if has_pages else []
    return result.content, result.mime_type, pages


def _explain(error: Exception, extension: str) -> str:
    text = str(error).lower()
    if "password" in text or "encrypt" in text:
        return "The file is protected by a password. Remove the password and upload it again."
    return _explain_damaged(extension)


def _explain_damaged(extension: str) -> str:
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

"""One file → ReadText, whatever its format. Runs in the reader's own process."""

from __future__ import annotations

import dataclasses
import importlib
import re
from pathlib import Path

from knowledge.reading import kinds, markdown
from knowledge.reading.archives import Archive, too_deep
from knowledge.reading.result import Extract, Limits, ReadText, ReadWarning, UnreadableFileError

# Each module has `read(path, kind, limits) -> Extract`. They are imported when they are needed.
_OTHER = "knowledge.reading.other"
_READERS = {
    "pdf": "knowledge.reading.pdf.reader",
    "docx": "knowledge.reading.office.word",
    "pptx": "knowledge.reading.office.slides",
    **dict.fromkeys(("xlsx", "xls"), "knowledge.reading.office.spreadsheet"),
    **dict.fromkeys(("odt", "ods"), "knowledge.reading.office.opendocument"),
    **dict.fromkeys(("csv", "tsv"), "knowledge.reading.delimited"),
    "eml": "knowledge.reading.mail",
    "msg": "knowledge.reading.outlook",
    "epub": "knowledge.reading.epub",
    **dict.fromkeys(kinds.PICTURES, "knowledge.reading.picture"),
    **dict.fromkeys(kinds.HTML_EXTENSIONS, "knowledge.reading.html"),
    **dict.fromkeys(kinds.PLAIN_EXTENSIONS, "knowledge.reading.plain"),
}
_ZIPPED = frozenset({"docx", "pptx", "xlsx", "odt", "ods", "epub"})
_READ_SIMPLY = ReadWarning(
    "read_simply",
    "The file could not be read in the usual way. Headings, tables and pages may be missing: "
    "compare the text with the file.",
)
_MACROS = "_VBA_PROJECT".encode("utf-16-le")
_LINKED = re.compile(rb'<Relationship\b[^>]*TargetMode\s*=\s*["\']External["\'][^>]*>')


def extract(path: Path, file_name: str, limits: Limits) -> ReadText:
    """Raises UnreadableFileError."""
    extension = kinds.extension_of(file_name)
    kinds.check_extension(extension)
    if path.stat().st_size == 0:
        raise UnreadableFileError("The file is empty. Check that you chose the right one.", "empty")
    kind = kinds.find_kind(path, extension)
    warnings = _warnings_about(path, extension, kind)
    try:
        found = _read(path, kind, limits)
    except RecursionError as error:
        raise too_deep() from error
    pages = [markdown.tidy(page) for page in found.pages]
    text, starts = markdown.join_pages(pages) if pages else (markdown.tidy(found.text), [])
    if not text:
        raise no_text(kind)
    media_type = kinds.MEDIA_TYPES.get(kind, "text/markdown")
    return ReadText(text, media_type, starts, found.scanned_pages, [*warnings, *found.warnings])


def _read(path: Path, kind: str, limits: Limits) -> Extract:
    module = _READERS.get(kind, _OTHER)
    try:
        return _read_with(module, path, kind, limits)
    except (UnreadableFileError, RecursionError, MemoryError):
        raise
    except Exception:
        # A library fails on what another one reads.
        if module == _OTHER:
            raise
        found = _read_with(_OTHER, path, kind, limits)
        if not found.text.strip():
            raise kinds.damaged(kind) from None
        return dataclasses.replace(found, warnings=[_READ_SIMPLY])


def _read_with(module: str, path: Path, kind: str, limits: Limits) -> Extract:
    found: Extract = importlib.import_module(module).read(path, kind, limits)
    return found


def _warnings_about(path: Path, extension: str, kind: str) -> list[ReadWarning]:
    found: list[ReadWarning] = []
    if kind != kinds.same_kind(extension):
        found.append(
            ReadWarning(
                "mislabelled",
                f"The file is called “.{extension}” but is really a “.{kind}” file. It was read as "
                "that.",
            )
        )
    macros = linked = False
    if kind in _ZIPPED:
        with Archive(path, kind) as archive:
            macros = archive.has_macros()
            linked = any(map(_has_linked_content, archive.read_all(".rels")))
    elif kind in ("doc", "xls", "ppt"):
        macros = _MACROS in path.read_bytes()
    if macros:
        found.append(
            ReadWarning("macros_ignored", "The file holds macros. They were not read and not run.")
        )
    if linked:
        found.append(
            ReadWarning(
                "external_content_ignored",
                "The file shows content from elsewhere, such as a linked picture or template. It "
                "was not loaded. Put it into the file if it belongs to it.",
            )
        )
    return found


def _has_linked_content(relations: bytes) -> bool:
    return any(b"/hyperlink" not in found for found in _LINKED.findall(relations))


def no_text(kind: str) -> UnreadableFileError:
    return UnreadableFileError(
        "No text was found in the file. Check that you chose the right one.", "no_text"
    )

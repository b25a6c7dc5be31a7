"""What a file really is: its content is believed before its name."""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path

from knowledge.reading.result import UnreadableFileError

HTML_EXTENSIONS = frozenset({"html", "htm", "xhtml"})
# Read as they are: a reader that renders Markdown anew loses some of it.
PLAIN_EXTENSIONS = frozenset({"md", "markdown", "txt", "text"})
TEXT_EXTENSIONS = (
    frozenset({"csv", "tsv", "json", "xml", "rst", "org", "tex", "eml"})
    | HTML_EXTENSIONS
    | PLAIN_EXTENSIONS
)
PICTURES = frozenset({"png", "jpg", "tiff", "webp", "bmp", "gif"})
# The same format under another name, or with macros in it, which are never run.
_SAME = {"docm": "docx", "pptm": "pptx", "xlsm": "xlsx", "jpeg": "jpg", "tif": "tiff"}
PICTURE_EXTENSIONS = PICTURES | {"jpeg", "tif"}
SUPPORTED_EXTENSIONS = (
    TEXT_EXTENSIONS
    | PICTURE_EXTENSIONS
    | {
        *("pdf", "docx", "docm", "doc", "odt", "rtf"),
        *("pptx", "pptm", "ppt"),
        *("xlsx", "xlsm", "xls", "ods"),
        *("msg", "epub"),
    }
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
MEDIA_TYPES = {
    **{"pdf": "application/pdf", "docx": f"{_OFFICE}wordprocessingml.document"},
    **{"pptx": f"{_OFFICE}presentationml.presentation", "xlsx": f"{_OFFICE}spreadsheetml.sheet"},
    **{"odt": f"{_ODF}text", "ods": f"{_ODF}spreadsheet", "epub": "application/epub+zip"},
    **{"html": "text/html", "htm": "text/html", "xhtml": "application/xhtml+xml"},
    **{"csv": "text/csv", "tsv": "text/tab-separated-values", "json": "application/json"},
    **{"eml": "message/rfc822", "msg": "application/vnd.ms-outlook", "xml": "application/xml"},
    **{"doc": "application/msword", "xls": "application/vnd.ms-excel", "rtf": "application/rtf"},
    **{"ppt": "application/vnd.ms-powerpoint", "rst": "text/x-rst", "org": "text/x-org"},
    **{"tex": "application/x-latex", "png": "image/png", "jpg": "image/jpeg"},
    **{"tiff": "image/tiff", "webp": "image/webp", "bmp": "image/bmp", "gif": "image/gif"},
}
_HEAD = 4096
_SIGNATURES = (
    (b"{\\rtf", "rtf"),
    (b"MZ\x90\x00", "program"),
    (b"\x7fELF", "program"),
    (b"\x89PNG", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF8", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"\x1f\x8b", "archive"),
    (b"7z\xbc\xaf", "archive"),
    (b"Rar!", "archive"),
    (b"BZh9", "archive"),
    (b"\xfd7zXZ", "archive"),
)
BROKEN_ARCHIVE = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError),
    *(ValueError, NotImplementedError, RuntimeError, KeyError, OverflowError),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = (
    ("EncryptedPackage", "protected"),
    ("__properties_version1.0", "msg"),
    ("WordDocument", "doc"),
    ("PowerPoint Document", "ppt"),
    ("Workbook", "xls"),
    ("Book", "xls"),
)
_HTML_START = re.compile(
    rb"(?:\s|<\?xml.*?\?>|<!--.*?-->)*<(?:!doctype\s+html|html)\b", re.I | re.S
)
_MAIL_START = re.compile(rb"(?:MIME-Version|Received|Return-Path|Message-ID):\s", re.I)
REFUSALS = {
    "protected": "The file is protected by a password. Remove the password and upload it again.",
    "program": "The file is a program, not a document. Check that you chose the right one.",
    "archive": "The file is an archive of other files. Unpack it and upload the files in it.",
}


def extension_of(file_name: str) -> str:
    return Path(file_name).suffix.lstrip(".").lower()


def same_kind(extension: str) -> str:
    """The kind that a file of this name should be."""
    return _SAME.get(extension, extension)


def check_extension(extension: str) -> None:
    """Raises UnreadableFileError for a kind that is never read."""
    if extension not in SUPPORTED_EXTENSIONS:
        raise UnreadableFileError(
            f"Files of the kind “.{extension}” cannot be read. "
            "Save it as PDF, DOCX, XLSX, PPTX, HTML, Markdown, CSV, plain text, PNG or JPEG and "
            "upload that.",
            "unsupported",
        )


def damaged(extension: str) -> UnreadableFileError:
    return UnreadableFileError(
        f"The file is damaged or is not really a “.{extension}” file. "
        "Open it in the program it comes from, save it again and upload that.",
        "damaged",
    )


def find_kind(path: Path, extension: str) -> str:
    """The format to read the file as, named by its usual extension.

    Raises UnreadableFileError for content that is refused whatever the file is called, and for
    plain text under the name of a format that is none.
    """
    with path.open("rb") as content:
        head = content.read(_HEAD)
    kind = _by_content(path, head, same_kind(extension))
    if kind in REFUSALS:
        raise UnreadableFileError(REFUSALS[kind], kind)
    return kind or _by_name(head, same_kind(extension))


def _by_content(path: Path, head: bytes, extension: str) -> str | None:
    if head.startswith(b"%PDF-") or (extension == "pdf" and b"%PDF-" in head[:1024]):
        return "pdf"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_zip(path) or _refuse_damaged(extension)
    if head.startswith(_OLE):
        return _kind_of_ole(path, extension) or _refuse_damaged(extension)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith(b"BM") and extension == "bmp":
        return "bmp"
    return next((kind for start, kind in _SIGNATURES if head.startswith(start)), None)


def _refuse_damaged(extension: str) -> str:
    raise damaged(extension)


def _by_name(head: bytes, extension: str) -> str:
    text_name = extension in TEXT_EXTENSIONS
    # Web pages and mails are saved under many names; a Markdown file may begin with HTML.
    if extension not in PLAIN_EXTENSIONS | HTML_EXTENSIONS:
        if _HTML_START.match(head.lstrip(b"\xef\xbb\xbf")):
            return "html"
        if _MAIL_START.match(head) and not text_name:
            return "eml"
    if text_name:
        return extension
    # Many programs export lists as text and call them “.xls”.
    if extension == "xls" and b"\x00" not in head:
        return "csv"
    raise damaged(extension)


def _kind_of_zip(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            media_type = b""
            if "mimetype" in names:
                with archive.open("mimetype") as content:
                    media_type = content.read(100)
    except BROKEN_ARCHIVE:
        return None
    for folder, kind in (("word/", "docx"), ("ppt/", "pptx"), ("xl/", "xlsx")):
        if any(name.startswith(folder) for name in names):
            return kind
    for ending, kind in ((b"text", "odt"), (b"spreadsheet", "ods"), (b"presentation", "odp")):
        if media_type.startswith(b"application/vnd.oasis.opendocument." + ending):
            return kind
    return "epub" if b"epub" in media_type or "META-INF/container.xml" in names else "archive"


def _kind_of_ole(path: Path, extension: str) -> str | None:
    """The names of an OLE file's streams stand in its directory in UTF-16. One file may hold
    another, so the name of the file decides between two."""
    content = path.read_bytes()
    kinds = [kind for name, kind in _OLE_STREAMS if name.encode("utf-16-le") in content]
    return extension if extension in kinds else next(iter(kinds), None)

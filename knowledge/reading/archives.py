"""Formats that are zipped XML: opened with their sizes checked, parsed without entities."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from lxml import etree

from knowledge.reading.kinds import BROKEN_ARCHIVE, damaged
from knowledge.reading.result import UnreadableFileError

MAX_PARTS = 20_000
MAX_UNPACKED = 1024 * 1024 * 1024
MAX_XML = 256 * 1024 * 1024
_ENCRYPTED = 0x1
# The names of the elements in “Strict Open XML” files, and in all others.
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/")
_TRANSITIONAL = rb"http://schemas.openxmlformats.org/\1/2006/"
_MB = 1024 * 1024
_XML_ENDINGS = (".xml", ".rels", ".xhtml", ".html", ".htm", ".opf", ".ncx")
_PROLOG = 64 * 1024  # entities are declared before the first element


class Archive:
    """A zipped document. Every method raises UnreadableFileError for what is broken or a trap."""

    def __init__(self, path: Path, kind: str) -> None:
        self._kind = kind
        try:
            self._archive = zipfile.ZipFile(path)
        except BROKEN_ARCHIVE as error:
            raise damaged(kind) from error
        self.names = frozenset(self._archive.namelist())
        try:
            _check_sizes(self._archive.infolist())
        except UnreadableFileError:
            self._archive.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._archive.close()

    def read(self, name: str) -> bytes:
        """zipfile stops at the size that the archive declares, which was checked."""
        try:
            return self._archive.read(name)
        except BROKEN_ARCHIVE as error:
            raise damaged(self._kind) from error

    def xml(self, name: str) -> etree._Element:
        content = self.read(name)
        refuse_entities(content)
        return parse_xml(_STRICT.sub(_TRANSITIONAL, content), self._kind)

    def read_all(self, ending: str) -> Iterator[bytes]:
        return (self.read(name) for name in sorted(self.names) if name.endswith(ending))

    def check_all(self) -> None:
        """For libraries that open the file themselves: no part of it declares entities."""
        for name in sorted(self.names):
            if name.lower().endswith(_XML_ENDINGS):
                try:
                    with self._archive.open(name) as part:
                        refuse_entities(part.read(_PROLOG))
                except BROKEN_ARCHIVE as error:
                    raise damaged(self._kind) from error

    def has_macros(self) -> bool:
        return any(PurePosixPath(name).name == "vbaProject.bin" for name in self.names)


def _check_sizes(parts: list[zipfile.ZipInfo]) -> None:
    if any(part.flag_bits & _ENCRYPTED for part in parts):
        raise UnreadableFileError(
            "The file is protected by a password. Remove the password and upload it again.",
            "protected",
        )
    total = sum(part.file_size for part in parts)
    largest = max((p.file_size for p in parts if p.filename.endswith(_XML_ENDINGS)), default=0)
    if total > MAX_UNPACKED or largest > MAX_XML or len(parts) > MAX_PARTS:
        raise UnreadableFileError(
            f"The file unpacks to {max(total // _MB, 1):,} MB in {len(parts):,} parts, more than "
            "is safe to read. Split it, or remove its pictures, and upload that.",
            "bomb",
        )


def refuse_entities(content: bytes) -> None:
    """Entities that a file declares itself can be nested so that a few lines fill the memory; no
    office program writes any."""
    prolog = content[:_PROLOG].replace(b"\x00", b"")
    if re.search(rb"<!ENTITY", prolog, re.IGNORECASE):
        raise UnreadableFileError(
            "The file declares XML entities, which are not read because they can be a trap. "
            "Open it in the program it comes from, save it again and upload that.",
            "xml_entities",
        )


def parse_xml(content: bytes, kind: str) -> etree._Element:
    """Raises UnreadableFileError. Nothing outside of the file is ever loaded."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        recover=False,
    )
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        if "depth" in str(error).lower():
            raise too_deep() from error
        raise damaged(kind) from error


def too_deep() -> UnreadableFileError:
    return UnreadableFileError(
        "The file is nested too deeply to be read. Save it in a simpler form, such as plain text, "
        "and upload that.",
        "too_deep",
    )

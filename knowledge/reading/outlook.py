"""MSG, Outlook's form of a mail → Markdown."""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Iterator
from pathlib import Path

import olefile

from knowledge.reading import markdown
from knowledge.reading.html import render_html
from knowledge.reading.kinds import damaged
from knowledge.reading.mail import attachments_not_read
from knowledge.reading.plain import declared_encoding, decode
from knowledge.reading.result import Extract, Limits

# Names of properties in [MS-OXPROPS], and of their types in [MS-OXCDATA].
_SUBJECT, _BODY, _HTML = "0037", "1000", "1013"
_SENDER, _ADDRESS, _SMTP_ADDRESS, _TO = "0C1A", "0C1F", "5D01", "0E04"
_FILE_NAME, _SHORT_FILE_NAME = "3707", "3704"
_SENT = 0x00390040
_UNICODE, _BYTES, _BINARY = "001F", "001E", "0102"
_HEADER_LENGTH = 32
_PROPERTY = struct.Struct("<IIQ")
_EPOCH = dt.datetime(1601, 1, 1, tzinfo=dt.UTC)


def read(path: Path, kind: str, limits: Limits) -> Extract:
    """Raises UnreadableFileError; and OSError on a mail whose text is in none of the usual forms,
    which another reader may know."""
    try:
        with olefile.OleFileIO(str(path)) as message:
            return _render(_Message(message))
    except (olefile.OleFileError, struct.error, OverflowError) as error:
        raise damaged(kind) from error


class _Message:
    def __init__(self, container: olefile.OleFileIO) -> None:
        self._container = container

    def text(self, name: str, folder: str = "") -> str:
        if (content := self._stream(folder, name, _UNICODE)) is not None:
            return content.decode("utf-16-le", errors="replace").rstrip("\x00")
        content = self._stream(folder, name, _BYTES)
        return "" if content is None else decode(content.rstrip(b"\x00"), "msg")

    def html(self) -> str:
        content = self._stream("", _HTML, _BINARY)
        if content is None:
            return self.text(_HTML)
        return decode(content, "msg", declared=declared_encoding(content))

    def sent(self) -> str:
        """When, in the world's time; empty for a draft."""
        content = self._container.openstream("__properties_version1.0").read()
        for place in range(_HEADER_LENGTH, len(content) - _PROPERTY.size + 1, _PROPERTY.size):
            tag, _, value = _PROPERTY.unpack_from(content, place)
            if tag == _SENT:
                moment = _EPOCH + dt.timedelta(microseconds=value // 10)
                return moment.strftime("%Y-%m-%d %H:%M UTC")
        return ""

    def attachments(self) -> Iterator[str]:
        folders = {entry[0] for entry in self._container.listdir(streams=True, storages=True)}
        for folder in sorted(name for name in folders if name.startswith("__attach")):
            name = self.text(_FILE_NAME, folder) or self.text(_SHORT_FILE_NAME, folder)
            yield f"“{markdown.one_line(name or 'without a name')}”"

    def _stream(self, folder: str, name: str, form: str) -> bytes | None:
        path = [*filter(None, [folder]), f"__substg1.0_{name}{form}"]
        if not self._container.exists(path):
            return None
        content: bytes = self._container.openstream(path).read()
        return content


def _render(message: _Message) -> Extract:
    html = message.html()
    body = render_html(html) if html.strip() else message.text(_BODY)
    if not body.strip():
        raise OSError("neither HTML nor plain text")
    address = message.text(_SMTP_ADDRESS) or message.text(_ADDRESS)
    sender = " ".join(
        filter(None, (message.text(_SENDER), f"<{address}>" if "@" in address else ""))
    )
    headers = (("From", sender), ("To", message.text(_TO)), ("Date", message.sent()))
    lines = "\n".join(f"{name}: {markdown.one_line(value)}" for name, value in headers if value)
    attachments = list(message.attachments())
    return Extract(
        markdown.join([markdown.heading(1, message.text(_SUBJECT)), lines, body]),
        warnings=[attachments_not_read(attachments)] if attachments else [],
    )

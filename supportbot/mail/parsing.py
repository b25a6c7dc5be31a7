"""The bytes of an e-mail → what the product needs of it. Nothing is stored here."""

from __future__ import annotations

import email
import email.policy
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage, Message, MIMEPart
from email.utils import getaddresses

from knowledge.reading.plain import declared_encoding, decode
from supportbot.mail.quotes import reply_of_html, reply_of_text, text_of_html

SUBJECT_CHARACTERS = 200
MOST_PARTS = 200  # a mail with more is none that a person wrote
_ID = re.compile(r"<[^<>\s]{1,480}>")
# Who the mail was delivered to, which a list or a forwarding changes in “To”.
_RECIPIENTS = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Forwarded-To")
_PREFIXES = re.compile(
    r"^(?:\s*(?:re|aw|fw|fwd|wg|sv|vs|antw|rif|odp|tr)(?:\[\d+\])?\s*:)+\s*", re.IGNORECASE
)
_OUR_NUMBER = re.compile(r"\s*\[#\d+\]\s*$")
_FORWARDED = re.compile(r"^\s*(?:fw|fwd|wg|tr)\s*:", re.IGNORECASE)


class UnreadableMailError(ValueError):
    """`str()` says why the mail cannot be read."""


@dataclass(frozen=True)
class MailFile:
    """An attachment, or a picture in the text."""

    name: str
    content: bytes


@dataclass(frozen=True)
class ParsedMail:
    """An e-mail. `text` is all of it, `reply` what is not quoted; both are plain text."""

    message_id: str
    from_name: str
    from_address: str
    recipients: tuple[str, ...]
    subject: str
    references: tuple[str, ...]
    text: str
    reply: str
    is_forwarded: bool
    headers: dict[str, str]
    files: tuple[MailFile, ...] = ()
    report: dict[str, str] = field(default_factory=dict)

    def header(self, name: str) -> str:
        return self.headers.get(name.lower(), "")


def parse_mail(raw: bytes) -> ParsedMail:
    """Raises UnreadableMailError."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    senders = _addresses(message, "From")
    if not senders:
        raise UnreadableMailError("The e-mail does not say who sent it.")
    name, address = senders[0]
    text, reply = _texts(message)
    subject = _header(message, "Subject")
    references = _ID.findall(_header(message, "References") + _header(message, "In-Reply-To"))
    return ParsedMail(
        message_id=message_id_of(raw, message),
        from_name=name[:200],
        from_address=address,
        recipients=tuple(a for name in _RECIPIENTS for _, a in _addresses(message, name)),
        subject=_OUR_NUMBER.sub("", _PREFIXES.sub("", subject))[:SUBJECT_CHARACTERS],
        references=tuple(dict.fromkeys(reversed(references))),  # the newest first
        text=text,
        reply=reply,
        is_forwarded=bool(_FORWARDED.match(subject)),
        headers={name.lower(): _header(message, name) for name in message},
        files=tuple(_files(message)),
        report=_delivery_report(message),
    )


def message_id_of(raw: bytes, message: EmailMessage | None = None) -> str:
    """The Message-ID; of a mail without one, one made of its content, so that it comes in once."""
    if message is None:
        message = email.message_from_bytes(raw, policy=email.policy.default)
    found = _ID.search(_header(message, "Message-ID"))
    return found[0] if found else f"<{hashlib.sha256(raw).hexdigest()}@without-id.invalid>"


def _header(message: EmailMessage, name: str) -> str:
    try:
        value = str(message.get(name, ""))
    except (ValueError, IndexError, AttributeError, TypeError):
        return ""  # headers that no mail program would write make the library's parser fail
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())


def _addresses(message: EmailMessage, name: str) -> list[tuple[str, str]]:
    try:
        values = [str(value) for value in message.get_all(name, [])]
    except (ValueError, IndexError, AttributeError, TypeError):
        return []
    clean = ["".join(c for c in value if c.isprintable()) for value in values]
    return [
        (name.strip(), address.strip().lower())
        for name, address in getaddresses(clean)
        if re.fullmatch(r"[^@\s<>\"]{1,64}@[^@\s<>\"]{1,255}", address.strip())
    ]


def _texts(message: EmailMessage) -> tuple[str, str]:
    """(all of it, what is not quoted). Plain text is preferred, as the sender's own words."""
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    if plain is not None and (text := _decoded(plain).strip()):
        return text, reply_of_text(text)
    if html is not None:
        markup = _decoded(html)
        return text_of_html(markup), reply_of_html(markup)
    return "", ""


def _decoded(part: MIMEPart) -> str:
    content = _content(part)
    declared = part.get_content_charset() or declared_encoding(content)
    return decode(content, "eml", declared=declared)


def _content(part: MIMEPart) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _files(message: EmailMessage) -> Iterator[MailFile]:
    bodies = {id(message.get_body(("plain",))), id(message.get_body(("html",)))}
    for number, part in enumerate(message.walk()):
        if number > MOST_PARTS:
            raise UnreadableMailError("The e-mail has too many parts.")
        if part.is_multipart() or id(part) in bodies:
            continue
        name = part.get_filename()
        is_text = part.get_content_type() in {"text/plain", "text/html"}
        if (is_text or part.get_content_maintype() == "message") and not name:
            continue
        yield MailFile(name or _name_for(part), _content(part))


def _name_for(part: MIMEPart) -> str:
    return f"attachment.{part.get_content_subtype()}"[:100]


def _delivery_report(message: EmailMessage) -> dict[str, str]:
    """The machine-readable part of a bounce (RFC 3464), and whose Message-ID it is about."""
    if message.get_content_type() != "multipart/report":
        return {}
    found: dict[str, str] = {}
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            blocks = part.get_payload()
            for block in blocks if isinstance(blocks, list) else []:
                if isinstance(block, Message):
                    found |= {name.lower(): str(value)[:500] for name, value in block.items()}
        elif kind in {"message/rfc822", "text/rfc822-headers"}:
            quoted = part.as_bytes().decode("latin-1")
            ids = re.findall(r"^message-id:\s*(<[^<>\s]+>)", quoted, re.IGNORECASE | re.MULTILINE)
            found |= {"original-message-id": ids[-1]} if ids else {}
    return found

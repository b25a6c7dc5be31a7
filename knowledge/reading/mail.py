"""EML → Markdown: subject, sender, date and text; attachments are named."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage, MIMEPart
from pathlib import Path

from knowledge.reading import markdown
from knowledge.reading.html import render_html
from knowledge.reading.plain import declared_encoding, decode
from knowledge.reading.result import Extract, Limits, ReadWarning

_HEADERS = ("From", "To", "Cc", "Date")
_DEEPEST = 5  # a mail in a mail in a mail


def read(path: Path, kind: str, limits: Limits) -> Extract:
    """Raises UnreadableFileError."""
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    attachments: list[str] = []
    text = markdown.join(_render(message, attachments, depth=1))
    return Extract(text, warnings=[attachments_not_read(attachments)] if attachments else [])


def attachments_not_read(names: list[str]) -> ReadWarning:
    return ReadWarning(
        "attachments_not_read",
        f"Attachments were not read: {', '.join(names)}. Upload those that matter on their own.",
    )


def _render(message: EmailMessage, attachments: list[str], depth: int) -> list[str]:
    blocks = [markdown.heading(min(depth, 6), _header(message, "Subject"))]
    lines = [f"{name}: {value}" for name in _HEADERS if (value := _header(message, name))]
    blocks.append("\n".join(lines))
    body = message.get_body(preferencelist=("html", "plain"))
    if body is not None:
        blocks.append(_text_of(body))
    for part in message.iter_attachments():
        if part.get_content_type() == "message/rfc822" and depth < _DEEPEST:
            inner = part.get_payload(0)
            if isinstance(inner, EmailMessage):
                blocks += _render(inner, attachments, depth + 1)
                continue
        attachments.append(f"“{markdown.one_line(part.get_filename() or 'without a name')}”")
    return blocks


def _header(message: EmailMessage, name: str) -> str:
    try:
        return markdown.one_line(str(message.get(name, "")))
    except (ValueError, IndexError, AttributeError, TypeError):
        return ""  # headers that no mail program would write make the library's parser fail


def _text_of(part: MIMEPart) -> str:
    content = part.get_payload(decode=True)
    content = content if isinstance(content, bytes) else b""
    declared = part.get_content_charset()
    if part.get_content_type() == "text/html":
        return render_html(decode(content, "eml", declared=declared or declared_encoding(content)))
    return decode(content, "eml", declared=declared)

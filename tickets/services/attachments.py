"""Files of messages: checked, stored outside the web root under names of our own, deleted with
their rows."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from kreuzberg import KreuzbergError, detect_mime_type_from_bytes  # type: ignore[attr-defined]

from tickets.models import Attachment, Message
from tickets.services import audit

MOST_OF_A_MESSAGE = 20
NAME_CHARACTERS = 200
_PROGRAMS = (b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"#!")
_PROGRAM_NAMES = frozenset(
    {".exe", ".com", ".scr", ".bat", ".cmd", ".ps1", ".msi", ".jar", ".js", ".jse", ".vbs", ".vbe"}
    | {".wsf", ".hta", ".lnk", ".pif", ".cpl", ".reg", ".sh", ".app", ".dmg", ".iso", ".img"}
    | {".apk", ".chm"}
)
# What browsers may show in the page; everything else is saved.
SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


@transaction.atomic
def store_attachment(*, message: Message, name: str, content: bytes) -> Attachment:
    """Keep a file of a message. One that may not be kept leaves a row that says why."""
    attachment = Attachment(message=message, name=tame_name(name), size=len(content))
    attachment.refused = _why_refused(attachment, content)
    if not attachment.refused:
        attachment.content_type = content_type_of(content)
        attachment.sha256 = hashlib.sha256(content).hexdigest()
        attachment.file.save(uuid.uuid4().hex, ContentFile(content), save=False)
    attachment.save()
    if attachment.refused:
        audit.record(action="attachment.refused", target=attachment, reason=attachment.refused)
    return attachment


def tame_name(name: str) -> str:
    """The file's name without folders and characters that deceive."""
    last = PurePath(name.replace("\\", "/")).name
    kept = "".join(c for c in last if c.isprintable()).strip(". ")
    return kept[-NAME_CHARACTERS:] or "file"


def content_type_of(content: bytes) -> str:
    """By its content alone: what its sender calls it is not believed."""
    try:
        return str(detect_mime_type_from_bytes(content))[:100]
    except (RuntimeError, ValueError, KreuzbergError):
        return "application/octet-stream"


def _why_refused(attachment: Attachment, content: bytes) -> str:
    suffix = PurePath(attachment.name).suffix.lower()
    if suffix in _PROGRAM_NAMES or content.startswith(_PROGRAMS):
        return "It is a program, which is not kept."
    if not content:
        return "It is empty."
    if len(content) > settings.UPLOAD_MAX_BYTES:
        return f"It is larger than {settings.UPLOAD_MAX_BYTES // 1024**2} MB."
    kept = Attachment.objects.filter(message_id=attachment.message_id, refused="").count()
    if kept >= MOST_OF_A_MESSAGE:
        return f"A message may have {MOST_OF_A_MESSAGE} files."
    return ""


@receiver(post_delete, sender=Attachment, dispatch_uid="delete_file_of_attachment")
def _delete_file(instance: Attachment, **_: Any) -> None:
    if instance.file:
        storage, name = instance.file.storage, str(instance.file.name)
        transaction.on_commit(lambda: storage.delete(name), robust=True)

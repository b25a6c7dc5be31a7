"""Files of messages and notes: checked, stored outside the web root under names of our own, deleted
with their rows.

What an agent adds is kept with the ticket until the reply or the note is sent. Customers get files
of agents by e-mail alone; tickets.services.customer_files has those that customers send.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.files.base import ContentFile, File
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.signals import post_delete
from django.dispatch import receiver
from kreuzberg import KreuzbergError, detect_mime_type_from_bytes  # type: ignore[attr-defined]

from tickets.models import Attachment, Message, Note, Ticket
from tickets.services import audit
from tickets.services.outbox import email_problem

MOST_OF_A_MESSAGE = 20
MOST_BYTES_OF_AN_EMAIL = 18 * 1024**2  # mail servers take 25 MB, and base64 adds a third
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
    kept = Attachment.objects.filter(message=message, refused="").count()
    attachment.refused = why_refused(attachment, content, kept)
    if not attachment.refused:
        keep_content(attachment, content)
    attachment.save()
    if attachment.refused:
        audit.record(action="attachment.refused", target=attachment, reason=attachment.refused)
    return attachment


def keep_content(attachment: Attachment, content: bytes) -> None:
    attachment.content_type = content_type_of(content)
    attachment.sha256 = hashlib.sha256(content).hexdigest()
    attachment.file.save(uuid.uuid4().hex, ContentFile(content), save=False)


@transaction.atomic
def add_unsent(
    *, ticket: Ticket, agent: AbstractBaseUser, file: File[bytes], is_internal: bool
) -> Attachment:
    """Keep a file for the agent's next reply, or for their next note. Raises ValueError when it may
    not be kept, or cannot reach the customer."""
    Ticket.objects.select_for_update().get(pk=ticket.pk)  # one after the other: they are counted
    if not is_internal and (problem := email_problem(ticket.conversation)):
        raise ValueError(problem)
    attachment = Attachment(
        ticket=ticket,
        uploaded_by_id=agent.pk,
        is_internal=is_internal,
        name=tame_name(file.name or ""),
        size=file.size,
    )
    others = unsent_of(ticket, agent).filter(is_internal=is_internal)
    together = sum(other.size for other in others) + file.size
    too_much = not is_internal and together > MOST_BYTES_OF_AN_EMAIL
    content = b"" if too_much or file.size > settings.UPLOAD_MAX_BYTES else file.read()
    if too_much:
        most = MOST_BYTES_OF_AN_EMAIL // 1024**2
        refused = f"The files of one reply may have {most} MB together: e-mail carries no more."
    else:
        refused = why_refused(attachment, content, len(others))
    if refused:
        raise ValueError(f"{attachment.name} was not added. {refused}")
    keep_content(attachment, content)
    attachment.save()
    return attachment


def unsent_of(ticket: Ticket, agent: AbstractBaseUser) -> QuerySet[Attachment]:
    """What the agent has added to the ticket and not sent."""
    return Attachment.objects.filter(ticket=ticket, uploaded_by=agent.pk)


def remove_unsent(*, ticket: Ticket, agent: AbstractBaseUser, pk: UUID) -> None:
    """Does nothing when it is sent or removed already."""
    unsent_of(ticket, agent).filter(pk=pk).delete()


@transaction.atomic
def attach(*, files: Iterable[Attachment], to: Message | Note, agent: AbstractBaseUser) -> None:
    """Make unsent files part of what was sent."""
    for file in files:
        ticket = file.ticket
        if ticket is None:
            continue
        file.ticket = None
        file.message = to if isinstance(to, Message) else None
        file.note = to if isinstance(to, Note) else None
        file.save(update_fields=["ticket", "message", "note"])
        audit.record(
            action="attachment.added",
            target=ticket,
            actor=agent,
            attachment=str(file.pk),
            sha256=file.sha256,
        )


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


def why_refused(attachment: Attachment, content: bytes, others: int) -> str:
    """`others` is how many files there are beside it."""
    suffix = PurePath(attachment.name).suffix.lower()
    if suffix in _PROGRAM_NAMES or content.startswith(_PROGRAMS):
        return "It is a program, which is not kept."
    if attachment.size > settings.UPLOAD_MAX_BYTES:
        return f"It is larger than {settings.UPLOAD_MAX_BYTES // 1024**2} MB."
    if not content:
        return "It is empty."
    if others >= MOST_OF_A_MESSAGE:
        return f"A message may have {MOST_OF_A_MESSAGE} files."
    return ""


@receiver(post_delete, sender=Attachment, dispatch_uid="delete_file_of_attachment")
def _delete_file(instance: Attachment, **_: Any) -> None:
    if instance.file:
        storage, name = instance.file.storage, str(instance.file.name)
        transaction.on_commit(lambda: storage.delete(name), robust=True)

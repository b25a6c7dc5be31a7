"""Files that customers add in the chat: images, PDF and text, told by their content.

A file belongs to the conversation until it is sent with a message; what is not sent within a day is
deleted. It is kept, and shown to agents, as every other attachment.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from tickets.models import Attachment, Conversation, Message
from tickets.services import audit
from tickets.services.attachments import keep_content, tame_name, why_refused
from tickets.services.virus_scan import ScannerDownError, find_virus

MOST_OF_A_MESSAGE, MOST_OF_A_CONVERSATION = 5, 50
UNSENT_HOURS = 24
TEXT_SUFFIXES = frozenset({".txt", ".csv", ".tsv", ".md", ".log", ".json"})
_PICTURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png", {".png"}),
    (b"\xff\xd8\xff", "image/jpeg", {".jpg", ".jpeg", ".jfif"}),
    (b"GIF87a", "image/gif", {".gif"}),
    (b"GIF89a", "image/gif", {".gif"}),
    (b"%PDF-", "application/pdf", {".pdf"}),
)
KINDS = "Send a picture (PNG, JPEG, GIF, WebP), a PDF or a text file."


class FileRefusedError(ValueError):
    """Why a file is not taken, in a sentence for the customer, and a stable code."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


def most_bytes() -> int:
    """Of one file; 0: customers send none."""
    return int(settings.TICKETS["customer_file_mb"]) * 1024**2


def check_customer_file(file: File[bytes]) -> tuple[str, str, bytes]:
    """(its name, its type by its content, its content). Raises FileRefusedError; keeps nothing."""
    name, most = tame_name(file.name or ""), most_bytes()
    if not most:
        raise FileRefusedError("files_off", "Files cannot be sent here.")
    if file.size > most:
        raise FileRefusedError("file_too_large", f"{name} is larger than {most // 1024**2} MB.")
    content = file.read()
    if refused := why_refused(Attachment(name=name, size=len(content)), content, 0):
        raise FileRefusedError("file_refused", f"{name} was not added. {refused}")
    content_type = _type_of(name, content)
    try:
        virus = find_virus(content)
    except ScannerDownError as error:
        raise FileRefusedError(
            "not_scanned", "The file could not be checked for viruses. Please try again later."
        ) from error
    if virus:
        raise FileRefusedError("virus", f"{name} was not added: a virus was found in it.")
    return name, content_type, content


@transaction.atomic
def add_customer_file(*, conversation: Conversation, file: File[bytes]) -> Attachment:
    """Keep a file for the customer's next message. Raises FileRefusedError."""
    name, content_type, content = check_customer_file(file)
    locked = Conversation.objects.select_for_update().get(pk=conversation.pk)  # they are counted
    too_old = timezone.now() - dt.timedelta(hours=UNSENT_HOURS)
    for left in Attachment.objects.filter(conversation=locked, created_at__lt=too_old):
        left.delete()
    if Attachment.objects.filter(conversation=locked).count() >= MOST_OF_A_MESSAGE:
        raise FileRefusedError(
            "too_many_files", f"A message may have {MOST_OF_A_MESSAGE} files. Send these first."
        )
    if Attachment.objects.filter(message__conversation=locked).count() >= MOST_OF_A_CONVERSATION:
        raise FileRefusedError("too_many_files", "This conversation can take no more files.")
    attachment = Attachment(conversation=locked, name=name, size=len(content))
    keep_content(attachment, content)
    attachment.content_type = content_type
    attachment.save()
    audit.record(
        action="attachment.added",
        target=locked,
        by="customer",
        attachment=str(attachment.pk),
        sha256=attachment.sha256,
    )
    return attachment


def remove_customer_file(*, conversation: Conversation, pk: UUID) -> None:
    """Does nothing when it is sent or removed already."""
    for file in Attachment.objects.filter(conversation=conversation, pk=pk):
        file.delete()


def send_files(*, message: Message, files: Sequence[UUID], of: Conversation) -> None:
    """Make unsent files of the customer part of a stored message. Those that are gone are left
    out."""
    unsent = Attachment.objects.filter(conversation__customer_id=of.customer_id, pk__in=files)
    for file in unsent:
        file.conversation, file.message = None, message
        file.save(update_fields=["conversation", "message"])


def file_to_wire(file: Attachment) -> dict[str, Any]:
    return {
        "id": str(file.pk),
        "name": file.name,
        "content_type": file.content_type,
        "size": file.size,
    }


def _type_of(name: str, content: bytes) -> str:
    suffix = PurePath(name).suffix.lower()
    for head, content_type, suffixes in _PICTURES:
        if content.startswith(head):
            return _as_named(name, suffix in suffixes, content_type)
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return _as_named(name, suffix == ".webp", "image/webp")
    if suffix not in TEXT_SUFFIXES or b"\x00" in content:
        raise FileRefusedError("file_kind", f"{name} was not added. {KINDS}")
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileRefusedError("file_kind", f"{name} was not added. {KINDS}") from error
    return "text/plain"


def _as_named(name: str, is_so: bool, content_type: str) -> str:
    if not is_so:
        raise FileRefusedError("file_lies", f"{name} is not what its name says. {KINDS}")
    return content_type

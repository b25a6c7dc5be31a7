"""Reads a mailbox by IMAP: new e-mails are stored, and dealt with by `receiving`.

How far it has been read is a UID, which the server never gives twice (RFC 3501, section 2.3.1.1).
An e-mail and the UID that it moves on to are stored in one transaction, so a crash loses nothing.
"""

from __future__ import annotations

import datetime as dt
import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from imap_tools import (
    AND,
    BaseMailBox,
    ImapToolsError,
    MailBox,
    MailBoxStartTls,
    MailBoxUnencrypted,
    MailMessageFlags,
)

from supportbot.mail.models import IncomingEmail, Mailbox
from supportbot.mail.receiving import store_incoming
from supportbot.mail_settings import Server

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 30
LEASE = dt.timedelta(minutes=5)
MOST_AT_ONCE = 200
# What an old mailbox holds is not answered: at first, only what is unread and this young.
FIRST_DAYS = 3
UNREACHABLE = (OSError, imaplib.IMAP4.error, ImapToolsError)


class MailboxError(Exception):
    """`str()` says in words why the mailbox could not be read."""


@contextmanager
def connected(server: Server) -> Iterator[BaseMailBox]:
    """The mailbox with its folder selected. Raises MailboxError."""
    box: BaseMailBox | None = None
    try:
        box = _connect(server)
        box.login(server.user, server.password, initial_folder=server.folder)
        yield box
    except UNREACHABLE as error:
        raise MailboxError(in_words(error, server)) from error
    finally:
        if box is not None:
            _leave(box)


def _connect(server: Server) -> BaseMailBox:
    if server.tls:
        context = ssl.create_default_context()
        return MailBox(server.host, server.port, TIMEOUT_SECONDS, ssl_context=context)
    if server.starttls:
        context = ssl.create_default_context()
        return MailBoxStartTls(server.host, server.port, TIMEOUT_SECONDS, ssl_context=context)
    return MailBoxUnencrypted(server.host, server.port, TIMEOUT_SECONDS)


def _leave(box: BaseMailBox) -> None:
    try:
        box.logout()
    except UNREACHABLE as error:
        log.info("mailbox_left_open", error=str(error))


def in_words(error: Exception, server: Server) -> str:
    """What went wrong, for whoever runs the installation."""
    where = f"{server.host}:{server.port}"
    name = type(error).__name__
    if isinstance(error, TimeoutError):
        return f"{where} did not answer in time."
    if isinstance(error, ssl.SSLError):
        return f"{where} could not be reached safely (TLS): {error.reason or error}."
    if isinstance(error, OSError):
        return f"{where} could not be reached: {error.strerror or error}."
    if "Login" in name:
        return f"{where} refused the log-in of {server.user}. Check the name and the password."
    if "Folder" in name or "Select" in name:
        return f"{where} has no folder “{server.folder}” for {server.user}."
    return f"{where} refused: {str(error)[:200]}"


def poll() -> int | None:
    """Store what is new in the mailbox; how many. None if another process is at it. An error is
    kept with the mailbox, in words, and raised as MailboxError."""
    server = settings.MAIL.imap
    if server is None:
        return None
    box = _claim(server)
    if box is None:
        return None
    error = ""
    try:
        with connected(server) as connection:
            return _fetch(connection, box, server)
    except MailboxError as failure:
        error = str(failure)
        raise
    finally:
        _release(box, error)


def address_of(server: Server) -> str:
    return f"{server.user}@{server.host}/{server.folder}"[:320]


def _claim(server: Server) -> Mailbox | None:
    box, _ = Mailbox.objects.get_or_create(address=address_of(server))
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    taken = Mailbox.objects.filter(free, pk=box.pk).update(
        lease_until=now + LEASE, last_poll_at=now
    )
    box.refresh_from_db()
    return box if taken else None


def _release(box: Mailbox, error: str) -> None:
    fields: dict[str, object] = {"lease_until": None, "last_error": error[:300]}
    if not error:
        fields["last_success_at"] = timezone.now()
    Mailbox.objects.filter(pk=box.pk).update(**fields)


def _fetch(connection: BaseMailBox, box: Mailbox, server: Server) -> int:
    status = connection.folder.status(server.folder, ["UIDVALIDITY", "UIDNEXT"])
    if box.uid_validity != status["UIDVALIDITY"]:
        since = timezone.localdate() - dt.timedelta(days=FIRST_DAYS)
        numbers = connection.uids(AND(seen=False, date_gte=since))
        box.uid_validity, box.last_uid = status["UIDVALIDITY"], 0
        end = status["UIDNEXT"] - 1
    else:
        numbers = connection.uids(f"UID {box.last_uid + 1}:*")
        end = 0
    # “N:*” names the last message even if its number is below N.
    new = sorted(int(number) for number in numbers if int(number) > box.last_uid)
    stored = sum(_store(connection, box, number) for number in new[:MOST_AT_ONCE])
    if len(new) <= MOST_AT_ONCE and end > box.last_uid:
        _move_on(box, end)
    return stored


def _store(connection: BaseMailBox, box: Mailbox, number: int) -> bool:
    """Keep one e-mail, and mark it as read in the mailbox; whether it was new to us."""
    raw = _download(connection, number)
    created = False
    with transaction.atomic():
        if raw:
            _, created = store_incoming(raw=raw, source=IncomingEmail.Source.IMAP)
        _move_on(box, number, int(created))
    if raw:
        connection.flag(str(number), MailMessageFlags.SEEN, True)
    return created


def _download(connection: BaseMailBox, number: int) -> bytes:
    """The e-mail as it came; of one that is too large, its headers and a sentence."""
    found = connection.fetch(f"UID {number}", mark_seen=False, headers_only=True)
    headers = next(iter(found), None)
    if headers is None:
        return b""  # somebody has deleted it meanwhile
    if headers.size_rfc822 > settings.UPLOAD_MAX_BYTES:
        return _without_body(headers.obj.items(), settings.UPLOAD_MAX_BYTES)
    whole = next(iter(connection.fetch(f"UID {number}", mark_seen=False)), None)
    return bytes(whole.obj.as_bytes()) if whole is not None else b""


def _without_body(headers: object, limit: int) -> bytes:
    kept = {"from", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references"}
    kept |= {"auto-submitted", "precedence", "list-id", "return-path"}
    lines = [f"{name}: {value}" for name, value in headers if name.lower() in kept]  # type: ignore[attr-defined]
    text = f"(This e-mail is larger than {limit // 1024**2} MB. Read it in the mailbox.)"
    return "\r\n".join([*lines, "Content-Type: text/plain; charset=utf-8", "", text]).encode()


def _move_on(box: Mailbox, number: int, fetched: int = 0) -> None:
    box.last_uid = number
    Mailbox.objects.filter(pk=box.pk).update(
        uid_validity=box.uid_validity, last_uid=number, fetched=F("fetched") + fetched
    )

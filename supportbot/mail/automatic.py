"""Mail that no person wrote, and bounces. Whoever answers a machine may write to it for ever."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from supportbot.mail.addresses import is_ours
from supportbot.mail.models import IncomingEmail
from supportbot.mail.parsing import ParsedMail
from tickets.models import OutgoingEmail

_ROBOTS = ("mailer-daemon@", "postmaster@", "no-reply@", "noreply@", "donotreply@", "do-not-reply@")
_BULK = {"bulk", "junk", "list", "auto_reply"}
_SAID_BY_ROBOTS = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply-from")


def why_ignored(mail: ParsedMail) -> str:
    """Why the mail is put aside, in words; empty for a person's."""
    submitted = mail.header("auto-submitted").partition(";")[0].strip().lower()
    checks = (
        (
            OutgoingEmail.objects.filter(message_id=mail.message_id).exists(),
            "It is an e-mail of ours that came back to us.",
        ),
        (is_ours(mail.from_address), "It comes from our own address."),
        (submitted not in {"", "no"}, f"A program wrote it (Auto-Submitted: {submitted[:40]})."),
        (
            mail.header("precedence").lower() in _BULK,
            f"It was sent in bulk (Precedence: {mail.header('precedence')[:40]}).",
        ),
        (bool(mail.header("list-id")), "It comes from a mailing list."),
        (any(mail.header(name) for name in _SAID_BY_ROBOTS), "It is an automatic reply."),
        (mail.header("return-path") == "<>", "It asks for no reply (empty Return-Path)."),
        (mail.from_address.startswith(_ROBOTS), "Nobody reads replies to its address."),
        (_is_too_much(mail.from_address), _TOO_MUCH),
    )
    return next((reason for holds, reason in checks if holds), "")


_TOO_MUCH = "More e-mails came from this address within an hour than are answered."


def _is_too_much(address: str) -> bool:
    """Whether the address has used up its hour, as two programs that answer each other do."""
    since = timezone.now() - timedelta(hours=1)
    taken = IncomingEmail.objects.filter(
        sender=address, received_at__gt=since, status=IncomingEmail.Status.RECEIVED
    )
    return taken.count() >= settings.MAIL.max_per_hour


def is_bounce(mail: ParsedMail) -> bool:
    """Whether it says that a mail could not be delivered for good (RFC 3464)."""
    action, status = mail.report.get("action", ""), mail.report.get("status", "")
    return action.strip().lower() == "failed" or status.strip().startswith("5")

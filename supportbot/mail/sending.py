"""Sends the e-mails that `tickets.services.outbox` has queued.

An e-mail is claimed by a lease before its server is asked, and marked after. If a process dies in
between, the lease ends and the e-mail goes out again, with the same Message-ID and words: more than
SMTP allows to promise nobody can.
"""

from __future__ import annotations

import smtplib
from datetime import timedelta

import structlog
from django.conf import settings
from django.core.mail import get_connection
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from supportbot.mail.bounces import note_bounce
from supportbot.mail.rendering import render
from supportbot.mail.transcripts import render_transcript
from tickets.models import Attachment, Conversation, Message, OutgoingEmail, Ticket
from tickets.services import audit
from tickets.services.outbox import is_by_email
from tickets.services.statuses import set_status

log = structlog.get_logger(__name__)
Status = OutgoingEmail.Status

LEASE = timedelta(minutes=5)
# A connection that has gone to sleep counts as open for so long.
SEEN_LATE = timedelta(seconds=90)
RETRY_MINUTES = (1, 5, 15, 60, 240, 720, 1440)


def send_due(limit: int = 100) -> int:
    """Send what is due, and what a process that died has left; returns how many were sent."""
    sent = 0
    for number in _due()[:limit]:
        email = claim(number)
        if email is not None:
            sent += _send(email)
    return sent


def _due() -> list[int]:
    now = timezone.now()
    due = Q(status=Status.WAITING, due_at__lte=now) | Q(status=Status.SENDING, lease_until__lt=now)
    return list(OutgoingEmail.objects.filter(due).order_by("due_at").values_list("pk", flat=True))


@transaction.atomic
def claim(number: int) -> OutgoingEmail | None:
    """Take an e-mail: from then on no message joins it, and no other process sends it. None if one
    does, or if it is not needed now."""
    now = timezone.now()
    rows = OutgoingEmail.objects.select_for_update(skip_locked=True, of=("self",))
    email = rows.select_related("conversation__customer").filter(pk=number).first()
    if email is None or email.status not in {Status.WAITING, Status.SENDING}:
        return None
    if email.status == Status.SENDING and email.lease_until and email.lease_until >= now:
        return None
    if email.status == Status.WAITING and not (email.is_transcript or _is_needed(email)):
        return None
    email.status, email.lease_until = Status.SENDING, now + LEASE
    email.attempts += 1
    email.save(update_fields=["status", "lease_until", "attempts"])
    return email


def _is_needed(email: OutgoingEmail) -> bool:
    """Take out what the customer has read in the chat. As long as they are there, wait."""
    customer = email.conversation.customer
    if customer.email_bounced_at is not None:
        email.status, email.error = Status.FAILED, "E-mail to this address comes back."
        email.save(update_fields=["status", "error"])
        return False
    if is_by_email(email.conversation) or customer.last_seen_at is None:
        return True
    seen = email.parts.filter(message__created_at__lt=customer.last_seen_at - SEEN_LATE)
    # The chat shows no files.
    with_files = Attachment.objects.filter(message__emailed__email=email, refused="")
    if with_files.exists():
        return True
    seen.delete()
    if not email.parts.exists():
        email.status = Status.DROPPED
        email.save(update_fields=["status"])
        return False
    away_since = customer.last_seen_at + timedelta(minutes=settings.MAIL.after_minutes)
    if away_since > timezone.now():
        email.due_at = away_since
        email.save(update_fields=["due_at"])
        return False
    return True


def _send(email: OutgoingEmail) -> bool:
    """Whether it went out. What fails is tried again, with longer and longer pauses."""
    try:
        with get_connection() as connection:
            made = render_transcript(email) if email.is_transcript else render(email)
            connection.send_messages([made])
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()), (550, b""))
        if code >= 500:  # noqa: PLR2004  for good (RFC 5321, section 4.2.1)
            note_bounce(email=email, reason=f"{code} {_text(words)}")
        else:
            _try_again(email, f"{code} {_text(words)}")
    except Exception as error:  # noqa: BLE001  (of whatever back end is configured)
        log.warning("email_not_sent", email=email.pk, error=type(error).__name__)
        _try_again(email, in_words(error))
    else:
        _mark_sent(email)
        return True
    return False


def in_words(error: Exception) -> str:
    """What went wrong, for whoever runs the installation."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "The mail server refused the log-in. Check the name and the password."
    if isinstance(error, smtplib.SMTPResponseException):
        return f"The mail server said {error.smtp_code} {_text(error.smtp_error)}"
    if isinstance(error, (TimeoutError, smtplib.SMTPServerDisconnected)):
        return "The mail server did not answer in time."
    if isinstance(error, OSError):
        return f"The mail server could not be reached: {error.strerror or error}."
    return f"{type(error).__name__}: {error}"


def _text(words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return " ".join(text.split())[:200]


@transaction.atomic
def _try_again(email: OutgoingEmail, reason: str) -> None:
    email.error, email.lease_until = reason[:300], None
    if email.attempts > len(RETRY_MINUTES):
        email.status = Status.FAILED
        audit.record(action="email.failed", target=email, reason=email.error)
    else:
        # Still SENDING: what it says is fixed, and the lease says when it is tried again.
        pause = timedelta(minutes=RETRY_MINUTES[email.attempts - 1])
        email.lease_until = timezone.now() + pause
    email.save(update_fields=["status", "error", "lease_until"])


@transaction.atomic
def _mark_sent(email: OutgoingEmail) -> None:
    conversation = Conversation.objects.select_for_update().get(pk=email.conversation_id)
    email.status, email.sent_at, email.lease_until = Status.SENT, timezone.now(), None
    email.error = ""
    email.save(update_fields=["status", "sent_at", "lease_until", "error"])
    messages = [str(pk) for pk in email.parts.values_list("message", flat=True)]
    audit.record(action="email.sent", target=email, messages=messages)
    if conversation.channel == Conversation.Channel.EMAIL:
        _now_wait_for_customer(conversation, email)


def _now_wait_for_customer(conversation: Conversation, email: OutgoingEmail) -> None:
    """A ticket that nobody but the bot has touched waits for the customer once it has answered."""
    last = email.parts.order_by("-message__seq").first()
    newest = conversation.messages.order_by("-seq").first()
    if last is None or newest is None or last.message_id != newest.pk:
        return
    by_bot = last.message.author == Message.Author.BOT and last.message.sentences
    new = {Ticket.Status.NEW, Ticket.Status.REOPENED}
    ticket = conversation.tickets.select_for_update().filter(status__in=new).first()
    if by_bot and ticket is not None and conversation.state == Conversation.State.BOT:
        set_status(ticket, Ticket.Status.PENDING, None, "the bot answered by e-mail")

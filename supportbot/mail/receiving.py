"""An e-mail that came in → a message in a conversation, with its ticket.

First the e-mail is stored as it came (store_incoming), once for one Message-ID; then it is dealt
with in a transaction of its own (process), which may be tried again.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from supportbot.answers.receive import IncomingMessage, accept_message, readable
from supportbot.mail.addresses import find_conversation_id
from supportbot.mail.automatic import is_bounce, why_ignored
from supportbot.mail.bounces import email_of_report, note_bounce, reason_of
from supportbot.mail.models import IncomingEmail
from supportbot.mail.parsing import ParsedMail, UnreadableMailError, message_id_of, parse_mail
from tickets.models import (
    Conversation,
    Customer,
    Message,
    OutgoingEmail,
    Ticket,
    TicketLink,
)
from tickets.services import audit
from tickets.services.attachments import store_attachment
from tickets.services.conversations import start_conversation
from tickets.services.outbox import FROM_MAIL
from tickets.services.tickets import ensure_ticket

log = structlog.get_logger(__name__)
Status = IncomingEmail.Status

MOST_ATTEMPTS = 6
_LONGER = "…\n(The whole e-mail is attached.)"


def store_incoming(*, raw: bytes, source: str) -> tuple[IncomingEmail, bool]:
    """Keep an e-mail as it came: (row, created). The same Message-ID changes nothing."""
    return IncomingEmail.objects.get_or_create(
        mail_id=message_id_of(raw), defaults={"raw": raw, "source": source}
    )


def process_waiting(limit: int = 100) -> int:
    """Deal with what waits, the oldest first; returns how many were dealt with."""
    waiting = IncomingEmail.objects.filter(status=Status.NEW, due_at__lte=timezone.now())
    numbers = list(waiting.order_by("pk").values_list("pk", flat=True)[:limit])
    return sum(process(number) for number in numbers)


def process(number: int) -> bool:
    """Deal with one e-mail; False if another process does. What fails is tried again later."""
    try:
        return _process(number)
    except UnreadableMailError as error:
        _fail(number, str(error), for_good=True)
    except Exception as error:
        log.exception("email_not_processed", email=number)
        _fail(number, f"{type(error).__name__}: {error}")
    return False


@transaction.atomic
def _process(number: int) -> bool:
    rows = IncomingEmail.objects.select_for_update(skip_locked=True)
    row = rows.filter(pk=number, status=Status.NEW).first()
    if row is None:
        return False
    mail = parse_mail(bytes(row.raw))
    row.sender, row.subject = mail.from_address, mail.subject
    _lock_sender(mail.from_address)  # two e-mails of somebody new make one customer
    if is_bounce(mail):
        _take_bounce(row, mail)
    elif reason := why_ignored(mail):
        row.status, row.reason = Status.IGNORED, reason
    else:
        _take(row, mail)
    row.raw = b""
    row.save()
    return True


def _fail(number: int, reason: str, *, for_good: bool = False) -> None:
    row = IncomingEmail.objects.get(pk=number)
    row.attempts, row.reason = row.attempts + 1, reason[:300]
    row.due_at = timezone.now() + timedelta(minutes=2**row.attempts)
    if for_good or row.attempts >= MOST_ATTEMPTS:
        row.status = Status.FAILED
    row.save(update_fields=["attempts", "reason", "due_at", "status"])


def _lock_sender(address: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"mail:{address}"])


def _take_bounce(row: IncomingEmail, mail: ParsedMail) -> None:
    row.status, row.reason = Status.BOUNCE, reason_of(mail)[:300]
    email = email_of_report(mail)
    if email is not None:
        row.conversation_id = email.conversation_id
        note_bounce(email=email, reason=row.reason)


def _take(row: IncomingEmail, mail: ParsedMail) -> None:
    thread = find_thread(mail)
    conversation = thread or start_conversation(
        customer=customer_of(mail), channel=Conversation.Channel.EMAIL
    )
    _note_alive(conversation.customer)
    text, whole = _text_of(mail, is_new=thread is None)
    client_id = FROM_MAIL + hashlib.sha256(mail.message_id.encode()).hexdigest()[:40]
    accepted = accept_message(
        conversation=conversation, incoming=IncomingMessage(text=text, client_id=client_id)
    )
    message = accepted.message
    for file in mail.files:
        store_attachment(message=message, name=file.name, content=file.content)
    if whole:
        store_attachment(message=message, name="e-mail.txt", content=whole.encode())
    _ensure_ticket(message, conversation, mail.subject)
    row.status, row.message, row.conversation = Status.RECEIVED, message, message.conversation
    audit.record(action="email.received", target=message, incoming=row.pk)


def customer_of(mail: ParsedMail) -> Customer:
    """Who has the address: who signed in with it, else the newest with it, else somebody new."""
    customer = _known_customer(mail)
    return customer or Customer.objects.create(name=mail.from_name, email=mail.from_address)


def _note_alive(customer: Customer) -> None:
    """E-mail comes from the address, so e-mail to it may be sent again."""
    if customer.email_bounced_at is not None:
        customer.email_bounced_at, customer.email_bounce = None, ""
        customer.save(update_fields=["email_bounced_at", "email_bounce"])


def _known_customer(mail: ParsedMail) -> Customer | None:
    # Not by the address that a visitor has left: anybody can leave anybody's.
    known = Customer.objects.filter(email__iexact=mail.from_address)
    return known.order_by(F("external_id").asc(nulls_last=True), "-created_at").first()


def find_thread(mail: ParsedMail) -> Conversation | None:
    """The conversation that the mail answers: by our signed address, else by the Message-IDs it
    refers to. Somebody else who answers, such as a person in Cc, begins a conversation of their
    own: their words are not the customer's."""
    number = find_conversation_id(mail.recipients)
    found = Conversation.objects.filter(pk=number).first() if number else None
    if found is None and mail.references:
        sent = OutgoingEmail.objects.filter(message_id__in=mail.references, is_transcript=False)
        came = IncomingEmail.objects.filter(mail_id__in=mail.references)
        ids = [*sent.values_list("conversation", flat=True)]
        ids += came.exclude(conversation=None).values_list("conversation", flat=True)
        found = Conversation.objects.filter(pk__in=ids).order_by("-created_at").first()
    if found is None:
        return None
    theirs = {found.customer.email.lower(), found.customer.contact_email.lower()}
    customer = _known_customer(mail)
    is_known = customer is not None and found.customer_id == customer.pk
    same = is_known or mail.from_address in theirs
    return found if same else None


def _text_of(mail: ParsedMail, *, is_new: bool) -> tuple[str, str]:
    """(the message's text, the whole text if it is longer than a message may be). What somebody
    forwards is part of what they say."""
    own = mail.text if is_new and mail.is_forwarded else mail.reply or mail.text
    text = readable(own) or readable(mail.subject)
    if not text:
        text = "(An e-mail without words.)"
    limit = settings.MESSAGE_MAX_CHARACTERS
    if len(text) <= limit:
        return text, ""
    return text[: limit - len(_LONGER)].rstrip() + _LONGER, text


def _ensure_ticket(message: Message, answered: Conversation, subject: str) -> None:
    """A ticket for whoever writes by e-mail, and for a chat that has or had one; a solved one is
    reopened, and a closed one followed by another."""
    conversation = message.conversation
    had_one = Ticket.objects.filter(conversation__in=[conversation, answered]).exists()
    if conversation.channel != Conversation.Channel.EMAIL and not had_one:
        return
    ticket = ensure_ticket(conversation=conversation, subject=subject)
    closed = Ticket.objects.filter(conversation=answered, status=Ticket.Status.CLOSED)
    before = closed.exclude(pk=ticket.pk).order_by("-pk").first()
    if before is not None and not TicketLink.objects.filter(ticket=before, other=ticket).exists():
        TicketLink.objects.create(ticket=before, other=ticket)
        for one, two in ((before, ticket), (ticket, before)):
            audit.record(action="ticket.linked", target=one, other=two.pk, kind="related")

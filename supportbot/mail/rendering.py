"""Messages of a conversation → the e-mail that carries them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import formataddr, parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from supportbot.api.visitor_tokens import issue_return
from supportbot.mail.addresses import reply_address
from supportbot.mail.models import IncomingEmail
from tickets.models import Attachment, Customer, Message, OutgoingEmail
from tickets.services.names import customer_name, display_name

MOST_REFERENCES = 10
QUOTED_CHARACTERS = 1000


@dataclass(frozen=True)
class Said:
    """A message as the e-mail shows it. `sources` are the titles of documents it rests on."""

    author: str
    text: str
    sources: tuple[str, ...]


def render(email: OutgoingEmail) -> EmailMultiAlternatives:
    """The whole e-mail; the same each time it is made, but for the date within the link."""
    messages = [part.message for part in email.parts.select_related("message__agent")]
    ticket = email.conversation.tickets.order_by("-pk").first()
    subject = " ".join(ticket.subject.split()) if ticket else "Your conversation with us"
    number = f" [#{ticket.pk}]" if ticket else ""
    context = {
        "said": [_said(message) for message in messages],
        "question": _question_before(messages),
        "can_reply": bool(settings.MAIL.reply_to),
        "link": _link_back(email.conversation.customer),
    }
    name = parseaddr(settings.MAIL.from_address)[0]
    result = EmailMultiAlternatives(
        subject=f"Re: {subject}{number}",
        body=render_to_string("mail/reply.txt", context).strip() + "\n",
        from_email=settings.MAIL.from_address,
        to=[formataddr((customer_name(email.conversation.customer.name), email.to))],
        reply_to=[formataddr((name, reply_address(email.conversation_id)))],
        headers=_headers(email, messages),
    )
    result.attach_alternative(render_to_string("mail/reply.html", context), "text/html")
    for file in Attachment.objects.filter(message__in=messages, refused=""):
        result.attach(file.name, file.file.read(), file.content_type)
    return result


def _link_back(customer: Customer) -> str:
    """To the page where the customer chats, and to their conversations there; "" where it is not
    known. Who signs in there needs nothing more."""
    if not customer.contact_page or customer.external_id is not None:
        return customer.contact_page
    # What follows the # is not sent to a server and stands in no log.
    return f"{customer.contact_page}#support-chat={issue_return(customer.pk)}"


def _said(message: Message) -> Said:
    is_bot = message.author == Message.Author.BOT
    name = "Assistant" if is_bot else display_name(message.agent) if message.agent else None
    titles = [
        str(citation.get("title", ""))
        for sentence in message.sentences
        for citation in sentence.get("citations", [])
    ]
    return Said(name or "", message.text, tuple(dict.fromkeys(filter(None, titles))))


def _question_before(messages: Sequence[Message]) -> str:
    """What the customer had said last, to remind them."""
    first = min(message.seq for message in messages)
    asked = Message.objects.filter(
        conversation_id=messages[0].conversation_id,
        author=Message.Author.CUSTOMER,
        seq__lt=first,
    )
    text = asked.order_by("-seq").values_list("text", flat=True).first() or ""
    return text if len(text) <= QUOTED_CHARACTERS else text[:QUOTED_CHARACTERS].rstrip() + "…"


def _headers(email: OutgoingEmail, messages: Sequence[Message]) -> dict[str, str]:
    thread = _thread_before(email)
    headers = {
        "Message-ID": email.message_id,
        # Out-of-office programs of Exchange keep quiet (MS-OXCMAIL).
        "X-Auto-Response-Suppress": "All",
    }
    if thread:
        headers["In-Reply-To"] = thread[-1]
        headers["References"] = " ".join(dict.fromkeys([thread[0], *thread[-MOST_REFERENCES:]]))
    if all(message.author == Message.Author.BOT for message in messages):
        headers["Auto-Submitted"] = "auto-replied"  # RFC 3834
    return headers


def _thread_before(email: OutgoingEmail) -> list[str]:
    """The Message-IDs of the conversation until now, in order."""
    came = IncomingEmail.objects.filter(
        conversation=email.conversation_id, status=IncomingEmail.Status.RECEIVED
    ).values_list("received_at", "mail_id")
    sent = OutgoingEmail.objects.filter(
        conversation=email.conversation_id,
        sent_at__isnull=False,
        pk__lt=email.pk,
        is_transcript=False,
    ).values_list("sent_at", "message_id")
    return [name for _, name in sorted([*came.filter(received_at__lt=email.created_at), *sent])]

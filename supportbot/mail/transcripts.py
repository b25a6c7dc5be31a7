"""A conversation by e-mail, because the customer asked for it.

Anybody may name any address in a chat, so an e-mail to an address that the company has not vouched
for says little that its sender could have made up: no link back, no address that answers go to, and
of the customer's own words neither what looks like a web address nor more than a few lines.
"""

from __future__ import annotations

import re

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format

from tickets.models import Conversation, Message, OutgoingEmail
from tickets.services import audit
from tickets.services.contact import check_contact, masked
from tickets.services.customer_words import words_in
from tickets.services.names import display_name
from tickets.services.outbox import new_message_id

MOST_MESSAGES, MOST_OWN_CHARACTERS = 500, 300
_ADDRESS = re.compile(r"(?i)\b(?:https?://|www\.)\S+|\b[\w.-]+\.[a-z]{2,}(?:/\S*)?|\S+@\S+")
Author = Message.Author


class TranscriptError(ValueError):
    """Why no e-mail goes out, in a sentence for the customer, and a stable code."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


def address_for(conversation: Conversation, email: str) -> str:
    """Where it goes: to the address that the company knows of a customer who has signed in, else to
    the one given. Raises ContactError."""
    return known_address(conversation) or check_contact(email=email).email


def known_address(conversation: Conversation) -> str:
    """The company's own for a customer who has signed in; "" without one."""
    customer = conversation.customer
    return customer.email if customer.external_id is not None else ""


@transaction.atomic
def request_transcript(*, conversation: Conversation, address: str) -> str:
    """Queue the e-mail. Returns as much of the address as is shown. Raises TranscriptError."""
    if not settings.MAIL.sends:
        raise TranscriptError("no_mail", "E-mail cannot be sent here. Download it instead.")
    authors = set(conversation.messages.values_list("author", flat=True))
    if Author.CUSTOMER not in authors or authors <= {Author.CUSTOMER}:
        raise TranscriptError("nothing_said", "There is no conversation to send yet.")
    email = OutgoingEmail.objects.create(
        conversation=conversation,
        to=address,
        is_transcript=True,
        message_id=new_message_id(),
        due_at=timezone.now(),
    )
    audit.record(
        action="customer.transcript_requested",
        target=conversation,
        by="customer",
        email=email.pk,
        is_known=address == known_address(conversation),
    )
    return masked(address)


def render_transcript(email: OutgoingEmail) -> EmailMultiAlternatives:
    """The whole e-mail, in the language of the conversation."""
    conversation = email.conversation
    is_known = email.to == known_address(conversation)
    language = conversation.language
    day = date_format(timezone.localtime(conversation.created_at), "Y-m-d")
    intro = words_in(language, "transcript.intro", "Here is your conversation with us.")
    unasked = words_in(
        language,
        "transcript.unasked",
        "Somebody asked for this conversation in our chat and gave this address. If that was not "
        "you, there is nothing to do.",
    )
    newest = conversation.messages.select_related("agent").order_by("-seq")[:MOST_MESSAGES]
    said = [
        (_speaker(one, language), timezone.localtime(one.created_at), _words(one, is_known))
        for one in reversed(newest)
    ]
    context = {
        "intro": intro,
        "unasked": "" if is_known else unasked,
        "said": said,
        "language": language or "en",
        "direction": "rtl" if language == "ar" else "ltr",
    }
    subject = words_in(
        language, "transcript.subject", "Your conversation with us of {day}", day=day
    )
    result = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string("mail/transcript.txt", context).strip() + "\n",
        from_email=settings.MAIL.from_address,
        to=[email.to],
        headers={
            "Message-ID": email.message_id,
            "X-Auto-Response-Suppress": "All",
            "Auto-Submitted": "auto-generated",  # RFC 3834
        },
    )
    result.attach_alternative(render_to_string("mail/transcript.html", context), "text/html")
    return result


def _speaker(message: Message, language: str) -> str:
    if message.author == Author.CUSTOMER:
        return words_in(language, "transcript.you", "You")
    if message.author == Author.BOT:
        return words_in(language, "transcript.assistant", "Assistant")
    name = display_name(message.agent) if message.agent else ""
    return name or words_in(language, "transcript.support", "Support")


def _words(message: Message, is_known: bool) -> str:
    if message.author != Author.CUSTOMER:
        return message.text
    if is_known:
        return message.text
    text = _ADDRESS.sub("[…]", message.text)
    return text if len(text) <= MOST_OWN_CHARACTERS else text[:MOST_OWN_CHARACTERS].rstrip() + "…"

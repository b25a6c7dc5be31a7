"""What a ticket is called: the customer's words, as soon as they say what it is about."""

from __future__ import annotations

import re
from textwrap import shorten

from django.db import transaction

from tickets.models import Conversation, Message, Ticket
from tickets.services import audit

SUBJECT_CHARACTERS = 200
UNNAMED = "Asked for a person"  # until the customer says more
_LOOKED_AT = 10  # messages of the customer, the newest
_WORD = re.compile(r"[\w']+")
# Greetings, thanks and asking for a person: who writes nothing else has not said what it is about.
_EMPTY_WORDS = """
    a able again agent agents all am an and anybody anyone are assistant be bot can chat chatbot
    colleague connect contact could customer day dear employee evening excuse folks for from get
    give good got guys have hello help helpdesk hey hi hiya how human humans i i'd i'm is it just
    let like live ma'am madam maybe me member morning my need no not now of ok okay on operator
    people person pls please put ready real rep representative service sir so some somebody someone
    speak staff still support sure talk team thank thanks that the there this through to today
    transfer us want wanna was we with would write yeah yes you your
"""
_SAYS_NOTHING = frozenset(_EMPTY_WORDS.split())


def subject_of(conversation: Conversation) -> str:
    """The customer's newest words that say what it is about, else UNNAMED."""
    said = conversation.messages.filter(author=Message.Author.CUSTOMER).order_by("-seq")
    for text in said.values_list("text", flat=True)[:_LOOKED_AT]:
        if says_something(text):
            return _short(text)
    return UNNAMED


def says_something(text: str) -> bool:
    """Whether there is more in it than a greeting or the wish for a person."""
    return any(word not in _SAYS_NOTHING for word in _WORD.findall(text.lower()))


def _short(text: str) -> str:
    return shorten(" ".join(text.split()), SUBJECT_CHARACTERS, placeholder="…")


@transaction.atomic
def name_ticket(message: Message) -> None:
    """Call the conversation's ticket by this message of the customer, if it has no name yet and the
    message says something."""
    unnamed = Ticket.objects.filter(conversation=message.conversation_id, subject=UNNAMED)
    ticket = unnamed.exclude(status=Ticket.Status.CLOSED).select_for_update().first()
    if ticket is None or not says_something(message.text):
        return
    ticket.subject = _short(message.text)
    ticket.save(update_fields=["subject", "updated_at"])
    audit.record(
        action="ticket.edited",
        target=ticket,
        field="subject",
        before=UNNAMED,
        after=ticket.subject,
    )

"""Splitting a ticket: some of the customer's messages become the beginning of a new one.

A new conversation begins with copies of the messages, files included; the messages themselves stay
where they were said. The new ticket waits for a person. As long as nobody has written there,
splitting can be undone: the new conversation ends and goes on in the old one.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from tickets.models import Conversation, Message, Ticket, TicketLink
from tickets.services import audit
from tickets.services.attachments import store_attachment
from tickets.services.conversations import lead_on, start_conversation
from tickets.services.handover import request_person
from tickets.services.links import check_visible, link_tickets
from tickets.services.messages import add_customer_message
from tickets.services.notes import add_note

Author = Message.Author
_COPY = "split-"  # how the client_id of a copy begins; the original's id follows
MOST = 50  # messages that are offered
UNDONE_TEXT = "This question is answered in your other conversation."


class SplitError(ValueError):
    """The ticket cannot be split, or not undone. `str()` is a sentence for the agent."""


def splittable(ticket: Ticket) -> list[Message]:
    """The customer's newest messages that may begin a new ticket, oldest first."""
    said = ticket.conversation.messages.filter(author=Author.CUSTOMER).order_by("-seq")
    messages = list(said.prefetch_related("attachments")[:MOST])
    gone = _split_before(messages)
    return [message for message in reversed(messages) if str(message.pk) not in gone]


@transaction.atomic
def split_ticket(*, ticket: Ticket, messages: Sequence[Message], agent: AbstractBaseUser) -> Ticket:
    """Make messages of the customer the beginning of a new ticket, with the priority, team,
    category and tags of the old one. Raises SplitError; for a message that was split off before,
    too."""
    Conversation.objects.select_for_update().get(pk=ticket.conversation_id)
    _check_visible(agent, ticket)
    chosen = sorted(messages, key=lambda message: message.seq)
    if not chosen:
        raise SplitError("Choose at least one message of the customer.")
    if any(message.conversation_id != ticket.conversation_id for message in chosen):
        raise SplitError("The message is not of this ticket.")
    if any(message.author != Author.CUSTOMER for message in chosen):
        raise SplitError("Choose messages of the customer.")
    if _split_before(chosen):
        raise SplitError("This message is the beginning of another ticket already.")
    new = _begin(ticket, chosen)
    link_tickets(ticket=ticket, other=new, agent=agent, kind=TicketLink.Kind.SPLIT)
    audit.record(action="ticket.split", target=ticket, actor=agent, other=new.pk)
    add_note(ticket=new, author=agent, text=f"Split off from ticket #{ticket.pk}.")
    return new


def _check_visible(agent: AbstractBaseUser, *tickets: Ticket) -> None:
    try:
        check_visible(agent, *tickets)
    except ValueError as error:
        raise SplitError(str(error)) from error


def _split_before(messages: Sequence[Message]) -> set[str]:
    """The ids, of these messages, that begin another ticket."""
    copies = [f"{_COPY}{message.pk}" for message in messages]
    known = Message.objects.filter(author=Author.CUSTOMER, client_id__in=copies)
    return {str(copy).removeprefix(_COPY) for copy in known.values_list("client_id", flat=True)}


def _begin(ticket: Ticket, messages: Sequence[Message]) -> Ticket:
    old = ticket.conversation
    begun = start_conversation(customer=old.customer, channel=old.channel)
    for message in messages:
        copied, _ = add_customer_message(
            conversation=begun, text=message.text, client_id=f"{_COPY}{message.pk}"
        )
        for file in message.attachments.filter(refused=""):
            with file.file.open("rb") as stored:
                store_attachment(message=copied, name=file.name, content=stored.read())
    new = request_person(conversation=begun, reason="for_review")
    new.priority, new.team, new.category = ticket.priority, ticket.team, ticket.category
    new.save(update_fields=["priority", "team", "category", "updated_at"])
    new.tags.add(*ticket.tags.all())
    return new


@transaction.atomic
def undo_split(*, ticket: Ticket, other: Ticket, agent: AbstractBaseUser) -> None:
    """Give the messages of `other`, which was split off from `ticket`, back to it. Raises
    SplitError once somebody has written there, or one of the two is closed."""
    pair = sorted([ticket.conversation_id, other.conversation_id])
    locked = Conversation.objects.select_for_update().filter(pk__in=pair).order_by("pk")
    conversations = {one.pk: one for one in locked}
    _check_visible(agent, ticket, other)
    link = TicketLink.objects.filter(ticket=ticket, other=other, kind=TicketLink.Kind.SPLIT)
    if not link.exists():
        raise SplitError(f"Ticket #{other.pk} was not split off from this one.")
    for one in Ticket.objects.filter(pk__in=[ticket.pk, other.pk]):
        if one.status == Ticket.Status.CLOSED:
            raise SplitError(f"Ticket #{one.pk} is closed.")
    said = Message.objects.filter(conversation=other.conversation_id).exclude(author=Author.SYSTEM)
    copies = said.filter(author=Author.CUSTOMER, client_id__startswith=_COPY)
    if said.count() > copies.count():
        raise SplitError(f"Somebody has written in #{other.pk} already. Merge it instead.")
    link.delete()
    lead_on(
        conversation=conversations[other.conversation_id],
        into=conversations[ticket.conversation_id],
        agent=agent,
        reason=f"belongs to #{ticket.pk} after all",
        text=UNDONE_TEXT,
    )
    copies.update(client_id=None)  # so that the messages can be split off again
    audit.record(action="ticket.split_undone", target=ticket, actor=agent, other=other.pk)

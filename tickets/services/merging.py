"""Merging two tickets of one customer, and splitting one.

A ticket belongs to a conversation, and a conversation has one ticket that is not closed. So:

- Merging closes a ticket together with its conversation, which goes on in the conversation of the
  surviving ticket: the customer's widget is told where, and whatever the customer writes later, an
  e-mail in the old thread too, arrives there. What was said before stays where it was said and is
  read from both tickets; nothing is copied, so that nothing is told twice. A note on the surviving
  ticket says what was merged. Merging cannot be undone, because the customer has been told:
  `preview_merge` gives the words to confirm.
- Splitting begins a new conversation with a copy of one message of the customer; the message itself
  stays where it was said. The new ticket waits for a person.
"""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q, QuerySet

from tickets.models import Conversation, Message, Ticket, TicketLink
from tickets.services import audit
from tickets.services.conversations import close_conversation, start_conversation
from tickets.services.events import append_event
from tickets.services.handover import request_person
from tickets.services.links import check_visible, link_tickets
from tickets.services.messages import add_customer_message
from tickets.services.notes import add_note
from tickets.services.statuses import set_status
from tickets.states import AWAITS_AGENT

Status = Ticket.Status
MERGED_TEXT = "Your questions are answered together in one conversation."
LAST_WORDS = 3  # messages of the customer that the note quotes


class MergeError(ValueError):
    """The tickets cannot be merged or split. `str()` is a sentence for the agent."""


def preview_merge(*, ticket: Ticket, into: Ticket, agent: AbstractBaseUser) -> str:
    """What merging does, for the agent to confirm. Raises MergeError."""
    _check(ticket, into, agent)
    waiting = ticket.drafts.filter(status="pending").count()
    drafts = f" Its {'draft is' if waiting == 1 else f'{waiting} drafts are'} withdrawn."
    return (
        f"Ticket #{ticket.pk} “{ticket.subject}” is closed and goes on in #{into.pk} "
        f"“{into.subject}”.{drafts if waiting else ''} Its messages stay readable. "
        f"The customer is told, so this cannot be undone."
    )


@transaction.atomic
def merge_tickets(*, ticket: Ticket, into: Ticket, agent: AbstractBaseUser) -> Ticket:
    """Close `ticket` and go on in `into`, which is returned. The survivor takes its tags, its
    followers and the higher priority, and is open if a person was awaited. Raises MergeError."""
    pair = sorted([ticket.conversation_id, into.conversation_id])
    locked = Conversation.objects.select_for_update().filter(pk__in=pair).order_by("pk")
    conversations = {one.pk: one for one in locked}
    tickets = Ticket.objects.select_for_update().filter(pk__in=[ticket.pk, into.pk])
    rows = {one.pk: one for one in tickets.order_by("pk")}
    merged, survivor = rows[ticket.pk], rows[into.pk]
    _check(merged, survivor, agent)
    waited = merged.status in AWAITS_AGENT
    merged.merged_into = survivor
    merged.save(update_fields=["merged_into", "updated_at"])
    _lead_on(conversations[merged.conversation_id], survivor, agent)
    _take_along(merged, survivor)
    audit.record(action="ticket.merged", target=merged, actor=agent, into=survivor.pk)
    audit.record(action="ticket.took_in", target=survivor, actor=agent, other=merged.pk)
    add_note(ticket=survivor, author=agent, text=_note_on(merged))
    if waited and survivor.status not in AWAITS_AGENT:
        back = Status.REOPENED if survivor.status == Status.SOLVED else Status.OPEN
        set_status(survivor, back, agent, f"ticket #{merged.pk} was merged into it")
    return survivor


def _check(ticket: Ticket, into: Ticket, agent: AbstractBaseUser) -> None:
    try:
        check_visible(agent, ticket, into)
    except ValueError as error:
        raise MergeError(str(error)) from error
    if ticket.conversation.customer_id != into.conversation.customer_id:
        raise MergeError("The tickets are of different customers, who would read each other.")
    for one in (ticket, into):
        if one.status == Status.CLOSED:
            raise MergeError(f"Ticket #{one.pk} is closed.")


def _lead_on(conversation: Conversation, survivor: Ticket, agent: AbstractBaseUser) -> None:
    """End the conversation, and let it go on in the survivor's."""
    close_conversation(
        conversation=conversation,
        by=Conversation.ClosedBy.AGENT,
        agent=agent,
        reason=f"merged into #{survivor.pk}",
        text=MERGED_TEXT,
    )
    Conversation.objects.filter(pk=conversation.pk).update(continued_in=survivor.conversation_id)
    append_event(
        conversation_id=conversation.pk,
        type="conversation.continued",
        payload={"conversation": str(survivor.conversation_id)},
    )


def _take_along(merged: Ticket, survivor: Ticket) -> None:
    survivor.tags.add(*merged.tags.all())
    survivor.followers.add(*merged.followers.all())
    survivor.priority = max(survivor.priority, merged.priority)
    survivor.save(update_fields=["priority", "updated_at"])


def _note_on(merged: Ticket) -> str:
    said = merged.conversation.messages.filter(author=Message.Author.CUSTOMER)
    last = reversed(said.order_by("-seq")[:LAST_WORDS])
    quoted = "\n".join(f"> {line}" for message in last for line in message.text.splitlines())
    # A mention in a customer's words is nobody's.
    quoted = quoted.replace("@", "@\u200b")
    return f"Ticket #{merged.pk} “{merged.subject}” was merged into this one.\n\n{quoted}".strip()


def merged_conversations(ticket: Ticket) -> QuerySet[Conversation]:
    """The conversations that went on in this ticket's by merging, whose messages the desk shows
    above its own, oldest first."""
    merged = Ticket.objects.filter(Q(merged_into=ticket) | Q(merged_into__merged_into=ticket))
    return Conversation.objects.filter(tickets__in=merged).order_by("created_at")


@transaction.atomic
def split_ticket(*, ticket: Ticket, message: Message, agent: AbstractBaseUser) -> Ticket:
    """Make one of the customer's messages the beginning of a new ticket, with the priority, team,
    category and tags of the old one. Raises MergeError; for a message that was split off before,
    too."""
    Conversation.objects.select_for_update().get(pk=ticket.conversation_id)
    try:
        check_visible(agent, ticket)
    except ValueError as error:
        raise MergeError(str(error)) from error
    if message.conversation_id != ticket.conversation_id:
        raise MergeError("The message is not of this ticket.")
    if message.author != Message.Author.CUSTOMER:
        raise MergeError("Choose a message of the customer.")
    copied = Message.objects.filter(client_id=f"split-{message.pk}")
    if copied.exists():
        raise MergeError("This message is the beginning of another ticket already.")
    new = _begin(ticket, message)
    link_tickets(ticket=ticket, other=new, agent=agent, kind=TicketLink.Kind.SPLIT)
    audit.record(action="ticket.split", target=ticket, actor=agent, other=new.pk)
    add_note(ticket=new, author=agent, text=f"Split off from ticket #{ticket.pk}.")
    return new


def _begin(ticket: Ticket, message: Message) -> Ticket:
    begun = start_conversation(customer=ticket.conversation.customer)
    add_customer_message(conversation=begun, text=message.text, client_id=f"split-{message.pk}")
    new = request_person(conversation=begun, reason="for_review")
    new.priority, new.team, new.category = ticket.priority, ticket.team, ticket.category
    new.save(update_fields=["priority", "team", "category", "updated_at"])
    new.tags.add(*ticket.tags.all())
    return new

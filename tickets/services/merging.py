"""Merging two tickets of one customer.

A ticket belongs to a conversation, and a conversation has one ticket that is not closed. So merging
closes a ticket together with its conversation, which goes on in the conversation of the surviving
ticket: the customer's widget is told where, and whatever the customer writes later, an e-mail in
the old thread too, arrives there. What was said before stays where it was said and is read from
both tickets; nothing is copied, so that nothing is told twice. A note on the surviving ticket says
what was merged. Merging cannot be undone, because the customer has been told: `preview_merge` gives
the words to confirm.
"""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q, QuerySet

from tickets.models import Conversation, Message, Ticket
from tickets.services import audit
from tickets.services.conversations import lead_on
from tickets.services.links import check_visible
from tickets.services.notes import add_note
from tickets.services.statuses import set_status
from tickets.states import AWAITS_AGENT

Status = Ticket.Status
MERGED_TEXT = "Your questions are answered together in one conversation."
LAST_WORDS = 3  # messages of the customer that the note quotes


class MergeError(ValueError):
    """The tickets cannot be merged. `str()` is a sentence for the agent."""


def mergeable_with(ticket: Ticket, user: AbstractBaseUser) -> QuerySet[Ticket]:
    """The customer's other tickets that are not closed and that the user may see, newest first."""
    others = Ticket.objects.visible_to(user).exclude(pk=ticket.pk).exclude(status=Status.CLOSED)
    return others.filter(conversation__customer=ticket.conversation.customer_id).order_by("-pk")


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
    lead_on(
        conversation=conversations[merged.conversation_id],
        into=survivor.conversation,
        agent=agent,
        reason=f"merged into #{survivor.pk}",
        text=MERGED_TEXT,
    )
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
    if ticket.team is not None and ticket.team.is_private and into.team_id != ticket.team_id:
        raise MergeError(
            f"Ticket #{ticket.pk} is for the team “{ticket.team}” alone; others would read what "
            f"is merged. Give ticket #{into.pk} to this team first."
        )
    for one in (ticket, into):
        if one.status == Status.CLOSED:
            raise MergeError(f"Ticket #{one.pk} is closed.")


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

"""Linking tickets that belong together."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q

from tickets.models import Ticket, TicketLink
from tickets.services import audit

Kind = TicketLink.Kind


@dataclass(frozen=True)
class Linked:
    """Another ticket and how it belongs to this one: “Related”, “Split off from this one”…
    `is_link` says whether `unlink_tickets` may part them: what is split or merged stays known."""

    ticket: Ticket
    words: str
    is_link: bool = False


@transaction.atomic
def link_tickets(
    *, ticket: Ticket, other: Ticket, agent: AbstractBaseUser, kind: str = Kind.RELATED
) -> TicketLink:
    """Say that two tickets belong together; saying so again changes nothing. Raises ValueError
    when the agent may not see one of them, or when they are one and the same."""
    check_visible(agent, ticket, other)
    # Both in one order, so that two agents at once do not wait for each other.
    pair = sorted([ticket.pk, other.pk])
    list(Ticket.objects.select_for_update().filter(pk__in=pair).order_by("pk"))
    known = _between(ticket, other)
    if known is not None:
        return known
    link = TicketLink.objects.create(
        ticket=ticket, other=other, kind=Kind(kind), created_by_id=agent.pk
    )
    for one, two in ((ticket, other), (other, ticket)):
        audit.record(action="ticket.linked", target=one, actor=agent, other=two.pk, kind=kind)
    return link


@transaction.atomic
def unlink_tickets(*, ticket: Ticket, other: Ticket, agent: AbstractBaseUser) -> None:
    """Does nothing when they are not linked."""
    known = _between(ticket, other)
    if known is not None:
        known.delete()
        for one, two in ((ticket, other), (other, ticket)):
            audit.record(action="ticket.unlinked", target=one, actor=agent, other=two.pk)


def _between(ticket: Ticket, other: Ticket) -> TicketLink | None:
    here, there = Q(ticket=ticket, other=other), Q(ticket=other, other=ticket)
    return TicketLink.objects.filter(here | there).first()


def check_visible(agent: AbstractBaseUser, *tickets: Ticket) -> None:
    """Raises ValueError, in the same words for what does not exist and what is not shown."""
    if len({ticket.pk for ticket in tickets}) < len(tickets):
        raise ValueError("Choose another ticket than this one.")
    visible = Ticket.objects.visible_to(agent).filter(pk__in=[ticket.pk for ticket in tickets])
    if visible.count() < len(tickets):
        raise ValueError("There is no such ticket.")


def linked_to(ticket: Ticket, user: AbstractBaseUser) -> list[Linked]:
    """What belongs to the ticket and the user may see: linked, split and merged ones."""
    links = TicketLink.objects.filter(Q(ticket=ticket) | Q(other=ticket))
    words = {
        link.other_id if link.ticket_id == ticket.pk else link.ticket_id: _words(link, ticket)
        for link in links
    }
    related = {
        pk for link in links if link.kind == Kind.RELATED for pk in (link.ticket_id, link.other_id)
    }
    words |= dict.fromkeys(ticket.merged.values_list("pk", flat=True), "Merged into this one")
    if ticket.merged_into_id is not None:
        words[ticket.merged_into_id] = "This one was merged into it"
    found = Ticket.objects.visible_to(user).filter(pk__in=words).order_by("pk")
    return [Linked(one, words[one.pk], one.pk in related) for one in found]


def _words(link: TicketLink, ticket: Ticket) -> str:
    if link.kind == Kind.SPLIT:
        is_parent = link.ticket_id == ticket.pk
        return "Split off from this one" if is_parent else "This one was split off from it"
    return str(link.get_kind_display())

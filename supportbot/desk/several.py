"""Tickets that belong together: merging, splitting and linking them, with the dialogs' contents."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import QueryDict

from supportbot.desk.forms import Done, chosen
from tickets.models import Message, Ticket
from tickets.services.links import link_tickets, linked_to, unlink_tickets
from tickets.services.merging import merge_tickets, mergeable_with, preview_merge
from tickets.services.splitting import split_ticket, splittable, undo_split

OFFERED = 20  # tickets in a dialog


def merge_choices(ticket: Ticket, user: User) -> dict[str, Any]:
    return {"tickets": list(mergeable_with(ticket, user)[:OFFERED])}


def split_choices(ticket: Ticket, user: User) -> dict[str, Any]:
    return {"messages": splittable(ticket)}


def link_choices(ticket: Ticket, user: User) -> dict[str, Any]:
    """The customer's other tickets that are not linked yet."""
    known = [one.ticket.pk for one in linked_to(ticket, user)]
    others = Ticket.objects.visible_to(user).exclude(pk__in=[ticket.pk, *known])
    of_customer = others.filter(conversation__customer=ticket.conversation.customer_id)
    return {"tickets": list(of_customer.order_by("-pk")[:OFFERED])}


CHOICES = {"merge": merge_choices, "split": split_choices, "link": link_choices}


def merge(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    """Without `sure`, only what merging would do."""
    into = _other(agent, form)
    if form.get("sure") != "yes":
        return Done("", {"confirm": preview_merge(ticket=ticket, into=into, agent=agent)})
    survivor = merge_tickets(ticket=ticket, into=into, agent=agent)
    return Done(f"The tickets are merged into #{survivor.pk}.", {"open": survivor.pk})


def split(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    try:
        messages = list(Message.objects.filter(pk__in=form.getlist("message")[: OFFERED * 5]))
    except (ValidationError, ValueError) as error:
        raise ValueError("This message is gone.") from error
    new = split_ticket(ticket=ticket, messages=messages, agent=agent)
    how_many = "1 message begins" if len(messages) == 1 else f"{len(messages)} messages begin"
    return Done(f"{how_many} ticket #{new.pk}.", {"other": new.pk})


def unsplit(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    undo_split(ticket=ticket, other=_other(agent, form), agent=agent)
    return Done("The split is undone.")


def link(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    other = _other(agent, form)
    link_tickets(ticket=ticket, other=other, agent=agent)
    return Done(f"#{other.pk} is linked.", {"other": other.pk})


def unlink(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    other = _other(agent, form)
    unlink_tickets(ticket=ticket, other=other, agent=agent)
    return Done(f"#{other.pk} is not linked any more.", {"other": other.pk})


def _other(agent: User, form: QueryDict) -> Ticket:
    """The ticket of the number typed, or else of the one chosen in the list."""
    number = (form.get("number", "").strip() or form.get("other", "")).removeprefix("#")
    return chosen(Ticket.objects.visible_to(agent), number, "There is no such ticket.")

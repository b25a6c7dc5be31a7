"""Which tickets an agent may see and change. Everything on the desk asks here."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404

from tickets.models import Ticket


def tickets_for(user: User) -> QuerySet[Ticket]:
    """Those that the user may see. Raises PermissionDenied."""
    if not user.has_perm("tickets.view_ticket"):
        raise PermissionDenied
    return Ticket.objects.visible_to(user)


def ticket_for(user: User, number: int) -> Ticket:
    """That ticket with what the desk shows of it. Raises PermissionDenied and Http404."""
    related = ("conversation__customer", "conversation__agent", "assignee", "team", "category")
    found = tickets_for(user).select_related(*related).filter(pk=number).first()
    if found is None:
        raise Http404("There is no such ticket.")
    return found


def may_work(user: User) -> bool:
    """Whether the user may change tickets, and so answer customers."""
    return user.has_perm("tickets.change_ticket")

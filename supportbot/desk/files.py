"""Files that an agent has added to the reply or the note they are writing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.template.defaultfilters import filesizeformat
from django.urls import reverse

from supportbot.desk.models import KeptText, OutgoingReply
from tickets.models import Attachment, Ticket
from tickets.services.attachments import remove_unsent, unsent_of
from tickets.services.outbox import email_problem

Kind = KeptText.Kind


def unsent_files(ticket: Ticket, agent: User, kind: str = Kind.REPLY) -> QuerySet[Attachment]:
    """What goes with the agent's next words of that kind; not what is on its way already."""
    waiting = OutgoingReply.objects.filter(ticket=ticket, status=OutgoingReply.Status.WAITING)
    added = unsent_of(ticket, agent).filter(is_internal=kind == Kind.NOTE)
    return added.exclude(outgoing__in=waiting)


def describe_files(ticket: Ticket, agent: User) -> dict[str, Any]:
    """By kind of text, for the page; `hint` says how the customer gets what goes with a reply."""
    described: dict[str, Any] = {
        kind.value: [
            {
                "id": str(file.pk),
                "name": file.name,
                "size": filesizeformat(file.size),
                "url": reverse("attachment", args=[file.pk]),
            }
            for file in unsent_files(ticket, agent, kind)
        ]
        for kind in Kind
    }
    problem = email_problem(ticket.conversation)
    to = ticket.conversation.customer.mail_address
    described["hint"] = problem or f"The files go to {to} by e-mail; the chat does not show them."
    described["reaches"] = not problem
    return described


def remove_file(ticket: Ticket, agent: User, number: str) -> None:
    """Raises ValueError when there is no such file."""
    try:
        pk = UUID(number)
    except ValueError as error:
        raise ValueError("This file is gone.") from error
    remove_unsent(ticket=ticket, agent=agent, pk=pk)

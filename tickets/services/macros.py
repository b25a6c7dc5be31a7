"""Macros: ordered steps on a ticket, said beforehand and done all or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q, QuerySet

from tickets.models import Macro, MacroStep, Message, Ticket
from tickets.services import audit
from tickets.services.details import (
    add_tag,
    change_category,
    change_priority,
    change_team,
    lock_ticket,
    remove_tag,
)
from tickets.services.drafts import send_reply
from tickets.services.names import staff_name
from tickets.services.notes import add_note
from tickets.services.readers import may_see
from tickets.services.saved_replies import values_for
from tickets.services.tickets import assign, change_status
from tickets.variables import fill

Kind = MacroStep.Kind


class MacroError(ValueError):
    """A step cannot be done, and so none was. `str()` is a sentence for the agent."""


@dataclass(frozen=True)
class StepPreview:
    """`words` say what the step does; `text` is what it writes, with its variables filled in."""

    kind: str
    words: str
    text: str = ""


def available_macros(agent: AbstractBaseUser) -> QuerySet[Macro]:
    """Those that are on: everybody's, and those of the agent's teams."""
    mine = Q(team=None) | Q(team__members=agent.pk)
    return Macro.objects.filter(mine, is_active=True).distinct()


def preview(*, macro: Macro, ticket: Ticket, agent: AbstractBaseUser | None) -> list[StepPreview]:
    """What applying it would do, step by step. Changes nothing."""
    return [_preview(step, ticket, agent) for step in _steps(macro)]


def _preview(step: MacroStep, ticket: Ticket, agent: AbstractBaseUser | None) -> StepPreview:
    if step.kind in {Kind.REPLY, Kind.NOTE}:
        words = "Send this reply" if step.kind == Kind.REPLY else "Add this internal note"
        return StepPreview(step.kind, words, fill(step.text, values_for(ticket, agent)))
    return StepPreview(step.kind, _words_of(step, agent))


def _words_of(step: MacroStep, agent: AbstractBaseUser | None) -> str:
    assignee = step.assignee or agent
    words = {
        Kind.STATUS: f"Set the status to “{step.get_status_display()}”",
        Kind.PRIORITY: f"Set the priority to “{step.get_priority_display()}”",
        Kind.ADD_TAG: f"Add the tag “{step.tag}”",
        Kind.REMOVE_TAG: f"Remove the tag “{step.tag}”",
        Kind.ASSIGNEE: f"Assign to {staff_name(assignee) if assignee is not None else 'nobody'}",
        Kind.TEAM: f"Give it to the team “{step.team}”" if step.team else "Take it off its team",
        Kind.CATEGORY: f"Set the category to “{step.category}”"
        if step.category
        else "Clear the category",
    }
    return words[Kind(step.kind)]


@transaction.atomic
def apply_macro(
    *,
    macro: Macro,
    ticket: Ticket,
    agent: AbstractBaseUser | None,
    client_id: str | None = None,
) -> list[str]:
    """Do its steps in order, all in one transaction; returns what was done, in words. `agent` None
    means a rule of the product, which can send no replies. Sent twice with one `client_id`, a
    macro that replies is applied once.

    Raises MacroError, with nothing done, when a step is refused.
    """
    locked = lock_ticket(ticket)
    if client_id and _applied_before(locked, client_id):
        return []
    steps = _steps(macro)
    for number, step in enumerate(steps, start=1):
        try:
            _DO[Kind(step.kind)](step, locked, agent, client_id)
        except ValueError as error:
            name = f"Step {number} of “{macro}” ({step.get_kind_display().lower()})"
            raise MacroError(f"{name} is not possible, so nothing was done: {error}") from error
        locked.refresh_from_db()
    audit.record(action="macro.applied", target=locked, actor=agent, macro=macro.name)
    return [_preview(step, locked, agent).words for step in steps]


def _applied_before(ticket: Ticket, client_id: str) -> bool:
    sent = Message.objects.filter(
        conversation_id=ticket.conversation_id, client_id__startswith=f"{client_id}-"
    )
    return sent.filter(author=Message.Author.AGENT).exists()


def _steps(macro: Macro) -> list[MacroStep]:
    return list(macro.steps.select_related("tag", "assignee", "team", "category"))


Do = Callable[[MacroStep, Ticket, AbstractBaseUser | None, str | None], object]


def _reply(
    step: MacroStep, ticket: Ticket, agent: AbstractBaseUser | None, client_id: str | None
) -> None:
    if agent is None:
        raise ValueError("only a person sends replies.")
    text = fill(step.text, values_for(ticket, agent))
    once = f"{client_id}-{step.pk}" if client_id else None
    send_reply(ticket=ticket, agent=agent, text=text, client_id=once)


def _assign(
    step: MacroStep, ticket: Ticket, agent: AbstractBaseUser | None, client_id: str | None
) -> None:
    assignee = step.assignee or agent
    if assignee is not None and not may_see(ticket).filter(pk=assignee.pk).exists():
        raise ValueError(f"{staff_name(assignee)} may not see this ticket.")
    assign(ticket=ticket, assignee=assignee, agent=agent)


def _note(
    step: MacroStep, ticket: Ticket, agent: AbstractBaseUser | None, client_id: str | None
) -> None:
    add_note(ticket=ticket, author=agent, text=fill(step.text, values_for(ticket, agent)))


_DO: dict[Kind, Do] = {
    Kind.REPLY: _reply,
    Kind.NOTE: _note,
    Kind.STATUS: lambda step, ticket, agent, _: change_status(
        ticket=ticket, status=step.status, agent=agent, reason=f"macro “{step.macro}”"
    ),
    Kind.PRIORITY: lambda step, ticket, agent, _: change_priority(
        ticket=ticket, priority=step.priority or Ticket.Priority.NORMAL, agent=agent
    ),
    Kind.ADD_TAG: lambda step, ticket, agent, _: (
        step.tag and add_tag(ticket=ticket, tag=step.tag, agent=agent)
    ),
    Kind.REMOVE_TAG: lambda step, ticket, agent, _: (
        step.tag and remove_tag(ticket=ticket, tag=step.tag, agent=agent)
    ),
    Kind.ASSIGNEE: _assign,
    Kind.TEAM: lambda step, ticket, agent, _: change_team(
        ticket=ticket, team=step.team, agent=agent
    ),
    Kind.CATEGORY: lambda step, ticket, agent, _: change_category(
        ticket=ticket, category=step.category, agent=agent
    ),
}

"""A ticket's details: priority, category, team, tags, followers. Each change is audited."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from tickets.models import Category, Conversation, Tag, Team, Ticket
from tickets.services import audit, sla
from tickets.services.conversations import tell_team
from tickets.services.desk import ring_desk
from tickets.services.happenings import Happening, tell
from tickets.services.names import full_name, staff_name
from tickets.services.readers import may_see

Actor = AbstractBaseUser | None


def lock_ticket(ticket: Ticket) -> Ticket:
    """The ticket, locked after its conversation, as everywhere: two transactions can never wait
    for each other."""
    Conversation.objects.select_for_update().get(pk=ticket.conversation_id)
    return Ticket.objects.select_for_update().get(pk=ticket.pk)


@transaction.atomic
def change_priority(*, ticket: Ticket, priority: int, agent: Actor) -> Ticket:
    locked = lock_ticket(ticket)
    before = locked.get_priority_display()
    locked.priority = Ticket.Priority(priority)
    return _save(locked, "priority", (before, locked.get_priority_display()), agent)


@transaction.atomic
def change_category(*, ticket: Ticket, category: Category | None, agent: Actor) -> Ticket:
    locked = lock_ticket(ticket)
    before, locked.category = locked.category, category
    return _save(locked, "category", (_name(before), _name(category)), agent)


@transaction.atomic
def change_team(*, ticket: Ticket, team: Team | None, agent: Actor) -> Ticket:
    locked = lock_ticket(ticket)
    before, locked.team = locked.team, team
    if team is not None and team.is_private and not (before is not None and before.is_private):
        ring_desk()  # from the pages of those who see it no more
    saved = _save(locked, "team", (_name(before), _name(team)), agent)
    tell_team(locked.conversation)
    return saved


@transaction.atomic
def change_subject(*, ticket: Ticket, subject: str, agent: Actor) -> Ticket:
    """Raises ValueError on an empty subject."""
    final = " ".join(subject.split())[:200]
    if not final:
        raise ValueError("Write what the ticket is about.")
    locked = lock_ticket(ticket)
    before, locked.subject = locked.subject, final
    return _save(locked, "subject", (before, final), agent)


@transaction.atomic
def add_tag(*, ticket: Ticket, tag: Tag, agent: Actor) -> None:
    locked = lock_ticket(ticket)
    if not locked.tags.filter(pk=tag.pk).exists():
        locked.tags.add(tag)
        _note_change(locked, "tags", (None, tag.name), agent)


@transaction.atomic
def remove_tag(*, ticket: Ticket, tag: Tag, agent: Actor) -> None:
    locked = lock_ticket(ticket)
    if locked.tags.filter(pk=tag.pk).exists():
        locked.tags.remove(tag)
        _note_change(locked, "tags", (tag.name, None), agent)


def _save(locked: Ticket, field: str, change: tuple[str, str], agent: Actor) -> Ticket:
    if change[0] != change[1]:
        locked.save(update_fields=[field, "updated_at"])
        _note_change(locked, field, change, agent)
        sla.refresh(locked)
    return locked


def _note_change(ticket: Ticket, field: str, change: tuple[Any, Any], agent: Actor) -> None:
    audit.record(
        action="ticket.edited",
        target=ticket,
        actor=agent,
        field=field,
        before=change[0],
        after=change[1],
    )
    tell(Happening.EDITED, ticket)


def _name(row: Category | Team | None) -> str:
    return row.name if row is not None else ""


@transaction.atomic
def follow(*, ticket: Ticket, user: AbstractBaseUser, agent: Actor) -> None:
    """Raises ValueError when the user may not see the ticket."""
    if not may_see(ticket).filter(pk=user.pk).exists():
        raise ValueError(f"{staff_name(user)} may not see this ticket.")
    locked = lock_ticket(ticket)
    if not locked.followers.filter(pk=user.pk).exists():
        locked.followers.add(user.pk)
        _note_change(locked, "followers", (None, full_name(user)), agent)


@transaction.atomic
def unfollow(*, ticket: Ticket, user: AbstractBaseUser, agent: Actor) -> None:
    locked = lock_ticket(ticket)
    if locked.followers.filter(pk=user.pk).exists():
        locked.followers.remove(user.pk)
        _note_change(locked, "followers", (full_name(user), None), agent)

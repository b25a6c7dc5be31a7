"""The audit log: registered actions, written in the transaction of the change itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import models

from tickets.models import AuditEntry, Conversation
from tickets.services.desk import ring_desk

ACTIONS = frozenset(
    {
        "conversation.handed_over",
        "conversation.taken_over",
        "conversation.given_back",
        "conversation.requeued",
        "conversation.made_urgent",
        "conversation.mode_changed",
        "conversation.closed",
        "conversation.fact_deleted",
        "ticket.opened",
        "ticket.status_changed",
        "ticket.assigned",
        "customer.signed_out",
        "customer.erased",
        "agent.left",
        "agent.came_back",
        "draft.created",
        "draft.approved",
        "draft.edited",
        "draft.rejected",
        "draft.withdrawn",
        "message.sent",
        "reply.scheduled",
        "reply.taken_back",
        "reply.held",
        "ticket.snoozed",
        "ticket.woken",
        "configuration.published",
        "configuration.rolled_back",
        "configuration.returned_to_environment",
        "budget.reached",
        "rule.judged",
        "triage.corrected",
        "ticket.note_added",
        "ticket.edited",
        "ticket.linked",
        "ticket.unlinked",
        "ticket.merged",
        "ticket.took_in",
        "ticket.split",
        "macro.applied",
        "sla.warned",
        "sla.breached",
        "sla.met",
        "setting.added",
        "setting.changed",
        "setting.removed",
    }
)


def record(
    *, action: str, target: models.Model, actor: AbstractBaseUser | None = None, **data: Any
) -> AuditEntry:
    """Add an entry, which agents see at once. `actor` None means the product itself. Raises
    ValueError on unknown actions."""
    if action not in ACTIONS:
        raise ValueError(f"unknown audit action {action!r}")
    entry = AuditEntry.objects.create(
        actor_id=actor.pk if actor is not None else None,
        actor_name=actor.get_username() if actor is not None else "supportbot",
        action=action,
        object_type=target._meta.model_name or "",
        object_id=str(target.pk),
        conversation_id=_conversation_of(target),
        data=data,
    )
    ring_desk(target)
    return entry


def _conversation_of(target: models.Model) -> UUID | None:
    """Its own, or that of what it belongs to: who must not see it must not see the entry."""
    if isinstance(target, Conversation):
        return target.pk
    for name in ("", "ticket", "message", "run"):
        holder = getattr(target, name, None) if name else target
        if (found := getattr(holder, "conversation_id", None)) is not None:
            return UUID(str(found))
    return None

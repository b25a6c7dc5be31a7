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
        "conversation.claimed",
        "conversation.fact_deleted",
        "answer.stopped",
        "ticket.opened",
        "ticket.status_changed",
        "ticket.assigned",
        "ticket.snoozed",
        "ticket.woken",
        "ticket.reminded",
        "ticket.rated",
        "attachment.added",
        "attachment.refused",
        "customer.address_left",
        "customer.transcript_requested",
        "customer.email_bounced",
        "customer.signed_out",
        "customer.erased",
        "agent.left",
        "agent.came_back",
        "email.failed",
        "email.received",
        "email.sent",
        "draft.created",
        "draft.requested",
        "draft.approved",
        "draft.edited",
        "draft.rejected",
        "draft.withdrawn",
        "message.sent",
        "reply.scheduled",
        "reply.taken_back",
        "reply.held",
        "configuration.published",
        "configuration.rolled_back",
        "configuration.returned_to_environment",
        "budget.reached",
        "rule.judged",
        "rule.fired",
        "rule.refused",
        "rule.switched_on",
        "rule.switched_off",
        "triage.corrected",
        "site.changed",
        "site.created",
        "site.deleted",
        "site.secret_made",
        "site.secrets_ended",
        "proposal.accepted",
        "proposal.dismissed",
        "proposal.reopened",
        "questions.answered",
        "questions.curated_begun",
        "questions.dismissed",
        "questions.document_begun",
        "questions.reopened",
        "webhook.changed",
        "webhook.created",
        "webhook.deleted",
        "webhook.disabled",
        "webhook.redelivered",
        "webhook.secret_changed",
        "ticket.note_added",
        "ticket.edited",
        "ticket.linked",
        "ticket.unlinked",
        "ticket.merged",
        "ticket.took_in",
        "ticket.split",
        "ticket.split_undone",
        "macro.applied",
        "sla.warned",
        "sla.breached",
        "sla.met",
        "account.logged_in",
        "account.logged_out",
        "account.log_in_failed",
        "account.locked_out",
        "account.unlocked",
        "account.connected",
        "account.disconnected",
        "account.created",
        "account.roles_changed",
        "account.two_factor_on",
        "account.two_factor_off",
        "account.recovery_code_used",
        "account.recovery_codes_renewed",
        "account.signed_out_everywhere",
        "account.password_changed",
        "customer.viewed",
        "conversation.viewed",
        "policy.decided",
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
    entry = _add(action, target, actor, data)
    ring_desk(target)
    return entry


def record_view(*, target: models.Model, actor: AbstractBaseUser) -> None:
    """Note that a page with personal data was opened. No agent's page changes by that."""
    viewed = {"customer": "customer.viewed"}.get(
        target._meta.model_name or "", "conversation.viewed"
    )
    _add(viewed, target, actor, {})


def _add(
    action: str, target: models.Model, actor: AbstractBaseUser | None, data: dict[str, Any]
) -> AuditEntry:
    return AuditEntry.objects.create(
        actor_id=actor.pk if actor is not None else None,
        actor_name=actor.get_username() if actor is not None else "supportbot",
        action=action,
        object_type=target._meta.model_name or "",
        object_id=str(target.pk or ""),
        conversation_id=_conversation_of(target),
        data=data,
    )


def _conversation_of(target: models.Model) -> UUID | None:
    """Its own, or that of what it belongs to: who must not see it must not see the entry."""
    if isinstance(target, Conversation):
        return target.pk
    for name in ("", "ticket", "message", "run"):
        holder = getattr(target, name, None) if name else target
        if (found := getattr(holder, "conversation_id", None)) is not None:
            return UUID(str(found))
    return None

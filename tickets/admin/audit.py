"""The audit log in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tickets.models import AuditEntry
from tickets.services.names import full_names

WORDS = {
    "attachment.added": "added a file",
    "attachment.refused": "left out a file that came with a message",
    "customer.email_bounced": "noted that e-mail to the customer comes back",
    "email.failed": "could not send an e-mail",
    "email.received": "took an e-mail in",
    "email.sent": "sent an e-mail",
    "customer.signed_out": "signed the customer out on every device",
    "customer.address_left": "left an e-mail address for replies",
    "customer.transcript_requested": "asked for the conversation by e-mail",
    "customer.erased": "erased a customer",
    "conversation.handed_over": "handed the conversation over to people",
    "conversation.made_urgent": "marked the conversation as urgent",
    "conversation.taken_over": "took the conversation over",
    "conversation.given_back": "gave the conversation back to the bot",
    "conversation.requeued": "put the conversation back into the queue",
    "conversation.mode_changed": "changed the conversation's mode",
    "conversation.claimed": "gave the conversation to the customer, who signed in",
    "conversation.closed": "closed the conversation",
    "conversation.fact_deleted": "deleted a fact the customer gave",
    "answer.stopped": "stopped an answer",
    "agent.left": "set an agent away",
    "agent.came_back": "set an agent back",
    "ticket.opened": "opened the ticket",
    "ticket.reopened": "reopened the ticket",  # of entries of earlier versions
    "ticket.status_changed": "changed the ticket's status",
    "ticket.assigned": "assigned the ticket",
    "ticket.snoozed": "snoozed the ticket",
    "ticket.woken": "put the ticket back into the queue",
    "ticket.reminded": "reminded the customer",
    "ticket.rated": "rated the support",
    "draft.requested": "asked the bot for a draft",
    "draft.created": "wrote a draft",
    "draft.approved": "approved a draft and sent it as it was",
    "draft.edited": "edited a draft and sent it",
    "draft.rejected": "rejected a draft",
    "draft.withdrawn": "withdrew a draft",
    "message.sent": "sent a reply",
    "reply.scheduled": "wrote a reply to be sent later",
    "reply.taken_back": "took a reply back before it was sent",
    "reply.held": "was told that a reply no longer fits, so it was not sent",
    "configuration.published": "published a configuration",
    "configuration.rolled_back": "rolled the configuration back",
    "configuration.returned_to_environment": "let the environment decide again",
    "budget.reached": "used up a budget for models",
    "triage.corrected": "corrected the intent of a message",
    "site.changed": "changed a site with the chat widget",
    "site.created": "added a site with the chat widget",
    "site.deleted": "deleted a site with the chat widget",
    "site.secret_made": "made a secret for the identities of a site",
    "site.secrets_ended": "ended the old secrets of a site",
    "proposal.accepted": "accepted a proposal of an agent's words",
    "proposal.dismissed": "dismissed a proposal of an agent's words",
    "proposal.reopened": "put a proposal of an agent's words back",
    "questions.answered": "asked unanswered questions again, and each had an answer",
    "questions.curated_begun": "began a curated answer for unanswered questions",
    "questions.dismissed": "dismissed unanswered questions",
    "questions.document_begun": "began a document for unanswered questions",
    "questions.reopened": "put unanswered questions back",
    "webhook.changed": "changed a webhook",
    "webhook.created": "made a webhook",
    "webhook.deleted": "deleted a webhook",
    "webhook.disabled": "switched a webhook off that had failed for days",
    "webhook.redelivered": "sent a webhook's delivery again",
    "webhook.secret_changed": "made a new secret for a webhook",
    "rule.judged": "said what they think of a rule that fired",
    "ticket.note_added": "wrote an internal note",
    "ticket.edited": "changed the ticket's details",
    "ticket.linked": "linked another ticket",
    "ticket.unlinked": "removed a link to another ticket",
    "ticket.merged": "merged the ticket into another",
    "ticket.took_in": "merged another ticket into this one",
    "ticket.split": "split messages off into a new ticket",
    "ticket.split_undone": "took a split back",
    "macro.applied": "applied a macro",
    "sla.warned": "warned that a service level is at risk",
    "sla.breached": "noted that a service level was missed",
    "sla.met": "noted that a service level was met",
    "rule.fired": "applied a rule to the ticket",
    "rule.refused": "could not apply a rule to the ticket",
    "rule.switched_on": "switched a rule on",
    "rule.switched_off": "switched a rule off",
    "account.logged_in": "logged in",
    "account.logged_out": "logged out",
    "account.log_in_failed": "did not get in: a log-in failed",
    "account.locked_out": "locked an account for an address after failed log-ins",
    "account.unlocked": "unlocked an account",
    "account.connected": "connected the account with the organisation’s sign-in",
    "account.disconnected": "parted the account from the organisation’s sign-in",
    "account.created": "made an account at the first sign-in",
    "account.roles_changed": "changed roles by the groups of the organisation",
    "account.two_factor_on": "set two-factor log-in up",
    "account.two_factor_off": "turned two-factor log-in off",
    "account.recovery_code_used": "logged in with a recovery code",
    "account.recovery_codes_renewed": "made new recovery codes",
    "account.signed_out_everywhere": "signed an account out everywhere",
    "account.password_changed": "changed a password",
    "customer.viewed": "opened the customer's page",
    "conversation.viewed": "opened the conversation",
    "policy.decided": "had a rule decide about a message",
    "setting.added": "added a setting",
    "setting.changed": "changed a setting",
    "setting.removed": "removed a setting",
}


Names = Mapping[Any, str]  # of users, by their number


def names_in(entries: Iterable[AuditEntry]) -> Names:
    """Of everybody who did something, or whom a ticket was assigned to, in one query."""
    wanted = set[int | None]()
    for entry in entries:
        wanted.add(entry.actor_id)
        if entry.action == "ticket.assigned":
            wanted |= {entry.data.get("before"), entry.data.get("after")}
    return full_names(wanted)


def words_of(entry: AuditEntry) -> str:
    return WORDS.get(entry.action, entry.action)


# Of the data, what is shown alone; the first that an entry has.
_SHOWN: dict[str, Callable[[Any], str]] = {
    "reason": lambda reason: str(reason).replace("_", " "),
    "clock": lambda kind: str(kind).replace("_", " "),
    "other": lambda number: f"#{number}",
    "into": lambda number: f"#{number}",
    "macro": str,
    "rule": str,
}


def details_of(entry: AuditEntry, names: Names) -> str:
    """What a person wants to read of an entry's data; the ids are for programs."""
    for key, words in _SHOWN.items():
        if entry.data.get(key):
            return words(entry.data[key])
    if entry.action.startswith("setting."):
        return _setting(entry)
    if "after" not in entry.data:
        return ""
    before, after = entry.data.get("before"), entry.data["after"]
    if entry.action == "ticket.assigned":
        before, after = names.get(before, "nobody"), names.get(after, "nobody")
    field = f"{entry.data['field']}: " if "field" in entry.data else ""
    return f"{field}{before or 'none'} → {after or 'none'}"


def _setting(entry: AuditEntry) -> str:
    changed = entry.data.get("after") or entry.data.get("before") or {}
    fields = ", ".join(name.replace("_", " ") for name in changed)
    name = str(entry.data.get("name", ""))
    return f"{name}: {fields}" if entry.action == "setting.changed" else name

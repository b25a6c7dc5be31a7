"""Running rules, and trying one on last week's tickets before it is switched on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import structlog
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from supportbot.automation.facts import TicketFacts, facts_from, facts_of, messages_of
from supportbot.automation.happened import caused_by
from supportbot.automation.models import Rule, RuleFiring, TicketHappening
from supportbot.guardrails.policy.conditions import ConditionError, compile_condition
from tickets.models import AuditEntry, Conversation, Message, Ticket
from tickets.services import audit
from tickets.services.macros import MacroError, apply_macro

log = structlog.get_logger(__name__)

AT_ONCE = 500
DRY_RUN_DAYS, DRY_RUN_MOST = 7, 1000
KEPT_DAYS = 30
When = Rule.When
_RELATED = ("conversation__customer", "assignee", "team", "category")


def run_waiting_rules() -> int:
    """Look at everything that happened and is not done, oldest first; returns how much was."""
    done = 0
    while done < AT_ONCE and (waiting := _next()) is not None:
        _look_at(waiting)
        done += 1
    return done


def _next() -> TicketHappening | None:
    return TicketHappening.objects.filter(done_at=None).select_related("ticket").first()


@transaction.atomic
def _look_at(found: TicketHappening) -> None:
    """Under the conversation's lock, so that two workers never do it twice."""
    Conversation.objects.select_for_update().get(pk=found.ticket.conversation_id)
    happening = TicketHappening.objects.filter(pk=found.pk, done_at=None).first()
    if happening is None:
        return
    for rule in Rule.objects.filter(is_active=True, when=happening.when).select_related("macro"):
        _fire(rule, happening)
    happening.done_at = timezone.now()
    happening.save(update_fields=["done_at"])


def _fire(rule: Rule, happening: TicketHappening) -> None:
    root = happening.root or happening
    ticket = Ticket.objects.select_related(*_RELATED).get(pk=happening.ticket_id)
    if RuleFiring.objects.filter(rule=rule, ticket=ticket, root=root).exists():
        return
    if not _holds(rule, facts_of(ticket)):
        return
    try:
        with caused_by(root):
            words, applied = apply_macro(macro=rule.macro, ticket=ticket, agent=None), True
    except MacroError as error:
        words, applied = [str(error)], False
    RuleFiring.objects.create(
        rule=rule, ticket=ticket, root=root, words="\n".join(words), was_applied=applied
    )
    if applied:
        audit.record(action="rule.fired", target=ticket, rule=rule.name)
    else:
        audit.record(action="rule.refused", target=ticket, reason=f"{rule.name}: {words[0]}")


def _holds(rule: Rule, facts: TicketFacts) -> bool:
    """A condition that cannot be told does not hold; the log says why."""
    if not rule.condition.strip():
        return True
    try:
        return compile_condition(rule.condition, TicketFacts).holds(facts)
    except ConditionError as error:
        log.warning("rule_condition_broken", rule=rule.name, error=str(error))
        return False


@transaction.atomic
def switch_rule(*, rule: Rule, is_on: bool, agent: AbstractBaseUser) -> Rule:
    """Raises ValueError, or ValidationError, when the rule cannot be used as it is."""
    locked = Rule.objects.select_for_update().get(pk=rule.pk)
    if locked.is_active == is_on:
        return locked
    if is_on:
        if not locked.macro.is_active:
            raise ValueError("Its macro is switched off.")
        locked.full_clean()
    locked.is_active = is_on
    locked.save(update_fields=["is_active"])
    action = "rule.switched_on" if is_on else "rule.switched_off"
    audit.record(action=action, target=locked, actor=agent, rule=locked.name)
    return locked


def forget_old_happenings() -> int:
    """Remove what rules looked at long ago, with what they did; the audit log keeps it."""
    since = timezone.now() - dt.timedelta(days=KEPT_DAYS)
    return TicketHappening.objects.filter(done_at__lt=since).delete()[0]


# -- Dry run ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Moment:
    """When the rule would have been asked. `said` is the message that it was asked about."""

    ticket: Ticket
    at: dt.datetime
    said: Message | None = None

    def has(self, message: Message) -> bool:
        """Whether the message was there already."""
        return message.created_at <= self.at


@dataclass(frozen=True)
class DryRun:
    """`looked_at` moments of last week, and those of them in which the rule would have fired.
    `problem` says why the condition could not be told; "" if it could."""

    looked_at: int
    fired: list[Moment]
    is_cut: bool
    problem: str = ""


def dry_run(rule: Rule, user: AbstractBaseUser) -> DryRun:
    """Try the rule on last week's tickets that the user may see. Changes nothing.

    The customer's words are those of the moment; the ticket's details are as they are today.
    """
    moments = list(_moments(rule.when, user))
    fired, problem = [], ""
    messages = messages_of(moment.ticket.conversation_id for moment in moments)
    for moment in moments[:DRY_RUN_MOST]:
        said = messages.get(moment.ticket.conversation_id, [])
        facts = facts_from(moment.ticket, [one for one in said if moment.has(one)], finds=False)
        if not rule.condition.strip():
            fired.append(moment)
            continue
        try:
            if compile_condition(rule.condition, TicketFacts).holds(facts):
                fired.append(moment)
        except ConditionError as error:
            problem = problem or str(error)
    looked_at = min(len(moments), DRY_RUN_MOST)
    return DryRun(looked_at, fired, len(moments) > DRY_RUN_MOST, problem)


_AUDITED = {
    When.STATUS_CHANGED: "ticket.status_changed",
    When.EDITED: "ticket.edited",
    When.SLA_WARNED: "sla.warned",
    When.SLA_BREACHED: "sla.breached",
}
_WROTE = {
    When.CUSTOMER_WROTE: Message.Author.CUSTOMER,
    When.AGENT_WROTE: Message.Author.AGENT,
}


def _moments(when: str, user: AbstractBaseUser) -> Iterator[Moment]:
    """Newest first."""
    since, most = timezone.now() - dt.timedelta(days=DRY_RUN_DAYS), DRY_RUN_MOST + 1
    tickets = Ticket.objects.visible_to(user).select_related(*_RELATED).prefetch_related("tags")
    if when == When.OPENED:
        for ticket in tickets.filter(created_at__gte=since).order_by("-created_at")[:most]:
            yield Moment(ticket, ticket.created_at)
        return
    if when in _WROTE:
        said = Message.objects.filter(author=_WROTE[When(when)], created_at__gte=since)
        messages = list(said.order_by("-created_at")[:most])
        of = {
            ticket.conversation_id: ticket
            for ticket in tickets.filter(
                conversation__in={message.conversation_id for message in messages}
            )
        }
        for message in messages:
            if message.conversation_id in of:
                yield Moment(of[message.conversation_id], message.created_at, message)
        return
    entries = AuditEntry.objects.filter(action=_AUDITED[When(when)], created_at__gte=since)
    rows = list(entries.values_list("object_id", "created_at")[:most])
    by_pk = {str(one.pk): one for one in tickets.filter(pk__in={pk for pk, _ in rows})}
    for pk, at in rows:
        if pk in by_pk:
            yield Moment(by_pk[pk], at)

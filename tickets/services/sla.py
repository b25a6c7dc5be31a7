"""Service levels: the clocks of a ticket follow from what was said and from its status.

`refresh` sets them right and is called in the transaction of every change that matters: a ticket
is opened, moves or is edited, a customer or an agent writes. Doing it again changes nothing.

- First reply: from opening until a person has replied.
- Next reply: from the first message that no person has replied to.
- Resolution: from opening, or reopening, until it is solved.

Clocks stand while the ticket waits for the customer or is on hold. One that a solved ticket leaves
unanswered ends without having been met. A policy counts for what begins after it was made.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db import models
from django.utils import timezone

from tickets.models import Message, SlaClock, SlaPolicy, Ticket
from tickets.services import audit
from tickets.services.business_hours import (
    Calendar,
    NeverOpenError,
    add_working_time,
    calendar_of,
    working_time_between,
)
from tickets.states import DONE

log = structlog.get_logger(__name__)

Kind = SlaClock.Kind
Status = Ticket.Status
PAUSES = frozenset({Status.PENDING, Status.ON_HOLD})


@dataclass(frozen=True)
class ClockStatus:
    """A running clock as agents read it. `state` is “breached”, “soon”, “running” or “paused”."""

    kind: str
    state: str
    words: str
    due_at: dt.datetime | None


_ORDER = ("breached", "soon", "running", "paused")


def status_of(ticket: Ticket, now: dt.datetime | None = None) -> list[ClockStatus]:
    """The ticket's running clocks, the most pressing first. For lists, see `with_clocks`."""
    now = now or timezone.now()
    found = [_status(clock, now) for clock in ticket.sla_clocks.all() if clock.ended_at is None]
    return sorted(found, key=lambda one: (_ORDER.index(one.state), one.due_at or now))


def with_clocks(tickets: models.QuerySet[Ticket]) -> models.QuerySet[Ticket]:
    """The tickets with what `status_of` reads, in one query for all of them."""
    return tickets.prefetch_related("sla_clocks")


def at_risk(tickets: models.QuerySet[Ticket]) -> models.QuerySet[Ticket]:
    """Those of which a service level is missed, or nearly."""
    pressing = SlaClock.objects.filter(ended_at=None, warn_at__lte=timezone.now())
    return tickets.filter(pk__in=pressing.values("ticket"))


def _status(clock: SlaClock, now: dt.datetime) -> ClockStatus:
    label = clock.get_kind_display()
    missed = clock.breached_at
    if missed is None and clock.due_at is not None and clock.due_at <= now:
        missed = clock.due_at
    if missed is not None:
        return ClockStatus(
            clock.kind, "breached", f"{label} breached {_span(now - missed)} ago", missed
        )
    if clock.due_at is None or clock.warn_at is None:
        words = f"{label} paused, {_span(clock.remaining)} left"
        return ClockStatus(clock.kind, "paused", words, None)
    state = "soon" if clock.warn_at <= now else "running"
    words = f"{label} due in {_span(clock.due_at - now)}"
    return ClockStatus(clock.kind, state, words, clock.due_at)


def _span(span: dt.timedelta) -> str:
    """A length of time in its largest unit, as on a clock: “12 min”, “3 h”, “2 d”."""
    minutes = max(int(span.total_seconds()) // 60, 0)
    if minutes < 2 * 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"


@dataclass(frozen=True)
class _Facts:
    """What the clocks of a ticket follow from."""

    first_reply_at: dt.datetime | None
    unanswered_since: dt.datetime | None


def refresh_conversation(conversation_id: UUID) -> None:
    """Set the clocks of its ticket right. Needs the conversation locked."""
    unclosed = Ticket.objects.filter(conversation_id=conversation_id).exclude(status=Status.CLOSED)
    for ticket in unclosed:
        refresh(ticket)


def refresh(ticket: Ticket) -> None:
    """Set the ticket's clocks right. Needs its conversation locked."""
    clocks = list(ticket.sla_clocks.all())
    running = {clock.kind: clock for clock in clocks if clock.ended_at is None}
    policy = policy_for(ticket)
    if policy is None and not running:
        return
    now = timezone.now()
    if ticket.merged_into_id is not None:
        _end(running.values(), now)  # the ticket that goes on has clocks of its own
        return
    facts = _facts_of(ticket)
    _end_what_is_done(ticket, running, facts, now)
    if policy is None:
        _end(running.values(), now)
        return
    calendar = calendar_of(policy.calendar)
    if ticket.status not in DONE:
        for kind, since in _beginning(ticket, clocks, facts).items():
            target = _target(policy, kind)
            if kind not in running and since is not None and target and since >= policy.created_at:
                running[kind] = SlaClock(
                    ticket=ticket, kind=kind, target=target, started_at=since, policy=policy
                )
    for clock in running.values():
        _set_right(clock, policy, calendar, ticket, now)


def policy_for(ticket: Ticket) -> SlaPolicy | None:
    """The first that is on and fits."""
    policies = SlaPolicy.objects.filter(is_active=True).select_related("calendar")
    for policy in policies:
        wanted = (policy.priority, policy.category_id, policy.team_id)
        has = (ticket.priority, ticket.category_id, ticket.team_id)
        if all(want in (None, value) for want, value in zip(wanted, has, strict=True)):
            return policy
    return None


def _facts_of(ticket: Ticket) -> _Facts:
    said = Message.objects.filter(conversation_id=ticket.conversation_id)
    replies = said.filter(author=Message.Author.AGENT, created_at__gte=ticket.created_at)
    times = replies.aggregate(first=models.Min("created_at"), last=models.Max("seq"))
    asked = said.filter(author=Message.Author.CUSTOMER, seq__gt=times["last"] or 0)
    since = asked.order_by("seq").values_list("created_at", flat=True).first()
    return _Facts(times["first"], since)


def _end_what_is_done(
    ticket: Ticket, running: dict[str, SlaClock], facts: _Facts, now: dt.datetime
) -> None:
    """Take the clocks out of `running` that have been met, or that nobody waits for."""
    is_answered = facts.unanswered_since is None
    if Kind.FIRST_REPLY in running and facts.first_reply_at is not None:
        _meet(running.pop(Kind.FIRST_REPLY), facts.first_reply_at, now)
    if Kind.NEXT_REPLY in running and is_answered:
        _meet(running.pop(Kind.NEXT_REPLY), now, now)
    if ticket.status in DONE:
        if Kind.RESOLUTION in running:
            _meet(running.pop(Kind.RESOLUTION), now, now)
        _end(running.values(), now)
        running.clear()


def _beginning(
    ticket: Ticket, clocks: list[SlaClock], facts: _Facts
) -> dict[str, dt.datetime | None]:
    """Kind → since when a clock of it should run; None where none should."""
    had = {clock.kind for clock in clocks}
    since: dict[str, dt.datetime | None] = dict.fromkeys(Kind.values)
    reopened = ticket.status_changed_at if ticket.status == Status.REOPENED else None
    if Kind.RESOLUTION not in had:
        since[Kind.RESOLUTION] = ticket.created_at
    elif reopened is not None:
        since[Kind.RESOLUTION] = reopened
    if Kind.FIRST_REPLY not in had and facts.first_reply_at is None:
        since[Kind.FIRST_REPLY] = ticket.created_at
    elif facts.unanswered_since is not None and not _is_first_running(clocks):
        since[Kind.NEXT_REPLY] = max(facts.unanswered_since, reopened or facts.unanswered_since)
    return since


def _is_first_running(clocks: list[SlaClock]) -> bool:
    return any(clock.kind == Kind.FIRST_REPLY and clock.ended_at is None for clock in clocks)


def _target(policy: SlaPolicy, kind: str) -> dt.timedelta | None:
    minutes: int | None = getattr(policy, f"{kind}_minutes")
    return dt.timedelta(minutes=minutes) if minutes else None


def _set_right(
    clock: SlaClock, policy: SlaPolicy, calendar: Calendar, ticket: Ticket, now: dt.datetime
) -> None:
    """Store since when the clock runs, what is left of it and when it is due."""
    target = _target(policy, clock.kind)
    if target is None:
        _end([clock], now)
        return
    before = None if clock.pk is None else _stored(clock)
    if before is None:
        clock.runs_since, clock.remaining = clock.started_at, target
    clock.remaining += target - clock.target
    clock.policy, clock.target = policy, target
    if ticket.status not in PAUSES:
        clock.runs_since = clock.runs_since or now
        warning = dt.timedelta(minutes=policy.warn_minutes)
        clock.due_at = _after(calendar, clock.runs_since, clock.remaining)
        clock.warn_at = _after(calendar, clock.runs_since, clock.remaining - warning)
        if clock.warn_at > now:
            clock.warned_at = None  # a warning from before it had more time
    elif clock.runs_since is not None:
        clock.remaining -= working_time_between(calendar, clock.runs_since, now)
        clock.runs_since = clock.due_at = clock.warn_at = None
    if _stored(clock) != before:
        clock.save()


def _stored(clock: SlaClock) -> tuple[object, ...]:
    times = (clock.runs_since, clock.remaining, clock.due_at, clock.warn_at, clock.warned_at)
    return (clock.policy_id, clock.target, *times)


def _after(calendar: Calendar, since: dt.datetime, span: dt.timedelta) -> dt.datetime:
    try:
        return add_working_time(calendar, since, span)
    except NeverOpenError as error:
        # A reply must not fail because of a calendar; the log says what to mend.
        log.warning("sla_without_calendar", calendar=calendar.name, error=str(error))
        return since + span


def _meet(clock: SlaClock, at: dt.datetime, now: dt.datetime) -> None:
    clock.met_at = clock.ended_at = at
    if clock.due_at is not None and at > clock.due_at:
        clock.breached_at = clock.breached_at or clock.due_at
    clock.save(update_fields=["met_at", "ended_at", "breached_at"])
    late = clock.breached_at is not None
    audit.record(action="sla.met", target=clock.ticket, clock=clock.kind, late=late)


def _end(clocks: Iterable[SlaClock], now: dt.datetime) -> None:
    """Nobody waits for them any more."""
    for clock in clocks:
        if clock.pk is not None:
            clock.ended_at = now
            clock.save(update_fields=["ended_at"])

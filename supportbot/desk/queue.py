"""The queue: saved views with their counts, and the entries of one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import (
    BooleanField,
    Case,
    Count,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils import timezone

from supportbot.desk.access import tickets_for
from supportbot.desk.search import find_tickets
from tickets.models import Draft, Message, Team, Ticket
from tickets.services.search import excerpts
from tickets.services.sla import status_of, with_clocks
from tickets.states import AWAITS_AGENT, DONE

PAGE = 50
DIGITS = 9  # of a number in an address
Status, Author = Ticket.Status, Message.Author


@dataclass(frozen=True)
class View:
    """A saved view: a key for the address, its words, and whether what presses most comes first."""

    key: str
    words: str
    pressing_first: bool = True


VIEWS = [
    View("answer", "To answer"),
    View("mine", "Mine"),
    View("unassigned", "Unassigned"),
    View("new", "New and reopened"),
    View("pending", "Waiting for customer"),
    View("on_hold", "On hold"),
    View("snoozed", "Snoozed"),
    View("solved", "Solved", pressing_first=False),
    View("all", "All", pressing_first=False),
]
BY_KEY = {view.key: view for view in VIEWS}
DEFAULT = VIEWS[0]


@dataclass(frozen=True)
class Asked:
    """What part of the queue is asked for; made by `asked_from`."""

    view: View = DEFAULT
    team: int | None = None
    words: str = ""
    page: int = 1


@dataclass(frozen=True)
class QueuePage:
    """Entries in order; `more` says whether others follow."""

    entries: list[Any]
    more: bool


def asked_from(raw: dict[str, str]) -> Asked:
    """Whatever stands in an address → Asked; what makes no sense counts as not given."""
    team, page = raw.get("team", ""), raw.get("page", "")
    return Asked(
        BY_KEY.get(raw.get("view", ""), DEFAULT),
        int(team) if _is_small(team) else None,
        raw.get("q", "").replace("\x00", "").strip()[:200],
        max(1, int(page)) if _is_small(page) else 1,
    )


def _is_small(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= DIGITS


def _condition(view: str, user: User) -> Q:
    asleep = Q(snoozed_until__gt=timezone.now())
    open_now = ~Q(status__in=DONE) & ~asleep
    conditions = {
        "answer": Q(status__in=AWAITS_AGENT) & ~asleep,
        "mine": open_now & Q(assignee=user.pk),
        "unassigned": open_now & Q(assignee=None),
        "new": Q(status__in=[Status.NEW, Status.REOPENED]) & ~asleep,
        "pending": Q(status=Status.PENDING) & ~asleep,
        "on_hold": Q(status=Status.ON_HOLD) & ~asleep,
        "snoozed": ~Q(status__in=DONE) & asleep,
        "solved": Q(status=Status.SOLVED),
        "all": Q(),
    }
    return conditions[view]


def view_counts(user: User, team: int | None = None) -> dict[str, int]:
    """How many tickets are in each view, in one query."""
    tickets = tickets_for(user)
    if team is not None:
        tickets = tickets.filter(team=team)
    counts = {view.key: Count("pk", filter=_condition(view.key, user)) for view in VIEWS}
    return tickets.aggregate(**counts)


def team_counts(user: User) -> list[tuple[int, str, int]]:
    """(number, name, tickets to answer) of each team whose tickets the user may see."""
    waiting = (
        tickets_for(user)
        .filter(_condition("answer", user), team__isnull=False)
        .values_list("team")
        .annotate(tickets=Count("pk"))
        .order_by()
    )
    counts = dict(waiting)
    return [(team.pk, team.name, counts.get(team.pk, 0)) for team in Team.objects.visible_to(user)]


def read_queue(user: User, asked: Asked) -> QueuePage:
    """One page of a view, or of what a search finds in all of them."""
    tickets = tickets_for(user)
    if asked.team is not None:
        tickets = tickets.filter(team=asked.team)
    if asked.words:
        return _search(tickets, asked, user)
    tickets = tickets.filter(_condition(asked.view.key, user))
    pressing_first = asked.view.pressing_first
    order = ["-priority", "status_changed_at", "pk"] if pressing_first else ["-updated_at", "-pk"]
    start = (asked.page - 1) * PAGE
    # Which tickets first: what an entry says is then looked up for these alone.
    pks = list(tickets.order_by(*order).values_list("pk", flat=True)[start : start + PAGE + 1])
    return QueuePage(_entries(pks[:PAGE]), len(pks) > PAGE)


def _search(tickets: QuerySet[Ticket], asked: Asked, user: User) -> QueuePage:
    """Entries also have `hit`, and the first one that is close in meaning `begins_meaning`."""
    found, meant = find_tickets(tickets, asked.words, user)
    start = (asked.page - 1) * PAGE
    pks = [*found, *meant][start : start + PAGE]
    hits = excerpts([pk for pk in pks if pk in set(found)], asked.words)
    entries = _entries(pks)
    for entry in entries:
        entry.hit = hits.get(entry.pk)
        entry.is_meant = entry.pk not in hits
        entry.begins_meaning = bool(meant) and entry.pk == meant[0]
    return QueuePage(entries, len(found) + len(meant) > start + PAGE)


def _entries(pks: list[int]) -> list[Any]:
    found = {ticket.pk: ticket for ticket in with_entry(Ticket.objects.filter(pk__in=pks))}
    for ticket in found.values():
        ticket.clock = next(iter(status_of(ticket)), None)  # type: ignore[attr-defined]
    return [found[pk] for pk in pks if pk in found]


def with_entry(tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """Each with `last_text`, `last_author`, `is_unread`, `has_draft`, and `waits_since`: when the
    customer wrote what nobody has answered; None if an answer was last."""
    said = Message.objects.filter(conversation=OuterRef("conversation")).order_by("-seq")
    answered = said.filter(author=Author.AGENT).values("seq")[:1]
    asked = Message.objects.filter(
        conversation=OuterRef("conversation"),
        author=Author.CUSTOMER,
        seq__gt=OuterRef("answered_seq"),
    ).order_by("seq")
    unread = said.filter(author=Author.CUSTOMER, seq__gt=OuterRef("conversation__seen_seq"))
    drafts = Draft.objects.filter(ticket=OuterRef("pk"), status=Draft.Status.PENDING)
    owed = Q(status__in=AWAITS_AGENT)
    return (
        with_clocks(tickets.select_related("conversation__customer", "assignee", "team"))
        .annotate(
            answered_seq=Coalesce(Subquery(answered, output_field=IntegerField()), Value(0)),
            last_text=Subquery(said.values("text")[:1]),
            last_author=Subquery(said.values("author")[:1]),
            is_unread=ExpressionWrapper(
                ~Q(status__in=DONE) & Exists(unread), output_field=BooleanField()
            ),
            has_draft=Exists(drafts),
        )
        .annotate(
            waits_since=Case(
                When(
                    owed,
                    then=Coalesce(
                        Subquery(asked.values("created_at")[:1], output_field=DateTimeField()),
                        F("status_changed_at"),
                    ),
                ),
                default=None,
                output_field=DateTimeField(),
            )
        )
    )

"""How fast the desk is with few tickets and with many: every page that agents open, the search, and
the statements that each asks of the database.

In a database of its own, by an agent who is in one team and must not see another's tickets, through
the whole of Django, without a socket in between. On a busy machine the time on the clock says
little: beside it stand the processor's time of the request and the time its statements took, and
pages that do nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import numpy as np
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.urls import reverse

from supportbot.accounts.roles import update_roles
from supportbot.evaluation.bench_database import Say, scratch_database
from supportbot.evaluation.desk_tickets import HIDDEN, add_tickets
from supportbot.evaluation.report import EvaluationError, Figure, Report, Table
from tickets.models import Conversation, Customer, Team, Ticket

SIZES = (100, 10_000)  # tickets
REQUESTS = 21  # of each page; the first is not counted
WORDS = ("grinder", "kettle leaks", "refund not arrived", "#{number}", "{name}")
# Whether the time of a search tells that others have tickets with a word.
NOWHERE = "zebrafish"
COLUMNS = [
    *("page", "p50 ms", "p95 ms", "processor ms", "database ms"),
    *("processor + database p95 ms", "statements"),
]


def run(say: Say, sizes: Sequence[int] = SIZES) -> Report:
    """Raises EvaluationError."""
    with scratch_database(say):
        return measure(say, sizes)


def measure(say: Say, sizes: Sequence[int], requests: int = REQUESTS) -> Report:
    """In this database, which must be empty. Raises EvaluationError."""
    agent = _agent()
    tables, statements = [], list[dict[str, int]]()
    for size in sizes:
        say(f"Making {size} tickets…")
        add_tickets(size - Ticket.objects.count(), agent)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        rows = list(_rows(agent, say, requests))
        statements.append({str(row[0]): int(str(row[-1])) for row in rows})
        tables.append(Table(f"{size} tickets", COLUMNS, rows))
    grown = [name for name in statements[0] if statements[-1][name] > statements[0][name]]
    notes = [
        f"More statements with more tickets: {', '.join(grown) or 'none'}.",
        f"“{HIDDEN}” is a word of a closed team's tickets alone, “{NOWHERE}” of none.",
    ]
    return Report(tables=tables, notes=notes)


def _agent() -> User:
    update_roles()
    agent = User.objects.create_user("bench", first_name="Ben", is_staff=True)
    agent.groups.add(Group.objects.get(name="Senior agent"))
    Team.objects.create(name="Repairs", is_private=True).members.add(agent)
    Team.objects.create(name="Legal", is_private=True)
    return agent


@dataclass(frozen=True)
class _Spent:
    """Seconds of one request: on the clock, of the processor, in statements."""

    clock: float
    processor: float
    database: float
    statements: int

    @property
    def work(self) -> float:
        return self.processor + self.database


def _rows(agent: User, say: Say, requests: int) -> Iterator[list[Figure]]:
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(agent)
    for name, address in _pages(agent):
        spent = [_spent(browser, address(number)) for number in range(requests)]
        counted = spent[1:] or [_spent(browser, address(0))]
        # Not the most: once a minute a request also notes that the session is in use.
        counts = [one.statements for one in counted]
        statements = int(np.percentile(counts, 90, method="lower"))
        p50, p95 = np.percentile([1000 * one.clock for one in counted], [50, 95])
        processor = np.median([1000 * one.processor for one in counted])
        database = np.median([1000 * one.database for one in counted])
        work = np.percentile([1000 * one.work for one in counted], 95)
        figures = [round(float(one)) for one in (p50, p95, processor, database, work)]
        say(f"{name}: {p50:.0f} ms, of work {work:.0f} ms, {statements} statements")
        yield [name, *figures, statements]


def _spent(browser: Client, url: str) -> _Spent:
    statements = _Statements()
    clock, processor = time.perf_counter(), time.thread_time()
    with connection.execute_wrapper(statements):
        response = browser.get(url)
    spent = _Spent(
        time.perf_counter() - clock,
        time.thread_time() - processor,
        statements.seconds,
        statements.count,
    )
    if response.status_code != HTTPStatus.OK:
        raise EvaluationError(f"{url} answers {response.status_code}.")
    return spent


class _Statements:
    """How many statements of a connection there were, and how long they took."""

    def __init__(self) -> None:
        self.seconds, self.count = 0.0, 0

    def __call__(self, execute: Callable[..., Any], *args: Any) -> Any:
        self.count += 1
        begun = time.perf_counter()
        try:
            return execute(*args)
        finally:
            self.seconds += time.perf_counter() - begun


def _pages(agent: User) -> Iterator[tuple[str, Callable[[int], str]]]:
    """A name, and the address of the nth request."""
    seen = list(Ticket.objects.visible_to(agent).order_by("?")[:REQUESTS])
    longest = [one.pk for one in seen]
    desk = reverse("desk:desk")
    yield "nothing: /healthz", _always("/healthz")
    yield "nothing: the account's page", _always(reverse("account:home"))
    for view in ("answer", "mine", "unassigned", "pending", "solved", "all"):
        yield f"desk, view {view}", _always(f"{desk}?view={view}")
    yield "queue alone", _always(reverse("desk:queue"))
    for name in ("ticket", "open", "similar"):
        yield f"desk, {name}", _each([reverse(f"desk:{name}", args=[pk]) for pk in longest])
    news = [f"{reverse('desk:news', args=[pk])}?seq=0&entry=0&note=0" for pk in longest]
    yield "desk, news", _each(news)
    for words in (*WORDS, HIDDEN, NOWHERE):
        texts = [words.format(number=one.pk, name=one.conversation.customer.name) for one in seen]
        urls = [f"{reverse('desk:queue')}?q={text.replace('#', '%23')}" for text in texts]
        yield f"search: {words}", _each(urls)
    yield "dashboard", _always(reverse("admin:index"))
    for model in ("ticket", "conversation", "customer", "draft", "auditentry"):
        yield f"list: {model}", _always(reverse(f"admin:tickets_{model}_changelist"))
    conversations = Conversation.objects.visible_to(agent)[:REQUESTS]
    customers = Customer.objects.visible_to(agent)[:REQUESTS]
    for name, rows in (("conversation", conversations), ("customer", customers)):
        urls = [reverse(f"admin:tickets_{name}_change", args=[row.pk]) for row in rows]
        yield f"page: {name}", _each(urls)
    for name in ("questiongroup_changelist", "questiongroup_edits", "proposal_changelist"):
        yield f"learning: {name}", _always(reverse(f"admin:learning_{name}"))


def _always(url: str) -> Callable[[int], str]:
    return lambda number: url


def _each(urls: Sequence[str]) -> Callable[[int], str]:
    return lambda number: urls[number % len(urls)]

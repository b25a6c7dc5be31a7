"""Fifty agents claim, approve, reject and take over the same twenty tickets at once: over HTTP, at
the product's own server, each with a desk's socket open.

`SUPPORTBOT_CROWD_SECONDS=60 make test` lets them go on for a minute; they stop after a few seconds
otherwise.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

import httpx
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from rest_framework.authtoken.models import Token
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.conftest import agent_with_rights
from tests.tickets.cast import ask, draft_for, open_ticket
from tickets.models import AuditEntry, Draft, Event, Message, Ticket
from tickets.services.audit_chain import verify_chain
from tickets.services.drafts import create_draft

AGENTS, TICKETS = 50, 20
SECONDS = float(os.environ.get("SUPPORTBOT_CROWD_SECONDS", "5"))
TOLD_WITHIN = 10.0  # seconds, of a busy machine, until a loser's socket says what has changed
STEPS = ["approve", "approve", "reject", "take-over", "take-from", "reply", "requeue", "assign"]

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@dataclass
class Ear:
    """An agent's socket: when it said that which conversation has changed."""

    socket: ClientConnection
    heard: list[tuple[float, str]] = field(default_factory=list)

    def listen(self) -> None:
        with suppress(ConnectionClosed):
            for frame in self.socket:
                said = json.loads(frame)
                if said["type"] == "changed" and said["conversation"]:
                    self.heard.append((time.monotonic(), said["conversation"]))

    def heard_of(self, lost: Lost) -> bool:
        return any(
            one == lost.conversation and lost.began <= at <= lost.ended + TOLD_WITHIN
            for at, one in self.heard
        )


@dataclass(frozen=True)
class Lost:
    """Somebody else was first: with a draft, since the agent looked at it; with the conversation,
    since the sockets are open."""

    agent: int
    conversation: str
    began: float
    ended: float


@dataclass
class Crowd:
    """What the agents were told: (step, status code) → how often."""

    url: str
    tickets: dict[int, str]  # number → conversation
    names: list[str]
    until: float = 0.0
    told: Counter[tuple[str, int]] = field(default_factory=Counter)
    strange: list[str] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def work(self, key: str, number: int) -> None:
        """One agent, until the time is up."""
        chance = random.Random(number)  # noqa: S311
        session = httpx.Client(headers={"Authorization": f"Token {key}"}, timeout=60)
        while time.monotonic() < self.until:
            step, ticket = chance.choice(STEPS), chance.choice(list(self.tickets))
            began = time.monotonic()
            answer = self._do(session, step, ticket, chance)
            if answer is None:
                continue
            with self.lock:
                if answer.status_code == 409:
                    # Who speaks now may do so since long before this agent looked.
                    since = began if "this draft" in answer.text.lower() else 0.0
                    lost = Lost(number, self.tickets[ticket], since, time.monotonic())
                    self.lost.append(lost)
                self.told[step, answer.status_code] += 1
                if answer.status_code == 409 and not answer.json()["detail"].endswith("."):
                    self.strange.append(answer.text)
                if answer.status_code not in {200, 201, 409}:
                    self.strange.append(f"{step} {answer.status_code} {answer.text[:300]}")

    def _do(
        self, session: httpx.Client, step: str, ticket: int, chance: random.Random
    ) -> httpx.Response | None:
        of_ticket = f"{self.url}/api/v1/tickets/{ticket}"
        if step in {"approve", "reject"}:
            drafts = session.get(f"{of_ticket}/").json()["drafts"]
            pending = [one["id"] for one in drafts if one["status"] == "pending"]
            if not pending:
                return None
            return session.post(f"{self.url}/api/v1/drafts/{pending[0]}/{step}/", json={})
        if step == "take-from":
            body = {"instead_of": chance.choice(self.names)}
            return session.post(f"{of_ticket}/take-over/", json=body)
        if step == "reply":
            key = str(uuid.uuid4())
            body, headers = {"text": f"reply {key}"}, {"Idempotency-Key": key}
            first = session.post(f"{of_ticket}/messages/", json=body, headers=headers)
            if first.status_code == 201:  # the network swallowed the answer
                again = session.post(f"{of_ticket}/messages/", json=body, headers=headers)
                assert again.json() == first.json()
            return first
        path = {"assign": "assign-next"}.get(step, step)
        return session.post(f"{of_ticket}/{path}/", json={})


def go_on_asking(tickets: list[Ticket], until: float) -> None:
    """Customers who ask, and the bot that writes drafts."""
    try:
        while time.monotonic() < until:
            for ticket in tickets:
                question = ask(ticket.conversation, "And now?")
                create_draft(
                    question=question, run_id=uuid.uuid4(), text="Yes.", sentences=[], passages=[]
                )
                time.sleep(0.05)
    finally:
        connection.close()


@pytest.fixture
def agents(db: None) -> Iterator[list[User]]:
    yield [agent_with_rights(f"agent{number}", f"Agent {number}") for number in range(AGENTS)]


def test_every_draft_is_sent_at_most_once_and_every_loser_is_told(
    server: str, agents: list[User], capsys: pytest.CaptureFixture[str]
) -> None:
    tickets = [open_ticket() for _ in range(TICKETS)]
    for ticket in tickets:
        draft_for(ticket.conversation)
    crowd = Crowd(
        url=server,
        tickets={ticket.pk: str(ticket.conversation_id) for ticket in tickets},
        names=[agent.username for agent in agents],
    )
    with listening(server, agents) as ears:
        work_together(crowd, agents, tickets)
        waits_until = time.monotonic() + TOLD_WITHIN
        while time.monotonic() < waits_until and not_told(crowd, ears):
            time.sleep(0.1)
    assert crowd.strange == []
    assert not_told(crowd, ears) == []
    check_drafts(crowd)
    check_replies(crowd)
    check_speakers()
    assert verify_chain().problem == ""
    with capsys.disabled():
        heard = sum(len(ear.heard) for ear in ears)
        print(  # noqa: T201
            f"{sum(crowd.told.values())} requests: {dict(sorted(crowd.told.items()))}; {heard} "
            f"words on {len(ears)} sockets; {len(crowd.lost)} losers, all told"
        )


def work_together(crowd: Crowd, agents: list[User], tickets: list[Ticket]) -> None:
    crowd.until = time.monotonic() + SECONDS
    threads = [
        threading.Thread(target=crowd.work, args=(Token.objects.create(user=agent).key, number))
        for number, agent in enumerate(agents)
    ]
    threads.append(threading.Thread(target=go_on_asking, args=(tickets, crowd.until)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def listening(server: str, agents: list[User]) -> Iterator[list[Ear]]:
    """A socket of each agent, open."""
    with ExitStack() as stack:
        ears = [Ear(stack.enter_context(socket_of(server, agent))) for agent in agents]
        threads = [threading.Thread(target=ear.listen) for ear in ears]
        for thread in threads:
            thread.start()
        yield ears
    for thread in threads:
        thread.join()


def socket_of(server: str, agent: User) -> AbstractContextManager[ClientConnection]:
    browser = Client()
    browser.force_login(agent)
    cookie = f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"
    address = f"{server.replace('http', 'ws')}/ws/desk/"
    return connect(address, additional_headers={"Cookie": cookie}, open_timeout=60)


def not_told(crowd: Crowd, ears: list[Ear]) -> list[Lost]:
    """Losers whose sockets have not said, since they looked, that there is something else."""
    return [lost for lost in crowd.lost if not ears[lost.agent].heard_of(lost)]


def check_drafts(crowd: Crowd) -> None:
    approved = Draft.objects.filter(status="approved")
    assert approved.count() == crowd.told["approve", 200] > 0
    assert crowd.told["approve", 409] > 0
    sent = Message.objects.filter(author="agent", run_id__isnull=False)
    assert Counter(sent.values_list("run_id", flat=True)) == Counter(
        approved.values_list("run_id", flat=True)
    )
    assert Draft.objects.filter(status="rejected").count() == crowd.told["reject", 200]
    for status, action in [("approved", "draft.approved"), ("rejected", "draft.rejected")]:
        decided = Draft.objects.filter(status=status).values_list("pk", "decided_by")
        noted = AuditEntry.objects.filter(action=action).values_list("object_id", "actor")
        assert sorted((str(pk), by) for pk, by in decided) == sorted(noted)


def check_replies(crowd: Crowd) -> None:
    replies = Message.objects.filter(author="agent", run_id=None)
    texts = list(replies.values_list("text", flat=True))
    assert len(texts) == len(set(texts)) == crowd.told["reply", 201] > 0
    assert AuditEntry.objects.filter(action="message.sent").count() == len(texts)


def check_speakers() -> None:
    """Every change is in the log, and whoever spoke had the conversation then."""
    changes = Event.objects.filter(type="handover.changed")
    noted = AuditEntry.objects.filter(
        action__in=[
            *("conversation.handed_over", "conversation.taken_over"),
            *("conversation.given_back", "conversation.requeued"),
        ]
    )
    assert changes.count() == noted.count()
    for ticket in Ticket.objects.all():
        name = None
        events = Event.objects.filter(conversation=ticket.conversation_id).order_by("seq")
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        for event in events:
            if event.type == "handover.changed":
                name = event.payload["agent_name"]
            message = event.payload.get("message", {})
            if message.get("author") == "agent":
                assert message["agent_name"] == name

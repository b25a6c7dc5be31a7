"""A visitor who speaks the widget's own protocol: visitors over REST, then events over a socket."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

Event = dict[str, Any]
WAIT_SECONDS = 120.0


class LostError(Exception):
    """The connection is gone, as it is when the server dies."""


@dataclass
class Tab:
    """One socket of a visitor and every stored event it got, in order."""

    socket: ClientConnection
    events: list[Event] = field(default_factory=list)
    unstored: list[Event] = field(default_factory=list)

    def send(self, type: str, **fields: Any) -> None:
        self.socket.send(json.dumps({"type": type, **fields}))

    def ask(self, text: str) -> str:
        client_id = str(uuid.uuid4())
        self.send("message", client_id=client_id, text=text)
        return client_id

    def receive(self, seconds: float = WAIT_SECONDS) -> Event:
        """The next event. Asserts that numbers come without a gap and without a repetition."""
        try:
            event: Event = json.loads(self.socket.recv(seconds))
        except TimeoutError:
            raise
        except (ConnectionClosed, OSError) as error:
            raise LostError from error
        if event["seq"] == 0:
            self.unstored.append(event)
            return event
        assert event["seq"] == len(self.events) + 1, f"got {event} after {len(self.events)} events"
        self.events.append(event)
        return event

    def until(self, wanted: Callable[[Event], bool]) -> Event:
        """Read on until an event is wanted, and return that one."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            if wanted(event := self.receive(max(0.1, deadline - time.monotonic()))):
                return event
        raise AssertionError(f"it did not come; got {[event['type'] for event in self.events]}")

    def until_type(self, *types: str) -> Event:
        return self.until(lambda event: event["type"] in types)

    def until_answered(self) -> Event:
        """The event that ends an answer, good or bad."""
        return self.until_type("answer.completed", "error")

    def nothing_more(self, seconds: float = 1.0) -> bool:
        """Whether nothing comes for a while."""
        with suppress(TimeoutError):
            self.receive(seconds)
            return False
        return True


@dataclass
class Visitor:
    """Somebody new on the site."""

    url: str
    token: str = ""

    def __post_init__(self) -> None:
        response = httpx.post(f"{self.url}/api/v1/visitors/", json={}, timeout=60)
        assert response.status_code == 201, response.text
        self.token = response.json()["token"]

    @contextmanager
    def tab(self, conversation: str | None = None) -> Iterator[Tab]:
        """An open socket that has said hello and wants every event from the first."""
        with self._connect() as socket:
            tab = Tab(socket)
            tab.send("hello", after=0, **({"conversation": conversation} if conversation else {}))
            yield tab

    def _connect(self) -> ClientConnection:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                return connect(
                    f"{self.url.replace('http', 'ws', 1)}/ws/chat/",
                    subprotocols=[
                        Subprotocol("supportbot.v1"),
                        Subprotocol(f"token.{self.token}"),
                    ],
                    open_timeout=30,
                    max_size=2**24,
                    proxy=None,
                )
            except (OSError, InvalidHandshake, InvalidMessage, ConnectionClosed):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def rest(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=f"{self.url}/api/v1/", headers=headers, timeout=60)


# -- what must be true of every conversation -------------------------------------------------------
def assert_answered_once(events: list[Event]) -> Event:
    """One question, one answer: what was streamed and not taken back is the message.

    Returns the event that completed it.
    """
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert not [event for event in events if event["type"] == "error"]
    completed = [event for event in events if event["type"] == "answer.completed"]
    assert len(completed) == 1, [event["type"] for event in events]
    assert standing_sentences(events) == completed[0]["message"]["sentences"]
    return completed[0]


def standing_sentences(events: list[Event]) -> list[dict[str, Any]]:
    """The sentences that a customer sees in the end, as the widget's reducer would have them."""
    sentences: list[dict[str, Any]] = []
    for event in events:
        if event["type"] in {"run.started", "answer.replaced"}:
            sentences = []
        elif event["type"] == "answer.sentence":
            assert event["index"] == len(sentences), "a sentence came twice, or one is missing"
            sentences.append({key: event[key] for key in ("text", "form", "number", "citations")})
    return sentences


def assert_cited(sentences: list[dict[str, Any]]) -> None:
    """Every sentence rests on a passage, and every quote stands in it letter for letter."""
    assert sentences
    for sentence in sentences:
        assert sentence["citations"], f"without a citation: {sentence['text']}"
        for citation in sentence["citations"]:
            assert citation["quote"].strip()
            assert citation["quote"] in citation["passage"]
            assert citation["title"]
            assert citation["n"] >= 1

"""Customers who write over REST, and agents at their screens."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from playwright.sync_api import Browser

from tests.e2e.browser import Window, sign_in, window
from tests.e2e.stack import ADMIN, PASSWORD, Stack


@dataclass
class Visitor:
    """A customer who writes over REST."""

    api: httpx.Client
    conversation: str
    stack: Stack

    def says(self, text: str) -> None:
        message = {"text": text, "client_id": str(uuid.uuid4())}
        answer = self.api.post(f"conversations/{self.conversation}/messages/", json=message)
        assert answer.status_code == 202, answer.text

    def asks_for_a_person(self) -> None:
        answer = self.api.post(f"conversations/{self.conversation}/handover/", json={})
        assert answer.is_success, answer.text

    @property
    def ticket(self) -> int:
        query = "SELECT id FROM tickets_ticket WHERE conversation_id = %s"
        (number,) = self._ask(query)
        return number

    def status(self) -> str:
        """Of the ticket."""
        query = "SELECT status FROM tickets_ticket WHERE conversation_id = %s"
        with self.stack.database() as database:
            found = database.execute(query, [self.conversation]).fetchone()
        return str(found[0]) if found is not None else ""

    def has_draft(self) -> bool:
        query = (
            "SELECT draft.id FROM tickets_draft draft JOIN tickets_ticket ticket"
            " ON ticket.id = draft.ticket_id WHERE ticket.conversation_id = %s"
        )
        return bool(self._ask(query))

    def _ask(self, query: str) -> tuple[int, ...]:
        with self.stack.database() as database:
            return database.execute(query, [self.conversation]).fetchone() or ()


@contextmanager
def visitor(stack: Stack) -> Iterator[Visitor]:
    with httpx.Client(base_url=f"{stack.url}/api/v1/", timeout=60) as api:
        token = api.post("visitors/").json()["token"]
        api.headers["Authorization"] = f"Bearer {token}"
        yield Visitor(api, api.post("conversations/").json()["id"], stack)


@contextmanager
def agent_at(
    browser: Browser, stack: Stack, name: str, viewport: dict[str, int] | None = None, **who: str
) -> Iterator[Window]:
    """A window of a signed-in agent: `user`, or the admin, in the `timezone`. All have the same
    password."""
    with window(browser, f"agent-{name}", viewport, who.get("timezone")) as ben:
        sign_in(ben, stack, who.get("user", ADMIN), PASSWORD)
        yield ben

"""Many conversations through a proxy that loses, splits and repeats, while the server is killed.

By hand: `python -m tests.e2e.torture CONVERSATIONS [FOLDER]`, with a folder of `manage.py up`.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
import time
import uuid
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from redis import Redis
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from tests.e2e.bad_proxy import bad_proxy
from tests.e2e.chat import standing_sentences
from tests.e2e.stack import Stack

QUESTIONS = (
    "How long do I have to return something?",
    "What does express delivery cost?",
    "Can I return coffee beans I have opened?",
    "What does E04 mean on my Ingle One?",
)
PATIENCE_SECONDS = 240.0
AT_ONCE = 20
KILL_PAUSE_SECONDS = 13.0  # what dies more than five times in a minute is not started again
LOST = (OSError, httpx.HTTPError, WebSocketException, TimeoutError, EOFError, ValueError)


@dataclass
class Talker:
    """A visitor who does what the widget does: goes on after the last number, and sends a message
    again under the same id until it is confirmed."""

    url: str
    question: str
    chance: random.Random
    token: str = ""
    conversation: str = ""
    last: int = 0
    log: list[dict[str, Any]] = field(default_factory=list)
    client_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    reconnects: int = -1

    async def talk(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not self.is_done:
                with suppress(*LOST):
                    await self._enter()
                    self.reconnects += 1
                    way = self.chance.choice((self._socket, self._socket, self._stream, self._poll))
                    await way()
                await asyncio.sleep(self.chance.random() * 0.3)

    @property
    def is_done(self) -> bool:
        return any(event["type"] in {"answer.completed", "error"} for event in self.log)

    @property
    def is_confirmed(self) -> bool:
        created = (event["message"] for event in self.log if event["type"] == "message.created")
        return any(message["client_id"] == self.client_id for message in created)

    def hear(self, event: dict[str, Any]) -> None:
        """As the reducer does: what was seen changes nothing, and a gap ends the connection."""
        if event["seq"] == 0 or event["seq"] <= self.last:
            return
        if event["seq"] != self.last + 1:
            raise EOFError
        self.last = event["seq"]
        self.log.append(event)

    # -- ways ------------------------------------------------------------------------------------
    async def _enter(self) -> None:
        if not self.token:
            async with httpx.AsyncClient(timeout=20) as client:
                response = await client.post(f"{self.url}/api/v1/visitors/", json={})
                self.token = response.raise_for_status().json()["token"]
        if not self.conversation:
            async with self._client() as client:
                response = await client.get("conversations/")
                listed = response.raise_for_status().json()["results"]
                made = listed[0] if listed else (await client.post("conversations/")).json()
                self.conversation = made["id"]

    def _client(self) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.AsyncClient(base_url=f"{self.url}/api/v1/", headers=headers, timeout=30)

    async def _socket(self) -> None:
        protocols = [Subprotocol("supportbot.v1"), Subprotocol(f"token.{self.token}")]
        address = f"{self.url.replace('http', 'ws', 1)}/ws/chat/"
        async with connect(
            address, subprotocols=protocols, proxy=None, open_timeout=20, max_size=2**24
        ) as socket:
            hello = {"type": "hello", "after": self.last, "conversation": self.conversation}
            await socket.send(json.dumps(hello))
            if not self.is_confirmed:
                message = {"type": "message", "client_id": self.client_id, "text": self.question}
                await socket.send(json.dumps(message))
            while not self.is_done:
                self.hear(json.loads(await asyncio.wait_for(socket.recv(), 15)))

    async def _say(self, client: httpx.AsyncClient) -> None:
        if self.is_confirmed:
            return
        body = {"client_id": self.client_id, "text": self.question}
        response = await client.post(f"conversations/{self.conversation}/messages/", json=body)
        response.raise_for_status()

    def _events(self) -> str:
        return f"conversations/{self.conversation}/events/?after={self.last}"

    async def _stream(self) -> None:
        async with self._client() as client:
            await self._say(client)
            headers = {"Accept": "text/event-stream"}
            async with client.stream("GET", self._events(), headers=headers) as response:
                async for line in response.aiter_lines():
                    if line.startswith("data: "):
                        self.hear(json.loads(line.removeprefix("data: ")))
                    if self.is_done:
                        return

    async def _poll(self) -> None:
        async with self._client() as client:
            await self._say(client)
            while not self.is_done:
                headers = {"Accept": "application/json"}
                response = await client.get(f"{self._events()}&wait=5", headers=headers)
                for event in response.raise_for_status().json()["events"]:
                    self.hear(event)


def torture(stack: Stack, conversations: int, *, kills: int, seed: int = 1) -> Counter[str]:
    """Runs them all and asserts that each heard every event once, in order, and one answer."""
    chance = random.Random(seed)  # noqa: S311
    with bad_proxy(stack.port, "chaos") as url:
        talkers = [
            Talker(url, chance.choice(QUESTIONS), random.Random(seed + number))  # noqa: S311
            for number in range(conversations)
        ]
        killed = asyncio.run(_run(stack, talkers, kills))
    stack.wait_ready()
    told: Counter[str] = Counter(conversations=conversations, kills=killed)
    for talker in talkers:
        _assert_whole(stack, talker)
        told["events"] += len(talker.log)
        told["reconnects"] += talker.reconnects
    return told


async def _run(stack: Stack, talkers: list[Talker], kills: int) -> int:
    places = asyncio.Semaphore(AT_ONCE)
    done = 0

    async def talk(talker: Talker) -> None:
        nonlocal done
        async with places:
            await talker.talk()
        done += 1

    async def kill() -> int:
        """At even distances of the whole, the web process and what Redis holds; how often."""
        last = 0.0
        for number in range(1, kills + 1):
            while done < len(talkers) * number / (kills + 1) or (
                time.monotonic() < last + KILL_PAUSE_SECONDS and done < len(talkers)
            ):
                await asyncio.sleep(0.1)
            if done == len(talkers):
                return number - 1
            with Redis.from_url(stack.redis_url) as redis:
                redis.flushall()
            before = stack.child("web")
            if before is not None:
                before.kill()
            last = time.monotonic()
        return kills

    killing = asyncio.create_task(kill())
    await asyncio.gather(*map(talk, talkers))
    return await killing


def _assert_whole(stack: Stack, talker: Talker) -> None:
    with stack.database() as database:
        rows = database.execute(
            "SELECT seq, type FROM tickets_event WHERE conversation_id = %s ORDER BY seq",
            [talker.conversation],
        ).fetchall()
    heard = [(event["seq"], event["type"]) for event in talker.log]
    assert heard == rows[: len(heard)], f"{talker.question}: {heard} is not {rows}"
    kinds = Counter(kind for _, kind in rows)
    assert kinds["message.created"] == 1, f"{talker.question} was asked more than once: {rows}"
    assert kinds["answer.completed"] == 1, f"{talker.question} has other than one answer: {rows}"
    assert kinds["error"] == 0, f"{talker.question} failed: {rows}"
    (completed,) = (event for event in talker.log if event["type"] == "answer.completed")
    assert standing_sentences(talker.log) == completed["message"]["sentences"]


def main() -> None:
    conversations = int(sys.argv[1])
    folder = sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp(prefix="supportbot-torture-")
    stack = Stack(Path(folder))
    stack.start()
    began = time.monotonic()
    try:
        told = torture(stack, conversations, kills=max(1, conversations // 50))
    finally:
        stack.stop()
    sys.stdout.write(f"{dict(told)} in {time.monotonic() - began:.0f} s\n")


if __name__ == "__main__":
    main()

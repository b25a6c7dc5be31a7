"""Many sockets at once, from the customers' side: open, some with a conversation that goes on, and
one that is not read. All clocks are this machine's."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
import websockets
from asgiref.sync import sync_to_async
from django.db import transaction
from websockets.exceptions import ConnectionClosed

from supportbot.evaluation.bench_chat import ENDS, NotRunningError
from tickets.models import Conversation
from tickets.services.events import append_event

AT_ONCE = 20  # sockets that are opened at the same time
OPEN_SECONDS = 60.0
SMALL_BUFFER = 4096  # of a socket that is not read, so that the server notices soon
FRAME_CHARACTERS = 16_000

Socket = websockets.ClientConnection


@dataclass
class Heard:
    """What came through the sockets: how late each event was, in milliseconds, and its size."""

    delays: list[float] = field(default_factory=list)
    characters: list[int] = field(default_factory=list)
    answers: int = 0
    lost: int = 0

    def note(self, delay: float, characters: int) -> None:
        self.delays.append(1000 * delay)
        self.characters.append(characters)


@dataclass(frozen=True)
class Customer:
    """A visitor with an open widget."""

    id: str
    token: str
    socket: Socket


@asynccontextmanager
async def crowd(url: str, size: int) -> AsyncIterator[list[Customer]]:
    """So many visitors, each with a socket that has said hello. Raises NotRunningError."""
    places = asyncio.Semaphore(AT_ONCE)
    async with AsyncExitStack() as stack, httpx2.AsyncClient(timeout=OPEN_SECONDS) as http:

        async def enter() -> Customer:
            async with places:
                answer = await http.post(f"{url}/api/v1/visitors/", json={})
                answer.raise_for_status()
                said = answer.json()
                opened = await stack.enter_async_context(connect(url, said["token"]))
                await opened.send(json.dumps({"type": "hello", "after": 0}))
                await asyncio.wait_for(opened.recv(), OPEN_SECONDS)
                return Customer(said["visitor_id"], said["token"], opened)

        try:
            customers = list(await asyncio.gather(*(enter() for _ in range(size))))
        except (OSError, httpx2.HTTPError, TimeoutError, ConnectionClosed) as error:
            raise NotRunningError(f"The sockets did not open: {error!r}.") from error
        yield customers


@asynccontextmanager
async def echo_crowd(url: str, size: int) -> AsyncIterator[list[Socket]]:
    """So many sockets of the bare consumer."""
    places = asyncio.Semaphore(AT_ONCE)
    async with AsyncExitStack() as stack:

        async def enter() -> Socket:
            async with places:
                return await stack.enter_async_context(connect(url, ""))

        yield list(await asyncio.gather(*(enter() for _ in range(size))))


def connect(url: str, token: str, sock: socket.socket | None = None) -> websockets.connect:
    protocols = ["supportbot.v1", f"token.{token}"] if token else None
    return websockets.connect(
        f"ws://{urlsplit(url).netloc}/ws/chat/",
        subprotocols=[websockets.Subprotocol(name) for name in protocols] if protocols else None,
        open_timeout=OPEN_SECONDS,
        ping_interval=None,
        close_timeout=1,
        proxy=None,
        sock=sock,
    )


async def converse(
    customer: Customer, questions: Sequence[str], until: float, heard: Heard
) -> None:
    """Ask one question after the other as long as time (time.monotonic()) is left."""
    try:
        for number, question in enumerate(questions):
            if time.monotonic() >= until:
                return
            frame = {"type": "message", "client_id": f"bench-{number}", "text": question}
            await customer.socket.send(json.dumps(frame))
            async with asyncio.timeout(OPEN_SECONDS):
                await _hear_answer(customer.socket, until, heard)
    except (ConnectionClosed, TimeoutError):
        heard.lost += 1


async def _hear_answer(opened: Socket, until: float, heard: Heard) -> None:
    while True:
        text = str(await opened.recv())
        event = json.loads(text)
        if event["seq"] and time.monotonic() < until:
            heard.note(time.time() - _moment(event["at"]), len(text))
        if event["type"] in ENDS:
            heard.answers += event["type"] == "answer.completed"
            return


def _moment(at: str) -> float:
    return dt.datetime.fromisoformat(at).timestamp()


async def echo(opened: Socket, characters: int, apart: float, until: float, heard: Heard) -> None:
    """Send a frame of this size again and again, and wait for each."""
    text = secrets.token_hex(characters // 2 + 1)[:characters]
    while time.monotonic() < until:
        started = time.time()
        await opened.send(text)
        await opened.recv()
        heard.note(time.time() - started, characters)
        await asyncio.sleep(apart)


# -- a reader that stops --------------------------------------------------------------------------
@dataclass
class Stopped:
    """Megabytes that the web process grew by, and what became of the reader: after how many seconds
    it was dropped (None: not in the time there was), and how much of what it missed it found again.
    """

    written: float = 0.0
    grown: float = 0.0
    others_seconds: float = 0.0
    dropped_after: float | None = None
    missed: int = 0
    found_again: int = 0


@dataclass(frozen=True)
class Watched:
    """The web process from outside: its megabytes, and whether it holds the socket of a port."""

    url: str
    memory: Callable[[], float]
    holds: Callable[[int], bool]


async def two_tabs(
    web: Watched, customer: Customer, frames: int, *, patience: float | None
) -> Stopped:
    """Two tabs of one conversation, and many large events. The second tab reads them or, with
    `patience`, none: so many seconds are waited until the server drops it."""
    found, stops = Stopped(missed=frames), patience is not None
    conversation = await sync_to_async(_conversation_of)(customer.id)
    async with _second_tab(web.url, customer.token) as tab:
        port = tab.local_address[1]
        reading = None if stops else asyncio.create_task(_read_all(tab))
        if stops:
            tab.transport.pause_reading()
        before, started = web.memory(), time.monotonic()
        last = await sync_to_async(_write_events)(conversation, frames)
        found.written = frames * FRAME_CHARACTERS / 2**20
        async with asyncio.timeout(OPEN_SECONDS):
            while json.loads(await customer.socket.recv())["seq"] < last:
                pass
        found.others_seconds = time.monotonic() - started
        ends_at = started + (patience or 0)
        while found.dropped_after is None and time.monotonic() < ends_at:
            found.grown = max(found.grown, web.memory() - before)
            await asyncio.sleep(0.5)
            if not web.holds(port):
                found.dropped_after = time.monotonic() - started
        found.grown = max(found.grown, web.memory() - before)
        if reading is not None:
            reading.cancel()
        tab.transport.abort()
    found.found_again = await _resume(web.url, customer.token, last - frames, last)
    return found


@asynccontextmanager
async def _second_tab(url: str, token: str) -> AsyncIterator[Socket]:
    address = urlsplit(url)
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, (address.hostname, address.port))
    async with connect(url, token, sock) as tab:
        await tab.send(json.dumps({"type": "hello", "last": 1}))
        await tab.recv()
        await tab.recv()
        yield tab


async def _read_all(tab: Socket) -> None:
    async for _ in tab:
        pass


async def _resume(url: str, token: str, after: int, last: int) -> int:
    """How many of the events a new socket gets, each once and in order."""
    wanted = after + 1
    async with connect(url, token) as tab, asyncio.timeout(OPEN_SECONDS):
        await tab.send(json.dumps({"type": "hello", "after": after}))
        while wanted <= last:
            event: dict[str, Any] = json.loads(await tab.recv())
            if event["seq"]:
                if event["seq"] != wanted:
                    break
                wanted += 1
    return wanted - 1 - after


def _conversation_of(customer: str) -> Conversation:
    return Conversation.objects.get(customer_id=customer)


def _write_events(conversation: Conversation, count: int) -> int:
    """Large events that do not compress; returns the number of the last one."""
    for number in range(count):
        payload = {"code": "bench", "text": secrets.token_hex(FRAME_CHARACTERS // 2)}
        with transaction.atomic():
            event = append_event(
                conversation_id=conversation.pk, type="error", payload={**payload, "n": number}
            )
    return int(event["seq"])

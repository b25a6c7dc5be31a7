"""A real HTTP server that speaks the OpenAI chat-completions protocol, in the words of a test.

A scenario is a coroutine that writes one response, byte for byte, so that a test can also break it
off where real servers do. The server runs in a thread of its own, as a real one is another process.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast

MODEL = "test-model-1"
GATE_SECONDS = 30  # a gate that nobody opens ends the test, not the night


@dataclass(frozen=True)
class Request:
    """What a client sent. `headers` have lower-case names."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return cast(dict[str, Any], json.loads(self.body))

    @property
    def messages(self) -> list[dict[str, str]]:
        return cast(list[dict[str, str]], self.json["messages"])


class Wire:
    """One response under way. `chunked` is how real servers stream; without it, the end of the
    connection is the end of the body."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._chunked = False

    async def head(
        self,
        status: int = 200,
        content_type: str = "text/event-stream",
        *,
        chunked: bool = True,
        **headers: str,
    ) -> None:
        """Status line and headers; `retry_after="1"` becomes `Retry-After: 1`."""
        self._chunked = chunked
        lines = [f"HTTP/1.1 {status} Status", f"Content-Type: {content_type}", "Connection: close"]
        if chunked:
            lines.append("Transfer-Encoding: chunked")
        lines += [f"{name.replace('_', '-').title()}: {value}" for name, value in headers.items()]
        await self.raw("\r\n".join([*lines, "", ""]).encode())

    async def raw(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def send(self, data: bytes) -> None:
        """A piece of the body, as a chunk and a TCP segment of its own."""
        if data:
            await self.raw(b"%x\r\n%s\r\n" % (len(data), data) if self._chunked else data)
            await asyncio.sleep(0)

    async def event(self, data: dict[str, Any] | str, end: str = "\n") -> None:
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        await self.send(f"data: {text}{end}{end}".encode())

    async def finish(self) -> None:
        if self._chunked:
            await self.raw(b"0\r\n\r\n")

    async def until_client_leaves(self) -> None:
        """Say nothing more until the client gives up."""
        with suppress(ConnectionError):
            while await self._reader.read(1024):
                pass

    def reset(self) -> None:
        """Break the connection with a TCP RST instead of a FIN."""
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


Scenario = Callable[[Wire, Request], Awaitable[None]]


@dataclass
class ModelServer:
    """Answers its n-th request with the n-th scenario of `script`, and repeats the last one."""

    port: int = 0
    script: Sequence[Scenario] = ()
    requests: list[Request] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def says(self, *script: Scenario) -> None:
        self.script = script

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _read_request(reader)
            if request is None:
                return
            self.requests.append(request)
            scenario = self.script[min(len(self.requests), len(self.script)) - 1]
            await scenario(Wire(reader, writer), request)
        except ConnectionError:
            pass  # the client has left, which many scenarios are about
        except Exception as error:  # noqa: BLE001  (shown by the test that uses the server)
            self.failures.append(error)
        finally:
            writer.close()


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, body)


@contextmanager
def run_server() -> Iterator[ModelServer]:
    """A server on a free port of this machine, for the duration of the block."""
    server, ready = ModelServer(), threading.Event()
    loop = asyncio.new_event_loop()

    async def main() -> None:
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        server.port = listener.sockets[0].getsockname()[1]
        ready.set()
        with suppress(asyncio.CancelledError):
            await listener.serve_forever()

    thread = threading.Thread(target=lambda: _run(loop, main()), name="model-server", daemon=True)
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(_cancel_all, loop)
        thread.join()
    assert server.failures == []


def _run(loop: asyncio.AbstractEventLoop, main: Any) -> None:
    with suppress(asyncio.CancelledError):
        loop.run_until_complete(main)
    loop.close()


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()


def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


# -- what a model says ----------------------------------------------------------------------------
def chunk(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    """One `chat.completion.chunk`."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1763700000,
        "model": MODEL,
        "choices": [choice],
    }


USAGE = {
    **chunk({}),
    "choices": [],
    "usage": {"prompt_tokens": 812, "completion_tokens": 34, "total_tokens": 846},
}


def odd_cuts(text: str) -> list[str]:
    """`text` in pieces of 1, 2, 3, 5, 8, 1, 2, … characters: cut where no reader would cut it."""
    sizes, start = [1, 2, 3, 5, 8], 0
    pieces: list[str] = []
    while start < len(text):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(text[start : start + size])
        start += size
    return pieces


async def begin(wire: Wire, *, chunked: bool = True) -> None:
    """Headers and the role chunk that comes before any word."""
    await wire.head(chunked=chunked)
    await wire.event(chunk({"role": "assistant", "content": ""}))


async def speak(wire: Wire, text: str) -> None:
    for piece in odd_cuts(text):
        await wire.event(chunk({"content": piece}))


async def end(wire: Wire, finish_reason: str = "stop") -> None:
    """The finish reason, the token counts and [DONE]."""
    await wire.event(chunk({}, finish_reason))
    await wire.event(USAGE)
    await wire.event("[DONE]")
    await wire.finish()


async def wait_for(gate: threading.Event) -> None:
    """Hold the response back until the test opens the gate."""
    if not await asyncio.to_thread(gate.wait, GATE_SECONDS):
        raise AssertionError("nobody opened the gate")

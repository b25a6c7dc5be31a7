"""A bad proxy in front of the product: `python -m tests.e2e.bad_proxy PORT TARGET FAULT…`.

It passes HTTP/1.1 on, and does to it what proxies on the way to customers do.
"""

from __future__ import annotations

import asyncio
import os
import random
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from supportbot.local.paths import PROJECT_ROOT
from tests.e2e.stack import eventually, free_port, listens

FAULTS = {
    "no-upgrade": "answers 400 to a WebSocket",
    "silent-upgrade": "lets a WebSocket open, and passes nothing on in it",
    "buffer": "holds an answer back until it is whole",
    "chaos": "delays, splits, sends requests and frames twice, and cuts connections",
}
CHUNK = 65_536
MASKED = 0x80
SHORT, LONG = 126, 127


class Proxy:
    def __init__(self, target: int, faults: set[str]) -> None:
        self.target = target
        self.faults = faults
        self.random = random.Random(int(os.environ.get("BAD_PROXY_SEED", "1")))  # noqa: S311  (chance, no secret)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, ValueError):
            while await self._exchange(reader, writer):
                pass
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether the connection goes on."""
        head = await reader.readuntil(b"\r\n\r\n")
        fields = _fields(head)
        body = await reader.readexactly(int(fields.get("content-length", "0")))
        is_socket = fields.get("upgrade", "").lower() == "websocket"
        if is_socket and "no-upgrade" in self.faults:
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return True
        if not is_socket:
            head = _asking_to_close(head)
            if "chaos" in self.faults:
                await self._stumble(head, body)
        above, below = await asyncio.open_connection("127.0.0.1", self.target, limit=4 * CHUNK)
        try:
            below.write(head + body)
            await below.drain()
            if is_socket:
                await self._pass_socket((reader, writer), (above, below))
            else:
                await self._pass_answer(above, writer)
        finally:
            below.close()
        return False

    # -- requests --------------------------------------------------------------------------------
    async def _stumble(self, head: bytes, body: bytes) -> None:
        """Wait a little; now and then send what is posted twice, or nothing at all."""
        await asyncio.sleep(self.random.random() * 0.1)
        if head.startswith(b"POST") and self.random.random() < 0.2:
            above, below = await asyncio.open_connection("127.0.0.1", self.target)
            below.write(head + body)
            await below.drain()
            await above.read()
            below.close()
        if self.random.random() < 0.05:
            raise EOFError

    async def _pass_answer(self, above: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held = b""
        cut_after = self.random.randint(1, 60) if "chaos" in self.faults else 0
        while piece := await above.read(CHUNK):
            if "buffer" in self.faults:
                held += piece
                continue
            await self._write(writer, piece)
            cut_after -= 1
            if cut_after == 0:
                return
        writer.write(held)
        await writer.drain()

    async def _write(self, writer: asyncio.StreamWriter, piece: bytes) -> None:
        while piece:
            size = self.random.choice((1, 7, 100, 1400)) if "chaos" in self.faults else len(piece)
            writer.write(piece[:size])
            await writer.drain()
            piece = piece[size:]
            if "chaos" in self.faults and self.random.random() < 0.1:
                await asyncio.sleep(self.random.random() * 0.05)

    # -- WebSockets ------------------------------------------------------------------------------
    async def _pass_socket(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        (reader, writer), (above, below) = client, server
        writer.write(await above.readuntil(b"\r\n\r\n"))
        await writer.drain()
        if "silent-upgrade" in self.faults:
            await reader.read()
            return
        tasks = {
            asyncio.create_task(self._pass_frames(reader, below)),
            asyncio.create_task(self._pass_events(above, writer)),
        }
        if "chaos" in self.faults:
            tasks.add(asyncio.create_task(asyncio.sleep(self.random.uniform(0.2, 6))))
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _pass_frames(self, reader: asyncio.StreamReader, below: asyncio.StreamWriter) -> None:
        """Frames of the client, some of them twice."""
        while True:
            frame = await _read_frame(reader)
            is_text = frame[0] & 0x0F == 1
            twice = "chaos" in self.faults and is_text and self.random.random() < 0.2
            await self._write(below, frame * 2 if twice else frame)

    async def _pass_events(self, above: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await above.read(CHUNK):
            await self._write(writer, piece)


def _fields(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _asking_to_close(head: bytes) -> bytes:
    """One request a connection, so that the end of the answer is the end of the connection."""
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    lines.insert(1, b"Connection: close")
    return b"\r\n".join(lines)


async def _read_frame(reader: asyncio.StreamReader) -> bytes:
    """One WebSocket frame as it came: RFC 6455, section 5.2."""
    head = await reader.readexactly(2)
    length = head[1] & ~MASKED
    more = b""
    if length == SHORT:
        more = await reader.readexactly(2)
        length = struct.unpack("!H", more)[0]
    elif length == LONG:
        more = await reader.readexactly(8)
        length = struct.unpack("!Q", more)[0]
    mask = await reader.readexactly(4) if head[1] & MASKED else b""
    return head + more + mask + await reader.readexactly(length)


async def _run(port: int, target: int, faults: set[str]) -> None:
    proxy = Proxy(target, faults)
    tasks: set[asyncio.Task[None]] = set()  # the loop itself holds them weakly

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(proxy.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", port, limit=4 * CHUNK)
    async with server:
        await server.serve_forever()


@contextmanager
def bad_proxy(target: int, *faults: str) -> Iterator[str]:
    """The proxy in a process of its own; yields its address."""
    port = free_port()
    command = [sys.executable, "-m", "tests.e2e.bad_proxy", str(port), str(target), *faults]
    process = subprocess.Popen(command, cwd=PROJECT_ROOT)
    try:
        eventually(lambda: listens(port), "the proxy listens", 30)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_run(int(sys.argv[1]), int(sys.argv[2]), set(sys.argv[3:])))

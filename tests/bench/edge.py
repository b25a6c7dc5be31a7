"""What the public can do to a running product: `python -m tests.bench.edge URL`.

An office of 200 browsers behind one address; one visitor who opens 1,000 sockets; one who sends
bodies of 100 MB; one who calls /readyz in a loop. Each is counted by what became of it, beside how
long other customers waited for a whole answer meanwhile. The product is to run with its own limits
and without load, such as after `manage.py up`; give it a minute between two runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.e2e.chat import Visitor

QUESTION = "How many days do I have to return an item?"
ANSWERS = 5  # that others get meanwhile
BROWSERS, PAGES, AT_ONCE = 200, 10, 20
SOCKETS, TOO_MANY = 1000, 4429
BODIES, MEGABYTES, MEGABYTE = 10, 100, 2**20
LOOPS, LOOP_SECONDS = 4, 5.0

Scenario = Callable[[str], Counter[str]]


def office(url: str) -> Counter[str]:
    """Every browser is a new visitor, and opens so many pages with one token."""

    async def browser(places: asyncio.Semaphore) -> Counter[str]:
        async with places, httpx.AsyncClient(base_url=url, timeout=60) as client:
            issued = await client.post("/api/v1/visitors/", json={})
            if issued.status_code != 201:
                return Counter({f"refused with {issued.status_code}": 1})
            pages = [await _page(url, issued.json()["token"]) for _ in range(PAGES)]
        return Counter(pages)

    async def all_of_them() -> Counter[str]:
        places = asyncio.Semaphore(AT_ONCE)
        found = await asyncio.gather(*(browser(places) for _ in range(BROWSERS)))
        return sum(found, Counter[str]())

    return asyncio.run(all_of_them())


async def _page(url: str, token: str) -> str:
    """What a page view is: a socket that asks for the last messages."""
    try:
        async with _socket(url, token) as socket:
            await socket.send(json.dumps({"type": "hello", "last": 20}))
            first = json.loads(await asyncio.wait_for(socket.recv(), 60))
            return "pages refused" if first["type"] == "error" else "pages shown"
    except (ConnectionClosed, InvalidStatus, OSError, TimeoutError) as error:
        return f"pages lost: {type(error).__name__}"


def sockets(url: str) -> Counter[str]:
    """All with one visitor's token, kept open."""
    token = Visitor(url).token

    async def one(opened: list[ClientConnection]) -> str:
        try:
            socket = await _socket(url, token)
            opened.append(socket)
            await socket.send(json.dumps({"type": "hello", "last": 1}))
            first = json.loads(await asyncio.wait_for(socket.recv(), 60))
            return "refused" if first["type"] == "error" else "open"
        except ConnectionClosed as error:
            return "refused" if error.rcvd and error.rcvd.code == TOO_MANY else "lost"
        except (InvalidStatus, OSError, TimeoutError) as error:
            return f"lost: {type(error).__name__}"

    async def all_of_them() -> Counter[str]:
        opened: list[ClientConnection] = []
        found: list[str] = []
        for _ in range(SOCKETS // AT_ONCE):
            found += await asyncio.gather(*(one(opened) for _ in range(AT_ONCE)))
        await asyncio.gather(*(socket.close() for socket in opened), return_exceptions=True)
        return Counter(found)

    return asyncio.run(all_of_them())


def _socket(url: str, token: str) -> connect:
    protocols = [Subprotocol("supportbot.v1"), Subprotocol(f"token.{token}")]
    address = f"{url.replace('http', 'ws', 1)}/ws/chat/"
    return connect(address, subprotocols=protocols, open_timeout=60, proxy=None)


def bodies(url: str) -> Counter[str]:
    """In pieces, without saying how long they are."""
    found = Counter[str]()
    for _ in range(BODIES):
        sent = [0]

        def pieces(sent: list[int] = sent) -> Iterator[bytes]:
            for _ in range(MEGABYTES * 16):
                yield b" " * (MEGABYTE // 16)
                sent[0] += 1

        try:
            answer = httpx.post(f"{url}/api/v1/visitors/", content=pieces(), timeout=60)
            found[f"refused with {answer.status_code}"] += 1
        except httpx.TransportError:
            found["connection closed"] += 1
        found["MB taken at most"] = max(found["MB taken at most"], -(-sent[0] // 16))
    return found


def loop(url: str) -> Counter[str]:
    """As fast as four connections can."""
    found, ends_at = Counter[str](), time.monotonic() + LOOP_SECONDS

    def one() -> None:
        with httpx.Client(base_url=url, timeout=60) as client:
            while time.monotonic() < ends_at:
                found[f"answered with {client.get('/readyz').status_code}"] += 1

    threads = [threading.Thread(target=one) for _ in range(LOOPS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def waited(url: str) -> list[float]:
    """Seconds that other customers wait for a whole answer."""
    found = []
    for number in range(ANSWERS):
        with Visitor(url).tab() as tab:
            started = time.monotonic()
            tab.ask(f"{QUESTION} ({number})")
            ended = tab.until_answered()
            found.append(time.monotonic() - started)
            assert ended["type"] == "answer.completed", ended
    return found


def meanwhile(url: str, scenario: Scenario) -> tuple[Counter[str], float, list[float]]:
    """(what became of it, how long it took, how long others waited)"""
    results: list[Counter[str]] = []
    thread = threading.Thread(target=lambda: results.append(scenario(url)))
    started = time.monotonic()
    thread.start()
    seconds = waited(url)
    thread.join()
    return results[0], time.monotonic() - started, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="where the product runs, such as http://127.0.0.1:8000")
    url = parser.parse_args().url.rstrip("/")
    waited(url)
    _say("nobody else", Counter(), 0, waited(url))
    scenarios: dict[str, Scenario] = {
        f"{BROWSERS} browsers, {PAGES} pages each": office,
        f"{SOCKETS} sockets of one visitor": sockets,
        f"{BODIES} bodies of {MEGABYTES} MB": bodies,
        f"/readyz in {LOOPS} loops": loop,
    }
    for name, scenario in scenarios.items():
        _say(name, *meanwhile(url, scenario))


def _say(name: str, found: Counter[str], took: float, seconds: list[float]) -> None:
    counts = ", ".join(f"{count} {what}" for what, count in found.most_common())
    median, longest = statistics.median(seconds), max(seconds)
    print(f"{name}: {counts or '-'}; {took:.1f} s", file=sys.stdout)
    print(f"  others wait for an answer: median {median:.2f} s, longest {longest:.2f} s")


if __name__ == "__main__":
    main()

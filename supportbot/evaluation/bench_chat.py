"""Questions through the widget's own protocol, against a running product."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import websockets

from supportbot.evaluation.questions import load_questions

MOST_QUESTIONS = 15  # one visitor's limit a minute is 20
ANSWER_SECONDS = 60.0
# An answer, none, or a person who is to write it.
ENDS = frozenset({"answer.completed", "error", "handover.changed"})


class NotRunningError(Exception):
    """Nothing answers at the address."""


@dataclass(frozen=True)
class Timing:
    """Of one question: when it was sent (time.time()), seconds until the first sentence (None
    without one) and until the end."""

    question: str
    outcome: str
    citations: int
    sent: float
    first: float | None
    total: float


def run(data: Path | None, url: str) -> dict[str, float | int | str]:
    """Ask one question after the other as one visitor; times in milliseconds."""
    questions = load_questions(data)[:MOST_QUESTIONS]
    try:
        timings = asyncio.run(_ask_all(url.rstrip("/"), questions))
    except (OSError, httpx2.HTTPError) as error:
        raise NotRunningError(
            f"Nothing answers at {url}. Start the product with manage.py up, or name it with --url."
        ) from error
    firsts = [1000 * timing.first for timing in timings if timing.first is not None]
    totals = [1000 * timing.total for timing in timings]
    return {
        "questions": len(timings),
        "answered": sum(timing.outcome == "answered" for timing in timings),
        "citations": sum(timing.citations for timing in timings),
        "first_sentence_median_ms": statistics.median(firsts) if firsts else 0.0,
        "first_sentence_worst_ms": max(firsts, default=0.0),
        "total_median_ms": statistics.median(totals),
        "total_worst_ms": max(totals),
    }


async def _ask_all(url: str, questions: list[str]) -> list[Timing]:
    async with httpx2.AsyncClient() as client, new_visitor(client, url) as socket:
        return [
            await ask(socket, f"bench-{number}", question)
            for number, question in enumerate(questions)
        ]


@asynccontextmanager
async def new_visitor(
    client: httpx2.AsyncClient, url: str
) -> AsyncIterator[websockets.ClientConnection]:
    """The socket of a visitor who has opened the widget."""
    response = await client.post(f"{url}/api/v1/visitors/", json={})
    response.raise_for_status()
    token = response.json()["token"]
    address = urlsplit(url)
    scheme = "wss" if address.scheme == "https" else "ws"
    async with websockets.connect(
        f"{scheme}://{address.netloc}/ws/chat/",
        subprotocols=[
            websockets.Subprotocol("supportbot.v1"),
            websockets.Subprotocol(f"token.{token}"),
        ],
    ) as socket:
        await socket.send(json.dumps({"type": "hello", "after": 0}))
        yield socket


async def ask(socket: websockets.ClientConnection, client_id: str, question: str) -> Timing:
    """Send a question and wait for its answer."""
    sent, started, first, citations = time.time(), time.perf_counter(), None, 0
    await socket.send(json.dumps({"type": "message", "client_id": client_id, "text": question}))
    while True:
        event = json.loads(await asyncio.wait_for(socket.recv(), ANSWER_SECONDS))
        if event["type"] == "answer.sentence":
            first = first or time.perf_counter() - started
            citations += len(event["citations"])
        elif event["type"] in ENDS:
            outcome = event.get("outcome") or event.get("code") or "handed_over"
            total = time.perf_counter() - started
            return Timing(question, outcome, citations, sent, first, total)

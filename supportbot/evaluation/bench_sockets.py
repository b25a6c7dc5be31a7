"""A thousand open sockets, of which fifty stream: what they cost and how late events come, beside a
bare Channels consumer with as many sockets and frames, in the same run.

The product answers real questions there, with a scripted model; what its web process computes is
therefore the answers and their delivery together. Then one of two tabs stops reading.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import psutil
from django.conf import settings
from django.db import connection

from knowledge.models import Audience
from supportbot.evaluation.bench_corpus import (
    Maker,
    demo_documents,
    embed_documents,
    load_documents,
)
from supportbot.evaluation.bench_crowd import (
    FRAME_CHARACTERS,
    Customer,
    Heard,
    Stopped,
    Watched,
    converse,
    crowd,
    echo,
    echo_crowd,
    two_tabs,
)
from supportbot.evaluation.bench_database import scratch_database
from supportbot.evaluation.bench_load import Loaded, load
from supportbot.evaluation.bench_processes import Say, echo_process, scripted_model, web_process
from supportbot.evaluation.bench_retrieval import prepare, shown
from supportbot.evaluation.questions import load_questions
from supportbot.evaluation.report import EvaluationError, Figure, Report, Table

SOCKETS, STREAMING = 1000, 50
IDLE_SECONDS, STREAM_SECONDS = 15.0, 30.0
SETTLE_SECONDS = 6.0  # the work of opening is over
STOPPED_SECONDS = 60.0
WORDS = 200  # of an answer; at 0.05 s each it is written for 10 seconds
REAL_PASSAGES = 60
STOPPED_FRAMES = 400
MEBIBYTE = 2**20
ENVIRONMENT = {
    "SUPPORTBOT_ANSWER_CACHE": "off",
    "SUPPORTBOT_LIMIT_RENEWALS": "100000/minute",
    "SUPPORTBOT_LIMIT_CONNECTIONS": "100000",
}


@dataclass(frozen=True)
class Plan:
    """How many sockets, how many of them stream, and for how many seconds each part lasts."""

    sockets: int
    streaming: int
    idle: float = IDLE_SECONDS
    stream: float = STREAM_SECONDS
    settle: float = SETTLE_SECONDS
    stopped: float = STOPPED_SECONDS
    frames: int = STOPPED_FRAMES


@dataclass
class Cost:
    """Of one server: megabytes, shares of a core, and what its sockets heard."""

    before: float = 0.0
    opened: float = 0.0
    opening: float = 0.0  # CPU seconds
    idle: float = 0.0
    streaming: float = 0.0
    database: float = 0.0  # PostgreSQL's share of a core while the sockets are idle
    heard: Heard = field(default_factory=Heard)
    tabs: dict[str, Stopped] = field(default_factory=dict)


def run(data: Path | None, plan: Plan, say: Say) -> Report:
    """Raises BadDatasetError, EvaluationError and NotRunningError."""
    if not 0 < plan.streaming <= plan.sockets:
        raise EvaluationError("--streaming is a number from 1 to that of --sockets.")
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line for each visitor
    _allow_files(2 * plan.sockets + 200)
    questions = load_questions(data)
    with ExitStack() as stack:
        stack.enter_context(scratch_database(say))
        _load(data, say)
        model = stack.enter_context(scripted_model(WORDS))
        with web_process(model, **ENVIRONMENT) as (url, web):
            ours = asyncio.run(_product(url, web, questions, plan, say))
        with echo_process() as (url, process):
            bare = asyncio.run(_bare(url, process, ours.heard, plan, say))
    return Report(_tables(ours, bare, plan), notes=_notes(plan))


def _allow_files(needed: int) -> None:
    """Every socket is an open file, here and, as children inherit it, in the servers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise EvaluationError(f"So many sockets need {needed} open files; allowed are {hard}.")
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _load(data: Path | None, say: Say) -> None:
    place = replace(prepare(settings.EMBEDDING_MODEL), audience=Audience.PUBLIC)
    documents = demo_documents() if data is None else load_documents(data, REAL_PASSAGES)
    maker = Maker(embed_documents(documents, place.index.model, shown()))
    passages = sum(len(document.passages) for document in documents)
    load(place, maker, Loaded(), passages=passages, show=shown())
    say(f"{passages} passages are there.")


# -- the two servers ------------------------------------------------------------------------------
async def _product(
    url: str, web: psutil.Process, questions: Sequence[str], plan: Plan, say: Say
) -> Cost:
    cost = Cost()
    async with crowd(url, 4) as few:  # what is loaded with the first answers is no socket's
        await _all_stream(few, questions, 5.0, Heard())
    cost.before = _memory(web)
    say(f"supportbot: opening {plan.sockets} sockets")
    used = _measure(web)
    async with crowd(url, plan.sockets) as customers:
        cost.opening = used()
        await asyncio.sleep(plan.settle)
        cost.opened = _memory(web)
        used, asked = _measure(web), _measure(*_database_processes())
        await asyncio.sleep(plan.idle)
        cost.idle, cost.database = used() / plan.idle, asked() / plan.idle
        say(f"supportbot: {plan.streaming} of them stream")
        used = _measure(web)
        await _all_stream(customers[: plan.streaming], questions, plan.stream, cost.heard)
        cost.streaming = used() / plan.stream
        watched = Watched(url, partial(_memory, web), partial(_holds, web))
        say("supportbot: two tabs, one of which stops reading")
        cost.tabs["reads"] = await two_tabs(watched, customers[-1], plan.frames, patience=None)
        cost.tabs["stops reading"] = await two_tabs(
            watched, customers[0], plan.frames, patience=plan.stopped
        )
    return cost


async def _all_stream(
    customers: Sequence[Customer], questions: Sequence[str], seconds: float, heard: Heard
) -> None:
    """Each customer begins with another question, a little after the one before."""
    until = time.monotonic() + seconds

    async def one(number: int, customer: Customer) -> None:
        start = number % len(questions)
        await asyncio.sleep(seconds / 3 * number / len(customers))
        await converse(customer, [*questions[start:], *questions[:start]], until, heard)

    await asyncio.gather(*(one(*each) for each in enumerate(customers)))


async def _bare(url: str, process: psutil.Process, like: Heard, plan: Plan, say: Say) -> Cost:
    """As many sockets, and as many frames of the same size in the same time."""
    cost = Cost()
    async with echo_crowd(url, 4) as few:
        await asyncio.gather(*(echo(one, 100, 0, time.monotonic() + 0.2, Heard()) for one in few))
    cost.before = _memory(process)
    say(f"bare consumer: opening {plan.sockets} sockets")
    used = _measure(process)
    async with echo_crowd(url, plan.sockets) as opened:
        cost.opening = used()
        await asyncio.sleep(plan.settle)
        cost.opened = _memory(process)
        used = _measure(process)
        await asyncio.sleep(plan.idle)
        cost.idle = used() / plan.idle
        characters = int(np.median(like.characters or [400]))
        apart = plan.streaming * plan.stream / max(1, len(like.delays))
        until = time.monotonic() + plan.stream
        used = _measure(process)
        streaming = opened[: plan.streaming]
        await asyncio.gather(
            *(echo(one, characters, apart, until, cost.heard) for one in streaming)
        )
        cost.streaming = used() / plan.stream
    return cost


# -- what a process uses --------------------------------------------------------------------------
def _measure(*processes: psutil.Process) -> Callable[[], float]:
    """CPU seconds from now on."""
    before = _cpu(processes)
    return lambda: _cpu(processes) - before


def _cpu(processes: Sequence[psutil.Process]) -> float:
    seconds = 0.0
    for process in processes:
        with suppress(psutil.Error):
            times = process.cpu_times()
            seconds += times.user + times.system
    return seconds


def _memory(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / MEBIBYTE


def _holds(process: psutil.Process, port: int) -> bool:
    """Whether it has a connection from this port of the same machine."""
    return any(one.raddr and one.raddr.port == port for one in process.net_connections("tcp"))


def _database_processes() -> list[psutil.Process]:
    """Those that serve the scratch database."""
    name, found = str(connection.settings_dict["NAME"]), []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name() == "postgres" and name in " ".join(process.cmdline()):
                found.append(process)
    return found


# -- the report -----------------------------------------------------------------------------------
def _tables(ours: Cost, bare: Cost, plan: Plan) -> list[Table]:
    rows: list[list[Figure]] = [
        _row("supportbot", ours, plan),
        _row("bare Channels consumer", bare, plan),
    ]
    columns = [
        *("server", "KB a socket", "CPU ms to open one", "idle, share of a core"),
        *("streaming, share of a core", "events/s", "delay p50 ms", "p95 ms", "p99 ms"),
    ]
    readers: list[list[Figure]] = [
        [
            name,
            round(found.written, 1),
            round(found.grown, 1),
            round(found.others_seconds, 1),
            None if found.dropped_after is None else round(found.dropped_after, 1),
            f"{found.found_again} of {found.missed}",
        ]
        for name, found in ours.tabs.items()
    ]
    return [
        Table(f"{plan.sockets} open sockets", columns, rows),
        Table(
            "One of two tabs",
            [
                *("the other tab", "MB written", "web process grew by MB"),
                *("s until this tab had all", "dropped after s", "found again"),
            ],
            readers,
        ),
        Table(
            "Besides",
            ["what", "figure"],
            [
                ["answers completed", ours.heard.answers],
                ["conversations that were cut", ours.heard.lost],
                ["database while all are idle, share of a core", round(ours.database, 3)],
                ["web process before, MB", round(ours.before)],
                ["web process with all open, MB", round(ours.opened)],
            ],
        ),
    ]


def _row(name: str, cost: Cost, plan: Plan) -> list[Figure]:
    delays = cost.heard.delays or [float("nan")]
    p50, p95, p99 = np.percentile(delays, [50, 95, 99])
    return [
        name,
        round(1024 * (cost.opened - cost.before) / plan.sockets, 1),
        round(1000 * cost.opening / plan.sockets, 2),
        round(cost.idle, 3),
        round(cost.streaming, 3),
        round(len(cost.heard.delays) / plan.stream, 1),
        *(round(float(one), 1) for one in (p50, p95, p99)),
    ]


def _notes(plan: Plan) -> list[str]:
    return [
        f"{plan.streaming} of {plan.sockets} visitors ask one question after the other for "
        f"{plan.stream:.0f} s; a scripted model writes up to {WORDS} words, one every 0.05 s. What "
        "the web process computes meanwhile is the answers and their delivery together.",
        "Delay: from the time that an event bears, before it is stored, until a customer's program "
        "has it; of the bare consumer from a frame until its echo. Both servers are uvicorn, with "
        "one process, and sockets that compress.",
        f"While events of {FRAME_CHARACTERS} characters come, the other tab reads them or stops "
        "reading. What it missed it gets when it connects again.",
        f"On {os.cpu_count()} cores, shared with PostgreSQL, the model and the clients; load "
        f"{os.getloadavg()[0]:.1f}.",
    ]

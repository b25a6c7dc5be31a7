"""The processes that a measurement of chat needs, and how each of them is asked: a web process of
the product's own, other libraries' pipelines, and the scripted model, which notes when it is asked.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import psutil
import websockets
from django.conf import settings
from django.db import connection

from supportbot.evaluation.bench_chat import Timing, ask, new_visitor
from supportbot.evaluation.report import EvaluationError
from supportbot.local.errors import StackError
from supportbot.local.paths import StackPaths
from supportbot.local.programs import program_environment, web_child
from supportbot.local.supervisor import Supervisor

_ENVIRONMENT = {
    "OPENAI_API_KEY": "none",
    "SUPPORTBOT_MODEL": "scripted",
    # As in the other pipelines, the model writes every answer, whatever the documents have and
    # however long it takes.
    "SUPPORTBOT_ANSWERABILITY_MIN": "0",
    "SUPPORTBOT_FIRST_SENTENCE_SECONDS": "30",
    "SUPPORTBOT_ANSWER_CACHE": "model",
    "SUPPORTBOT_ANSWER_CACHE_CHECKED": "0",  # its worker works on another database
    "SUPPORTBOT_LIMIT_VISITORS": "100000/minute",
    "SUPPORTBOT_PROOF_OF_WORK": "off",
    "SUPPORTBOT_LOG_LEVEL": "WARNING",
}
_ECHO_SECONDS = 30.0
_RIVALS = "supportbot.evaluation.chat_rivals"
_WITH_OUR_PACKAGES = """
import runpy, sys
sys.path += {path!r}
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__")
"""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """One question, when it was sent (time.time()), and milliseconds from then on until the model
    was asked (None where it was not), until the first sentence or word, and until the end."""

    question: str
    sent: float
    before: float | None
    first: float | None
    total: float | None = None


System = Callable[[Sequence[str], int], list[Asked]]  # questions, and how many at once


class Child:
    """A program of the project that answers lines with lines of JSON."""

    def __init__(self, name: str, *arguments: str, python: Path | None = None) -> None:
        """`python` is another environment's, which finds in this one what it lacks."""
        self.name = name
        start = ["-m"] if python is None else ["-c", _WITH_OUR_PACKAGES.format(path=sys.path)]
        self._process = subprocess.Popen(
            [str(python or sys.executable), *start, *arguments],
            env={**os.environ, "DATABASE_URL": database_url()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def receive(self) -> Any:
        """The next line. Raises EvaluationError."""
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise EvaluationError(f"{self.name} failed; see above.")
        return json.loads(line)

    def ask(self, wanted: dict[str, Any]) -> Any:
        """Raises EvaluationError."""
        if self._process.stdin:
            self._process.stdin.write(json.dumps(wanted) + "\n")
            self._process.stdin.flush()
        return self.receive()

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def scripted_model(words: int | None = None) -> Iterator[str]:
    """The base URL of a scripted model. It says one sentence, or up to so many words."""
    wanted = [] if words is None else [str(words)]
    child = Child("The scripted model", "supportbot.evaluation.scripted_model", *wanted)
    try:
        yield f"http://127.0.0.1:{child.receive()}/v1"
    finally:
        child.end()


@contextmanager
def product(model: str) -> Iterator[System]:
    """A web process over this process's database, with the model for its answers."""
    with web_process(model) as (url, _):
        yield partial(_ask_product, url, model)


@contextmanager
def web_process(model: str, **environment: str) -> Iterator[tuple[str, psutil.Process]]:
    """Its address, and the process. `environment` is for it alone. Raises EvaluationError."""
    with tempfile.TemporaryDirectory(prefix="supportbot-bench-") as folder:
        paths = StackPaths(Path(folder))
        given = {
            **program_environment(paths, database_url(), settings.REDIS_URL),
            **_ENVIRONMENT,
            **environment,
            "OPENAI_BASE_URL": model,
            "SUPPORTBOT_MODELS_DIR": str(settings.MODELS_DIR),
        }
        port, supervisor = _free_port(), Supervisor(lambda line: None)
        try:
            url = f"http://127.0.0.1:{port}"
            web = web_child(paths, given, "127.0.0.1", port)
            # Not /readyz, which also asks for a worker: nothing here needs one.
            supervisor.start(replace(web, ready=partial(_answers, f"{url}/healthz")))
            yield url, _process_at(port)
        except StackError as error:
            raise EvaluationError(str(error)) from error
        finally:
            supervisor.stop()


@contextmanager
def echo_process() -> Iterator[tuple[str, psutil.Process]]:
    """A bare Channels consumer behind the same server; its address, and the process."""
    port = _free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", "supportbot.evaluation.echo:application"),
            *("--host", "127.0.0.1", "--port", str(port), "--lifespan", "off"),
            *("--ws", "websockets-sansio", "--no-access-log", "--log-level", "warning"),
        ]
    )
    try:
        ends_at = time.monotonic() + _ECHO_SECONDS
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > ends_at:
                raise EvaluationError("The bare consumer did not start; see above.")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


def _process_at(port: int) -> psutil.Process:
    """The child of this process that serves the port."""
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if str(port) in child.cmdline():
                return child
    raise EvaluationError("The web process has ended; see above.")


def _listens(port: int) -> bool:
    with closing(socket.socket()) as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def installed_rivals(python: Path) -> list[str]:
    """Raises EvaluationError."""
    child = Child(str(python), _RIVALS, python=python)
    try:
        return [str(name) for name in child.receive()]
    finally:
        child.end()


@contextmanager
def rival(name: str, model: str, python: Path) -> Iterator[System]:
    """A pipeline of supportbot.evaluation.chat_rivals, once it has its copy of the passages."""
    child = Child(name, _RIVALS, name, model, python=python)
    try:
        child.receive()
        yield partial(_ask_rival, child, model)
    finally:
        child.end()


def database_url() -> str:
    """The address of the database that this process is connected to."""
    address = urlsplit(os.environ["DATABASE_URL"])
    return address._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310  (this machine's)
            return True
    except OSError:
        return False


def _free_port() -> int:
    with closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def same(text: str) -> str:
    """What is equal of a question before and after it was stored."""
    return " ".join(text.split())


def _ask_product(url: str, model: str, questions: Sequence[str], clients: int) -> list[Asked]:
    timings = asyncio.run(_ask_as_visitors(url, questions, clients))
    at = _asked_at(model)
    return [
        Asked(
            timing.question,
            timing.sent,
            _before(timing.question, timing.sent, at),
            None if timing.first is None else 1000 * timing.first,
            1000 * timing.total,
        )
        for timing in timings
    ]


async def _ask_as_visitors(url: str, questions: Sequence[str], clients: int) -> list[Timing]:
    """Every question is another visitor's. All of them have opened the widget before the first one
    asks, and keep it open."""
    left, timings = iter(questions), list[Timing]()

    async def client(visitors: Iterator[websockets.ClientConnection]) -> None:
        for question in left:
            timings.append(await ask(next(visitors), "bench", question))

    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx2.AsyncClient(timeout=60))
        opened = [await stack.enter_async_context(new_visitor(http, url)) for _ in questions]
        visitors = iter(opened)
        await asyncio.gather(*(client(visitors) for _ in range(clients)))
    return timings


def _ask_rival(child: Child, model: str, questions: Sequence[str], clients: int) -> list[Asked]:
    asked = child.ask({"clients": clients, "questions": list(questions)})
    at = _asked_at(model)
    return [
        Asked(question, sent, _before(question, sent, at), first and 1000 * first)
        for question, sent, first in asked
    ]


def _asked_at(model: str) -> list[tuple[float, str]]:
    """When the model was asked, and what the user's message was."""
    with urllib.request.urlopen(f"{model}/asked") as answer:  # noqa: S310  (this machine's)
        return [(one["at"], one["text"]) for one in json.load(answer)]


def _before(question: str, sent: float, asked: Sequence[tuple[float, str]]) -> float | None:
    """Milliseconds from the question to the model's first request with it."""
    after = (at for at, text in asked if at >= sent and same(question) in same(text))
    first = min(after, default=None)
    return None if first is None else 1000 * (first - sent)

"""The processes of the contenders, and the databases that they have for the time of a run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from supportbot.local.postgres import SUPERUSER, database_url
from tests.servers import TestServers

ENDING_SECONDS = 30.0


class FailedError(Exception):
    """The process ended before it had answered; what went wrong stands on stderr."""


class Running:
    """A process of tests/bench/measure.py; it waits while nothing is asked of it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def receive(self) -> Any:
        """The next answer. Raises FailedError."""
        assert self._process.stdout is not None
        if not (line := self._process.stdout.readline()):
            raise FailedError
        return json.loads(line)

    def ask(self, start: int, end: int) -> Any:
        """The figures for these of the questions. Raises FailedError."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps([start, end]) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise FailedError from error
        return self.receive()


@contextmanager
def running(name: str, given: Path, servers: TestServers) -> Iterator[Running]:
    """The contender's process over a database of its own; both are gone afterwards."""
    with _database(servers, f"peers_{name}") as url:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.measure", name, str(given)],
            env={**os.environ, "DATABASE_URL": url},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        try:
            yield Running(process)
        finally:
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """It ends when there is nothing more to read; one that does not is killed."""
    assert process.stdin is not None and process.stdout is not None
    with suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


@contextmanager
def _database(servers: TestServers, name: str) -> Iterator[str]:
    """The URL of an empty database, which is dropped at the end."""
    administration = database_url(servers.paths, SUPERUSER)
    with psycopg.connect(administration, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield database_url(servers.paths, name)
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(name)))

"""`manage.py up` as a person meets it: it starts, refuses plainly, survives, and leaves nothing."""

import os
import signal
import socket
import urllib.request
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from supportbot.local.children import rotate
from supportbot.local.locks import read_record
from supportbot.local.paths import StackPaths
from supportbot.local.plan import server_addresses, server_children
from supportbot.local.postgres import database_url
from supportbot.local.redis import redis_url
from tests.local.conftest import (
    RunningStack,
    StartStack,
    eventually,
    free_port,
    processes_of,
    started,
)

pytestmark = pytest.mark.slow


def remember(url: str, note: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS note (text text)")
        connection.execute("INSERT INTO note VALUES (%s)", [note])


def remembered(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT text FROM note")]


def test_ready_is_the_last_line_and_stands_below_the_addresses(running: RunningStack) -> None:
    url = f"http://127.0.0.1:{running.port}/"
    ready = running.lines.index(f"READY {url}")
    assert running.lines[ready - 2 : ready] == [
        f"Widget  {url}",
        f"Admin  {url}admin/  user admin  password generated",
    ]
    assert {"one step", "demo document 1 of 1"} <= set(running.lines[:ready])
    assert urllib.request.urlopen(url).status == 200


def test_two_stacks_run_at_once_one_of_them_in_a_path_with_a_space(
    start_stack: StartStack,
) -> None:
    first, second = start_stack("one"), start_stack("the other one")
    for stack in (first, second):
        remember(database_url(stack.paths), stack.folder.name)
        Redis.from_url(redis_url(stack.paths)).set("folder", stack.folder.name)
    for stack in (first, second):
        assert remembered(database_url(stack.paths)) == [stack.folder.name]
        found = Redis.from_url(redis_url(stack.paths)).get("folder")
        assert found == stack.folder.name.encode()


def test_the_servers_listen_on_private_sockets_alone(running: RunningStack) -> None:
    assert running.paths.sockets.stat().st_mode & 0o777 == 0o700
    names = {"postgres", "redis-server"}
    servers = [one for one in processes_of(running.folder) if one.name() in names]
    assert {one.name() for one in servers} == names
    assert not [one for server in servers for one in server.net_connections("inet")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_also_what_does_not_want_to(
    start_stack: StartStack, number: signal.Signals
) -> None:
    stack = start_stack("data", "--worker", "stubborn")
    assert len(processes_of(stack.folder)) > 4
    assert stack.end(number) == 0
    assert processes_of(stack.folder) == []


def test_a_stop_while_starting_ends_everything(start_stack: StartStack) -> None:
    stack = start_stack(ready=False, first=True)
    stack.wait_for("Starting PostgreSQL")
    assert stack.end() == 0
    assert processes_of(stack.folder) == []


def test_a_taken_port_is_said_plainly(start_stack: StartStack) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        stack = start_stack(port=port, ready=False)
        output, problem = stack.process.communicate(timeout=15)
    assert stack.process.returncode == 1
    assert output == ""
    wanted = f"Port {port} is taken. Stop what uses it or choose another with --port.\n"
    assert problem == wanted


def test_a_data_folder_in_use_is_said_plainly(running: RunningStack) -> None:
    second = started(running.folder, free_port())
    _, problem = second.process.communicate(timeout=15)
    assert second.process.returncode == 1
    assert f"is in use by process {running.process.pid} (manage.py up)." in problem
    assert read_record(running.paths) is not None


def test_after_kill_9_of_all_that_supervises_nothing_stays_and_the_next_start_is_clean(
    start_stack: StartStack,
) -> None:
    stack = start_stack()
    remember(database_url(stack.paths), "kept")
    assert stack.end(signal.SIGKILL) == -signal.SIGKILL
    assert eventually(lambda: not processes_of(stack.folder))
    again = start_stack()
    assert remembered(database_url(again.paths)) == ["kept"]


def test_what_survives_a_killed_supervisor_is_ended_by_the_next_start(
    start_stack: StartStack,
) -> None:
    stack = start_stack("data", "--worker", "stubborn")
    stack.end(signal.SIGKILL)
    assert eventually(lambda: len(processes_of(stack.folder)) == 2)
    survivors = processes_of(stack.folder)
    start_stack("data", port=stack.port)
    assert not [one for one in survivors if one.is_running()]


def test_kill_9_of_postgresql_loses_nothing_committed(running: RunningStack) -> None:
    url = database_url(running.paths)
    remember(url, "committed")
    running.child("bin/postgres").kill()
    assert running.wait_for("PostgreSQL ended") == (
        "PostgreSQL ended (killed by SIGKILL). Starting it again."
    )
    assert eventually(lambda: answers(url))
    assert remembered(url) == ["committed"]


def answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def test_kill_9_of_web_starts_it_again(running: RunningStack) -> None:
    running.child("serve_forever").kill()
    running.wait_for("Web ended")
    assert eventually(lambda: web_answers(running.port), 3)


def web_answers(port: int) -> bool:
    try:
        return bool(urllib.request.urlopen(f"http://127.0.0.1:{port}/").status == 200)
    except OSError:
        return False


def test_a_child_that_keeps_dying_ends_the_stack_with_its_last_words(
    start_stack: StartStack,
) -> None:
    stack = start_stack("data", "--worker", "frail", ready=False)
    output, problem = stack.process.communicate(timeout=40)
    assert stack.process.returncode == 1
    assert problem.startswith("Worker ended 6 times within a minute (exit code 1).\n")
    assert "the worker has no shoes" in problem
    assert output.count("Worker ended") == 5
    assert processes_of(stack.folder) == []


def test_the_logs_of_the_last_starts_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    for start in range(8):
        rotate(log)
        log.write_text(str(start))
    kept = {path.name: path.read_text() for path in tmp_path.iterdir()}
    older = {f"web.log.{age}": str(7 - age) for age in range(1, 5)}
    assert kept == {"web.log": "7", **older}


def test_configured_servers_are_used_and_none_are_started(
    start_stack: StartStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    paths = StackPaths(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/supportbot")
    monkeypatch.delenv("REDIS_URL", raising=False)
    assert [spec.name for spec in server_children(paths)] == ["Redis"]
    assert server_addresses(paths).database == "postgresql://elsewhere/supportbot"
    assert os.fspath(paths.sockets) in server_addresses(paths).redis

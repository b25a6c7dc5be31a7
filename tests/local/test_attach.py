"""Commands find the servers of their data folder: configured, those of another process, or own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from supportbot.local.paths import PROJECT_ROOT, StackPaths
from tests.local.conftest import (
    RunningStack,
    StartStack,
    eventually,
    processes_of,
)
from tests.servers import put_cluster

# Says which server it uses, then works until its standard input ends.
COMMAND = """
import os, sys
from supportbot.local.attach import ensure_servers
with ensure_servers(worker=False, migrate=False):
    import psycopg
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        query = "SELECT pg_postmaster_start_time()::text"
        print(connection.execute(query).fetchone()[0], flush=True)
        sys.stdin.read()
        print(connection.execute("SELECT 'still there'").fetchone()[0], flush=True)
"""


def start_command(folder: Path, code: str = COMMAND, **environment: str) -> subprocess.Popen[str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "REDIS_URL"}
    }
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=PROJECT_ROOT,
        env={**kept, "SUPPORTBOT_DATA_DIR": str(folder), **environment},
    )


def first_line(command: subprocess.Popen[str]) -> str:
    assert command.stdout is not None
    assert command.stderr is not None
    return command.stdout.readline() or command.stderr.read()


@pytest.mark.slow
def test_a_command_with_nothing_running_has_servers_for_its_own_duration(tmp_path: Path) -> None:
    command = start_command(tmp_path / "data")
    assert first_line(command)
    output, problem = command.communicate("")
    assert (output, problem) == ("still there\n", "")
    assert processes_of(tmp_path / "data") == []


@pytest.mark.slow
def test_a_command_joins_the_servers_of_up(running: RunningStack) -> None:
    lines = []
    for _ in range(2):
        command = start_command(running.folder)
        lines.append(first_line(command))
        assert command.communicate("")[0] == "still there\n"
    assert lines[0] == lines[1] != ""
    assert running.process.poll() is None


@pytest.mark.slow
def test_servers_stay_until_the_last_command_that_joined_them_is_done(
    tmp_path: Path, cluster: Path
) -> None:
    put_cluster(cluster, tmp_path / "data")
    owner = start_command(tmp_path / "data")
    first = first_line(owner)
    guest = start_command(tmp_path / "data")
    assert first_line(guest) == first
    assert owner.stdin is not None
    owner.stdin.close()
    assert owner.stderr is not None
    assert owner.stderr.readline().startswith("Another command uses these servers.")
    assert guest.communicate("")[0] == "still there\n"
    assert owner.wait(10) == 0
    assert processes_of(tmp_path / "data") == []


LOSES_ITS_SERVERS = """
import sys
from django.db import OperationalError
from supportbot.local.attach import ensure_servers
from supportbot.local.errors import StackError
try:
    with ensure_servers(worker=False, migrate=False):
        print("joined", flush=True)
        sys.stdin.read()
        raise OperationalError("terminating connection")
except StackError as error:
    print(error)
"""


@pytest.mark.slow
def test_a_command_whose_servers_are_stopped_says_so_plainly(start_stack: StartStack) -> None:
    stack = start_stack()
    command = start_command(stack.folder, LOSES_ITS_SERVERS)
    assert first_line(command) == "joined\n"
    stack.end()
    output, _ = command.communicate("")
    stopped = f"Process {stack.process.pid} stopped the servers this command used. Run it again.\n"
    assert output == stopped


@pytest.mark.slow
def test_a_killed_command_leaves_nothing(tmp_path: Path, cluster: Path) -> None:
    put_cluster(cluster, tmp_path / "data")
    command = start_command(tmp_path / "data")
    first_line(command)
    command.kill()
    command.communicate()
    assert eventually(lambda: processes_of(tmp_path / "data") == [])


def test_configured_servers_win(tmp_path: Path) -> None:
    command = start_command(
        tmp_path / "data",
        DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing",
        REDIS_URL="redis://127.0.0.1:1/0",
    )
    _, problem = command.communicate("", timeout=10)
    assert "127.0.0.1" in problem
    assert not StackPaths(tmp_path / "data").root.exists()

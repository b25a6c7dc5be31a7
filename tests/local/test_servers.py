"""The embedded servers alone: where their sockets are, and what they recover from."""

import os
import subprocess
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from supportbot.local import stack
from supportbot.local.errors import StackError
from supportbot.local.paths import StackPaths, private_folder
from supportbot.local.stack import check_port, check_space
from supportbot.local.users import server_user
from tests.servers import TestServers, put_cluster, start_test_servers


@pytest.fixture
def folder(tmp_path: Path, cluster: Path) -> Path:
    """A data folder after its first start."""
    put_cluster(cluster, tmp_path / "data")
    return tmp_path / "data"


def start(folder: Path) -> TestServers:
    return start_test_servers(folder, redis={"appendfsync": "always"})


@pytest.mark.parametrize("name", ["short", "with a space", "übung", "x" * 100])
def test_sockets_have_a_short_path_that_needs_no_escaping(tmp_path: Path, name: str) -> None:
    paths = StackPaths(tmp_path / name)
    assert paths.sockets.name == "run" if name == "short" else paths.sockets.parent != paths.root
    assert len(os.fsencode(paths.sockets / ".s.PGSQL.5432.lock")) <= 103
    assert paths.sockets == StackPaths(tmp_path / name).sockets


def test_a_socket_folder_that_somebody_else_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "planted").symlink_to(tmp_path / "real")
    with pytest.raises(StackError, match="belongs to somebody else"):
        private_folder(tmp_path / "planted")


@pytest.mark.slow
def test_pgvector_is_there_and_the_cluster_speaks_unicode(tmp_path: Path) -> None:
    servers = start(tmp_path / "data")
    try:
        with psycopg.connect(servers.database_url) as connection:
            connection.execute("CREATE EXTENSION vector")
            row = connection.execute("SELECT '[3,4]'::vector <-> '[0,0]', lower('ÉTÉ')").fetchone()
        assert row == (5.0, "été")
    finally:
        servers.stop()


@pytest.mark.slow
@pytest.mark.parametrize("damage", [b"*3\r\n$3\r\nSET\r\n$1", b"\0" * 4096])
def test_redis_starts_again_with_a_torn_append_only_file(folder: Path, damage: bytes) -> None:
    servers = start(folder)
    Redis.from_url(servers.redis_url).set("job", "kept")
    servers.supervisor.stop()
    with (servers.paths.redis / "appendonly.aof").open("ab") as log:
        log.write(damage)
    servers = start(folder)
    try:
        assert Redis.from_url(servers.redis_url).get("job") == b"kept"
    finally:
        servers.stop()


@pytest.mark.slow
def test_postgresql_starts_though_its_pid_file_names_an_unrelated_process(folder: Path) -> None:
    servers = start(folder)
    servers.supervisor.stop()
    user = server_user()
    with subprocess.Popen(
        ["/bin/sleep", "60"], user=user.uid if user.switch else None
    ) as unrelated:
        stale = f"{unrelated.pid}\n{servers.paths.postgres}\n1700000000\n5432\n{folder}\n\n\n"
        (servers.paths.postgres / "postmaster.pid").write_text(stale)
        try:
            start(folder).stop()
        finally:
            unrelated.kill()


def test_a_full_disk_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "LEAST_FREE_BYTES", 2**60)
    with pytest.raises(StackError, match=r"^Only \d+ MB are free where"):
        check_space(StackPaths(tmp_path))


@pytest.mark.parametrize(
    ("host", "port", "sentence"),
    [
        ("127.0.0.1", 70000, "70000 is not a port."),
        ("203.0.113.1", 8000, "This machine cannot listen on 203.0.113.1"),
    ],
)
def test_an_impossible_address_is_said_plainly(host: str, port: int, sentence: str) -> None:
    with pytest.raises(StackError) as caught:
        check_port(host, port)
    assert str(caught.value).startswith(sentence)


@pytest.mark.slow
def test_a_folder_of_another_major_version_is_refused(folder: Path) -> None:
    servers = start(folder)
    servers.supervisor.stop()
    version = servers.paths.postgres / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(StackError, match="was made by PostgreSQL 17; this is 18"):
        start(folder)

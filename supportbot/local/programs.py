"""The project's own processes as children: web, worker and beat."""

import os
import signal
import sys
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPException

from supportbot.local.children import ChildSpec
from supportbot.local.paths import DATA_DIR_VARIABLE, PROJECT_ROOT, StackPaths
from supportbot.local.strays import SUPERVISED_VARIABLE

CONCURRENCY_VARIABLE = "SUPPORTBOT_WORKER_CONCURRENCY"
THREADS_VARIABLE = "SUPPORTBOT_EMBEDDING_THREADS"
QUEUES = "ingest,default"
_WEB_SECONDS = 4


def program_environment(paths: StackPaths, database_url: str, redis_url: str) -> dict[str, str]:
    """This process's environment with the servers' addresses; output is written unbuffered."""
    return {
        **os.environ,
        DATA_DIR_VARIABLE: str(paths.root),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        SUPERVISED_VARIABLE: str(paths.root),
        "PYTHONUNBUFFERED": "1",
    }


def web_child(paths: StackPaths, env: Mapping[str, str], host: str, port: int) -> ChildSpec:
    """The ASGI server. Ready means: /readyz answers 200."""
    probe = f"http://{_reachable(host)}:{port}/readyz"
    return ChildSpec(
        name="Web",
        argv=[
            *(sys.executable, "-m", "uvicorn", "supportbot.asgi:application"),
            *("--host", host, "--port", str(port), "--lifespan", "on", "--no-access-log"),
            # Whom to believe about the client's address is for the settings to say.
            "--no-proxy-headers",
            # A frame of 100,000 characters fits, whatever script it is in.
            *("--ws", "websockets-sansio", "--ws-max-size", "524288"),
            *("--timeout-graceful-shutdown", str(_WEB_SECONDS)),
        ],
        log=paths.logs / "web.log",
        env=env,
        cwd=PROJECT_ROOT,
        tier=1,
        ready=lambda: _answers(probe, _allowed_host()),
        ready_seconds=90.0,
        stop_seconds=_WEB_SECONDS + 0.5,
        # Its port must be free for the next start at once.
        last_words=signal.SIGKILL,
    )


def worker_child(paths: StackPaths, env: Mapping[str, str]) -> ChildSpec:
    """The Celery worker; the number of its processes is `SUPPORTBOT_WORKER_CONCURRENCY`, or as many
    as there are cores, but 2 at least and 4 at most."""
    cores = os.cpu_count() or 1
    concurrency = int(os.environ.get(CONCURRENCY_VARIABLE) or min(max(cores, 2), 4))
    # A process for each core embeds a fifth more than one process with all of them, and needs its
    # memory again; processes that each embed on all cores wait for each other.
    threads = os.environ.get(THREADS_VARIABLE) or str(max(1, cores // concurrency))
    return ChildSpec(
        name="Worker",
        argv=[
            *(sys.executable, "-m", "celery", "-A", "supportbot", "worker"),
            *("--concurrency", str(concurrency), "-Q", QUEUES),
            *("--loglevel", "INFO", "--without-gossip", "--without-mingle"),
        ],
        log=paths.logs / "worker.log",
        env={**env, THREADS_VARIABLE: threads},
        cwd=PROJECT_ROOT,
        tier=1,
        # Finish the running task if that is quick; what is cut off is taken up again from the
        # database.
        stop_signals=(signal.SIGTERM, signal.SIGQUIT),
        # Without its broker it would never finish; its processes end with it.
        last_words=signal.SIGKILL,
    )


def beat_child(paths: StackPaths, env: Mapping[str, str]) -> ChildSpec:
    """Celery beat, which hands out the periodic tasks."""
    return ChildSpec(
        name="Beat",
        argv=[
            *(sys.executable, "-m", "celery", "-A", "supportbot", "beat", "--loglevel", "INFO"),
            *("--schedule", str(paths.beat_schedule), "--pidfile", ""),
        ],
        log=paths.logs / "beat.log",
        env=env,
        cwd=PROJECT_ROOT,
        tier=1,
        stop_seconds=2.0,
    )


def _reachable(host: str) -> str:
    """The address under which this machine reaches a server that listens on `host`."""
    known = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}  # noqa: S104  compared only
    return known.get(host) or (f"[{host}]" if ":" in host else host)


def _allowed_host() -> str | None:
    """A host name Django accepts where `SUPPORTBOT_ALLOWED_HOSTS` leaves out this machine's own."""
    first = os.environ.get("SUPPORTBOT_ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".")
    return first if first and first != "*" else None


def _answers(url: str, host: str | None) -> bool:
    request = urllib.request.Request(url, headers={"Host": host} if host else {})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=3) as response:  # noqa: S310  our own address
            return bool(response.status == HTTPStatus.OK)
    except (OSError, HTTPException):
        return False

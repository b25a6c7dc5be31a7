"""What `manage.py up` does: the whole stack in the foreground, from checks to READY to the end."""

import errno
import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from supportbot.local.errors import StackError
from supportbot.local.locks import (
    FileLock,
    ServersRecord,
    clear_record,
    held,
    read_record,
    write_record,
)
from supportbot.local.paths import StackPaths, remove_sockets
from supportbot.local.plan import Plan
from supportbot.local.strays import end_stray_programs
from supportbot.local.supervisor import StopRequestedError, Supervisor

Say = Callable[[str], None]

LEAST_FREE_BYTES = 500 * 2**20
DEMO_SECONDS = 60.0
# How long a management command that is about to end may keep the data folder.
LOCK_SECONDS = 1.0


def run(make_plan: Callable[[], Plan], paths: StackPaths, host: str, port: int, say: Say) -> None:
    """Check, start everything, say READY and stay until a signal ends it all.

    Raises StackError when something needs a person; nothing is left running then either.
    """
    paths.create_root()
    lock = take_folder(paths)
    with held(lock):
        end_stray_programs(paths.root)
        check_port(host, port)
        check_space(paths)
        supervisor = Supervisor(say)
        with _stopped_by_signals(supervisor):
            try:
                with suppress(StopRequestedError):
                    _bring_up(make_plan(), supervisor, say)
                    supervisor.watch()
                say("Stopping…")
            finally:
                clear_record(paths)
                supervisor.stop()
                remove_sockets(paths)
        say("Stopped.")


def _bring_up(plan: Plan, supervisor: Supervisor, say: Say) -> None:
    started = time.monotonic()
    if plan.servers:
        say(f"Starting {' and '.join(spec.name for spec in plan.servers)}…")
    supervisor.start(*plan.servers)
    say("Preparing the database and the embedding model…")
    job = supervisor.run(plan.prepare)
    if job.child.exit_code() != 0:
        raise StackError(job.child.obituary("failed"))
    prepared = json.loads(job.report or "{}")
    _publish(plan)
    say(f"Starting {', '.join(spec.name.lower() for spec in plan.programs)}…")
    supervisor.start(*plan.programs)
    if plan.seed and not prepared.get("documents"):
        say("Loading the demo documents…")
        job = supervisor.run(plan.seed, DEMO_SECONDS)
        if job.child.exit_code():
            say(job.child.obituary("failed") + "\nGoing on without the demo documents.")
    say(f"Started in {time.monotonic() - started:.1f} seconds. Ctrl-C stops everything.")
    _announce(plan, say, admin_created=bool(prepared.get("admin_created")))


def _announce(plan: Plan, say: Say, *, admin_created: bool) -> None:
    host = f"[{plan.host}]" if ":" in plan.host else plan.host
    url = f"http://{host}:{plan.port}/"
    password = ""
    if admin_created:
        password = f"  password {plan.generated_password or 'as SUPPORTBOT_ADMIN_PASSWORD says'}"
    say(f"Widget  {url}")
    say(f"Admin  {url}admin/  user admin{password}")
    say(f"READY {url}")


def _publish(plan: Plan) -> None:
    """Let other commands join; the database is up to date now."""
    record = ServersRecord(
        pid=os.getpid(),
        command="up",
        worker=True,
        database_url=plan.addresses.database,
        redis_url=plan.addresses.redis,
    )
    write_record(plan.paths, record)


@contextmanager
def _stopped_by_signals(supervisor: Supervisor) -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {
        number: signal.signal(number, lambda *_: supervisor.request_stop()) for number in numbers
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def check_port(host: str, port: int) -> None:
    """Raise StackError unless this process may listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            # Where another listens with SO_REUSEADDR, only listening tells.
            probe.listen()
        except (OSError, OverflowError) as error:
            raise StackError(_port_problem(host, port, error)) from error


def _port_problem(host: str, port: int, error: Exception) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return f"Port {port} is taken. Stop what uses it or choose another with --port."
    if number == errno.EACCES:
        return f"Port {port} may be used by root only. Choose one above 1023 with --port."
    if isinstance(error, OverflowError):
        return f"{port} is not a port. Choose one from 1024 to 65535 with --port."
    return f"This machine cannot listen on {host} ({error}). Choose another address with --host."


def check_space(paths: StackPaths) -> None:
    """Raise StackError when the disk of the data folder is nearly full."""
    free = shutil.disk_usage(paths.root).free
    if free < LEAST_FREE_BYTES:
        message = (
            f"Only {free // 2**20} MB are free where {paths.root} is; "
            f"{LEAST_FREE_BYTES // 2**20} MB are needed. "
            "Free some space or choose another folder with --data-dir."
        )
        raise StackError(message)


def take_folder(paths: StackPaths) -> FileLock:
    """The held lock of the data folder. Raises StackError when another process has it."""
    lock = FileLock(paths.lock)
    deadline = time.monotonic() + LOCK_SECONDS
    while not lock.acquire():
        if time.monotonic() > deadline:
            record = read_record(paths)
            command = f" (manage.py {record.command})" if record else ""
            message = (
                f"The data folder {paths.root} is in use by process {lock.holder()}{command}. "
                "Stop that one, or choose another folder with --data-dir."
            )
            raise StackError(message)
        time.sleep(0.1)
    clear_record(paths)
    return lock

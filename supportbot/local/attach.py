"""Servers for one management command: configured ones, those of a running `up`, or its own."""

import _thread
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from supportbot.local.errors import StackError
from supportbot.local.locks import (
    FileLock,
    ServersRecord,
    clear_record,
    held,
    read_record,
    write_record,
)
from supportbot.local.paths import DATA_DIR_VARIABLE, StackPaths, data_dir, remove_sockets
from supportbot.local.plan import (
    OWNER_VARIABLE,
    Addresses,
    owner_url,
    server_addresses,
    server_children,
)
from supportbot.local.programs import program_environment, worker_child
from supportbot.local.supervisor import Supervisor

JOIN_SECONDS = 30.0


@contextmanager
def ensure_servers(*, worker: bool, migrate: bool = True) -> Iterator[None]:
    """Set `DATABASE_URL` and `REDIS_URL` for the time of the block, starting what is missing.

    Where both are set already, nothing happens. With `worker`, a Celery worker serves the queues
    for that time too. With `migrate`, a database started here is brought up to date first.
    Progress goes to standard error. Raises StackError.
    """
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        yield
        return
    paths = StackPaths(data_dir())
    paths.create_root()
    os.environ[DATA_DIR_VARIABLE] = str(paths.root)
    lock, guest = FileLock(paths.lock), FileLock(paths.guests)
    record = _own_or_join(paths, lock, guest)
    with held(lock), held(guest):
        supervisor = Supervisor(_say)
        try:
            if record is None:
                _start_servers(paths, supervisor, migrate=migrate)
            else:
                _use(Addresses(record.database_url, record.redis_url, owner_url(paths)))
            if worker and not (record and record.worker):
                _start_worker(paths, supervisor)
            if record is None:
                _publish(paths, worker=worker)
            with _watched(supervisor), _host_may_leave(paths, record):
                yield
                if record is None:
                    _wait_for_guests(guest)
        finally:
            if record is None:
                clear_record(paths)
            supervisor.stop()
            if record is None:
                remove_sockets(paths)


def _own_or_join(paths: StackPaths, lock: FileLock, guest: FileLock) -> ServersRecord | None:
    """Either take the folder's lock (None), or hold a guest's lock on the servers in the record."""
    deadline = time.monotonic() + JOIN_SECONDS
    while time.monotonic() < deadline:
        if lock.acquire():
            clear_record(paths)
            return None
        if guest.acquire(shared=True):
            record = read_record(paths)
            if record is not None:
                return record
            guest.release()
        time.sleep(0.1)
    message = (
        f"The servers in {paths.root} were not ready within {JOIN_SECONDS:.0f} seconds. "
        f"Look into {paths.logs}, or try again."
    )
    raise StackError(message)


def _start_servers(paths: StackPaths, supervisor: Supervisor, *, migrate: bool) -> None:
    addresses, children = server_addresses(paths), server_children(paths)
    supervisor.start(*children)
    _use(addresses)
    if migrate:
        _migrate()


def _start_worker(paths: StackPaths, supervisor: Supervisor) -> None:
    addresses = server_addresses(paths)
    env = program_environment(paths, addresses.database, addresses.redis)
    env = {name: value for name, value in env.items() if not name.startswith(OWNER_VARIABLE)}
    supervisor.start(worker_child(paths, env))


def _use(addresses: Addresses) -> None:
    """Name the servers in the environment; what is set there already wins."""
    for name, value in (("DATABASE_URL", addresses.database), ("REDIS_URL", addresses.redis)):
        os.environ[name] = os.environ.get(name) or value
    if addresses.owner:
        os.environ[OWNER_VARIABLE] = addresses.owner


def _migrate() -> None:
    import django
    from django.core.management import call_command
    from django.db import connections

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    connections.close_all()


def _publish(paths: StackPaths, *, worker: bool) -> None:
    addresses = server_addresses(paths)
    record = ServersRecord(
        pid=os.getpid(),
        command=" ".join(sys.argv[1:2]),
        worker=worker,
        database_url=addresses.database,
        redis_url=addresses.redis,
    )
    write_record(paths, record)


@contextmanager
def _watched(supervisor: Supervisor) -> Iterator[None]:
    """Restart children that die during the block; interrupt the block when one cannot be kept."""
    done = threading.Event()
    problems: list[StackError] = []

    def watch() -> None:
        try:
            supervisor.watch(until=done.is_set)
        except StackError as error:
            problems.append(error)
            _thread.interrupt_main()

    # Children restarted here end with this thread, which ends only when they are to be stopped.
    thread = threading.Thread(target=watch, name="supervisor", daemon=True)
    thread.start()
    try:
        yield
    except KeyboardInterrupt:
        if problems:
            raise problems[0] from None
        raise
    finally:
        done.set()
        thread.join()


@contextmanager
def _host_may_leave(paths: StackPaths, record: ServersRecord | None) -> Iterator[None]:
    """Say plainly that the joined servers were stopped, where that is why the database is gone."""
    from django.db import Error as DatabaseError

    try:
        yield
    except DatabaseError as error:
        if record is None or read_record(paths) == record:
            raise
        message = f"Process {record.pid} stopped the servers this command used. Run it again."
        raise StackError(message) from error


def _wait_for_guests(guest: FileLock) -> None:
    """Let commands that joined these servers finish before the servers stop."""
    if not guest.acquire():
        _say("Another command uses these servers. Waiting for it to finish.")
        guest.acquire(wait=True)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)

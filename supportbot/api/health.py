"""`/healthz`: this process answers. `/readyz`: everything it needs answers too."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, JsonResponse
from kombu.exceptions import OperationalError as BrokerError

from supportbot.celery import app

WORKER_SECONDS = 1.5
# How long an answer is given again. A start that waits for it asks about twice a second.
READY_SECONDS, UNREADY_SECONDS = 5.0, 1.0


@dataclass(frozen=True)
class Readiness:
    """What was found, and when by the monotonic clock."""

    checks: dict[str, str]
    at: float

    @property
    def ready(self) -> bool:
        return all(result == "ok" for result in self.checks.values())

    @property
    def is_fresh(self) -> bool:
        kept = READY_SECONDS if self.ready else UNREADY_SECONDS
        return time.monotonic() - self.at < kept


class ReadinessCheck:
    """Checks at most once in a while and one at a time, however often it is asked."""

    def __init__(self) -> None:
        self._last: Readiness | None = None
        self._checking = threading.Lock()

    def read(self) -> Readiness:
        """The kept state; while it is being renewed, the one before. Waits for the first one."""
        last = self._last
        if last is not None and last.is_fresh:
            return last
        if last is not None and self._checking.locked():
            return last
        with self._checking:
            if self._last is None or not self._last.is_fresh:
                self._last = _check()
            return self._last

    def glance(self) -> Readiness:
        """The kept state, whatever its age, renewed beside: for pages that must not wait."""
        last = self._last
        if last is None:
            return self.read()
        if not last.is_fresh and not self._checking.locked():
            threading.Thread(target=self._renew, daemon=True).start()
        return last

    def _renew(self) -> None:
        try:
            self.read()
        finally:
            connection.close()


readiness = ReadinessCheck()


def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when PostgreSQL, Redis and a worker answer; 503 and a sentence for each that does not.

    Anybody may ask, so the state is kept for some seconds and a loop finds nothing out.
    """
    found = readiness.read()
    return JsonResponse(
        {"status": "ok" if found.ready else "unavailable", "checks": found.checks},
        status=200 if found.ready else 503,
    )


def _check() -> Readiness:
    checks: dict[str, Callable[[], str]] = {
        "postgresql": _postgresql,
        "redis": _redis,
        "worker": _worker,
    }
    results = {name: check() for name, check in checks.items()}
    return Readiness(results, time.monotonic())


def _postgresql() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'vector'")
            found = cursor.fetchone()
    except DatabaseError:
        return "PostgreSQL does not answer. Check DATABASE_URL and that the server runs."
    return "ok" if found else "The extension pgvector is missing. Run manage.py migrate."


def _redis() -> str:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2) as client:
            client.ping()
    except (redis.RedisError, OSError):
        return "Redis does not answer. Check REDIS_URL and that the server runs."
    return "ok"


def _worker() -> str:
    until = time.monotonic() + WORKER_SECONDS
    try:
        # A connection of its own: an old one does not know that Redis has been emptied, and with it
        # the queue for the answer.
        with app.connection_for_write() as broker:
            ask = partial(app.control.inspect, connection=broker)
            replies = ask(timeout=WORKER_SECONDS, limit=1).ping()
            # An answer that came too late for the last question uses up the limit of this one.
            if not replies and (left := until - time.monotonic()) > 0:
                replies = ask(timeout=left).ping()
    except (BrokerError, redis.RedisError, OSError):
        return "No worker can be asked, because Redis does not answer."
    if replies:
        return "ok"
    return "No Celery worker answers. Documents are not processed until one runs."

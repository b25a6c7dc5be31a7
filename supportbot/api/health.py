"""`/healthz`: this process answers. `/readyz`: everything it needs answers too."""

from __future__ import annotations

from collections.abc import Callable

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, JsonResponse
from kombu.exceptions import OperationalError as BrokerError

from supportbot.celery import app

WORKER_SECONDS = 1.5


def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when PostgreSQL, Redis and a worker answer; 503 and a sentence for each that does not."""
    checks: dict[str, Callable[[], str]] = {
        "postgresql": _postgresql,
        "redis": _redis,
        "worker": _worker,
    }
    results = {name: check() for name, check in checks.items()}
    ready = all(result == "ok" for result in results.values())
    return JsonResponse(
        {"status": "ok" if ready else "unavailable", "checks": results},
        status=200 if ready else 503,
    )


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
    try:
        replies = app.control.inspect(timeout=WORKER_SECONDS, limit=1).ping()
    except (BrokerError, redis.RedisError, OSError):
        return "No worker can be asked, because Redis does not answer."
    if replies:
        return "ok"
    return "No Celery worker answers. Documents are not processed until one runs."

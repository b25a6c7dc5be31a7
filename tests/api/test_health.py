"""supportbot.api.health: alive, and ready; not ready says what is missing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from celery.contrib.testing.worker import start_worker
from django.db import connection
from django.test import Client
from pytest_django import Settings

from supportbot.celery import app

DEAD_REDIS = "redis://127.0.0.1:9/0"


def ready() -> tuple[int, dict[str, str]]:
    response = Client().get("/readyz")
    return response.status_code, response.json()["checks"]


@pytest.fixture
def worker(transactional_db: None) -> Iterator[None]:
    """A real worker on the real Redis, in a thread, which closes the connections it sees."""
    with start_worker(app, pool="solo", perform_ping_check=False, queues=["default"]):
        yield


def test_a_living_process_says_so_without_asking_anybody() -> None:
    assert Client().get("/healthz").json() == {"status": "ok"}


def test_with_everything_there_it_is_ready(worker: None) -> None:
    status, checks = ready()
    assert checks == {"postgresql": "ok", "redis": "ok", "worker": "ok"}
    assert status == 200


def test_without_a_worker_it_says_that_documents_wait(db: None) -> None:
    status, checks = ready()
    assert status == 503
    assert (checks["postgresql"], checks["redis"]) == ("ok", "ok")
    assert checks["worker"].startswith("No Celery worker answers.")


def test_without_redis_it_says_so(db: None, settings: Settings) -> None:
    settings.REDIS_URL = DEAD_REDIS
    status, checks = ready()
    assert status == 503
    assert checks["redis"].startswith("Redis does not answer.")
    assert checks["postgresql"] == "ok"


def test_without_pgvector_it_says_so(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_extension SET extname = 'was_vector' WHERE extname = 'vector'")
    status, checks = ready()
    assert status == 503
    assert checks["postgresql"].startswith("The extension pgvector is missing.")

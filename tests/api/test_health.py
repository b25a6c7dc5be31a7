"""supportbot.api.health: alive, and ready; not ready says what is missing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import redis
from celery.contrib.testing.worker import start_worker
from django.db import connection
from django.test import Client
from pytest_django import Settings

from supportbot.api import health
from supportbot.celery import app

DEAD_REDIS = "redis://127.0.0.1:9/0"
LISTENS_WITHIN = 30.0  # seconds


def ready() -> tuple[int, dict[str, str]]:
    response = Client().get("/readyz")
    return response.status_code, response.json()["checks"]


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "readiness", health.ReadinessCheck())


@pytest.fixture
def worker(transactional_db: None) -> Iterator[None]:
    """A real worker on the real Redis, in a thread, which closes the connections it sees. It says
    that it is ready before it listens, and a question meanwhile is lost."""
    with start_worker(app, pool="solo", perform_ping_check=False, queues=["default"]):
        until = time.monotonic() + LISTENS_WITHIN
        while not app.control.inspect(timeout=0.5, limit=1).ping():
            assert time.monotonic() < until
        yield


def test_a_living_process_says_so_without_asking_anybody() -> None:
    assert Client().get("/healthz").json() == {"status": "ok"}


def test_with_everything_there_it_is_ready(worker: None) -> None:
    status, checks = ready()
    assert checks == {"postgresql": "ok", "redis": "ok", "worker": "ok"}
    assert status == 200


def test_an_answer_that_came_too_late_does_not_hide_the_worker(
    worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as hurry:
        hurry.setattr(health, "WORKER_SECONDS", 0.0001)
        ready()
    time.sleep(0.5)  # its answer arrives, and nobody waits for it
    monkeypatch.setattr(health, "readiness", health.ReadinessCheck())
    assert ready()[1]["worker"] == "ok"


def test_a_worker_answers_after_redis_was_emptied(
    worker: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ready()[1]["worker"] == "ok"
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()
    monkeypatch.setattr(health, "readiness", health.ReadinessCheck())
    assert ready()[1]["worker"] == "ok"


@pytest.fixture
def no_worker(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers, however long one waits."""
    monkeypatch.setattr(health, "WORKER_SECONDS", 0.3)


def test_without_a_worker_it_says_that_documents_wait(no_worker: None) -> None:
    status, checks = ready()
    assert status == 503
    assert (checks["postgresql"], checks["redis"]) == ("ok", "ok")
    assert checks["worker"].startswith("No Celery worker answers.")


def test_without_redis_it_says_so(no_worker: None, settings: Settings) -> None:
    settings.REDIS_URL = DEAD_REDIS
    status, checks = ready()
    assert status == 503
    assert checks["redis"].startswith("Redis does not answer.")
    assert checks["postgresql"] == "ok"


def test_without_pgvector_it_says_so(no_worker: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_extension SET extname = 'was_vector' WHERE extname = 'vector'")
    status, checks = ready()
    assert status == 503
    assert checks["postgresql"].startswith("The extension pgvector is missing.")


# -- A loop ---------------------------------------------------------------------------------------
def test_a_loop_is_answered_from_the_kept_state_without_asking_anybody(
    worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ready()[0] == 200
    monkeypatch.setattr(health, "READY_SECONDS", 600.0)
    monkeypatch.setattr(health, "_check", lambda: pytest.fail("somebody was asked"))
    for _ in range(50):
        assert health.readiness.read().ready


def test_a_state_that_is_old_is_looked_at_anew(
    worker: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ready()[0] == 200
    settings.REDIS_URL = DEAD_REDIS
    assert ready()[0] == 200
    monkeypatch.setattr(health, "READY_SECONDS", 0.0)
    assert ready()[0] == 503


def test_while_one_looks_the_others_get_the_state_before(
    no_worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = health.readiness.read()
    assert not before.ready
    monkeypatch.setattr(health, "UNREADY_SECONDS", 0.0)
    looks, may_end = threading.Event(), threading.Event()

    def slow_check() -> health.Readiness:
        looks.set()
        assert may_end.wait(30)
        return health.Readiness({"postgresql": "ok"}, time.monotonic())

    monkeypatch.setattr(health, "_check", slow_check)
    looking = threading.Thread(target=health.readiness.read)
    looking.start()
    assert looks.wait(30)
    assert health.readiness.read() is before
    may_end.set()
    looking.join()
    assert health.readiness.read() is not before

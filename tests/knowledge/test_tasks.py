"""knowledge.tasks: a wake-up processes what waits; the sweep wakes workers when something waits."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import redis
from django.conf import settings

from knowledge import tasks
from knowledge.models import DocumentVersion
from knowledge.services.ingestion.documents import add_version, check_upload
from knowledge.services.ingestion.queue import WAKE_TASK, bundled_wake_ups, claim_next
from knowledge.tasks import process_queue, resume_processing
from supportbot.celery import app

QUEUE = "ingest"


def upload(name: str, more: str = "") -> DocumentVersion:
    checked = check_upload(io.BytesIO(f"Text of {name}. {more}".encode()), file_name=name)
    return add_version(upload=checked)[0]


@pytest.fixture
def broker() -> redis.Redis:
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.delete(QUEUE)
    return client


def messages(broker: redis.Redis) -> list[dict[str, Any]]:
    raw: Any = broker.lrange(QUEUE, 0, -1)
    return [json.loads(message)["headers"] for message in raw]


def test_a_wake_up_processes_all_that_waits(db: None) -> None:
    versions = [upload(name) for name in ("a.md", "b.md", "c.md")]
    assert process_queue() == 3
    for version in versions:
        version.refresh_from_db()
        assert version.status == DocumentVersion.Status.READY


def test_a_wake_up_with_nothing_to_do_does_nothing(db: None) -> None:
    assert process_queue() == 0


@pytest.mark.django_db(transaction=True)
def test_a_slice_that_is_over_calls_the_next_one(
    broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload("a.md")
    upload("b.md", "More than is claimed together. " * 3000)
    broker.delete(QUEUE)
    monkeypatch.setattr(tasks, "SLICE_SECONDS", 0)
    assert process_queue() == 1
    assert [message["task"] for message in messages(broker)] == [WAKE_TASK]


@pytest.mark.django_db(transaction=True)
def test_an_upload_wakes_a_worker_after_its_transaction(broker: redis.Redis) -> None:
    upload("a.md")
    (message,) = messages(broker)
    assert message["task"] == WAKE_TASK
    assert message["expires"] is not None


@pytest.mark.django_db(transaction=True)
def test_many_uploads_send_few_wake_ups_and_one_after_the_last(broker: redis.Redis) -> None:
    with bundled_wake_ups():
        for number in range(20):
            upload(f"{number}.md")
        during = len(messages(broker))
        broker.delete(QUEUE)
    assert 1 <= during < 20
    assert len(messages(broker)) == 1
    upload("later.md")
    assert len(messages(broker)) == 2


@pytest.mark.django_db(transaction=True)
def test_bundled_uploads_of_which_none_is_left_to_tell_send_nothing_more(
    broker: redis.Redis,
) -> None:
    with bundled_wake_ups():
        upload("a.md")
    assert len(messages(broker)) == 1


@pytest.mark.django_db(transaction=True)
def test_the_sweep_wakes_a_worker_only_when_something_waits(broker: redis.Redis) -> None:
    resume_processing()
    assert messages(broker) == []
    upload("a.md")
    broker.delete(QUEUE)
    resume_processing()
    assert len(messages(broker)) == 1
    broker.delete(QUEUE)
    assert claim_next() is not None
    resume_processing()
    assert messages(broker) == []


def test_the_tasks_have_the_names_they_are_sent_by() -> None:
    assert process_queue.name == WAKE_TASK
    swept = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert resume_processing.name in swept
    app.loader.import_default_modules()
    assert swept <= set(app.tasks)

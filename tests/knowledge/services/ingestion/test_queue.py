"""ingestion.queue: the table of versions is the queue; each has one worker."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Sequence

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from knowledge.leases import Lease, LeaseLostError, kept_alive
from knowledge.models import Collection, Document, DocumentVersion
from knowledge.services.ingestion.documents import retry_version
from knowledge.services.ingestion.queue import (
    MAX_ATTEMPTS,
    TOGETHER,
    TOGETHER_BYTES,
    a_smaller_one_waits,
    claim_next,
    claim_some,
    postpone,
    record_failure,
    record_step,
    release,
    step_aside,
)

Status = DocumentVersion.Status


def waiting(size: int = 10, **fields: object) -> DocumentVersion:
    collection, _ = Collection.objects.get_or_create(name="Shop")
    document = Document.objects.create(
        collection=collection, external_id=str(uuid.uuid4()), title="Returns"
    )
    values: dict[str, object] = {"number": 1, "file_name": "a.md", "content_hash": "0" * 64}
    return DocumentVersion.objects.create(size=size, **{"document": document, **values, **fields})


def claimed(version: DocumentVersion) -> DocumentVersion:
    mine = claim_next()
    assert mine is not None
    assert mine.pk == version.pk
    return mine


def let_the_lease_run_out(version: DocumentVersion) -> None:
    past = timezone.now() - dt.timedelta(seconds=1)
    DocumentVersion.objects.filter(pk=version.pk).update(lease_until=past)


def test_a_claim_takes_a_lease(db: None) -> None:
    mine = claimed(waiting())
    assert mine.attempts == 1
    assert mine.lease_token is not None
    assert mine.lease_until is not None
    assert mine.lease_until > timezone.now()


def test_a_claimed_version_is_not_given_out_again(db: None) -> None:
    claimed(waiting())
    assert claim_next() is None


def test_small_files_go_first_and_equal_ones_in_order(db: None) -> None:
    big, small, same = waiting(5000), waiting(10), waiting(10)
    found = [claim_next() for _ in range(3)]
    assert [version.pk for version in found if version] == [small.pk, same.pk, big.pk]


@pytest.mark.parametrize("status", [Status.READY, Status.FAILED])
def test_what_is_finished_is_not_given_out(db: None, status: str) -> None:
    waiting(status=status)
    assert claim_next() is None


@pytest.mark.parametrize("status", [Status.SPLITTING, Status.EMBEDDING])
def test_what_a_dead_worker_left_is_handed_over_when_its_lease_ends(db: None, status: str) -> None:
    first = claimed(waiting())
    record_step(first, status=status)
    assert claim_next() is None
    let_the_lease_run_out(first)
    second = claimed(first)
    assert (second.status, second.attempts) == (status, 2)
    assert second.lease_token != first.lease_token


def test_a_worker_that_lost_its_lease_writes_nothing(db: None) -> None:
    first = claimed(waiting())
    let_the_lease_run_out(first)
    second = claimed(first)
    with pytest.raises(LeaseLostError):
        record_step(first, markdown="from the dead", status=Status.READY)
    record_failure(first, "from the dead")
    release(first)
    row = DocumentVersion.objects.get()
    assert (row.markdown, row.error, row.status) == ("", "", Status.QUEUED)
    assert row.lease_until == second.lease_until


def test_a_step_prolongs_the_lease(db: None) -> None:
    mine = claimed(waiting())
    soon = timezone.now() + dt.timedelta(seconds=1)
    DocumentVersion.objects.update(lease_until=soon)
    record_step(mine, progress_done=3)
    row = DocumentVersion.objects.get()
    assert row.progress_done == 3
    assert row.lease_until is not None
    assert row.lease_until > soon + dt.timedelta(seconds=settings.PROCESSING_LEASE_SECONDS / 2)


def test_a_released_version_is_tried_again_a_little_later(db: None) -> None:
    mine = claimed(waiting())
    release(mine)
    assert claim_next() is None
    let_the_lease_run_out(mine)
    claimed(mine)


def ids(versions: Sequence[DocumentVersion]) -> list[int]:
    return [version.pk for version in versions]


def test_small_files_are_claimed_together_under_one_lease(db: None) -> None:
    versions = [waiting(size) for size in (30, 10, 20)]
    mine = claim_some()
    assert ids(mine) == [versions[1].pk, versions[2].pk, versions[0].pk]
    assert len({version.lease_token for version in mine}) == 1
    assert [version.attempts for version in mine] == [1, 1, 1]
    assert not claim_some()
    record_step(mine[0], progress_done=1)
    record_step(mine[1], status=Status.SPLITTING)


def test_no_more_are_claimed_together_than_are_soon_done(db: None) -> None:
    third = TOGETHER_BYTES // 3
    by_size = [waiting(third) for _ in range(4)]
    assert ids(claim_some()) == ids(by_size[:3])
    assert ids(claim_some()) == ids(by_size[3:])
    by_number = [waiting(10) for _ in range(TOGETHER + 1)]
    assert ids(claim_some()) == ids(by_number[:TOGETHER])


def test_versions_of_one_document_are_not_claimed_together(db: None) -> None:
    first = waiting()
    second = waiting(document=first.document, number=2)
    assert ids(claim_some()) == [first.pk]
    assert ids(claim_some()) == [second.pk]


def test_a_large_file_is_claimed_alone(db: None) -> None:
    first, second = waiting(TOGETHER_BYTES + 1), waiting(TOGETHER_BYTES + 2)
    assert ids(claim_some()) == [first.pk]
    assert ids(claim_some()) == [second.pk]


def test_what_a_worker_broke_off_at_is_claimed_alone(db: None) -> None:
    """It may be what killed that worker; three innocents must not be given up with it."""
    guilty, *innocents = [waiting() for _ in range(3)]
    for version in claim_some():
        let_the_lease_run_out(version)
    fresh = waiting()
    assert ids(claim_some()) == [guilty.pk]
    assert ids(claim_some()) == [innocents[0].pk]
    assert ids(claim_some()) == [innocents[1].pk]
    assert ids(claim_some()) == [fresh.pk]


def test_the_one_that_waits_longest_can_be_asked_for(db: None) -> None:
    manual, _ = waiting(50_000_000), waiting(10)
    assert ids(claim_some(oldest_first=True)) == [manual.pk]


def test_a_version_that_is_given_up_does_not_hold_up_the_next(db: None) -> None:
    hopeless, other = waiting(attempts=MAX_ATTEMPTS), waiting(size=20)
    assert ids(claim_some()) == [other.pk]
    hopeless.refresh_from_db()
    assert (hopeless.status, hopeless.lease_until) == (Status.FAILED, None)


def test_a_step_that_is_done_makes_up_for_earlier_attempts(db: None) -> None:
    """A manual that takes many restarts of workers is not given up while it gets on."""
    version = waiting()
    for done in range(2 * MAX_ATTEMPTS):
        mine = claimed(version)
        record_step(mine, progress_done=done)
        let_the_lease_run_out(mine)
    assert claimed(version).attempts == 2


def test_a_version_that_steps_aside_waits_again_as_if_new(db: None) -> None:
    mine = claimed(waiting(size=500, progress_done=7))
    assert not a_smaller_one_waits(mine)
    smaller = waiting(size=400)
    assert a_smaller_one_waits(mine)
    step_aside(mine)
    assert ids(claim_some()) == [smaller.pk, mine.pk]
    mine.refresh_from_db()
    assert (mine.attempts, mine.progress_done) == (1, 7)


def test_a_postponed_version_says_why_and_counts_no_attempt(db: None) -> None:
    mine = claimed(waiting())
    postpone(mine, "The embedding server does not answer.")
    assert claim_next() is None
    row = DocumentVersion.objects.get()
    assert (row.attempts, row.status, row.error) == (
        0,
        Status.QUEUED,
        "The embedding server does not answer.",
    )
    let_the_lease_run_out(mine)
    claimed(mine)


def test_a_step_says_when_it_began(db: None) -> None:
    mine = claimed(waiting())
    before = timezone.now()
    record_step(mine, status=Status.EMBEDDING)
    began = DocumentVersion.objects.get().step_started_at
    assert began is not None
    assert before <= began <= timezone.now()
    record_step(mine, progress_done=1)
    assert DocumentVersion.objects.get().step_started_at == began


def test_a_version_that_broke_off_three_times_is_given_up_with_a_sentence(db: None) -> None:
    version = waiting()
    for _ in range(MAX_ATTEMPTS):
        assert claimed(version).status == Status.QUEUED
        let_the_lease_run_out(version)
    assert claim_next() is None
    version.refresh_from_db()
    assert version.status == Status.FAILED
    assert version.error.startswith("Reading this file broke off three times")
    assert claim_next() is None
    retry_version(version=version)
    assert claimed(version).attempts == 1


@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_time_never_get_the_same_version() -> None:
    expected = {waiting().pk for _ in range(12)}
    found: list[int] = []
    start = threading.Barrier(4)

    def work() -> None:
        try:
            start.wait()
            while (version := claim_next()) is not None:
                found.append(version.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(expected)
    assert set(found) == expected


UPLOAD_WITHOUT_REDIS = """
import io, os
import django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]
from knowledge.services.ingestion.documents import add_version, check_upload
upload = check_upload(io.BytesIO(b"Some text."), file_name="a.md")
version, created = add_version(upload=upload)
print("stored" if created else "not stored", version.status)
"""


@pytest.mark.django_db(transaction=True)
def test_an_upload_succeeds_while_redis_is_dead() -> None:
    """In a process of its own, because Celery keeps its broker for good."""
    result = subprocess.run(
        [sys.executable, "-c", UPLOAD_WITHOUT_REDIS],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "supportbot.settings",
            "TEST_DATABASE": str(connection.settings_dict["NAME"]),
            "REDIS_URL": "redis://127.0.0.1:9/0",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.stdout.strip().endswith("stored queued"), result.stderr
    assert "wake_up_not_sent" in result.stdout + result.stderr
    assert DocumentVersion.objects.get().status == Status.QUEUED


@pytest.mark.django_db(transaction=True)
def test_a_step_that_outlasts_its_lease_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "PROCESSING_LEASE_SECONDS", 0.6)
    mine = claimed(waiting())
    with kept_alive(Lease(mine)):
        for _ in range(12):
            time.sleep(0.1)
            assert claim_next() is None
    let_the_lease_run_out(mine)
    assert claim_next() == mine

"""knowledge.leases: whoever knows the token changes the row, and nobody else."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from django.utils import timezone
from pytest_django import Settings

from knowledge.leases import Lease, LeaseLostError, kept_alive
from knowledge.models import EmbeddingIndex

WAITING = 30.0  # seconds


@pytest.fixture
def index(db: None) -> EmbeddingIndex:
    return EmbeddingIndex.objects.create(model="a model", dimensions=8)


def claimed(index: EmbeddingIndex) -> Lease:
    """A lease that a process of its own holds, with a row of its own."""
    row = EmbeddingIndex.objects.get(pk=index.pk)
    lease = Lease.begin(row)
    row.save(update_fields=["lease_token", "lease_until"])
    return lease


def test_a_lease_lasts_for_the_set_time(index: EmbeddingIndex, settings: Settings) -> None:
    settings.PROCESSING_LEASE_SECONDS = 40
    claimed(index)
    index.refresh_from_db()
    assert index.lease_until is not None
    assert 30 < (index.lease_until - timezone.now()).total_seconds() <= 40


def test_a_change_prolongs_the_lease_and_is_seen_on_the_row(index: EmbeddingIndex) -> None:
    lease = claimed(index)
    EmbeddingIndex.objects.update(lease_until=timezone.now())
    lease.update(progress_done=3)
    index.refresh_from_db()
    assert index.progress_done == lease.rows[0].progress_done == 3
    assert index.lease_until == lease.rows[0].lease_until > timezone.now() + dt.timedelta(seconds=5)


def test_who_has_lost_the_lease_changes_nothing(index: EmbeddingIndex) -> None:
    first, second = claimed(index), claimed(index)
    with pytest.raises(LeaseLostError):
        first.update(progress_done=3)
    assert not first.give_back(error="broken off")
    index.refresh_from_db()
    assert (index.progress_done, index.error, index.lease_token) == (0, "", second.token)


def test_what_is_given_back_is_free_at_once_or_later(index: EmbeddingIndex) -> None:
    assert claimed(index).give_back(error="none left")
    index.refresh_from_db()
    assert (index.error, index.lease_token, index.lease_until) == ("none left", None, None)
    assert claimed(index).give_back(seconds=60)
    index.refresh_from_db()
    assert index.lease_token is None
    assert index.lease_until is not None
    assert index.lease_until > timezone.now() + dt.timedelta(seconds=50)


def test_a_claim_of_several_rows_is_one_lease(index: EmbeddingIndex) -> None:
    other = EmbeddingIndex.objects.create(model="another", dimensions=8)
    lease = Lease.begin(index, other)
    for row in (index, other):
        row.save(update_fields=["lease_token", "lease_until"])
    assert set(lease.held()) == {index, other}
    claimed(other)
    assert set(lease.held()) == {index}


@pytest.mark.django_db(transaction=True)
def test_a_lease_is_prolonged_while_a_step_runs(settings: Settings) -> None:
    settings.PROCESSING_LEASE_SECONDS = 0.3
    lease = claimed(EmbeddingIndex.objects.create(model="a model", dimensions=8))
    first_end = lease.rows[0].lease_until
    assert first_end is not None
    with kept_alive(lease):
        prolonged = EmbeddingIndex.objects.filter(
            lease_until__gt=first_end + dt.timedelta(seconds=0.3)
        )
        until = time.monotonic() + WAITING
        while not prolonged.exists():
            assert time.monotonic() < until
            time.sleep(0.02)
    ended = EmbeddingIndex.objects.get().lease_until
    time.sleep(0.4)
    assert EmbeddingIndex.objects.get().lease_until == ended

"""lifecycle.publishing: what is served on which day, and never two versions at once."""

from __future__ import annotations

import datetime as dt
import io
import threading
import uuid

import pytest
from django.db import connection
from django.utils import timezone

from knowledge.leases import LeaseLostError
from knowledge.models import DocumentVersion, Passage
from knowledge.services.ingestion.documents import add_version, check_upload
from knowledge.services.lifecycle.publishing import finish_processing, retire_version
from tests.conftest import Publish, process_waiting

OLD, SPRING, SUMMER = dt.date(2025, 1, 1), dt.date(2026, 3, 1), dt.date(2026, 6, 1)
DAY = dt.timedelta(days=1)


def served(day: dt.date) -> set[int]:
    """Numbers of the versions that customers are served on a day."""
    return set(Passage.objects.live(day).values_list("version__number", flat=True))


def state_of(version: DocumentVersion) -> str:
    version.refresh_from_db()
    return version.state


def test_a_new_version_takes_the_place_of_the_old_one(publish: Publish) -> None:
    first, second = publish("Within 14 days."), publish("Within 30 days.")
    assert (state_of(first), state_of(second)) == ("retired", "published")
    assert served(OLD) == served(SUMMER) == {2}


def test_a_version_from_a_day_on_ends_the_one_before_on_that_day(publish: Publish) -> None:
    first = publish("Within 14 days.")
    publish("Within 30 days.", effective_from=SPRING)
    assert state_of(first) == "published"
    assert (served(SPRING - DAY), served(SPRING)) == ({1}, {2})


def test_a_chain_of_versions_has_no_gap_and_no_overlap(publish: Publish) -> None:
    for number, start in enumerate((OLD, SPRING, SUMMER)):
        publish(f"Within {number} days.", effective_from=start)
    days = [OLD - DAY, OLD, SPRING - DAY, SPRING, SUMMER - DAY, SUMMER]
    assert [served(day) for day in days] == [set(), {1}, {1}, {2}, {2}, {3}]


def test_a_version_ends_on_its_last_day(publish: Publish) -> None:
    publish("Within 30 days.", effective_until=SPRING)
    assert (served(SPRING - DAY), served(SPRING)) == ({1}, set())


def test_an_old_policy_that_is_added_later_leaves_the_present_one_alone(publish: Publish) -> None:
    now = publish("Within 30 days.", effective_from=SPRING)
    publish("Within 14 days.", effective_from=OLD, effective_until=SPRING)
    assert state_of(now) == "published"
    assert (served(SPRING - DAY), served(SPRING)) == ({2}, {1})


def test_an_old_policy_without_a_first_day_leaves_the_present_one_alone(publish: Publish) -> None:
    now = publish("Within 30 days.")
    publish("Within 14 days.", effective_until=OLD)
    assert state_of(now) == "published"
    assert served(SPRING) == {1}


def test_what_is_in_effect_for_a_time_gives_way_again(publish: Publish) -> None:
    usual = publish("Within 30 days.")
    publish("Within 60 days.", effective_from=SPRING, effective_until=SUMMER)
    assert state_of(usual) == "published"
    assert served(SPRING) == {2}
    assert served(SUMMER) == {1}


def test_an_earlier_version_that_had_ended_keeps_its_own_end(publish: Publish) -> None:
    first = publish("Within 14 days.", effective_from=OLD, effective_until=SPRING)
    publish("Within 30 days.", effective_from=SUMMER)
    assert state_of(first) == "published"
    assert first.effective_until == SPRING
    assert served(SPRING) == set()


def test_a_later_version_gives_way_to_one_that_starts_before_it(publish: Publish) -> None:
    later = publish("Within 14 days.", effective_from=SUMMER)
    publish("Within 30 days.", effective_from=SPRING)
    assert state_of(later) == "retired"
    assert served(SUMMER) == {2}


def test_a_policy_for_a_time_leaves_the_days_before_it_alone(publish: Publish) -> None:
    publish("Within 30 days.")
    publish("Within 60 days.", effective_from=SPRING, effective_until=SUMMER)
    assert (served(SPRING - DAY), served(OLD)) == ({1}, {1})


def test_what_stood_over_another_gives_way_when_it_is_retired(publish: Publish) -> None:
    publish("Within 30 days.")
    version = publish("Within 60 days.", effective_from=SPRING, effective_until=SUMMER)
    retire_version(version=version)
    assert served(SPRING) == {1}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_later_version_wins_whichever_is_ready_first(db: None, order: tuple[int, int]) -> None:
    uploads = [
        check_upload(io.BytesIO(text), file_name="returns.md")
        for text in (b"Within 14 days.", b"Within 30 days.")
    ]
    versions = [add_version(upload=upload)[0] for upload in uploads]
    for index in order:
        DocumentVersion.objects.exclude(pk=versions[index].pk).filter(status="queued").update(
            lease_until=timezone.now() + DAY
        )
        process_waiting()
        DocumentVersion.objects.filter(status="queued").update(lease_until=None)
    assert [state_of(version) for version in versions] == ["retired", "published"]
    assert served(SUMMER) == {2}


def test_other_documents_are_left_alone(publish: Publish) -> None:
    other = publish("About shipping.", file_name="shipping.md")
    publish("Within 14 days.")
    publish("Within 30 days.")
    assert state_of(other) == "published"


def test_a_retired_version_is_served_on_no_day_and_is_kept(publish: Publish) -> None:
    version = publish("Within 30 days.")
    retire_version(version=version)
    assert served(SUMMER) == set()
    assert state_of(version) == "retired"
    assert version.passages.count() == 1


def test_who_has_lost_the_lease_publishes_nothing(publish: Publish) -> None:
    first = publish("Within 14 days.")
    second = publish("Within 30 days.")
    stale = DocumentVersion.objects.get(pk=first.pk)
    stale.lease_token = uuid.uuid4()
    with pytest.raises(LeaseLostError):
        finish_processing(version=stale)
    assert (state_of(first), state_of(second)) == ("retired", "published")


@pytest.mark.django_db(transaction=True)
def test_a_reader_sees_the_old_version_or_the_new_and_nothing_else(publish: Publish) -> None:
    publish("Version 1 of the rules.")
    seen: list[frozenset[int]] = []
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                seen.append(frozenset(served(SUMMER)))
        finally:
            connection.close()

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(2, 12):
        publish(f"Version {number} of the rules.")
    stop.set()
    reader.join()
    assert {len(versions) for versions in seen} == {1}
    assert len(set(seen)) > 3  # it did read while publishing went on

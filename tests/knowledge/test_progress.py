"""knowledge.progress and knowledge.selectors: how far, how fast, how long."""

from __future__ import annotations

import datetime as dt
import io
import uuid

import pytest
from django.utils import timezone

from knowledge.models import Collection, Document, DocumentVersion
from knowledge.progress import Line, Rate
from knowledge.selectors import (
    describe_seconds,
    estimate_seconds,
    estimates,
    progress_of,
    recent_speed,
)

Status = DocumentVersion.Status
NOW = timezone.now()


def version(size: int = 1000, **fields: object) -> DocumentVersion:
    collection, _ = Collection.objects.get_or_create(name="Shop")
    document = Document.objects.create(
        collection=collection, external_id=str(uuid.uuid4()), title="Returns"
    )
    values: dict[str, object] = {"number": 1, "file_name": "a.md", "content_hash": "0" * 64}
    return DocumentVersion.objects.create(document=document, size=size, **{**values, **fields})


def done(passages: int, *, began: float, ended: float, size: int = 1000) -> DocumentVersion:
    """A published version whose embedding took from `began` to `ended`, in seconds from now."""
    return version(
        size,
        status=Status.READY,
        progress_done=passages,
        progress_total=passages,
        step_started_at=NOW + dt.timedelta(seconds=began),
        published_at=NOW + dt.timedelta(seconds=ended),
    )


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_line_is_rewritten_and_leaves_nothing_of_a_longer_one() -> None:
    out = _Terminal()
    line = Line(out)
    line.show("a long line", 0.1)
    line.show("short", 0.2)
    line.end()
    assert out.getvalue() == "\ra long line\rshort      \n"


def test_elsewhere_a_line_comes_at_every_tenth() -> None:
    out = io.StringIO()
    line = Line(out)
    for percent in range(0, 101, 5):
        line.show(f"{percent}%", percent / 100)
    line.end()
    assert out.getvalue().split() == [f"{percent}%" for percent in range(0, 101, 10)]


def test_the_rate_is_that_of_the_last_half_minute() -> None:
    rate = Rate()
    rate.note(0, 0)
    assert rate.per_second == 0
    assert rate.describe(100) == ""
    for second in range(1, 61):
        rate.note(10 * second, second)
    assert rate.per_second == pytest.approx(10)
    for second in range(61, 120):
        rate.note(600 + 2 * (second - 60), second)
    assert rate.per_second == pytest.approx(2)
    assert rate.describe(240, "texts") == ", 2.0 texts/s, about 2 minutes left"
    assert rate.describe(0) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "a few seconds"),
        (42, "about 40 seconds"),
        (200, "about 3 minutes"),
        (8000, "about 2 hours"),
    ],
)
def test_times_are_told_in_words(seconds: float, words: str) -> None:
    assert describe_seconds(seconds) == words


def test_what_is_not_split_yet_is_guessed_from_the_rest(db: None) -> None:
    split = version(1000, status=Status.EMBEDDING, progress_done=3, progress_total=10)
    unsplit = version(500, status=Status.QUEUED)
    progress = progress_of([split.pk, unsplit.pk])
    assert (progress.waiting, progress.finished) == (2, False)
    assert progress.passages_left == pytest.approx(7 + 5)


def test_nothing_published_gives_no_estimate(db: None) -> None:
    waiting = version()
    assert recent_speed() is None
    assert estimates() == {}
    assert estimate_seconds(waiting) is None


def test_versions_that_were_embedded_together_count_their_time_once(db: None) -> None:
    done(30, began=-20, ended=-10)
    done(50, began=-20, ended=-10)
    done(20, began=-15, ended=-5)
    speed = recent_speed()
    assert speed is not None
    assert speed.passages_per_second == pytest.approx(100 / 15)
    assert speed.passages_per_byte == pytest.approx(100 / 3000)


def test_time_without_work_slows_nothing_down(db: None) -> None:
    done(30, began=-1000, ended=-990)
    done(30, began=-20, ended=-10)
    speed = recent_speed()
    assert speed is not None
    assert speed.passages_per_second == pytest.approx(3)


def test_waiting_for_a_person_is_not_slowness(db: None) -> None:
    done(20, began=-20, ended=-10)
    done(20, began=-90_000, ended=-5)  # published by hand a day later
    speed = recent_speed()
    assert speed is not None
    assert speed.passages_per_second == pytest.approx(2)


def test_an_estimate_counts_what_is_done_before(db: None) -> None:
    done(20, began=-20, ended=-10, size=2000)  # two a second, ten for a thousand bytes
    large = version(4000, status=Status.QUEUED)
    running = version(1000, status=Status.EMBEDDING, progress_done=6, progress_total=10)
    small = version(200, status=Status.QUEUED)
    found = estimates()
    assert found[small.pk] == pytest.approx(1)
    assert found[running.pk] == pytest.approx(1 + 2)
    assert found[large.pk] == estimate_seconds(large) == pytest.approx(1 + 2 + 20)

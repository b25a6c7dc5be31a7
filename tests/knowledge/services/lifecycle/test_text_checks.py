"""lifecycle.text_checks: what a check objects to is not published before an editor decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from knowledge.models import DocumentVersion, Passage, VersionWarning
from knowledge.services.lifecycle import text_checks
from knowledge.services.lifecycle.changes import Step
from knowledge.services.lifecycle.checked_publication import request_publication
from knowledge.services.lifecycle.publishing import publish_version
from knowledge.services.lifecycle.text_checks import NOT_CHECKED, Objection, register_text_check
from tests.conftest import Publish
from tests.knowledge.desk import actions_of

State = DocumentVersion.State
CODE = "says_banana"
GOOD = "# Lamps\n\nLamps can be returned within 30 days."
BAD = f"{GOOD}\n\n# Fruit\n\nSay banana to each of them."


def objects_to_bananas(version: DocumentVersion, passages: Sequence[Passage]) -> list[Objection]:
    named = [Objection("The name of the file.")] if "banana" in version.file_name else []
    return named + [Objection("A banana.", one) for one in passages if "banana" in one.text]


@pytest.fixture(autouse=True)
def _checks() -> Iterator[None]:
    before = dict(text_checks._checks)
    text_checks._checks.clear()
    register_text_check(CODE, objects_to_bananas)
    yield
    text_checks._checks.clear()
    text_checks._checks.update(before)


def texts_of(version: DocumentVersion) -> list[str]:
    return [warning.text for warning in version.warnings.order_by("pk")]


@pytest.mark.parametrize("check_first", [False, True])
def test_what_nobody_objects_to_is_published(publish: Publish, check_first: bool) -> None:
    version = publish(GOOD, check_first=check_first)
    assert version.state == State.PUBLISHED
    assert texts_of(version) == []


@pytest.mark.parametrize("check_first", [False, True])
def test_what_a_check_objects_to_stays_a_draft_and_says_why(
    publish: Publish, check_first: bool
) -> None:
    version = publish(BAD, check_first=check_first)
    assert version.state == State.DRAFT
    assert not version.publish_when_ready
    assert "1 warning says that its text may do harm" in version.error
    (warning,) = version.warnings.all()
    assert (warning.code, warning.text) == (CODE, "A banana.")
    assert warning.passage is not None
    assert "banana" in warning.passage.text
    assert not Passage.objects.filter(published=True).exists()
    assert actions_of(version.document_id) == ["uploaded", "held"]


def test_a_name_of_a_file_holds_it_back_too(publish: Publish) -> None:
    version = publish(GOOD, file_name="banana.md")
    assert version.state == State.DRAFT
    assert texts_of(version) == ["The name of the file."]


def test_the_version_in_effect_serves_on(publish: Publish) -> None:
    first = publish(GOOD, file_name="a.md")
    second = publish(BAD, file_name="a.md")
    first.refresh_from_db()
    assert (first.state, second.state) == (State.PUBLISHED, State.DRAFT)


def test_an_editor_can_publish_it_all_the_same(publish: Publish, cleo: User) -> None:
    version = publish(BAD, check_first=True)
    assert request_publication(version=version, step=Step(by=cleo))
    version.refresh_from_db()
    assert version.state == State.PUBLISHED
    assert version.error == ""


def test_what_was_published_all_the_same_holds_back_no_later_version(
    publish: Publish, cleo: User
) -> None:
    publish_version(version=publish(BAD, file_name="a.md"), step=Step(by=cleo))
    later = publish(BAD.replace("30", "40"), file_name="a.md")
    assert later.state == State.PUBLISHED
    assert texts_of(later) == []
    worse = publish(BAD + " And a banana to you.", file_name="a.md")
    assert worse.state == State.DRAFT


def test_what_was_dismissed_does_not_come_back(publish: Publish, cleo: User) -> None:
    publish(BAD, file_name="a.md")
    VersionWarning.objects.update(dismissed_at=timezone.now(), dismissed_by=cleo)
    assert publish(BAD.replace("30", "40"), file_name="a.md").state == State.PUBLISHED


def test_a_check_that_fails_holds_it_back(publish: Publish) -> None:
    def fails(version: DocumentVersion, passages: Sequence[Passage]) -> list[Objection]:
        raise RuntimeError("broken")

    register_text_check("other", fails)
    version = publish(GOOD)
    assert version.state == State.DRAFT
    assert [warning.code for warning in version.warnings.all()] == [NOT_CHECKED]


def test_a_draft_that_nobody_wants_published_is_warned_of_and_not_held(publish: Publish) -> None:
    version = publish(BAD, publish=False)
    assert (version.state, version.error) == (State.DRAFT, "")
    assert texts_of(version) == ["A banana."]


def test_many_objections_are_cut_short(publish: Publish) -> None:
    register_text_check(CODE, lambda version, _: [Objection(f"No. {n}") for n in range(200)])
    assert publish(GOOD).warnings.count() == text_checks.MOST_WARNINGS

"""lifecycle.content_checks: repeats and contradictions become warnings, once each."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from knowledge.models import DocumentVersion, VersionWarning
from knowledge.services.lifecycle import content_checks
from knowledge.services.lifecycle.content_checks import check_next, check_version, check_waiting
from knowledge.services.lifecycle.publishing import publish_version, retire_version
from tests.conftest import Publish

SPRING = dt.date(2026, 3, 1)
POLICY = (
    "# Returns policy\n\nYou can return unopened goods within 30 days of delivery. Opened coffee "
    "beans cannot be returned for hygiene reasons, and neither can gift cards or engraved tampers."
)
FAQ = "# Returns FAQ\n\nUnopened goods can be returned within 14 days of delivery. Ask us anything."


def check_all() -> None:
    while check_next():
        pass


def warnings() -> list[tuple[str, str, str]]:
    """(document, code, the other's document) of every warning."""
    rows = VersionWarning.objects.order_by("pk").values_list(
        "version__document__title", "code", "other__version__document__title"
    )
    return list(rows)


@pytest.fixture
def policy(publish: Publish) -> DocumentVersion:
    return publish(POLICY, title="Returns policy", file_name="policy.md")


def publish_faq(put_in: Publish, text: str = FAQ, **fields: object) -> DocumentVersion:
    return put_in(text, **{"title": "Returns FAQ", "file_name": "faq.md", **fields})


def test_two_numbers_for_the_same_thing_are_warned_of(
    publish: Publish, policy: DocumentVersion
) -> None:
    check_all()
    faq = publish_faq(publish)
    check_all()
    assert warnings() == [("Returns FAQ", "contradiction", "Returns policy")]
    warning = VersionWarning.objects.get()
    assert warning.version == faq
    assert warning.passage == faq.passages.get()
    assert warning.other == policy.passages.get()
    assert "14 days here, 30 days in “Returns policy”. Here:" in warning.text
    assert "“Unopened goods can be returned within 14 days of delivery.”" in warning.text
    assert "Correct one of them" in warning.text


def test_a_text_that_stands_there_already_is_warned_of(
    publish: Publish, policy: DocumentVersion
) -> None:
    check_all()
    publish(POLICY, title="About returns", file_name="about.md")
    check_all()
    assert warnings() == [("About returns", "near_repeat", "Returns policy")]
    text = VersionWarning.objects.get().text
    assert text.startswith("This passage repeats “Returns policy”. Keep")
    assert "dismiss this if both are needed" in text


def test_a_repeat_within_a_document_is_warned_of_once(publish: Publish) -> None:
    words = " ".join(f"word{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")
    filler = " ".join(f"thing{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")
    version = publish(f"# Rules\n\n## A\n\n{words}\n\n## B\n\n{filler}\n\n## C\n\n{words}")
    check_all()
    warning = VersionWarning.objects.get()
    assert warning.passage == version.passages.get(position=2)
    assert warning.other == version.passages.get(position=0)
    assert "“A” in this document" in warning.text


def test_a_draft_is_checked_before_it_is_published(
    publish: Publish, policy: DocumentVersion
) -> None:
    publish_faq(publish, publish=False)
    check_all()
    assert ("Returns FAQ", "contradiction", "Returns policy") in warnings()


@pytest.mark.parametrize(
    "fields",
    [
        {"audience": "internal"},
        {"locale": "de"},
        {"effective_until": SPRING},
    ],
)
def test_what_no_reader_meets_beside_it_is_left_alone(
    publish: Publish, fields: dict[str, Any]
) -> None:
    publish(POLICY, title="Returns policy", file_name="policy.md", effective_from=SPRING)
    check_all()
    publish_faq(publish, **fields)
    check_all()
    assert warnings() == []
    publish_faq(publish, effective_from=SPRING, locale="en")
    check_all()
    assert ("Returns FAQ", "contradiction", "Returns policy") in warnings()


def test_the_versions_of_one_document_are_not_compared(publish: Publish) -> None:
    publish(POLICY, title="Returns policy", file_name="policy.md", effective_until=SPRING)
    publish(POLICY.replace("30", "14"), title="Returns policy", file_name="policy.md")
    publish(POLICY, title="Returns policy", file_name="policy.md", publish=False)
    check_all()
    assert warnings() == []


def test_what_is_retired_or_a_draft_elsewhere_is_left_alone(
    publish: Publish, policy: DocumentVersion
) -> None:
    retire_version(version=policy)
    publish(POLICY, title="Returns policy", file_name="draft.md", publish=False)
    check_all()
    publish_faq(publish)
    check_all()
    assert warnings() == []


def test_checking_again_changes_nothing(publish: Publish, policy: DocumentVersion) -> None:
    faq = publish_faq(publish)
    check_all()
    before = list(VersionWarning.objects.values_list("pk", "text"))
    assert before
    faq.refresh_from_db()
    assert faq.checked_at is not None
    check_version(faq)
    assert list(VersionWarning.objects.values_list("pk", "text")) == before


def test_a_warning_goes_when_its_cause_is_gone(publish: Publish, policy: DocumentVersion) -> None:
    check_all()
    faq = publish_faq(publish)
    check_all()
    other_kind = VersionWarning.objects.create(version=faq, code="no_text_layer", text="Page 7 …")
    assert VersionWarning.objects.count() == 2
    retire_version(version=policy)
    check_version(faq)
    assert VersionWarning.objects.get() == other_kind


def test_what_was_dismissed_does_not_come_back(
    publish: Publish, policy: DocumentVersion, cleo: User
) -> None:
    check_all()
    first = publish_faq(publish)
    check_all()
    VersionWarning.objects.update(dismissed_at=timezone.now(), dismissed_by=cleo)
    check_version(first)
    (dismissed,) = VersionWarning.objects.all()
    assert dismissed.dismissed_by == cleo
    # The next version says the same in this passage, and something new in another one.
    publish_faq(publish, FAQ + "\n\n# News\n\n" + "We have moved to a larger shop. " * 12)
    check_all()
    assert list(VersionWarning.objects.all()) == [dismissed]
    publish_faq(publish, FAQ.replace("14", "21"))
    check_all()
    assert VersionWarning.objects.filter(dismissed_at=None).count() == 1


def test_processing_goes_first(publish: Publish, policy: DocumentVersion) -> None:
    other = publish("Something else.", file_name="other.md")
    DocumentVersion.objects.filter(pk=other.pk).update(status="queued")
    assert check_next() is False
    policy.refresh_from_db()
    assert policy.checked_at is None
    DocumentVersion.objects.filter(pk=other.pk).update(
        lease_until=timezone.now() + dt.timedelta(minutes=1)
    )
    assert check_next() is True  # a worker has that one
    policy.refresh_from_db()
    assert policy.checked_at is not None


def test_each_version_is_checked_once_and_again_after_a_publication(
    publish: Publish, policy: DocumentVersion
) -> None:
    publish("A draft.", file_name="draft.md", publish=False)
    retire_version(version=publish("No longer so.", file_name="old.md"))
    assert check_waiting(seconds=60) == 2
    assert check_waiting(seconds=60) == 0
    publish_version(version=policy)
    assert check_waiting(seconds=60) == 1
    assert check_next() is False


def test_a_slice_ends(publish: Publish, policy: DocumentVersion) -> None:
    assert check_waiting(seconds=0) == 0


def test_what_is_split_anew_meanwhile_gets_no_stale_warning(
    publish: Publish, policy: DocumentVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_all()
    faq = publish_faq(publish)
    DocumentVersion.objects.filter(pk=faq.pk).update(passages_digest="other")
    check_version(faq)
    faq.refresh_from_db()
    assert (faq.checked_at, warnings()) == (None, [])


def test_an_editor_is_not_flooded(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content_checks, "MOST_WARNINGS", 2)
    words = " ".join(f"word{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")
    parts = [f"## Part {name}\n\n{words} {name} again" for name in ("Ada", "Ben", "Cleo", "Eve")]
    publish("# Rules\n\n" + "\n\n".join(parts))
    check_all()
    assert VersionWarning.objects.count() == 2

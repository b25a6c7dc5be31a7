"""lifecycle.checked_publication: what contradicts others is not published unseen."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from knowledge.models import Audience, DocumentEvent, DocumentVersion, VersionWarning
from knowledge.services.ingestion.pipeline import process_version
from knowledge.services.ingestion.queue import claim_next
from knowledge.services.lifecycle import checked_publication, content_checks
from knowledge.services.lifecycle.changes import Step
from knowledge.services.lifecycle.checked_publication import publish_checked, request_publication
from knowledge.services.lifecycle.publishing import LifecycleError, Terms
from knowledge.tasks import process_queue, resume_processing
from tests.conftest import Publish
from tests.knowledge.desk import actions_of

State = DocumentVersion.State
POLICY = "# Returns\n\nUnopened goods can be returned within 30 days of delivery."
FAQ = "# Questions\n\nUnopened goods can be returned within 14 days of delivery."
TWO_KINDS = {"collection": "Help centre", "file_name": "faq.md", "title": "FAQ"}


def state_of(version: DocumentVersion) -> str:
    version.refresh_from_db()
    return version.state


@pytest.fixture
def policy(publish: Publish) -> DocumentVersion:
    return publish(POLICY, collection="Policies", file_name="policy.md", title="Policy")


def test_it_is_published_when_it_contradicts_nothing(publish: Publish, cleo: User) -> None:
    version = publish(POLICY, check_first=True)
    assert state_of(version) == State.PUBLISHED
    assert version.checked_at is not None
    assert version.published_at is not None
    assert version.checked_at < version.published_at


def test_it_is_not_published_before_the_check(publish: Publish, policy: DocumentVersion) -> None:
    version = publish(POLICY, file_name="a.md", check_first=True, publish=False)
    DocumentVersion.objects.filter(pk=version.pk).update(status="queued", publish_when_ready=True)
    claimed = claim_next()
    assert claimed == version
    process_version(claimed)
    assert state_of(version) == State.DRAFT
    assert version.is_awaiting_check
    assert list(DocumentVersion.objects.awaiting_check()) == [version]
    process_queue()
    assert state_of(version) == State.PUBLISHED


def test_what_contradicts_a_document_of_another_collection_stays_a_draft(
    publish: Publish, policy: DocumentVersion
) -> None:
    version = publish(FAQ, check_first=True, **TWO_KINDS)
    assert state_of(version) == State.DRAFT
    assert "1 passage contradicts another document that is in effect" in version.error
    assert actions_of(version.document_id) == ["uploaded", "held"]
    assert not DocumentVersion.objects.awaiting_check().exists()


def test_who_has_seen_the_warning_can_publish_it(
    publish: Publish, policy: DocumentVersion, cleo: User
) -> None:
    version = publish(FAQ, check_first=True, **TWO_KINDS)
    version.refresh_from_db()
    assert request_publication(version=version, step=Step(by=cleo))
    assert state_of(version) == State.PUBLISHED
    assert version.error == ""


def test_a_correction_is_not_held_for_what_was_there_before(
    publish: Publish, policy: DocumentVersion
) -> None:
    """The contradiction is known and in effect; a sentence elsewhere was put right."""
    publish(FAQ, **TWO_KINDS)
    while content_checks.check_next():
        pass
    assert VersionWarning.objects.filter(code="contradiction", dismissed_at=None).exists()
    corrected = publish(f"{FAQ}\n\n# Hours\n\nWe open at nine.", check_first=True, **TWO_KINDS)
    assert state_of(corrected) == State.PUBLISHED


def test_publishing_a_draft_by_hand_waits_for_the_check_and_is_that_persons(
    publish: Publish, policy: DocumentVersion, cleo: User
) -> None:
    draft = publish("# Hours\n\nWe open at nine.", file_name="hours.md", publish=False)
    terms = Terms(Audience.PUBLIC, effective_until=timezone.localdate().replace(year=2090))
    assert not request_publication(version=draft, terms=terms, step=Step(by=cleo))
    assert state_of(draft) == State.DRAFT
    publish_checked()
    assert state_of(draft) == State.PUBLISHED
    assert draft.effective_until == terms.effective_until
    event = DocumentEvent.objects.get(document_id=draft.document_id, action="published")
    assert event.actor_name == "cleo"


def test_dismissed_contradictions_hold_nothing(
    publish: Publish, policy: DocumentVersion, cleo: User
) -> None:
    version = publish(FAQ, check_first=True, **TWO_KINDS)
    version.warnings.update(dismissed_by=cleo, dismissed_at=timezone.now())
    DocumentVersion.objects.filter(pk=version.pk).update(publish_when_ready=True)
    publish_checked()
    assert state_of(version) == State.PUBLISHED


def test_a_check_that_breaks_holds_the_version_and_says_so(
    publish: Publish, monkeypatch: pytest.MonkeyPatch, cleo: User
) -> None:
    def fail(version: DocumentVersion) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(content_checks, "check_version", fail)
        version = publish(POLICY, check_first=True)
    version.refresh_from_db()
    assert version.error == checked_publication.NOT_CHECKED
    assert request_publication(version=version, step=Step(by=cleo))


def test_what_is_not_read_cannot_be_published(publish: Publish, cleo: User) -> None:
    version = publish(b"%PDF-1.4 no", file_name="damaged.pdf")
    with pytest.raises(LifecycleError):
        request_publication(version=version, step=Step(by=cleo))


def test_a_lost_message_leaves_no_version_waiting(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[bool] = []
    monkeypatch.setattr("knowledge.tasks.wake_workers", lambda: woken.append(True))
    version = publish(POLICY, publish=False)
    resume_processing()
    assert woken == []
    DocumentVersion.objects.filter(pk=version.pk).update(publish_when_ready=True, check_first=True)
    resume_processing()
    assert woken == [True]

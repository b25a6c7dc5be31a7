"""supportbot.learning.edits: which documents' drafts agents edit and reject, and why."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse
from django.utils import timezone

from knowledge.models import DocumentVersion
from supportbot.answers.models import AnswerRun, Citation
from tests.tickets.cast import ask
from tickets.models import Customer, Draft, Team, Ticket
from tickets.services.conversations import start_conversation
from tickets.services.drafts import approve_draft, create_draft, reject_draft

URL = reverse("admin:learning_questiongroup_edits")
TEXT = "Within 30 days."


def draft_citing(version: DocumentVersion) -> Draft:
    conversation = start_conversation(customer=Customer.objects.create(name="Ada"))
    run = AnswerRun.objects.create(
        conversation=conversation, question=ask(conversation), delivery=AnswerRun.Delivery.DRAFT
    )
    Citation.objects.create(
        run=run, document_id=version.document_id, version=1, created_at=timezone.now()
    )
    assert run.question is not None
    made = create_draft(question=run.question, run_id=run.pk, text=TEXT, sentences=[], passages=[])
    assert made is not None
    return made


@pytest.fixture
def decided(returns_policy: DocumentVersion, ben: User) -> list[Draft]:
    drafts = [draft_citing(returns_policy) for _ in range(4)]
    approve_draft(draft=drafts[0], agent=ben)
    approve_draft(draft=drafts[1], agent=ben, text="Within 45 days.")
    reject_draft(draft=drafts[2], agent=ben, reason="It is for opened goods")
    return drafts


@pytest.fixture
def reader(ben: User, browser_of: Any) -> Any:
    ben.user_permissions.add(Permission.objects.get(codename="view_document"))
    return browser_of(ben)


def test_a_document_has_the_numbers_and_reasons(
    decided: list[Draft], reader: Any, returns_policy: DocumentVersion
) -> None:
    page = reader.get(URL).content.decode()
    assert "<td>3</td><td>1</td><td>1</td><td>1</td>" in page
    assert "67%" in page and "It is for opened goods" in page
    query = f"?document={returns_policy.document_id}&outcome=rejected"
    page = reader.get(URL + query).content.decode()
    assert page.count("rejected by Ben: It is for opened goods") == 1
    assert "edited by Ben" not in page
    assert reader.get(f"{URL}?document=0").status_code == 404


def test_nobody_reads_more_than_they_may(
    decided: list[Draft], reader: Any, ben: User, cleo: User, browser_of: Any
) -> None:
    assert browser_of(cleo).get(URL).status_code == 403  # documents, and no drafts
    Ticket.objects.update(team=Team.objects.create(name="Legal", is_private=True))
    assert "decided about no draft" in reader.get(URL).content.decode()

"""supportbot.answers.redraft: another draft as an agent asks for it, without a model."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import User

from knowledge.models import DocumentVersion
from supportbot.answers.models import AnswerRun
from supportbot.answers.redraft import redraft
from tests.tickets.cast import actions_on, ask
from tickets.models import AuditEntry, Conversation, Draft
from tickets.services.drafts import DraftDecidedError, create_draft, reject_draft

pytestmark = pytest.mark.django_db(transaction=True)  # it is written in other threads
FIRST = {"text": "Opened coffee beans cannot be returned for hygiene reasons.", "citations": []}
SECOND = {"text": "Gift cards cannot be returned.", "citations": []}


@pytest.fixture
def draft(conversation: Conversation, returns_policy: DocumentVersion) -> Draft:
    question = ask(conversation, "Can I return opened coffee beans?")
    run = AnswerRun.objects.create(
        conversation=conversation,
        question=question,
        delivery=AnswerRun.Delivery.DRAFT,
        status=AnswerRun.Status.COMPLETED,
    )
    made = create_draft(
        question=question,
        run_id=run.pk,
        text=f"{FIRST['text']} {SECOND['text']}",
        sentences=[FIRST, SECOND],
        passages=[],
    )
    assert made is not None
    return made


def test_shorter_keeps_the_first_sentence_and_the_old_draft_is_rejected(
    ben: User, draft: Draft
) -> None:
    made = redraft(draft=draft, agent=ben, instruction="Shorter, please")
    assert (made.text, made.sentences) == (FIRST["text"], [FIRST])
    draft.refresh_from_db()
    assert (draft.status, made.status) == (Draft.Status.REJECTED, Draft.Status.PENDING)
    entry = AuditEntry.objects.get(action="draft.rejected")
    assert entry.data["reason"] == "asked for another: Shorter, please"
    assert actions_on(made) == ["draft.created"]
    run = AnswerRun.objects.get(pk=made.run_id)
    assert (run.asked_by, run.route, run.status) == (ben, "extractive", "completed")
    with pytest.raises(ValueError, match="one sentence already"):
        redraft(draft=made, agent=ben, instruction="shorter")


def test_what_is_to_be_mentioned_is_added_from_the_documents(ben: User, draft: Draft) -> None:
    made = redraft(draft=draft, agent=ben, instruction="Mention how fast refunds are paid")
    assert made.sentences[:2] == [FIRST, SECOND]
    added = made.sentences[2]
    assert "within 5 working days" in added["text"]
    (citation,) = added["citations"]
    passage = made.passages[citation["n"] - 1]
    assert citation["quote"] in passage["text"]


@pytest.mark.parametrize("instruction", ["Mention the moon landing of 1969", " "])
def test_what_the_documents_do_not_say_is_not_written(
    ben: User, draft: Draft, instruction: str
) -> None:
    with pytest.raises(ValueError, match=r"say nothing|Say what"):
        redraft(draft=draft, agent=ben, instruction=instruction)
    draft.refresh_from_db()
    assert draft.status == Draft.Status.PENDING
    assert Draft.objects.count() == 1


def test_a_decided_draft_is_not_written_again(ben: User, draft: Draft) -> None:
    reject_draft(draft=draft, agent=ben)
    with pytest.raises(DraftDecidedError):
        redraft(draft=draft, agent=ben, instruction="shorter")


def test_without_its_run_a_draft_cannot_be_written_again(
    ben: User, conversation: Conversation
) -> None:
    made = create_draft(
        question=ask(conversation), run_id=uuid.uuid4(), text="Yes.", sentences=[], passages=[]
    )
    assert made is not None
    with pytest.raises(ValueError, match="run of this draft is gone"):
        redraft(draft=made, agent=ben, instruction="shorter")

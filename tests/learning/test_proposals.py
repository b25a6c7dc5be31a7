"""supportbot.learning: an agent's words become the draft of a document, or a curated answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from knowledge.models import CuratedAnswer, DocumentVersion
from supportbot.answers.models import AnswerRun
from supportbot.evaluation import answer_datasets
from supportbot.learning.models import Proposal
from supportbot.learning.tasks import propose_corrections
from tests.conftest import process_waiting
from tests.tickets.cast import actions_on, ask
from tickets.models import Customer, Draft, Feedback, Message, Team, Ticket
from tickets.services.conversations import start_conversation
from tickets.services.drafts import approve_draft, create_draft, reject_draft, send_reply
from tickets.services.handover import request_person

pytestmark = pytest.mark.django_db(transaction=True)

LIST = reverse("admin:learning_proposal_changelist")
QUESTION = "How long do I have to return unopened goods?"
SAID = "You can return unopened goods within 30 days of delivery."
BETTER = "You can return unopened goods within 45 days of delivery."
REPLY = (
    f"Hello Ada, {BETTER[0].lower()}{BETTER[1:]} I have looked into it. "
    "Gift cards cannot be returned. Your order 1234 is on its way, Ada.\n"
    "Is ada@example.com still right?\nKind regards"
)


def draft_of(version: DocumentVersion) -> Draft:
    conversation = start_conversation(customer=Customer.objects.create(name="Ada Lovelace"))
    question = ask(conversation, QUESTION)
    run = AnswerRun.objects.create(
        conversation=conversation, question=question, delivery=AnswerRun.Delivery.DRAFT
    )
    cited = {"document_id": version.document_id, "version": version.number, "quote": SAID}
    made = create_draft(
        question=question,
        run_id=run.pk,
        text=SAID,
        sentences=[{"text": SAID, "citations": [cited]}],
        passages=[],
    )
    assert made is not None
    return made


def do(browser: Client, proposal: Proposal, verb: str) -> Any:
    return browser.post(reverse("admin:learning_proposal_do", args=[proposal.pk, verb]))


def page_of(proposal: Proposal) -> str:
    return reverse("admin:learning_proposal_change", args=[proposal.pk])


@pytest.fixture
def edited(returns_policy: DocumentVersion, ben: User) -> Proposal:
    approve_draft(draft=draft_of(returns_policy), agent=ben, text=REPLY)
    propose_corrections()
    return Proposal.objects.get()


def test_an_edit_becomes_a_draft_of_the_document(
    edited: Proposal, pages: Client, returns_policy: DocumentVersion
) -> None:
    """Only what the documents do not say, and nothing of this customer."""
    assert [(one["text"], one["is_new"], one["found"]) for one in edited.sentences] == [
        (BETTER, True, "against"),
        ("Gift cards cannot be returned.", True, "supported"),
    ]
    assert (edited.kind, edited.document) == ("document", returns_policy.document)
    page = pages.get(page_of(edited)).content.decode()
    assert "Differs from the documents: It has a number that is not there." in page
    assert "Draft the correction" in page
    assert QUESTION in pages.get(LIST).content.decode()
    response = do(pages, edited, "document")
    do(pages, edited, "document")
    process_waiting()
    draft = DocumentVersion.objects.get(number=2)
    assert draft.state == DocumentVersion.State.DRAFT
    assert draft.markdown == returns_policy.markdown.replace("within 30 days", "within 45 days")
    assert pages.get(response["Location"]).status_code == 200
    assert "Accepted by" in pages.get(page_of(edited)).content.decode()
    assert actions_on(edited) == ["proposal.accepted"]


def test_an_edit_becomes_a_curated_answer(edited: Proposal, pages: Client) -> None:
    response = do(pages, edited, "curated")
    answer = CuratedAnswer.objects.get()
    assert (answer.text, answer.is_on) == (f"{BETTER}\nGift cards cannot be returned.", False)
    assert answer.questions.get().text == QUESTION
    assert answer.sources.get().quote == "Gift cards cannot be returned."
    assert pages.get(response["Location"]).status_code == 200


def test_the_passage_that_supports_an_agent_is_a_training_example(
    edited: Proposal, tmp_path: Path
) -> None:
    call_command("export_training", str(tmp_path))
    read = answer_datasets.load(tmp_path / "reader", 0)
    assert [(one.text, one.gold) for one in read.questions] == [
        (QUESTION, (("Gift cards cannot be returned.",),))
    ]


def test_dismissed_proposals_can_be_put_back(
    edited: Proposal, pages: Client, eve: User, browser_of: Any
) -> None:
    do(pages, edited, "dismiss")
    assert QUESTION not in pages.get(LIST).content.decode()
    assert QUESTION in pages.get(f"{LIST}?state=dismissed").content.decode()
    do(pages, edited, "put-back")
    assert QUESTION in pages.get(LIST).content.decode()
    assert set(actions_on(edited)) == {"proposal.dismissed", "proposal.reopened"}
    eve.is_staff = True
    eve.save()
    assert do(browser_of(eve), edited, "dismiss").status_code == 403
    Ticket.objects.update(team=Team.objects.create(name="Legal", is_private=True))
    assert QUESTION not in pages.get(LIST).content.decode()
    assert do(pages, edited, "dismiss").status_code == 404


def test_rejections_and_ratings_count_once_an_agent_has_written(
    returns_policy: DocumentVersion, ben: User
) -> None:
    """Words that the documents have are proposed as a curated answer; small edits as nothing."""
    rejected, thanked = draft_of(returns_policy), draft_of(returns_policy)
    approve_draft(draft=thanked, agent=ben, text=f"Hello!\n{SAID}\nBest wishes from Ben")
    reject_draft(draft=rejected, agent=ben, reason="It is about opened goods")
    propose_corrections()
    assert Proposal.objects.get().status == Proposal.Status.NOTHING
    send_reply(ticket=rejected.ticket, agent=ben, text="Gift cards cannot be returned.")
    conversation = start_conversation(customer=Customer.objects.create(name="Ada"))
    run = AnswerRun.objects.create(
        conversation=conversation,
        question=ask(conversation, QUESTION),
        delivery=AnswerRun.Delivery.STREAM,
    )
    answer = Message.objects.create(
        conversation=conversation, author=Message.Author.BOT, text=SAID, run_id=run.pk, seq=1
    )
    Feedback.objects.create(message=answer, value=Feedback.Value.DOWN, comment="I have opened it")
    propose_corrections()
    found = Proposal.objects.exclude(status=Proposal.Status.NOTHING)
    assert [(one.cause, one.reason, one.kind) for one in found] == [
        ("rejected", "It is about opened goods", "curated")
    ]
    ticket = request_person(conversation=conversation)
    send_reply(ticket=ticket, agent=ben, text="Opened goods can be sent back in 60 days.")
    propose_corrections()
    assert Proposal.objects.get(cause="rated").reason == "I have opened it"

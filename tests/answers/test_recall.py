"""supportbot.answers.recall: who was told what, from the answer to the CSV in the admin."""

from __future__ import annotations

import csv
import datetime as dt
import importlib
import io
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client, RequestFactory
from django.utils import timezone

from knowledge.admin.panels import panels_for
from knowledge.models import DocumentVersion
from knowledge.services.ingestion.documents import delete_document
from supportbot.answers.admin_recall import harmless
from supportbot.answers.models import AnswerRun, Citation
from supportbot.answers.recall import answers_citing, recall_rows, record_citations
from supportbot.answers.runner import execute
from tests.answers.asking import ask, in_database, told
from tests.conftest import Publish, process_waiting
from tickets.models import Conversation, Draft, Message
from tickets.services.drafts import approve_draft, reject_draft

Browser = Callable[[User], Client]
LIST = "/admin/answers/answerrun/"
QUOTE = "Opened coffee beans cannot be returned for hygiene reasons."


def sentence(document_id: int, version: int, quote: str = QUOTE) -> dict[str, Any]:
    citation = {"document_id": str(document_id), "version": version, "quote": quote}
    return {"text": quote, "citations": [citation]}


def add_answer(
    conversation: Conversation, *sentences: dict[str, Any], question: str = "Can I return it?"
) -> AnswerRun:
    """An answer that was sent, with its citations, as the pipeline stores both."""
    asked = Message.objects.create(
        conversation=conversation, author=Message.Author.CUSTOMER, text=question
    )
    run = AnswerRun.objects.create(
        conversation=conversation,
        question=asked,
        delivery="stream",
        status="completed",
        outcome="answered",
    )
    Message.objects.create(
        conversation=conversation,
        author=Message.Author.BOT,
        text=" ".join(each["text"] for each in sentences),
        sentences=list(sentences),
        run_id=run.pk,
    )
    record_citations(run_id=run.pk, sentences=sentences, at=timezone.now())
    return run


def add_draft(conversation: Conversation, *sentences: dict[str, Any]) -> Draft:
    from tickets.services.drafts import create_draft

    question = Message.objects.create(
        conversation=conversation, author=Message.Author.CUSTOMER, text="Can I return it?"
    )
    run = AnswerRun.objects.create(
        conversation=conversation,
        question=question,
        delivery="draft",
        status="completed",
        outcome="handed_over",
    )
    record_citations(run_id=run.pk, sentences=sentences, at=timezone.now())
    draft = create_draft(
        question=question,
        run_id=run.pk,
        text=" ".join(each["text"] for each in sentences),
        sentences=list(sentences),
        passages=[],
    )
    assert draft is not None
    return draft


def runs_citing(document_id: int, version: int | None = None) -> list[UUID]:
    return [citation.run_id for citation in answers_citing(document_id, version)]


# -- What is recorded -----------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
async def test_an_answer_is_on_the_list_of_what_it_cited(
    conversation: Conversation, returns_policy: DocumentVersion, shipping: DocumentVersion
) -> None:
    run_id = await ask(conversation, "Can I return opened coffee beans?")
    await execute(run_id)
    (answer,) = [m for m in (await told(run_id)).messages if m.author == "bot"]
    cited = {c["document_id"] for s in answer.sentences for c in s["citations"]}
    assert str(returns_policy.document_id) in cited
    (row,) = await in_database(
        lambda: list(recall_rows(answers_citing(returns_policy.document_id, 1)))
    )
    assert (row.run_id, row.conversation_id) == (run_id, conversation.pk)
    assert row.question == "Can I return opened coffee beans?"
    assert (row.answer, row.delivery) == (answer.text, "Sent")
    assert QUOTE in row.quotes
    assert row.customer == "Ada"
    not_cited = str(shipping.document_id) not in cited
    listed = await in_database(lambda: runs_citing(shipping.document_id))
    assert (listed == []) is not_cited


@pytest.mark.django_db(transaction=True)
async def test_an_answer_without_citations_is_on_no_list(
    conversation: Conversation, returns_policy: DocumentVersion
) -> None:
    await execute(await ask(conversation, "What is the boiling point of tungsten on Mars?"))
    assert await in_database(Citation.objects.count) == 0


def test_an_answer_is_listed_once_per_version(conversation: Conversation) -> None:
    run = add_answer(
        conversation, sentence(1, 1), sentence(1, 1, "Another."), sentence(1, 2), sentence(2, 1)
    )
    assert runs_citing(1, 1) == runs_citing(1, 2) == runs_citing(2) == [run.pk]
    assert runs_citing(1) == [run.pk, run.pk]
    assert runs_citing(2, 2) == runs_citing(3) == []
    (row,) = recall_rows(answers_citing(1, 1))
    assert row.quotes == (QUOTE, "Another.")


def test_the_newest_answer_comes_first(conversation: Conversation) -> None:
    first, second = (add_answer(conversation, sentence(1, 1)) for _ in range(2))
    assert runs_citing(1) == [second.pk, first.pk]


def test_a_list_of_any_length_is_looked_up_in_portions(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("supportbot.answers.recall.CHUNK", 2)
    runs = [add_answer(conversation, sentence(1, 1)).pk for _ in range(5)]
    rows = list(recall_rows(answers_citing(1)))
    assert [row.run_id for row in rows] == runs[::-1]
    assert {row.answer for row in rows} == {QUOTE}


@pytest.mark.parametrize(
    ("decide", "delivery", "answer"),
    [
        (lambda draft, ben: None, "Draft, waiting for review", QUOTE),
        (lambda draft, ben: reject_draft(draft=draft, agent=ben), "Draft, rejected", QUOTE),
        (lambda draft, ben: approve_draft(draft=draft, agent=ben), "Sent by Ben", QUOTE),
        (
            lambda draft, ben: approve_draft(draft=draft, agent=ben, text="No, sorry."),
            "Sent by Ben, rewritten",
            "No, sorry.",
        ),
    ],
)
def test_what_became_of_a_draft_is_said(
    conversation: Conversation,
    ben: User,
    decide: Callable[[Draft, User], object],
    delivery: str,
    answer: str,
) -> None:
    decide(add_draft(conversation, sentence(1, 1)), ben)
    (row,) = recall_rows(answers_citing(1, 1))
    assert (row.delivery, row.answer, row.quotes) == (delivery, answer, (QUOTE,))


def test_answers_from_before_there_was_a_list_are_added(
    conversation: Conversation, settings: Any
) -> None:
    sent = add_answer(conversation, sentence(1, 1), sentence(2, 3))
    draft = add_draft(conversation, sentence(1, 1))
    migration = importlib.import_module(
        "supportbot.answers.migrations.0003_citations_of_past_answers"
    )
    with connection.cursor() as cursor:
        for _ in range(2):
            Citation.objects.filter(document_id=1).delete()
            cursor.execute(migration.BACKFILL)
    assert set(runs_citing(1, 1)) == {sent.pk, draft.run_id}
    assert runs_citing(2, 3) == [sent.pk]


def test_the_list_outlives_the_document(
    conversation: Conversation, returns_policy: DocumentVersion
) -> None:
    run = add_answer(conversation, sentence(returns_policy.document_id, 1))
    document_id = returns_policy.document_id
    delete_document(document=returns_policy.document)
    assert runs_citing(document_id) == [run.pk]


def test_an_erased_conversation_is_on_no_list(conversation: Conversation) -> None:
    add_answer(conversation, sentence(1, 1))
    conversation.delete()
    assert runs_citing(1) == []


# -- The admin ------------------------------------------------------------------------------------
@pytest.fixture
def policy(publish: Publish) -> DocumentVersion:
    version = publish(QUOTE, title="Returns policy")
    process_waiting()
    return version


def test_a_documents_page_lists_the_latest_answers(
    ben: User, cleo: User, policy: DocumentVersion, conversation: Conversation
) -> None:
    request = RequestFactory().get("/")
    request.user = ben

    def panel() -> Any:
        titled = "Past answers that cited version 1"
        return next(p for p in panels_for(request, policy.document, policy) if p.title == titled)

    assert (panel().rows, panel().link) == ([], "")
    assert panel().empty
    for number in range(7):
        run = add_answer(
            conversation, sentence(policy.document_id, 1), question=f"Question {number}?"
        )
    add_answer(conversation, sentence(policy.document_id, 2))
    assert [row.text for row in panel().rows] == [f"Question {n}?" for n in (6, 5, 4, 3, 2)]
    assert panel().rows[0].link == f"{LIST}{run.pk}/change/"
    assert panel().rows[0].note == "Answered"
    assert panel().link == f"{LIST}?cites={policy.document_id}.1"
    assert "7" in panel().link_text
    request.user = cleo  # may see documents, and no customer's questions
    assert not [p for p in panels_for(request, policy.document, policy) if "cited" in p.title]


def test_the_runs_are_narrowed_to_a_version(
    ben: User, browser_of: Browser, policy: DocumentVersion, conversation: Conversation
) -> None:
    document_id = policy.document_id
    first = add_answer(conversation, sentence(document_id, 1), question="First?")
    second = add_answer(conversation, sentence(document_id, 2), question="Second?")
    other = add_answer(conversation, sentence(document_id + 1, 1), question="Other?")

    def page(query: str) -> str:
        return browser_of(ben).get(f"{LIST}{query}").content.decode()

    def shown(query: str) -> set[UUID]:
        text = page(query)
        return {run.pk for run in (first, second, other) if f"{run.pk}/change/" in text}

    assert shown(f"?cites={document_id}.1") == {first.pk}
    assert shown(f"?cites={document_id}") == {first.pk, second.pk}
    assert shown("") == shown("?cites=nonsense") == {first.pk, second.pk, other.pk}
    assert "“Returns policy”, version 1" in page(f"?cites={document_id}.1")
    assert f"/admin/answers/answerrun/recall/{document_id}.1/" in page(f"?cites={document_id}.1")
    assert "the deleted document" in page(f"?cites={document_id + 1}")
    assert "Recall list" not in page("")


def download(browser: Client, cites: str) -> list[dict[str, str]]:
    response = browser.get(f"{LIST}recall/{cites}/")
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert f'filename="recall-{cites}.csv"' in response["Content-Disposition"]
    assert "no-store" in response["Cache-Control"]
    assert response.streaming
    text = response.getvalue().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_recall_list_is_downloaded(
    ben: User, browser_of: Browser, policy: DocumentVersion, conversation: Conversation
) -> None:
    run = add_answer(
        conversation, sentence(policy.document_id, 1), question='=HYPERLINK("//evil", "a,\nb")'
    )
    conversation.customer.email = "ada@shop.example"
    conversation.customer.save(update_fields=["email"])
    (row,) = download(browser_of(ben), f"{policy.document_id}.1")
    at = dt.datetime.fromisoformat(row.pop("answered at")).replace(tzinfo=dt.UTC)
    assert abs(at - timezone.now()) < dt.timedelta(minutes=1)
    assert row == {
        "version": "1",
        "question": '\'=HYPERLINK("//evil", "a,\nb")',
        "answer": QUOTE,
        "cited words": QUOTE,
        "delivery": "Sent",
        "customer": "Ada",
        "email": "ada@shop.example",
        "conversation": str(conversation.pk),
        "run": str(run.pk),
    }


def test_customers_are_named_only_to_who_may_see_them(
    ben: User, browser_of: Browser, conversation: Conversation
) -> None:
    add_answer(conversation, sentence(1, 1))
    ben.user_permissions.remove(Permission.objects.get(codename="view_customer"))
    (row,) = download(browser_of(ben), "1")
    assert (row["customer"], row["email"]) == ("", "")


@pytest.mark.parametrize("cites", ["x", "1.", "1.x", "-1", "9" * 40])
def test_a_recall_list_of_nothing_is_not_found(ben: User, browser_of: Browser, cites: str) -> None:
    assert browser_of(ben).get(f"{LIST}recall/{cites}/").status_code == 404


def test_outsiders_get_no_recall_list(cleo: User, eve: User, browser_of: Browser) -> None:
    assert browser_of(cleo).get(f"{LIST}recall/1/").status_code == 403
    assert browser_of(eve).get(f"{LIST}recall/1/").status_code == 302


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert harmless(f"{start}1") == f"'{start}1"
    assert harmless("1 = 1") == "1 = 1"

"""supportbot.answers.direct: runs without a conversation, and everybody who must cope with them."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from knowledge.models import DocumentVersion
from supportbot.answers.direct import DirectQuestion, direct_run
from supportbot.answers.models import AnswerRun
from supportbot.answers.runner import end_orphans, execute, find_abandoned
from tests.answers.asking import ANSWER, QUESTION, answered, in_database, saying
from tests.openai_server import ModelServer, Request, Wire, begin, wait_for
from tickets.models import Conversation, Customer, Event, Message

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("returns_policy")]

Status = AnswerRun.Status


async def events_of(question: DirectQuestion) -> tuple[AnswerRun, list[dict[str, Any]]]:
    async with direct_run(question) as run:
        events = [event async for event in run.events()]
    return await in_database(lambda: AnswerRun.objects.get(pk=run.row.pk)), events


async def expire(**of: Any) -> None:
    past = timezone.now() - timedelta(seconds=30)
    runs = AnswerRun.objects.filter(**of)
    await in_database(lambda: runs.update(lease_until=past, created_at=past))


async def test_its_events_are_those_of_a_conversation_and_are_not_stored(ada: Customer) -> None:
    run, events = await events_of(DirectQuestion(QUESTION, customer=ada))
    types = [event["type"] for event in events]
    assert types[:2] == ["run.status", "run.status"]
    assert types[2] == "answer.sentence"
    assert types[-1] == "answer.completed"
    shown = [event["text"] for event in events if event["type"] == "answer.sentence"]
    assert [sentence["text"] for sentence in run.reply["sentences"]] == shown
    assert events[-1]["outcome"] == run.outcome == "answered"
    assert (run.status, run.results) == (Status.COMPLETED, {})
    assert not await in_database(lambda: Event.objects.exists() or Message.objects.exists())


async def test_the_same_question_gets_the_same_answer_as_in_a_conversation(
    conversation: Conversation,
) -> None:
    told = await answered(conversation)
    run, _ = await events_of(DirectQuestion(QUESTION))
    assert run.reply["sentences"] == told.answer["message"]["sentences"]


async def test_no_keeper_takes_it_over_and_none_is_left_open(
    model_server: ModelServer,
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    async def slow(wire: Wire, request: Request) -> None:
        begun.set()
        await wait_for(go_on)
        await begin(wire)

    model_server.says(slow)
    async with direct_run(DirectQuestion(QUESTION)) as run:
        await wait_for(begun)
        await end_orphans()
        assert await in_database(AnswerRun.objects.unfinished().count) == 1  # it is alive
        await expire(pk=run.row.pk)
        assert await find_abandoned() == []
        await execute(run.row.pk)  # does nothing
        await end_orphans()
        ended = await in_database(lambda: AnswerRun.objects.get(pk=run.row.pk))
        assert (ended.status, ended.error_code) == (Status.FAILED, "process_died")
        go_on.set()
        events = [event async for event in run.events()]
    assert events[-1]["type"] == "error"  # the process that was taken for dead shows nothing


async def test_leaving_early_ends_the_run(model_server: ModelServer) -> None:
    model_server.says(saying(ANSWER))
    async with direct_run(DirectQuestion(QUESTION)) as run, aclosing(run.events()) as events:
        async for event in events:
            if event["type"] == "answer.sentence":
                break
    ended = await in_database(lambda: AnswerRun.objects.get(pk=run.row.pk))
    assert ended.status in {Status.FAILED, Status.COMPLETED}
    assert ended.finished_at is not None


def test_a_run_has_a_conversation_and_a_question_or_neither(conversation: Conversation) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        AnswerRun.objects.create(conversation=conversation, delivery="stream")


async def test_its_customer_is_on_the_recall_list(
    ada: Customer, ben: User, returns_policy: DocumentVersion, browser_of: Callable[[User], Client]
) -> None:
    await events_of(DirectQuestion(QUESTION, customer=ada))

    def page() -> bytes:
        url = reverse("admin:answers_answerrun_recall", args=[returns_policy.document_id])
        return b"".join(browser_of(ben).get(url))

    (row,) = csv.DictReader(io.StringIO((await in_database(page)).decode("utf-8-sig")))
    assert (row["question"], row["customer"], row["conversation"]) == (QUESTION, "Ada", "")
    assert row["delivery"] == "Sent over API"
    assert row["answer"].startswith("Opened coffee beans")


async def test_its_page_and_its_row_show_the_question_and_the_answer(
    ada: Customer, ben: User, staff_api: APIClient, browser_of: Callable[[User], Client]
) -> None:
    run, _ = await events_of(DirectQuestion(QUESTION, customer=ada))

    def pages() -> tuple[str, str, Any]:
        browser = browser_of(ben)
        return (
            browser.get(reverse("admin:answers_answerrun_changelist")).content.decode(),
            browser.get(reverse("admin:answers_answerrun_change", args=[run.pk])).content.decode(),
            staff_api.get(f"/api/v1/runs/{run.pk}/").json(),
        )

    listed, page, row = await in_database(pages)
    assert QUESTION in listed
    assert QUESTION in page
    assert "Ada, over the API, without a conversation" in page
    assert run.reply["text"] in page
    assert (row["question"], row["conversation"]) == (QUESTION, None)


async def test_it_goes_with_its_customer(ada: Customer) -> None:
    await events_of(DirectQuestion(QUESTION, customer=ada))
    await in_database(ada.delete)
    assert not await in_database(AnswerRun.objects.exists)


async def test_it_stays_without_the_one_who_asked(ben: User) -> None:
    await events_of(DirectQuestion(QUESTION, asked_by=ben))
    await in_database(lambda: User.objects.filter(pk=ben.pk).delete())
    assert await in_database(lambda: AnswerRun.objects.filter(asked_by=None).exists())

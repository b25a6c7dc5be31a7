"""A run from its question to its end: what is stored, what is sent, and who may speak."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.db import connection, transaction

from knowledge.models import EmbeddingIndex
from supportbot.answers import pipeline
from supportbot.answers.deliver import fail_run
from supportbot.answers.errors import AnswerError
from supportbot.answers.models import AnswerRun
from supportbot.answers.no_answer import TEXT, TEXT_WITH_TOPICS
from supportbot.answers.run import STAGE_ERRORS, STAGE_SECONDS
from supportbot.answers.runner import claim, execute
from supportbot.answers.threads import in_thread
from supportbot.answers.types import STAGE_ORDER, Stage
from tests.answers.asking import ANSWER, SENTENCES, Told, answered, ask, in_database, saying, told
from tests.llm.scenarios import first_part
from tests.openai_server import ModelServer, Request, Scenario, Wire, begin, end, speak, wait_for
from tickets.models import Conversation, Draft, Event, Ticket
from tickets.services.events import group_of
from tickets.services.handover import request_person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("returns_policy")]


async def test_the_events_sent_are_the_events_stored(conversation: Conversation) -> None:
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(group_of(conversation.pk), channel)
    result = await answered(conversation)
    result.assert_one_whole_answer()
    async with asyncio.timeout(20):
        sent = [(await layer.receive(channel))["event"] for _ in result.events]
    assert sent == result.events
    assert {"run.started", "run.status", "answer.sentence", "answer.completed"} <= {
        event["type"] for event in sent
    }


async def test_every_stage_is_recorded_in_its_order(conversation: Conversation) -> None:
    run = (await answered(conversation)).run
    assert [stage["stage"] for stage in run.stages] == list(STAGE_ORDER)
    assert run.total_ms is not None
    assert all(0 <= stage["start_ms"] <= stage["end_ms"] <= run.total_ms for stage in run.stages)
    assert run.first_sentence_ms is not None
    assert run.first_sentence_ms <= run.total_ms


async def test_the_passages_are_kept_as_they_were_found(conversation: Conversation) -> None:
    result = await answered(conversation)
    cited = {c["passage_id"]: c for s in result.standing for c in s["citations"]}
    stored = {str(passage["passage_id"]): passage for passage in result.run.passages}
    assert cited
    for passage_id, citation in cited.items():
        assert stored[passage_id]["text"] == citation["passage"]
        assert citation["n"] == list(stored).index(passage_id) + 1


def assert_failed(result: Told, code: str) -> None:
    assert result.types[-1] == "error"
    assert result.types.count("error") == 1
    error = result.of_run[-1]
    assert (error["code"], bool(error["text"])) == (code, True)
    assert (result.run.status, result.run.outcome) == ("failed", "failed")
    assert result.run.error_code == code
    assert result.run.finished_at is not None
    assert "answer.completed" not in result.types


BREAKABLE = {
    Stage.RECEIVE: "receive",
    Stage.VALIDATE: "validate",
    Stage.ENRICH: "enrich",
    Stage.CHECK: "check",
    Stage.DELIVER: "deliver_sentences",
}


@pytest.mark.parametrize("stage", BREAKABLE)
async def test_a_stage_that_breaks_ends_the_run_with_words(
    stage: Stage, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*arguments: Any) -> Any:
        raise ValueError("boom")

    async def breaks_when_read(*arguments: Any) -> Any:
        raise ValueError("boom")
        yield

    broken = breaks_when_read if stage == Stage.CHECK else breaks
    monkeypatch.setattr(pipeline, BREAKABLE[stage], broken)
    result = await answered(conversation)
    assert_failed(result, STAGE_ERRORS[stage].code)
    assert result.run.stages[-1]["stage"] == Stage.COMPLETE
    assert result.run.stages[-2]["stage"] in {stage, Stage.DELIVER}
    assert result.run.stages[-2]["error"] == STAGE_ERRORS[stage].code
    assert "boom" not in result.of_run[-1]["text"]


async def test_a_search_that_cannot_work_ends_the_run_with_words(
    conversation: Conversation,
) -> None:
    # Of vectors that have 384.
    await in_database(lambda: EmbeddingIndex.objects.update(dimensions=7))
    assert_failed(await answered(conversation), "search_failed")


@pytest.mark.parametrize("stage", [Stage.RECEIVE, Stage.ENRICH, Stage.DELIVER])
async def test_a_stage_that_takes_too_long_ends_the_run_with_words(
    stage: Stage, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STAGE_SECONDS, stage, 0.0)
    assert_failed(await answered(conversation), STAGE_ERRORS[stage].code)


async def test_a_message_without_words_is_refused_in_words(conversation: Conversation) -> None:
    result = await answered(conversation, "👋🏽 🤷‍♀️ ?!")
    assert_failed(result, "no_words")
    assert result.of_run[-1]["retryable"] is False


async def test_a_draft_is_made_in_silence(conversation: Conversation) -> None:
    await in_database(lambda: Conversation.objects.update(mode=Conversation.Mode.DRAFT))
    result = await answered(conversation)
    assert result.of_run == []
    assert (result.run.status, result.run.outcome) == ("completed", "answered")
    assert result.run.delivery == AnswerRun.Delivery.DRAFT
    draft = await in_database(Draft.objects.select_related("ticket").get)
    assert draft.run_id == result.run.pk
    assert draft.sentences
    assert draft.text == " ".join(sentence["text"] for sentence in draft.sentences)
    assert draft.passages == result.run.passages
    assert draft.ticket.status == Ticket.Status.NEW
    assert [event["type"] for event in result.events] == [
        "message.created",
        "ticket.changed",
        "handover.changed",
    ]


async def test_a_person_asked_for_in_mid_answer_silences_the_bot(
    model_server: ModelServer, conversation: Conversation
) -> None:
    handed_over = threading.Event()

    def pausing(text: str) -> Scenario:
        async def scenario(wire: Wire, request: Request) -> None:
            said = first_part(text)
            await begin(wire)
            await speak(wire, said)
            await wait_for(handed_over)
            await speak(wire, text.removeprefix(said))
            await end(wire)

        return scenario

    async def ask_for_a_person() -> None:
        while not await in_database(Event.objects.filter(type="answer.sentence").exists):
            await asyncio.sleep(0.01)
        await in_thread(request_person)(conversation=conversation)
        handed_over.set()

    model_server.says(saying(ANSWER, pausing))
    run_id = await ask(conversation)
    await asyncio.gather(execute(run_id), ask_for_a_person())
    result = await told(run_id)
    assert result.ever_shown == SENTENCES[:1]
    assert result.types == ["run.started", "answer.sentence", "answer.replaced"]
    assert result.replaced == ["handed_over"]
    assert [message.author for message in result.messages] == ["customer"]
    draft = await in_database(Draft.objects.select_related("ticket").get)
    assert [sentence["text"] for sentence in draft.sentences] == SENTENCES
    assert draft.ticket.status == Ticket.Status.NEW
    assert (result.run.status, result.run.outcome) == ("completed", "answered")
    assert result.run.delivery == AnswerRun.Delivery.DRAFT


async def test_a_run_that_fails_after_the_hand_over_says_nothing_to_the_customer(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hand_over_and_break(*arguments: object) -> object:
        await in_thread(request_person)(conversation=conversation)
        raise ValueError("boom")

    monkeypatch.setattr(pipeline, "enrich", hand_over_and_break)
    result = await answered(conversation)
    assert result.types == ["run.started", "answer.replaced"]
    assert (result.run.status, result.replaced) == ("failed", ["handed_over"])
    assert (await in_database(Draft.objects.get)).text == ""


async def test_a_question_sent_twice_is_answered_once(conversation: Conversation) -> None:
    first, second = await asyncio.gather(ask(conversation), ask(conversation))
    assert first == second
    await asyncio.gather(execute(first), execute(second))
    (await told(first)).assert_one_whole_answer()
    assert await in_database(AnswerRun.objects.count) == 1


async def test_a_failed_run_takes_the_lock_of_the_run_first(conversation: Conversation) -> None:
    """In the order of every other transaction, or two of them wait for each other."""
    run_id = await ask(conversation)
    run = await claim(run_id)
    assert run is not None
    locked = threading.Event()

    @in_thread
    @transaction.atomic
    def hold_run_then_conversation() -> None:
        AnswerRun.objects.select_for_update().get(pk=run_id)
        locked.set()
        while not _somebody_waits():
            pass
        Conversation.objects.select_for_update().get(pk=conversation.pk)

    async def fail() -> None:
        await asyncio.to_thread(locked.wait, 20)
        await fail_run(run, AnswerError(code="test"))

    await asyncio.gather(hold_run_then_conversation(), fail())
    assert_failed(await told(run_id), "test")


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return bool(cursor.fetchone()[0])


async def test_an_answer_that_nobody_wrote_offers_a_person(conversation: Conversation) -> None:
    result = await answered(conversation, "Who won the football world cup in 1966?")
    result.assert_one_whole_answer()
    assert (result.answer["outcome"], result.answer["offer_handover"]) == ("no_answer", True)
    assert result.answer["message"]["text"] in {TEXT, TEXT_WITH_TOPICS}

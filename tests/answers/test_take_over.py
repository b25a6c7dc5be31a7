"""What a run has found stays with it: for who takes it over, and for who looks why it failed."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from django.db import OperationalError

from knowledge.models import EmbeddingIndex
from supportbot.answers import pipeline
from supportbot.answers.composer import compose
from supportbot.answers.enrich import enrich
from supportbot.answers.models import AnswerRun
from supportbot.answers.receive import receive
from supportbot.answers.results import packed, unpacked
from supportbot.answers.runner import claim, execute
from supportbot.answers.types import Stage
from tests.answers.asking import ANSWER, QUESTION, SENTENCES, ask, in_database, saying, told
from tests.answers.test_runner import expire, pausing, shown, until
from tests.configuration.publishing import put_in_effect_async
from tests.openai_server import ModelServer
from tickets.models import Conversation, Draft

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("returns_policy")]


async def test_a_take_over_goes_on_from_what_was_found(
    model_server: ModelServer, conversation: Conversation
) -> None:
    gate = threading.Event()
    model_server.says(pausing(gate), saying(ANSWER))
    run_id = await ask(conversation)
    first = asyncio.create_task(execute(run_id))
    await until(shown)
    await expire(run_id)
    # A second search could find nothing any more.
    await in_database(lambda: EmbeddingIndex.objects.update(dimensions=7))
    await execute(run_id)
    gate.set()
    await asyncio.gather(first, return_exceptions=True)  # it may find out before it is let go
    result = await told(run_id)
    result.assert_one_whole_answer_after_restarts(1)
    assert [sentence["text"] for sentence in result.standing] == SENTENCES
    by_attempt = [(stage["stage"], stage["attempt"]) for stage in result.run.stages]
    assert by_attempt == [
        *(("receive", 1), ("validate", 1), ("enrich", 1)),
        *(("generate", 2), ("check", 2), ("deliver", 2), ("complete", 2)),
    ]
    assert result.run.results == {}


async def test_an_answer_that_stands_is_not_taken_back_by_a_take_over(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*arguments: Any) -> Any:
        raise OperationalError("the process died before the answer was stored")

    monkeypatch.setattr(pipeline, "complete_run", dies)
    run_id = await ask(conversation)
    await execute(run_id)
    monkeypatch.undo()
    await expire(run_id)
    await execute(run_id)
    result = await told(run_id)
    result.assert_one_whole_answer()
    assert (result.run.attempts, result.replaced) == (2, [])


async def test_a_result_that_cannot_be_read_is_worked_out_again(conversation: Conversation) -> None:
    run_id = await ask(conversation)
    of_another_release = {str(stage): {"form": "another"} for stage in Stage}
    await in_database(lambda: AnswerRun.objects.update(results=of_another_release))
    await execute(run_id)
    (await told(run_id)).assert_one_whole_answer()


async def test_evidence_survives_being_stored(conversation: Conversation) -> None:
    text = "Can I return opened coffee and what does the return cost?"
    run = await claim(await ask(conversation, text))
    assert run is not None
    question = await run.stage(Stage.RECEIVE, receive, run.row)
    evidence = await run.stage(Stage.ENRICH, enrich, question, run.configuration, run.payer)
    await in_database(run.store)
    stored = await in_database(lambda: AnswerRun.objects.get(pk=run.id).results)
    read = unpacked(Stage.ENRICH, stored)
    assert read.question == question
    assert read.passages == evidence.passages
    assert read.ranking.reading.units == evidence.ranking.reading.units
    assert read.ranking.answerability == evidence.ranking.answerability
    assert packed(Stage.ENRICH, read) == packed(Stage.ENRICH, evidence)
    assert read.ranking.parts
    assert compose(read.ranking) == compose(evidence.ranking) != []


async def test_who_takes_a_run_over_goes_on_with_its_configuration(
    conversation: Conversation,
) -> None:
    first = await put_in_effect_async(answerability_min=0.3)
    run = await claim(await ask(conversation))
    assert run is not None
    await put_in_effect_async(answerability_min=0.9)
    await in_database(run.lease.release)
    again = await claim(run.id)
    assert again is not None
    assert again.configuration.answerability_min == 0.3
    assert again.row.configuration_id == first.pk


async def test_a_run_that_fails_keeps_its_evidence(
    model_server: ModelServer, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*arguments: Any) -> Any:
        raise ValueError("boom")

    monkeypatch.setattr(pipeline, "complete_run", breaks)
    model_server.says(saying(ANSWER))
    run_id = await ask(conversation)
    await execute(run_id)
    run = (await told(run_id)).run
    assert (run.status, run.error_code) == ("failed", "completion_failed")
    assert run.passages
    assert run.retrieval["asked"] == QUESTION
    assert (run.route, run.model, run.prompt_name) == ("model", "test-model-1", "answer")
    assert run.tokens_in > 0
    assert run.tokens_out > 0
    assert [verdict["text"] for verdict in run.verdicts] == SENTENCES
    assert run.stages[-2] == {**run.stages[-2], "stage": "complete", "error": "completion_failed"}


async def test_a_draft_that_fails_shows_the_agent_what_was_found(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*arguments: Any) -> Any:
        raise ValueError("boom")

    await in_database(lambda: Conversation.objects.update(mode=Conversation.Mode.DRAFT))
    monkeypatch.setattr(pipeline, "deliver_sentences", breaks)
    run_id = await ask(conversation)
    await execute(run_id)
    draft = await in_database(Draft.objects.get)
    assert (draft.text, bool(draft.passages)) == ("", True)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [(QUESTION, "answered"), ("Who won the world cup in 1966?", "no_answer"), ("Thanks!", None)],
)
async def test_a_draft_keeps_the_outcome_of_its_answer(
    conversation: Conversation, text: str, outcome: str | None
) -> None:
    await in_database(lambda: Conversation.objects.update(mode=Conversation.Mode.DRAFT))
    run_id = await ask(conversation, text)
    await execute(run_id)
    run = (await told(run_id)).run
    assert (run.outcome, run.delivery) == (outcome or "small_talk", "draft")


async def test_every_attempt_is_kept(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut_off(*arguments: Any) -> Any:
        raise OperationalError("the database is away")

    run_id = await ask(conversation)
    monkeypatch.setattr(pipeline, "enrich", cut_off)
    for _ in range(3):
        await execute(run_id)
        await expire(run_id)
    await execute(run_id)
    run = (await told(run_id)).run
    assert (run.status, run.error_code, run.attempts) == ("failed", "gave_up", 4)
    assert {stage["attempt"] for stage in run.stages} == {1, 2, 3, 4}

"""Who works on a run: one process at a time, another one when the first is gone, never two."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from uuid import UUID

import pytest
from asgiref.sync import SyncToAsync
from django.db import DatabaseError, connection
from django.utils import timezone
from pytest_django import Settings

from knowledge.leases import LeaseLostError
from knowledge.models import Audience
from supportbot.answers import runner as runner_module
from supportbot.answers.models import AnswerRun
from supportbot.answers.receive import IncomingMessage, accept_message
from supportbot.answers.runner import Runner, claim, execute, find_abandoned
from supportbot.answers.threads import in_thread
from supportbot.configuration.current import current
from tests.answers.asking import ANSWER, QUESTION, SENTENCES, ask, in_database, saying, told
from tests.llm.scenarios import first_part
from tests.openai_server import ModelServer, Request, Scenario, Wire, begin, end, speak, wait_for
from tickets.models import Conversation, Draft, Event

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("returns_policy")]

Status = AnswerRun.Status


def pausing(gate: threading.Event) -> Scenario:
    """Says the first sentence and a part of the second; goes on when the gate opens."""

    def make(text: str) -> Scenario:
        async def scenario(wire: Wire, request: Request) -> None:
            said = first_part(text)
            await begin(wire)
            await speak(wire, said)
            await wait_for(gate)
            await speak(wire, text.removeprefix(said))
            await end(wire)

        return scenario

    return saying(ANSWER, make)


async def until(condition: Callable[[], object]) -> None:
    """Wait for something that the database shows; a connection that was cut counts as not yet."""
    async with asyncio.timeout(30):
        while True:
            with suppress(DatabaseError):
                if await in_thread(condition)():
                    return
            await asyncio.sleep(0.02)


def shown() -> bool:
    return Event.objects.filter(type="answer.sentence").exists()


async def expire(run_id: UUID) -> None:
    """As if the process that holds the lease had died."""
    past = timezone.now() - timedelta(seconds=1)
    await in_database(lambda: AnswerRun.objects.filter(pk=run_id).update(lease_until=past))


@asynccontextmanager
async def started(runner: Runner) -> AsyncIterator[Runner]:
    await runner.start()
    try:
        yield runner
    finally:
        await runner.stop()


async def test_of_two_claims_one_gets_the_run(conversation: Conversation) -> None:
    run_id = await ask(conversation)
    claims = await asyncio.gather(*(claim(run_id) for _ in range(6)))
    assert len([run for run in claims if run is not None]) == 1
    assert (await told(run_id)).types == ["run.started"]


async def test_a_lease_is_respected_until_it_ends(conversation: Conversation) -> None:
    run_id = await ask(conversation)
    first = await claim(run_id)
    assert first is not None
    assert await claim(run_id) is None
    assert await find_abandoned() == []
    await expire(run_id)
    assert await find_abandoned() == [run_id]
    second = await claim(run_id)
    assert second is not None
    assert second.lease.token != first.lease.token
    assert second.row.attempts == 2
    assert (await told(run_id)).types == ["run.started"]  # nothing was said, so nothing restarts


async def test_a_finished_run_cannot_be_claimed(conversation: Conversation) -> None:
    run_id = await ask(conversation)
    await execute(run_id)
    await expire(run_id)
    assert await claim(run_id) is None
    assert await find_abandoned() == []


async def test_who_lost_the_lease_says_nothing_more(conversation: Conversation) -> None:
    run_id = await ask(conversation)
    first = await claim(run_id)
    await expire(run_id)
    await claim(run_id)
    assert first is not None
    before = await told(run_id)
    with pytest.raises(LeaseLostError):
        await first.emit("answer.sentence", index=0, text="No.", citations=[])
    with pytest.raises(LeaseLostError):
        await first.lease.save(route="model")
    assert (await told(run_id)).events == before.events


async def test_a_run_taken_over_in_mid_answer_restarts_once_and_ends_once(
    model_server: ModelServer, conversation: Conversation
) -> None:
    gate = threading.Event()
    model_server.says(pausing(gate), saying(ANSWER))
    run_id = await ask(conversation)
    first = asyncio.create_task(execute(run_id))
    await until(shown)
    await expire(run_id)
    await execute(run_id)
    gate.set()
    await first  # it finds out and ends in silence
    result = await told(run_id)
    result.assert_one_whole_answer_after_restarts(1)
    assert [sentence["text"] for sentence in result.standing] == SENTENCES
    assert result.run.attempts == 2


async def test_the_work_is_cancelled_when_the_lease_is_lost(
    model_server: ModelServer, conversation: Conversation, settings: Settings
) -> None:
    settings.RUN_LEASE_SECONDS = 0.6
    gate = threading.Event()
    model_server.says(pausing(gate))
    run_id = await ask(conversation)
    task = asyncio.create_task(execute(run_id))
    await until(shown)
    await in_database(lambda: AnswerRun.objects.update(lease_token=uuid.uuid4()))
    with pytest.raises(asyncio.CancelledError):
        await task  # the model still keeps its silence
    gate.set()


async def test_what_follows_the_end_of_a_run_is_not_cancelled(
    conversation: Conversation, settings: Settings
) -> None:
    """A lease that is looked at just as its run has ended is not lost."""
    settings.RUN_LEASE_SECONDS = 0.06
    run = await claim(await ask(conversation))
    assert run is not None
    async with run.lease.kept_alive():
        await in_database(lambda: AnswerRun.objects.update(status=Status.COMPLETED))
        await asyncio.sleep(0.2)  # several looks at the lease


async def test_a_lease_is_prolonged_while_the_work_goes_on(
    model_server: ModelServer, conversation: Conversation, settings: Settings
) -> None:
    settings.RUN_LEASE_SECONDS = 1
    gate = threading.Event()
    model_server.says(pausing(gate))
    run_id = await ask(conversation)
    task = asyncio.create_task(execute(run_id))
    await until(shown)
    ends = (await told(run_id)).run.lease_until
    await until(lambda: AnswerRun.objects.filter(lease_until__gt=ends).exists())
    gate.set()
    await task
    (await told(run_id)).assert_one_whole_answer()


async def test_a_run_that_never_works_ends_with_words(
    conversation: Conversation, settings: Settings
) -> None:
    run_id = await ask(conversation)
    await in_database(lambda: AnswerRun.objects.update(attempts=settings.RUN_MAX_ATTEMPTS))
    await execute(run_id)
    result = await told(run_id)
    assert result.types == ["run.started", "error"]
    assert (result.of_run[-1]["code"], result.of_run[-1]["retryable"]) == ("gave_up", True)
    assert (result.run.status, result.run.error_code) == (Status.FAILED, "gave_up")


async def test_a_draft_that_never_works_is_an_empty_one(
    conversation: Conversation, settings: Settings
) -> None:
    await in_database(lambda: Conversation.objects.update(mode=Conversation.Mode.DRAFT))
    run_id = await ask(conversation)
    await in_database(lambda: AnswerRun.objects.update(attempts=settings.RUN_MAX_ATTEMPTS))
    await execute(run_id)
    result = await told(run_id)
    assert (result.run.status, result.of_run) == (Status.FAILED, [])
    assert (await in_database(Draft.objects.get)).text == ""


async def test_stopping_lets_go_of_the_run_for_another_process(
    model_server: ModelServer, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "DRAIN_SECONDS", 0.0)
    gate = threading.Event()
    model_server.says(pausing(gate), saying(ANSWER))
    run_id = await ask(conversation)
    async with started(Runner()) as runner:
        runner.submit(run_id)
        await until(shown)
    assert await find_abandoned() == [run_id]
    await execute(run_id)
    gate.set()
    (await told(run_id)).assert_one_whole_answer_after_restarts(1)


async def test_stopping_waits_a_moment_for_answers_under_way(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "DRAIN_SECONDS", 60.0)  # a long moment on a busy machine
    run_id = await ask(conversation)
    async with started(Runner()) as runner:
        runner.submit(run_id)
        await until(lambda: AnswerRun.objects.filter(status=Status.RUNNING).exists())
    (await told(run_id)).assert_one_whole_answer()


async def test_the_keeper_finds_what_nobody_started(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "START_GRACE", timedelta(0))
    run_id = await ask(conversation)
    async with started(Runner()):
        await until(lambda: AnswerRun.objects.filter(status=Status.COMPLETED).exists())
    (await told(run_id)).assert_one_whole_answer()


async def test_a_fresh_run_is_left_to_the_process_that_took_it(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "START_GRACE", timedelta(minutes=5))
    run_id = await ask(conversation)
    assert await find_abandoned() == []
    long_ago = timezone.now() - 2 * runner_module.START_GRACE
    await in_database(lambda: AnswerRun.objects.update(created_at=long_ago))
    assert await find_abandoned() == [run_id]


async def test_a_run_submitted_from_any_thread_is_started_once(conversation: Conversation) -> None:
    run_id = await ask(conversation)
    async with started(Runner()) as runner:
        for _ in range(3):
            await asyncio.to_thread(runner.submit, run_id)
        await until(lambda: AnswerRun.objects.filter(status=Status.COMPLETED).exists())
    result = await told(run_id)
    result.assert_one_whole_answer()
    assert result.run.attempts == 1


async def test_outside_a_web_process_submitting_leaves_the_run_queued(
    conversation: Conversation,
) -> None:
    run_id = await ask(conversation)
    Runner().submit(run_id)
    assert (await told(run_id)).run.status == Status.QUEUED


async def test_messages_that_come_at_once_are_accepted_and_answered_in_turn(
    conversation: Conversation, settings: Settings
) -> None:
    settings.MESSAGE_JOIN_SECONDS = 0
    questions = [QUESTION, "What does a return cost?", "Can I return opened coffee?"]
    async with started(Runner()) as runner:
        await asyncio.gather(*(accept(runner, conversation, text) for text in questions))
        await until(lambda: AnswerRun.objects.filter(status=Status.COMPLETED).count() == 3)
    runs = await in_database(lambda: list(AnswerRun.objects.all()))
    assert [run.attempts for run in runs] == [1, 1, 1]
    types = [event["type"] for event in (await told(runs[0].pk)).events]
    turn = ["run.started", "answer.completed"]
    assert [type for type in types if type in turn] == 3 * turn


async def test_what_is_added_to_an_accepted_question_starts_its_run_again(
    model_server: ModelServer, conversation: Conversation
) -> None:
    gate = threading.Event()
    model_server.says(pausing(gate), saying(ANSWER))
    async with started(Runner()) as runner:
        for text in ("I have a question.", QUESTION):
            await accept(runner, conversation, text)
        gate.set()
        await until(lambda: AnswerRun.objects.filter(status=Status.COMPLETED).exists())
    run = await in_database(AnswerRun.objects.get)
    result = await told(run.pk)
    assert (run.attempts, run.retrieval["asked"]) == (2, f"I have a question. {QUESTION}")
    assert [sentence["text"] for sentence in result.standing] == SENTENCES
    assert result.answer["message"]["sentences"] == result.standing


async def test_an_accepted_question_whose_process_dies_is_taken_over(
    conversation: Conversation,
) -> None:
    decides = await in_database(current)
    incoming = IncomingMessage(QUESTION, "c-1")
    accept = in_thread(accept_message)
    accepted = await accept(conversation=conversation, incoming=incoming, decides=decides)
    assert accepted.started
    assert accepted.run is not None
    assert await claim(accepted.run.pk) is None
    await expire(accepted.run.pk)
    assert await find_abandoned() == [accepted.run.pk]
    await execute(accepted.run.pk)
    (await told(accepted.run.pk)).assert_one_whole_answer()


async def accept(runner: Runner, conversation: Conversation, text: str) -> None:
    incoming = IncomingMessage(text, str(uuid.uuid4()))
    await runner.accept(conversation=conversation, incoming=incoming, reader=Audience.PUBLIC)


@pytest.mark.usefixtures("fresh_connections")
async def test_a_database_that_is_away_for_a_moment_costs_no_answer(
    model_server: ModelServer,
    conversation: Conversation,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.RUN_LEASE_SECONDS = 1
    monkeypatch.setattr(runner_module, "LOOK_SECONDS", 0.1)
    gate = threading.Event()
    model_server.says(pausing(gate), saying(ANSWER))
    run_id = await ask(conversation)
    async with started(Runner()) as runner:
        runner.submit(run_id)
        await until(shown)
        await _cut_all_other_connections()
        gate.set()
        await until(lambda: AnswerRun.objects.filter(status=Status.COMPLETED).exists())
    result = await told(run_id)
    result.assert_one_whole_answer_after_restarts(result.run.attempts - 1)
    assert [sentence["text"] for sentence in result.standing] == SENTENCES


@pytest.fixture
def fresh_connections(transactional_db: None) -> Iterator[None]:
    """What comes after the test does not meet the connections that it cut."""
    yield
    # Django's own async queries have a thread, which keeps its connection.
    SyncToAsync.single_thread_executor.submit(_close_own_connection).result()
    _close_own_connection()
    connection.close_pool()  # type: ignore[attr-defined]


def _close_own_connection() -> None:
    connection.close()


@in_thread
def _cut_all_other_connections() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )

"""A customer stops an answer: nothing more of it comes, what was shown stays, the next goes on."""

from __future__ import annotations

import threading
import uuid

import pytest
from pytest_django import Settings

from supportbot.answers.models import AnswerRun, Citation, ModelCall
from supportbot.answers.runner import Runner, claim
from supportbot.answers.stop import stop_answer
from supportbot.answers.threads import in_thread
from supportbot.api import visitor_tokens
from tests.answers.asking import ANSWER, SENTENCES, ask, in_database, saying, told
from tests.answers.test_runner import pausing, shown, started, until
from tests.api.conftest import as_visitor
from tests.openai_server import ModelServer
from tickets.models import AuditEntry, Conversation, Message
from tickets.services.history import read_page

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("returns_policy")]


def _ended() -> bool:
    return ModelCall.objects.filter(outcome="cancelled").exists()


@pytest.mark.parametrize("here", [True, False], ids=["this process", "another process"])
async def test_what_was_shown_stays_and_the_next_question_is_answered(
    model_server: ModelServer, conversation: Conversation, settings: Settings, here: bool
) -> None:
    settings.MESSAGE_JOIN_SECONDS = 0
    gate = threading.Event()
    model_server.says(pausing(gate), saying(ANSWER))
    async with started(Runner()) as other:
        run_id = await ask(conversation)
        other.submit(run_id)
        await until(shown)
        following = await ask(conversation, "How much is the return parcel?", "c-2")
        assert await in_thread(stop_answer)(conversation=conversation, run_id=run_id)
        if here:
            other.halt(run_id)
        await until(_ended)
        await until(lambda: AnswerRun.objects.get(pk=following).finished_at)
    gate.set()
    result = await told(run_id)
    assert (result.run.status, result.run.outcome) == ("completed", "stopped")
    assert [one["text"] for one in result.answer["message"]["sentences"]] == SENTENCES[:1]
    assert result.of_run[-1] == result.answer
    assert (result.answer["outcome"], result.messages[2].text) == ("stopped", SENTENCES[0])
    assert [stage["stage"] for stage in result.run.stages][:2] == ["receive", "validate"]
    assert await in_database(lambda: Citation.objects.filter(run_id=run_id).exists())
    entry = await in_database(lambda: AuditEntry.objects.get(action="answer.stopped"))
    assert entry.conversation_id == conversation.pk
    assert not await in_thread(stop_answer)(conversation=conversation, run_id=run_id)


def test_an_answer_that_shows_nothing_yet_is_stopped_over_rest(
    conversation: Conversation,
) -> None:
    token = visitor_tokens.issue(conversation.customer_id).token
    api, path = as_visitor(token), f"/api/v1/conversations/{conversation.pk}"
    asked = api.post(f"{path}/messages/", {"text": "Hello there", "client_id": "c"}).json()
    body = {"run_id": asked["run_id"]}
    elsewhere = api.post(f"/api/v1/conversations/{uuid.uuid4()}/stop/", body)
    assert elsewhere.status_code == 404
    assert api.post(f"{path}/stop/", {"run_id": "x"}).status_code == 400
    assert api.post(f"{path}/stop/", body).json() == {"stopped": True}
    assert api.post(f"{path}/stop/", body).json() == {"stopped": False}
    (end,) = (one for one in read_page(conversation.pk).events if one.get("run_id"))
    assert (end["type"], end["reason"]) == ("answer.replaced", "stopped")
    assert not Message.objects.filter(awaits_answer=True).exists()


async def test_a_stopped_run_is_taken_by_nobody(conversation: Conversation) -> None:
    run_id = await ask(conversation)
    await in_thread(stop_answer)(conversation=conversation, run_id=run_id)
    assert await claim(run_id) is None

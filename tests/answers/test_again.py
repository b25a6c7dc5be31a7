"""A stored question is asked again, and both answers stand side by side."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from supportbot.answers.compare_prompts import stored_questions
from supportbot.answers.direct import DirectQuestion, direct_run
from supportbot.answers.models import AnswerRun
from tests.answers.asking import ANSWER, QUESTION, SENTENCES, answered, saying
from tests.configuration.publishing import put_in_effect
from tests.conftest import RETURNS_POLICY, Publish
from tests.llm.fixtures import route_to
from tests.openai_server import ModelServer
from tickets.models import Conversation, Event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(ben: User, browser_of: Callable[[User], Client]) -> Client:
    """Of an agent who may also change the configuration."""
    ben.user_permissions.add(Permission.objects.get(codename="change_answerconfiguration"))
    return browser_of(ben)


def address(run: AnswerRun) -> str:
    return f"/admin/answers/answerrun/{run.pk}/again/"


@pytest.mark.usefixtures("returns_policy", "shipping")
def test_another_route_and_configuration_answer_without_the_customer_hearing_of_it(
    model_server: ModelServer, conversation: Conversation, page: Client
) -> None:
    quiet = put_in_effect()
    run = asyncio.run(answered(conversation)).run
    version = put_in_effect(routes=(route_to(model_server, "fluent"),))
    model_server.says(saying(ANSWER))
    events = Event.objects.count()
    shown = page.post(address(run), {"version": version.pk, "route": "fluent"}).content.decode()
    assert "fluent, test-model-1: answered" in shown
    assert all(sentence in shown for sentence in SENTENCES)
    assert "Then, " in shown
    assert (Event.objects.count(), AnswerRun.objects.count()) == (events, 1)
    shown = page.post(address(run), {"version": quiet.pk}).content.decode()
    assert "extractive: answered" in shown


def test_a_day_before_the_documents_were_in_effect_has_no_answer(
    conversation: Conversation, page: Client, publish: Publish
) -> None:
    put_in_effect()
    publish(RETURNS_POLICY, title="Returns policy", effective_from=dt.date(2020, 1, 1))
    run = asyncio.run(answered(conversation)).run
    assert "extractive: answered" in page.post(address(run)).content.decode()
    shown = page.post(address(run), {"day": "1999-01-01"}).content.decode()
    assert "extractive: nothing_kept" in shown
    assert "Write the day as" in page.post(address(run), {"day": "soon"}).content.decode()


@pytest.mark.usefixtures("returns_policy")
def test_it_is_for_those_who_may_change_the_configuration(
    conversation: Conversation, ben: User, eve: User, browser_of: Callable[[User], Client]
) -> None:
    put_in_effect()
    run = asyncio.run(answered(conversation)).run
    assert browser_of(ben).post(address(run)).status_code == 403
    assert browser_of(eve).post(address(run)).status_code == 302
    page_of_run = browser_of(ben).get(f"/admin/answers/answerrun/{run.pk}/change/")
    assert "Ask again" not in page_of_run.content.decode()


@pytest.mark.usefixtures("returns_policy")
def test_a_question_of_a_program_can_be_asked_again_and_compared(page: Client) -> None:
    put_in_effect()

    async def ask_as_a_program() -> AnswerRun:
        async with direct_run(DirectQuestion(QUESTION)) as run:
            _ = [event async for event in run.events()]
        return run.row

    run = asyncio.run(ask_as_a_program())
    shown = page.post(address(run)).content.decode()
    assert QUESTION in shown
    assert "extractive: answered" in shown
    assert stored_questions(5) == [QUESTION]

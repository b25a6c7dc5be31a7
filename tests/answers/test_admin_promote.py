"""supportbot.answers.admin_promote: an answer, a draft or a reply becomes a curated answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from knowledge.models import CuratedAnswer
from supportbot.answers.direct import DirectQuestion, direct_run
from tests.answers.asking import QUESTION, answered, in_database
from tickets.models import Conversation, Draft, Message
from tickets.services.handover import take_over
from tickets.services.messages import AgentReply, add_agent_message

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("returns_policy")]

URL = "/admin/answers/answerrun/promote/"


@pytest.fixture
def agent(ben: User, browser_of: Callable[[User], Client]) -> Client:
    """Ben, who may also write curated answers."""
    rights = Permission.objects.filter(codename__endswith="curatedanswer")
    ben.user_permissions.add(*rights)
    return browser_of(ben)


def promoted(browser: Client, query: str) -> CuratedAnswer:
    assert QUESTION in browser.get(URL + query).content.decode()
    assert not CuratedAnswer.objects.exists()
    response = browser.post(URL + query)
    answer = CuratedAnswer.objects.get()
    assert response["Location"] == reverse("admin:knowledge_curatedanswer_change", args=[answer.pk])
    assert browser.get(response["Location"]).status_code == 200
    return answer


async def test_a_run_in_a_conversation(conversation: Conversation, agent: Client) -> None:
    told = await answered(conversation)
    page = reverse("admin:answers_answerrun_change", args=[told.run.pk])
    shown = await in_database(lambda: agent.get(page))
    assert f"{URL}?run={told.run.pk}" in shown.content.decode()
    answer = await in_database(lambda: promoted(agent, f"?run={told.run.pk}"))
    assert (answer.text, answer.is_on) == (told.answer["message"]["text"], False)
    quotes = await in_database(lambda: list(answer.sources.values_list("quote", flat=True)))
    assert quotes == [s["citations"][0]["quote"] for s in told.standing]


async def test_a_run_without_a_conversation(agent: Client) -> None:
    async with direct_run(DirectQuestion(QUESTION)) as run:
        events = [event async for event in run.events()]
    answer = await in_database(lambda: promoted(agent, f"?run={run.row.pk}"))
    assert answer.text == events[-1]["text"]


async def test_a_draft(conversation: Conversation, agent: Client) -> None:
    draft_mode = Conversation.Mode.DRAFT
    await in_database(lambda: Conversation.objects.update(mode=draft_mode))
    await answered(conversation)
    draft = await in_database(Draft.objects.get)
    answer = await in_database(lambda: promoted(agent, f"?draft={draft.pk}"))
    assert answer.text == draft.text


async def test_an_agents_reply(conversation: Conversation, agent: Client, ben: User) -> None:
    await answered(conversation)

    def reply() -> Message:
        take_over(conversation=conversation, agent=ben)
        said = AgentReply(text="Only in the shop.", client_id="a-1")
        return add_agent_message(conversation=conversation, agent=ben, reply=said)[0]

    message = await in_database(reply)
    answer = await in_database(lambda: promoted(agent, f"?message={message.pk}"))
    assert answer.text == "Only in the shop."


async def test_outsiders_and_nonsense_are_refused(
    conversation: Conversation, ben: User, browser_of: Callable[[User], Client], agent: Client
) -> None:
    told = await answered(conversation)

    def statuses() -> list[int]:
        queries = ["?run=x", "?draft=x", "?message=1", "", f"?message={told.run.pk}"]
        codes = [agent.get(URL + query).status_code for query in queries]
        ben.user_permissions.remove(Permission.objects.get(codename="add_curatedanswer"))
        again = browser_of(User.objects.get(pk=ben.pk))
        return [*codes, again.post(f"{URL}?run={told.run.pk}").status_code]

    assert await in_database(statuses) == [404, 404, 404, 404, 404, 403]
    assert not await in_database(CuratedAnswer.objects.exists)

"""What the bot does in each mode, and that a change of mode holds at once."""

from __future__ import annotations

import uuid
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from supportbot.answers.models import AnswerRun
from supportbot.answers.receive import Accepted, IncomingMessage, accept_message
from supportbot.answers.runner import claim, execute
from supportbot.answers.suggest import suggest
from supportbot.answers.threads import in_thread
from tests.answers.asking import QUESTION, ask, in_database, told
from tickets.models import AuditEntry, Conversation, Draft, Message, Ticket
from tickets.services.modes import change_mode
from tickets.states import TransitionError

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("returns_policy")]


async def set_mode(conversation: Conversation, mode: str, agent: User) -> None:
    await in_thread(change_mode)(conversation=conversation, mode=mode, agent=agent)


async def write(conversation: Conversation, text: str = QUESTION) -> Accepted:
    incoming = IncomingMessage(text, str(uuid.uuid4()))
    return await in_thread(accept_message)(conversation=conversation, incoming=incoming)


@pytest.mark.parametrize("mode", ["suggest", "off"])
async def test_people_answer_and_the_bot_does_nothing_of_its_own_accord(
    conversation: Conversation, ben: User, mode: str
) -> None:
    await set_mode(conversation, mode, ben)
    accepted = await write(conversation)
    assert accepted.run is None
    stored = await in_database(lambda: Conversation.objects.get(pk=conversation.pk))
    assert (stored.state, stored.handover_reason) == ("waiting", "no_bot")
    assert await in_database(AnswerRun.objects.count) == 0
    assert (await in_database(Ticket.objects.get)).status == "new"


async def test_an_agent_asks_for_a_draft(conversation: Conversation, ben: User) -> None:
    await set_mode(conversation, "suggest", ben)
    await write(conversation)
    ticket = await in_database(Ticket.objects.get)
    run = await in_thread(suggest)(ticket=ticket, agent=ben)
    await execute(run.pk)
    draft = await in_database(Draft.objects.get)
    assert draft.text.startswith("Opened coffee beans cannot be returned")
    assert not await in_database(Message.objects.filter(author="bot").exists)
    assert await in_database(AuditEntry.objects.filter(action="draft.requested", actor=ben).exists)
    with pytest.raises(TransitionError, match="had this question already"):
        await in_thread(suggest)(ticket=ticket, agent=ben)


async def test_where_the_bot_is_off_nobody_asks_it(conversation: Conversation, ben: User) -> None:
    await set_mode(conversation, "off", ben)
    await write(conversation)
    ticket = await in_database(Ticket.objects.get)
    with pytest.raises(TransitionError, match="The bot is off"):
        await in_thread(suggest)(ticket=ticket, agent=ben)


async def test_the_button_of_the_page_asks(
    conversation: Conversation, ben: User, browser_of: partial[Client]
) -> None:
    await set_mode(conversation, "suggest", ben)
    await write(conversation)
    ticket = await in_database(Ticket.objects.get)

    def click() -> tuple[bool, int]:
        client = browser_of(ben)
        page = client.get(reverse("desk:ticket", args=[ticket.pk]))
        url = reverse("desk:act", args=[ticket.pk, "suggest"])
        return "Ask the bot for a draft" in page.content.decode(), client.post(url).status_code

    assert await in_thread(click)() == (True, 200)
    assert await in_database(AnswerRun.objects.count) == 1


@pytest.mark.parametrize(("mode", "drafts"), [("draft", 1), ("suggest", 1), ("off", 0)])
async def test_a_change_in_mid_answer_silences_the_bot_at_once(
    conversation: Conversation, ben: User, mode: str, drafts: int
) -> None:
    run_id = await ask(conversation)
    run = await claim(run_id)
    assert run is not None
    await run.emit("answer.sentence", index=0, text="Well.", citations=[])
    await set_mode(conversation, mode, ben)
    await in_database(run.lease.release)
    await execute(run_id)
    result = await told(run_id)
    assert result.replaced == ["restarted", "handed_over"]
    assert [message.author for message in result.messages] == ["customer"]
    assert await in_database(Draft.objects.count) == drafts


async def test_back_in_reply_the_bot_answers(conversation: Conversation, ben: User) -> None:
    await set_mode(conversation, "off", ben)
    await set_mode(conversation, "reply", ben)
    run_id = await ask(conversation)
    await execute(run_id)
    (await told(run_id)).assert_one_whole_answer()

"""supportbot.desk.socket: who hears the agents' bell, what rings it, and who is seen where."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from supportbot.accounts.sessions import end_sessions
from supportbot.answers.threads import in_thread
from supportbot.api import visitor_tokens
from supportbot.api.realtime import CLOSE_BAD_ORIGIN
from supportbot.asgi import application
from supportbot.desk.presence import (
    TYPING_SECONDS,
    VIEWING_SECONDS,
    Person,
    note_agent,
    read_presence,
)
from supportbot.desk.socket import CLOSE_NO_AGENT
from tests.api.sockets import SECONDS, Communicator, Socket, say
from tests.tickets.cast import ask, draft_for
from tickets.models import Conversation, Customer, Team, Ticket
from tickets.services.availability import somebody_is_there
from tickets.services.details import change_team
from tickets.services.drafts import reject_draft
from tickets.services.handover import request_person, take_over
from tickets.services.notes import add_note
from tickets.services.tickets import assign

pytestmark = pytest.mark.django_db(transaction=True)
SILENCE = 0.3
request_person_in_thread = in_thread(request_person)


@in_thread
def session_of(user: User | None) -> str:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value if user is not None else "none"


async def socket_of(user: User | None, origin: str = "") -> Communicator:
    cookie = f"{settings.SESSION_COOKIE_NAME}={await session_of(user)}"
    headers = [(b"host", b"help.example"), (b"cookie", cookie.encode())]
    headers += [(b"origin", origin.encode())] if origin else []
    socket = Communicator(application, "/ws/desk/", headers)
    assert (await socket.connect(timeout=SECONDS))[0]
    return socket


async def heard(socket: Communicator) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(await socket.receive_from(timeout=SECONDS))
    return frame


async def watch(socket: Communicator, conversation: Conversation, typing: str = "") -> None:
    frame = {"type": "watch", "conversation": str(conversation.pk), "typing": typing}
    await socket.send_to(text_data=json.dumps(frame))


async def presence(socket: Communicator, **expected: Any) -> dict[str, Any]:
    """The first word on presence that is as expected."""
    for _ in range(10):
        frame = await heard(socket)
        if frame["type"] == "presence" and expected.items() <= frame.items():
            return frame
    raise AssertionError(f"nobody said {expected}")


async def closed_with(socket: Communicator) -> int:
    output = await socket.receive_output(timeout=SECONDS)
    assert output["type"] == "websocket.close"
    return int(output["code"])


async def test_an_agent_hears_of_a_hand_over(ben: User, conversation: Conversation) -> None:
    socket = await socket_of(ben, origin="https://help.example")
    assert await socket.receive_nothing(SILENCE)
    await request_person_in_thread(conversation=conversation)
    assert await heard(socket) == {"type": "changed", "conversation": str(conversation.pk)}
    await socket.disconnect()


@pytest.mark.parametrize("change", ["message", "draft", "decision", "assignment"])
async def test_the_bell_rings_for_what_the_lists_show(
    ben: User, conversation: Conversation, change: str
) -> None:
    ticket = await request_person_in_thread(conversation=conversation)
    draft = await in_thread(draft_for)(conversation)
    socket = await socket_of(ben)
    assert await socket.receive_nothing(SILENCE)
    if change == "message":
        await in_thread(ask)(conversation)
    elif change == "draft":
        await in_thread(draft_for)(conversation)
    elif change == "decision":
        await in_thread(reject_draft)(draft=draft, agent=ben)
    else:
        await in_thread(assign)(ticket=ticket, assignee=ben, agent=ben)
    assert await heard(socket) == {"type": "changed", "conversation": str(conversation.pk)}
    await socket.disconnect()


async def test_an_answer_being_written_rings_nothing(ben: User, conversation: Conversation) -> None:
    socket = await socket_of(ben)
    await say(conversation, 5)
    assert await socket.receive_nothing(SILENCE)
    await socket.disconnect()


@pytest.mark.parametrize("who", ["nobody", "eve", "cleo"])
async def test_who_may_not_see_tickets_hears_nothing(cleo: User, eve: User, who: str) -> None:
    socket = await socket_of({"nobody": None, "eve": eve, "cleo": cleo}[who])
    assert await closed_with(socket) == CLOSE_NO_AGENT


def _end(user: User, how: str) -> None:
    if how == "password":
        user.set_password("another one")
        user.save()
    elif how == "disabled":
        User.objects.filter(pk=user.pk).update(is_active=False)
    elif how == "rights":
        user.user_permissions.clear()
    else:
        end_sessions(user=user, actor=user)


@pytest.mark.parametrize("how", ["signed out everywhere", "password", "disabled", "rights"])
async def test_an_open_socket_ends_with_its_session(
    ben: User, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr("supportbot.desk.socket.CHECKED_SECONDS", 0.1)
    socket = await socket_of(ben)
    assert await socket.receive_nothing(SILENCE)
    await in_thread(_end)(ben, how)
    while (output := await socket.receive_output(timeout=SECONDS))["type"] != "websocket.close":
        pass
    assert output["code"] == CLOSE_NO_AGENT


async def test_a_private_ticket_rings_for_its_team_alone(
    ben: User, dora: User, conversation: Conversation
) -> None:
    ticket = await request_person_in_thread(conversation=conversation)
    team = await Team.objects.acreate(name="Legal", is_private=True)
    await team.members.aadd(dora)
    member, outsider = await socket_of(dora), await socket_of(ben)
    for socket in (member, outsider):  # a log-in rings at the pages that are open
        while not await socket.receive_nothing(SILENCE):
            await heard(socket)
    await in_thread(change_team)(ticket=ticket, team=team, agent=dora)
    assert await heard(outsider) == {"type": "changed", "conversation": None}  # it has gone
    await in_thread(ask)(conversation)
    await in_thread(add_note)(ticket=ticket, text="Hm.", author=dora)
    assert await outsider.receive_nothing(SILENCE)
    frames = [await heard(member) for _ in range(3)]
    assert {"type": "changed", "conversation": str(conversation.pk)} in frames
    for socket in (outsider, member):
        await socket.disconnect()


async def test_a_page_of_another_site_hears_nothing(ben: User) -> None:
    socket = await socket_of(ben, origin="https://evil.example")
    assert await closed_with(socket) == CLOSE_BAD_ORIGIN


async def test_a_widgets_origin_is_no_agents_page(ben: User, settings: object) -> None:
    settings.WIDGET_ORIGINS = ["https://shop.example"]  # type: ignore[attr-defined]
    socket = await socket_of(ben, origin="https://shop.example")
    assert await closed_with(socket) == CLOSE_BAD_ORIGIN


async def test_an_open_conversation_rings_for_every_sentence_of_the_bot(
    ben: User, conversation: Conversation
) -> None:
    await request_person_in_thread(conversation=conversation)
    socket = await socket_of(ben)
    await watch(socket, conversation)
    await presence(socket, people=[], customer_types=False)
    await say(conversation, 2)
    for _ in range(2):
        assert await heard(socket) == {"type": "changed", "conversation": str(conversation.pk)}
    await socket.disconnect()


async def test_agents_see_who_looks_and_who_types_until_they_leave(
    ben: User, dora: User, conversation: Conversation
) -> None:
    await request_person_in_thread(conversation=conversation)
    his, hers = await socket_of(ben), await socket_of(dora)
    await watch(his, conversation)
    await watch(hers, conversation)
    await presence(his, people=[{"name": "Dora", "typing": ""}])
    await watch(hers, conversation, "note")
    await presence(his, people=[{"name": "Dora", "typing": "note"}])
    await hers.disconnect()
    await presence(his, people=[])
    await his.disconnect()


async def test_agents_see_that_the_customer_types_and_the_customer_that_an_agent_does(
    ben: User, ada: Customer, conversation: Conversation
) -> None:
    await request_person_in_thread(conversation=conversation)
    await in_thread(take_over)(conversation=conversation, agent=ben)
    widget = Socket(visitor_tokens.issue(ada.pk).token)
    await widget.open()
    await widget.send(type="hello", after=99)
    socket = await socket_of(ben)
    await watch(socket, conversation)
    await presence(socket, customer_types=False)
    await widget.send(type="typing")
    await presence(socket, customer_types=True)
    await watch(socket, conversation, "reply")
    while (event := await widget.next())["type"] != "agent.typing":
        pass
    assert event["agent_name"] == "Ben"
    await socket.disconnect()
    await widget.end.disconnect()


async def test_nobody_watches_a_conversation_of_a_private_team_from_outside(
    ben: User, conversation: Conversation
) -> None:
    ticket = await request_person_in_thread(conversation=conversation)
    team = await Team.objects.acreate(name="Legal", is_private=True)
    await Ticket.objects.filter(pk=ticket.pk).aupdate(team=team)
    socket = await socket_of(ben)
    await watch(socket, conversation)
    for odd in ("[]", "{}", "nonsense", '{"type": "watch", "conversation": 7}'):
        await socket.send_to(text_data=odd)
    await say(conversation, 2)
    assert await socket.receive_nothing(SILENCE)
    await socket.disconnect()


@pytest.mark.parametrize("who", ["viewing", "typing"])
async def test_who_says_nothing_for_long_is_not_seen_any_more(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    note = in_thread(note_agent)
    await note(conversation.pk, Person(1, "Dora", "reply"))
    found = await in_thread(read_presence)(conversation.pk)
    assert found.people == (Person(1, "Dora", "reply"),)
    later = TYPING_SECONDS if who == "typing" else VIEWING_SECONDS
    now = time.time()
    monkeypatch.setattr("supportbot.desk.presence.time.time", lambda: now + later + 1)
    found = await in_thread(read_presence)(conversation.pk)
    assert found.people == ((Person(1, "Dora"),) if who == "typing" else ())


async def test_an_agent_with_an_open_desk_is_there_for_customers(ben: User) -> None:
    await in_thread(User.objects.update)(last_login=None)
    assert not await in_thread(somebody_is_there)()
    socket = await socket_of(ben)
    assert await in_thread(somebody_is_there)()
    await socket.disconnect()

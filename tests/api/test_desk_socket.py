"""supportbot.api.desk_socket: who hears the agents' bell, and what rings it."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from supportbot.answers.threads import in_thread
from supportbot.api.desk_socket import CLOSE_NO_AGENT
from supportbot.api.realtime import CLOSE_BAD_ORIGIN
from supportbot.asgi import application
from tests.api.sockets import SECONDS, Communicator, say
from tests.tickets.cast import ask, draft_for
from tickets.models import Conversation
from tickets.services.drafts import reject_draft
from tickets.services.handover import request_person
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


async def closed_with(socket: Communicator) -> int:
    output = await socket.receive_output(timeout=SECONDS)
    assert output["type"] == "websocket.close"
    return int(output["code"])


async def test_an_agent_hears_of_a_hand_over(ben: User, conversation: Conversation) -> None:
    socket = await socket_of(ben, origin="https://help.example")
    assert await socket.receive_nothing(SILENCE)
    await request_person_in_thread(conversation=conversation)
    assert await socket.receive_from(timeout=SECONDS) == "changed"
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
    assert await socket.receive_from(timeout=SECONDS) == "changed"
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


async def test_a_page_of_another_site_hears_nothing(ben: User) -> None:
    socket = await socket_of(ben, origin="https://evil.example")
    assert await closed_with(socket) == CLOSE_BAD_ORIGIN


async def test_a_widgets_origin_is_no_agents_page(ben: User, settings: object) -> None:
    settings.WIDGET_ORIGINS = ["https://shop.example"]  # type: ignore[attr-defined]
    socket = await socket_of(ben, origin="https://shop.example")
    assert await closed_with(socket) == CLOSE_BAD_ORIGIN

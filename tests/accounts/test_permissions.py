"""The table of permissions: every address and socket event, asked as every role."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django import Settings

from knowledge.models import EmbeddingIndex
from supportbot.accounts.permissions import (
    ANYONE,
    DOCUMENT,
    STAFF,
    VISITOR,
    addresses,
    document,
    events,
    in_words,
    people_in,
    table,
)
from supportbot.answers.threads import in_search_thread
from supportbot.api.realtime import ChatConsumer
from supportbot.desk.socket import DeskConsumer, _agent_of
from tests.accounts.probe import Probe, methods_of, path_of
from tests.tickets.cast import draft_for
from tickets.models import Conversation

pytestmark = pytest.mark.django_db


@pytest.fixture
def _searches_leave_nothing() -> Iterator[None]:
    """The first search makes the index, on a connection of its own: the test's transaction does not
    take it back."""
    yield
    async_to_sync(in_search_thread(EmbeddingIndex.objects.all().delete))()


def seen_by(probe: Probe) -> dict[str, dict[str, str]]:
    """What the addresses really answer, in the words of the table."""
    found: dict[str, dict[str, str]] = {}
    for address, _ in addresses():
        path = path_of(address)
        asked = {method: probe.allowed(method, path) for method in methods_of(address)}
        known = {method: people for method, people in asked.items() if people is not None}
        # Of an address that nobody may use by any method, the first one.
        used = {method: people for method, people in known.items() if people}
        used = used or dict(list(known.items())[:1])
        found[address] = {method: in_words(people) for method, people in used.items()}
    return found


@pytest.mark.usefixtures("_searches_leave_nothing")
def test_every_address_answers_every_role_as_the_table_says(
    conversation: Conversation, settings: Settings
) -> None:
    # A visitor sends more than one may in a minute.
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "messages": "1000/minute"}
    # What waits is counted for every page, which takes half of the time and refuses nobody.
    settings.UNFOLD = {**settings.UNFOLD, "SIDEBAR": {"navigation": []}}
    draft_for(conversation)
    found = seen_by(Probe(conversation.customer))
    written = {
        address: {method: in_words(people) for method, people in methods.items()}
        for address, methods in table().items()
        if not address.startswith("ws/")
    }
    assert sorted(set(found) - set(written)) == [], "addresses that access.yaml does not list"
    assert sorted(set(written) - set(found)) == [], "in access.yaml, and no address any more"
    wrong = {one: (written[one], found[one]) for one in found if written[one] != found[one]}
    assert wrong == {}


def test_the_desk_s_socket_takes_the_roles_that_the_table_names(
    browser_of: Callable[[User], Client],
) -> None:
    heard = {name: table()[f"ws/desk/ {name}"]["event"] for name in events(DeskConsumer)}
    for role in sorted(people_in(STAFF)):
        user = User.objects.create_user(role, is_staff=True)
        user.groups.set(Group.objects.filter(name=role))
        cookie = browser_of(user).cookies["sessionid"].value
        scope = {"headers": [(b"cookie", f"sessionid={cookie}".encode())]}
        taken = _agent_of.func(scope) is not None  # type: ignore[attr-defined]
        assert {name: role in people for name, people in heard.items()} == dict.fromkeys(
            heard, taken
        )
    assert _agent_of.func({"headers": []}) is None  # type: ignore[attr-defined]


def test_every_event_of_a_socket_is_in_the_table() -> None:
    there = {f"ws/desk/ {name}" for name in events(DeskConsumer)}
    there |= {f"ws/chat/ {name}" for name in events(ChatConsumer)}
    assert there == {address for address in table() if address.startswith("ws/")}
    for address, methods in table().items():
        if address.startswith("ws/chat/"):
            assert methods["event"] == {VISITOR}


def test_who_is_not_signed_in_gets_what_is_public_and_nothing_else() -> None:
    public = {a for a, methods in table().items() for who in methods.values() if ANYONE in who}
    assert {one for one in public if one.startswith("/admin/")} <= {
        "/admin/login/",
        "/admin/logout/",
    }


def test_the_page_of_the_documents_is_up_to_date() -> None:
    is_up_to_date = DOCUMENT.read_text("utf-8") == document()
    assert is_up_to_date, "run manage.py permissions --write"

"""supportbot.desk.grounding: an agent's own words, checked sentence by sentence."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from knowledge.models import DocumentVersion
from supportbot.desk.grounding import AGAINST, NOT_FOUND, NOTHING, SUPPORTED, check_words
from tests.tickets.cast import ask
from tickets.models import Conversation
from tickets.services.handover import request_person

WORDS = """Hello Ada,
Opened coffee beans cannot be returned. Gift cards can be returned.
You can return unopened goods within 60 days of delivery.
The moon is made of cheese."""


def test_each_sentence_is_supported_differs_or_is_not_found(
    returns_policy: DocumentVersion, conversation: Conversation
) -> None:
    checked = check_words(conversation=conversation, text=WORDS)
    assert [one.found for one in checked] == [NOTHING, SUPPORTED, AGAINST, AGAINST, NOT_FOUND]
    assert checked[1].quote == "Opened coffee beans cannot be returned for hygiene reasons."
    assert "number" in checked[3].why


@pytest.mark.django_db
def test_without_documents_nothing_is_supported(conversation: Conversation) -> None:
    (one,) = check_words(conversation=conversation, text="Gift cards cannot be returned.")
    assert (one.found, one.passage) == (NOT_FOUND, None)


def test_the_desk_shows_what_was_found_and_passages_to_insert(
    ben: User, browser_of: object, returns_policy: DocumentVersion, conversation: Conversation
) -> None:
    agent = Client()
    agent.force_login(ben)
    ask(conversation, "Can I return gift cards?")
    ticket = request_person(conversation=conversation)
    url = reverse("desk:check", args=[ticket.pk])
    html = agent.post(url, {"text": "Gift cards cannot be returned."}).json()["html"]
    assert "Supported" in html
    assert agent.post(url, {"text": " "}).status_code == 409
    found = agent.get(reverse("desk:passages", args=[ticket.pk])).json()["html"]
    assert "Gift cards cannot be returned." in found
    assert "Can I return gift cards?" in found

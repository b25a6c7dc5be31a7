"""What may be asked next: sections of the cited document, in words that were not said yet."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from knowledge.models import Audience, DocumentVersion
from supportbot.answers.follow_ups import follow_ups
from supportbot.answers.threads import in_thread
from tests.answers.asking import answered
from tests.conftest import Publish
from tickets.models import Conversation, Message
from tickets.services.handover import request_person

POLICY = """# Returns policy

## How long you have to return something

You can return unopened goods within 30 days of delivery.

## What it costs to send something back

Sending something back costs £3.95, unless the item was faulty.

## What cannot be returned

Opened coffee beans cannot be returned for hygiene reasons. Gift cards cannot be returned.
"""
SECRET = """# Returns desk

## What we refund for opened coffee beans

Agents may refund opened coffee beans once a year.
"""
pytestmark = pytest.mark.django_db(transaction=True)
HOW_LONG, COSTS = (
    "How long do I have to return something?",
    "What does it cost to send something back?",
)


@pytest.fixture
def policy(publish: Publish) -> DocumentVersion:
    return publish(POLICY, title="Returns policy")


async def test_sections_that_were_not_cited_are_offered(
    conversation: Conversation, policy: DocumentVersion, visitor_api: APIClient
) -> None:
    message = (await answered(conversation)).messages[-1]
    address = f"/api/v1/messages/{message.pk}/follow-ups/"
    response = await in_thread(visitor_api.get)(address)
    assert response.json() == {
        "choices": [{"label": one, "text": one} for one in (HOW_LONG, COSTS)]
    }


@in_thread
def offered(message: Message) -> list[str]:
    message = Message.objects.select_related("conversation").get(pk=message.pk)
    return [one.text for one in follow_ups(message, reader=Audience.PUBLIC)]


async def test_what_was_answered_is_not_offered_again_and_nothing_beside_a_person(
    conversation: Conversation, policy: DocumentVersion
) -> None:
    await answered(conversation, COSTS)
    message = (await answered(conversation)).messages[-1]
    found = await offered(message)
    assert HOW_LONG in found
    assert COSTS not in found
    await in_thread(request_person)(conversation=conversation)
    assert await offered(message) == []


async def test_nothing_is_offered_of_what_the_reader_may_not_read(
    conversation: Conversation, publish: Publish
) -> None:
    secret = await in_thread(publish)(SECRET, title="For staff", audience=Audience.INTERNAL)
    await in_thread(publish)(POLICY, file_name="public.md", title="Returns policy")
    message = (await answered(conversation)).messages[-1]
    for sentence in message.sentences:  # as if the answer had rested on it
        sentence["citations"].append(
            {**sentence["citations"][0], "document_id": secret.document_id}
        )
    await in_thread(message.save)()
    assert await offered(message) == [HOW_LONG, COSTS]

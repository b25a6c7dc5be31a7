"""What is no question to the documents never hears that there is no answer in them."""

from __future__ import annotations

import pytest

from supportbot.manners.replies import REGRET
from tests.answers.asking import answered, in_database
from tests.conftest import Publish
from tickets.models import Conversation, Draft

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("returns_policy")]


@pytest.mark.parametrize("text", ["hi", "thanks!", "ok", "are you a bot?", "that didn't help"])
async def test_small_talk_gets_short_words(text: str, conversation: Conversation) -> None:
    result = await answered(conversation, text)
    assert result.answer["outcome"] == "small_talk"
    assert result.answer["message"]["text"]
    assert "could not find" not in result.answer["message"]["text"]
    assert result.run.passages == []


async def test_what_sounds_like_small_talk_is_looked_up_first(
    conversation: Conversation, publish: Publish
) -> None:
    rule = "# Pools\n\nBurkinis and full-length suits are welcome in every pool.\n"
    await in_database(lambda: publish(rule, file_name="pools.md"))
    asked = await answered(conversation, "are burkinis welcome?")
    assert "Burkinis and full-length suits are welcome" in asked.answer["message"]["text"]


async def test_small_talk_that_no_document_answers_gets_its_own_words(
    conversation: Conversation,
) -> None:
    result = await answered(conversation, "tell me a joke")
    assert result.answer["outcome"] == "small_talk"


@pytest.mark.parametrize(
    "text",
    [
        "can i talk to a human please",
        "Ich möchte mit einem Menschen sprechen",
        "Je voudrais parler à un conseiller",
        "أريد التحدث مع شخص",
    ],
)
async def test_the_wish_for_a_person_hands_over_at_once(
    text: str, conversation: Conversation
) -> None:
    result = await answered(conversation, text)
    assert result.run.outcome == "handed_over"
    assert [message.author for message in result.messages] == ["customer"]
    changed = [event for event in result.events if event["type"] == "handover.changed"]
    assert [event["state"] for event in changed] == ["waiting"]
    assert not await in_database(Draft.objects.exists)


async def test_a_complaint_that_the_documents_answer_hears_regret_first(
    conversation: Conversation,
) -> None:
    result = await answered(conversation, "My return parcel cost me £3.95, I am furious!!")
    assert result.answer["outcome"] == "answered"
    assert (result.standing[0]["text"], result.standing[0]["citations"]) == (REGRET, [])
    assert all(sentence["citations"] for sentence in result.standing[1:])


async def test_a_question_in_german_is_told_so_in_german(conversation: Conversation) -> None:
    result = await answered(conversation, "Wie lange habe ich Zeit, um etwas zurückzugeben?")
    assert result.answer["outcome"] == "no_answer"
    assert result.answer["offer_handover"] is True
    assert "Möchten Sie" in result.answer["message"]["text"]

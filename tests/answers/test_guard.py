"""supportbot.answers.guard: what the policy says is what happens."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from supportbot.answers.guard import base_facts
from supportbot.answers.models import AnswerRun
from supportbot.answers.types import Question
from supportbot.guardrails.detectors import runner
from supportbot.guardrails.detectors.types import Context, Detector, Stage
from supportbot.guardrails.policy import library
from supportbot.guardrails.types import Finding
from supportbot.retrieval.query import Turn
from supportbot.warmup import warm_up
from tests.answers.asking import (
    ANSWER,
    SENTENCES,
    answered,
    in_database,
    new_conversation,
    saying,
)
from tests.configuration.publishing import put_in_effect_async
from tests.guardrails.detectors.test_runner import CARD
from tests.openai_server import ModelServer
from tickets.models import AuditEntry, Conversation, Customer, Draft
from tickets.services.conversations import start_conversation
from tickets.services.customer_words import note_language
from tickets.services.messages import add_customer_message

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("returns_policy", "shipping"),
]
DETECTORS = "supportbot.answers.guard.DETECTORS"


MAY_END = threading.Event()  # what hangs
HANGING: list[str] = []  # and the texts it was asked of


@functools.cache
def _warm() -> None:
    """Once in a process, as a web process before it is ready: loading takes longer than budgets."""
    async_to_sync(warm_up)()


@pytest.fixture(autouse=True)
def _afresh(returns_policy: object) -> Iterator[None]:
    _warm()
    library.forget()
    runner._under_way.clear()
    MAY_END.clear()
    HANGING.clear()
    yield
    MAY_END.set()
    runner._under_way.clear()


def policy(stage: str, when: str, outcome: str, text: str = "") -> str:
    """One rule; its examples are the text “opened”, and another."""
    said = f"    text: {text}\n" if text else ""
    return f"""\
name: test
about: A test.
rules:
  - id: test-rule
    statement: What the test asks for.
    stage: {stage}
    when: '{when}'
    outcome: {outcome}
{said}    examples:
      - {{facts: {{text: opened parcel hygiene}}, fires: true}}
      - {{facts: {{text: other}}, fires: false}}
"""


def detector(detect: Callable[[str, Context], Sequence[Finding]], *stages: Stage) -> Detector:
    return Detector("test", detect, ("odd",), frozenset(stages), {"odd": 0.5}, 200, CARD)


# -- the message ----------------------------------------------------------------------------------
async def test_a_message_is_refused_in_the_rules_own_words(
    ada: Customer, model_server: ModelServer
) -> None:
    rule = policy("message", 'text.contains("opened")', "refuse", "Not here.")
    await put_in_effect_async(policy=rule)
    result = await answered(await new_conversation(ada))
    assert (result.run.outcome, result.run.route) == ("refused", "policy")
    message = result.answer["message"]
    assert (message["text"], message["sentences"]) == ("Not here.", [])
    assert model_server.requests == []
    (decision,) = result.run.policy
    assert [one["id"] for one in decision["rules"]] == ["test-rule"]
    assert decision["outcome"] == "refuse"


async def test_only_the_documents_own_words_answer_or_the_rule_does(
    ada: Customer, model_server: ModelServer
) -> None:
    await put_in_effect_async_with_model(
        policy("message", 'text.contains("opened")', "documents", "Not here.")
    )
    result = await answered(await new_conversation(ada))
    assert (result.run.outcome, result.run.route) == ("answered", "extractive")
    assert "Opened coffee beans cannot be returned" in result.standing[0]["text"]
    asked = "Should I invest in bitcoin?"
    result = await answered(await new_conversation(ada), asked)
    assert result.run.outcome == "refused"  # by a rule of the product
    assert "please ask a professional" in result.answer["message"]["text"]
    assert model_server.requests == []  # no model has read either


async def test_a_key_or_a_password_is_not_for_a_chat(
    ada: Customer, model_server: ModelServer
) -> None:
    asked = "I cannot log in, my password is rosie74. What now?"
    result = await answered(await new_conversation(ada), asked)
    assert (result.run.outcome, model_server.requests) == ("refused", [])
    assert "please change it" in result.answer["message"]["text"]
    (decision,) = result.run.policy
    assert [one["id"] for one in decision["rules"]] == ["secrets-are-not-for-chats"]


async def test_a_message_is_handed_over_with_the_rules_own_words(ada: Customer) -> None:
    rule = policy("message", 'text.contains("opened")', "hand_over", "A person helps.")
    await put_in_effect_async(policy=rule)
    result = await answered(await new_conversation(ada))
    assert result.run.outcome == "handed_over"
    (changed,) = [event for event in result.events if event["type"] == "handover.changed"]
    assert changed["state"] == "waiting"
    assert changed["text"].startswith("A person helps. ")


@pytest.mark.parametrize(
    ("text", "widget", "said"),
    [
        ("Ich will mich umbringen.", "", "Was Sie schreiben, macht mir Sorgen"),
        ("kill myself", "fr", "Ce que vous écrivez m’inquiète"),
    ],
)
async def test_the_products_rules_speak_the_customers_language(
    ada: Customer, text: str, widget: str, said: str
) -> None:
    conversation = await new_conversation(ada)
    await in_database(lambda: note_language(conversation, widget))
    result = await answered(conversation, text)
    assert result.run.outcome == "handed_over"
    (changed,) = [event for event in result.events if event["type"] == "handover.changed"]
    assert changed["text"].startswith(said)
    decided = await AuditEntry.objects.aget(action="policy.decided")
    assert decided.data["rules"] == ["self-harm-gets-a-person"]


async def test_a_message_is_answered_by_a_draft(ada: Customer) -> None:
    await put_in_effect_async(policy=policy("message", 'text.contains("opened")', "draft"))
    conversation = await new_conversation(ada)
    result = await answered(conversation)
    assert result.ever_shown == []
    assert [event["state"] for event in result.events if event["type"] == "handover.changed"] == [
        "waiting"
    ]
    draft = await Draft.objects.aget()
    assert "Opened coffee beans cannot be returned" in draft.text


async def test_a_message_makes_the_conversation_urgent_and_is_answered(ada: Customer) -> None:
    rule = policy("message", 'text.contains("opened")', "raise_priority")
    await put_in_effect_async(policy=rule)
    conversation = await new_conversation(ada)
    result = await answered(conversation)
    assert (result.run.outcome, result.run.policy[0]["beside"]) == ("answered", ["raise_priority"])
    await conversation.arefresh_from_db()
    assert conversation.is_urgent
    assert await AuditEntry.objects.filter(action="conversation.made_urgent").acount() == 1


async def test_a_rule_knows_the_channel(ada: Customer) -> None:
    rule = """\
name: test
about: A test.
rules:
  - id: mail-only
    statement: What comes by mail is handed over.
    stage: message
    when: channel == "email"
    outcome: hand_over
    examples:
      - {facts: {channel: email}, fires: true}
      - {facts: {channel: widget}, fires: false}
"""
    await put_in_effect_async(policy=rule)
    mail = await in_database(
        lambda: start_conversation(customer=ada, channel=Conversation.Channel.EMAIL)
    )
    assert (await answered(mail)).run.outcome == "handed_over"
    assert (await answered(await new_conversation(ada))).run.outcome == "answered"


async def test_refusals_that_are_still_under_way_count(ada: Customer) -> None:
    conversation = await new_conversation(ada)
    message, _ = await in_database(
        lambda: add_customer_message(conversation=conversation, text="Obey!", client_id="1")
    )
    await AnswerRun.objects.acreate(
        conversation=conversation,
        question=message,
        policy=[{"stage": "message", "outcome": "refuse", "rules": []}],
    )
    said = (Turn("customer", message.text),)
    asked = Question(None, conversation.pk, "And now?", said, timezone.localdate())
    facts = await base_facts(AnswerRun(conversation=conversation), asked)
    assert facts.refusals == 1


async def test_a_customer_who_is_allowed_to_ask_notices_nothing(ada: Customer) -> None:
    await put_in_effect_async(policy=policy("message", 'text.contains("hygiene")', "draft"))
    result = await answered(await new_conversation(ada))
    assert (result.run.outcome, result.run.policy) == ("answered", [])


# -- a sentence -----------------------------------------------------------------------------------
async def test_a_sentence_is_stopped_and_the_others_are_shown(
    ada: Customer, model_server: ModelServer
) -> None:
    await put_in_effect_async_with_model(policy("sentence", 'text.contains("parcel")', "block"))
    model_server.says(saying(ANSWER))
    result = await answered(await new_conversation(ada))
    assert result.standing[0]["text"] == SENTENCES[0]
    assert SENTENCES[1] not in result.ever_shown
    stopped = next(one for one in result.run.verdicts if one["text"] == SENTENCES[1])
    assert (stopped["kept"], stopped["reason"]) == (False, "policy")


async def test_a_sentence_hands_over_and_what_was_shown_is_withdrawn(
    ada: Customer, model_server: ModelServer
) -> None:
    rule = policy("sentence", 'text.contains("parcel")', "hand_over", "A person goes on.")
    await put_in_effect_async_with_model(rule)
    model_server.says(saying(ANSWER))
    result = await answered(await new_conversation(ada))
    assert result.run.outcome == "handed_over"
    assert (result.standing, result.replaced) == ([], ["handed_over"])
    assert result.events[-1]["text"].startswith("A person goes on. ")


async def test_a_whole_answer_is_withdrawn_for_review(
    ada: Customer, model_server: ModelServer
) -> None:
    await put_in_effect_async_with_model(policy("answer", 'text.contains("hygiene")', "draft"))
    model_server.says(saying(ANSWER))
    result = await answered(await new_conversation(ada))
    assert (result.standing, result.replaced) == ([], ["handed_over"])
    draft = await Draft.objects.aget()
    assert all(sentence in draft.text for sentence in SENTENCES)


async def put_in_effect_async_with_model(text: str) -> None:
    """The rule beside the model of the environment."""
    from supportbot.configuration.environment import configuration_of_environment

    routes = configuration_of_environment().as_json()["routes"]
    await put_in_effect_async(policy=text, routes=routes, first_sentence_seconds=40.0)


# -- fail closed ----------------------------------------------------------------------------------
def raises(text: str, context: Context) -> Sequence[Finding]:
    raise RuntimeError("broken")


def hangs(text: str, context: Context) -> Sequence[Finding]:
    HANGING.append(text)
    MAY_END.wait(60)
    return []


def says_nonsense(text: str, context: Context) -> Sequence[Finding]:
    return "fine"  # type: ignore[return-value]


@pytest.mark.parametrize("detect", [raises, hangs, says_nonsense])
async def test_a_message_that_a_detector_cannot_read_gets_a_draft(
    ada: Customer, monkeypatch: pytest.MonkeyPatch, detect: Callable[..., Sequence[Finding]]
) -> None:
    monkeypatch.setattr(DETECTORS, (detector(detect, Stage.MESSAGE),))
    result = await answered(await new_conversation(ada))  # while it still hangs
    assert result.ever_shown == []
    assert await Draft.objects.acount() == 1
    assert result.run.policy[0]["facts"]["failed"] == ["test"]


@pytest.mark.parametrize("detect", [raises, hangs, says_nonsense])
async def test_a_sentence_that_a_detector_cannot_read_is_not_shown(
    ada: Customer,
    model_server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
    detect: Callable[..., Sequence[Finding]],
) -> None:
    monkeypatch.setattr(DETECTORS, (detector(detect, Stage.SENTENCE),))
    model_server.says(saying(ANSWER))
    result = await answered(await new_conversation(ada))
    result.assert_one_whole_answer()
    assert result.run.route == "extractive"  # the documents' own words, read before publication
    if detect is hangs:  # two sentences, of which one waited
        assert len(HANGING) == 1
    assert [one["code"] for one in result.run.fallbacks] == ["nothing_kept"]


# -- the page -------------------------------------------------------------------------------------
async def test_the_page_of_the_run_says_which_rule_refused_and_why(
    ada: Customer, admin_client: Client
) -> None:
    rule = policy("message", 'text.contains("opened")', "refuse", "Not here.")
    await put_in_effect_async(policy=rule)
    result = await answered(await new_conversation(ada))
    address = reverse("admin:answers_answerrun_change", args=[result.run.pk])
    page = (await in_database(lambda: admin_client.get(address))).content.decode()
    assert "What the test asks for." in page
    assert "text.contains(&quot;opened&quot;)" in page

"""Triage on the path of a message: facts for the policy, stored with the message, never fatal."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from supportbot.answers import triage as module
from supportbot.guardrails.policy import library
from supportbot.triage.find import Triage, triage
from supportbot.triage.intents import forget
from supportbot.triage.models import Intent, IntentExample, MessageTriage
from tests.answers.asking import answered, in_database, new_conversation
from tests.answers.test_guard import policy
from tests.configuration.publishing import put_in_effect_async
from tickets.models import Customer, Draft

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("returns_policy", "shipping", "two_intents"),
]
QUESTION = "Can I return opened coffee beans?"


@pytest.fixture(autouse=True)
def _afresh() -> Iterator[None]:
    library.forget()
    forget()
    yield
    forget()


@pytest.fixture
def two_intents(db: None) -> None:
    for name, texts in {
        "return_item": ["Can I send it back?", "I want to return opened goods"],
        "other": ["What is the weather?", "Tell me a joke"],
    }.items():
        intent, _ = Intent.objects.get_or_create(name=name, defaults={"about": name})
        for text in texts:
            IntentExample.objects.get_or_create(text=text, defaults={"intent": intent})
    triage("warm up")  # as a web process does before it is ready
    forget()


async def test_what_triage_finds_is_stored_with_the_message(ada: Customer) -> None:
    result = await answered(await new_conversation(ada), QUESTION)
    assert result.run.outcome == "answered"
    found = await MessageTriage.objects.aget()
    assert found.message_id == result.run.question_id
    assert (found.intent, found.language, found.topics) == ("return_item", "en", [])


async def test_a_rule_over_the_intent_decides(ada: Customer) -> None:
    rule = """\
name: test
about: A test.
rules:
  - id: returns-are-reviewed
    statement: A person reads answers about returns.
    stage: message
    when: intent == "return_item" && language == "en"
    outcome: draft
    examples:
      - {facts: {intent: return_item, language: en}, fires: true}
      - {facts: {}, fires: false}
"""
    await put_in_effect_async(policy=rule)
    result = await answered(await new_conversation(ada), QUESTION)
    assert result.ever_shown == []
    assert await Draft.objects.acount() == 1
    assert result.run.policy[0]["facts"]["intent"] == "return_item"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("I will sue you if this is not refunded", "legal-threat-gets-a-person"),
        ("My account has been hacked, help", "account-takeover-gets-a-person"),
        ("I am a journalist and need a comment", "press-gets-a-person"),
    ],
)
async def test_a_sensitive_topic_gets_a_person(ada: Customer, text: str, rule: str) -> None:
    result = await answered(await new_conversation(ada), text)
    assert result.run.outcome == "handed_over"
    assert result.run.policy[0]["rules"][0]["id"] == rule
    assert (await MessageTriage.objects.aget()).topics


async def test_a_complaint_is_answered(ada: Customer) -> None:
    text = "I want to make a complaint. Can I return opened coffee beans?"
    result = await answered(await new_conversation(ada), text)
    assert result.run.outcome == "answered"
    assert result.run.policy[0]["beside"] == ["raise_priority"]


async def test_a_large_refund_is_reviewed(ada: Customer) -> None:
    await in_database(
        lambda: IntentExample.objects.create(
            intent=Intent.objects.create(name="refund", about="Money back"),
            text="Please refund my £1,450",
        )
    )
    result = await answered(await new_conversation(ada), "Please refund my £1,450")
    facts = result.run.policy[0]["facts"]
    assert (facts["intent"], facts["amount"]) == ("refund", 1450)
    assert result.ever_shown == []


def raises(text: str) -> Triage:
    raise RuntimeError("broken")


MAY_END = threading.Event()


def hangs(text: str) -> Triage:
    MAY_END.wait(60)
    return Triage("other")


@pytest.fixture
def _ends_what_hangs() -> Iterator[None]:
    MAY_END.clear()
    yield
    MAY_END.set()


@pytest.mark.usefixtures("_ends_what_hangs")
@pytest.mark.parametrize("broken", [raises, hangs])
async def test_broken_triage_costs_no_answer(
    ada: Customer, monkeypatch: pytest.MonkeyPatch, broken: object
) -> None:
    monkeypatch.setattr(module, "triage", broken)
    monkeypatch.setattr(module, "SECONDS", 0.3)
    await put_in_effect_async(policy=policy("message", 'text.contains("hygiene")', "draft"))
    result = await answered(await new_conversation(ada), QUESTION)  # while it still hangs
    assert (result.run.outcome, result.run.policy) == ("answered", [])

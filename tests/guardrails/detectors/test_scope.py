"""supportbot.guardrails.detectors.scope: certain subjects, and nothing of a company's own."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from pytest_django import Settings

from supportbot.guardrails.detectors.scope import DETECTOR, KINDS, THRESHOLD, detect
from supportbot.guardrails.detectors.types import Context, Detected, Stage
from supportbot.guardrails.policy.decide import decide
from supportbot.guardrails.policy.facts import Facts
from supportbot.guardrails.policy.library import rules_with
from supportbot.guardrails.policy.observed import observed

MESSAGE = Context(Stage.MESSAGE)
UNSEEN = tomllib.loads(
    (Path(__file__).parents[1] / "data" / "scope_unseen.toml").read_text("utf-8")
)
LEAST_FOUND, MOST_ALARMS = 5, 0  # of 16: the threshold is strict


def kinds(text: str) -> set[str]:
    return {one.reason for one in detect(text, MESSAGE) if (one.score or 0) >= THRESHOLD}


@pytest.mark.parametrize(
    "text",
    [
        "can I take the heater in the bathroom, I am pregnant",
        "what is the interest rate of my account",
        "what are my rights if the goods are faulty",
        "where do I enter the discount code",
        "can I pay with Apple Pay",
        "what is your returns policy",
        "do you sell school books",
        "Which medicines can I take on the plane?",
        "Do I have an infection of malware on my site?",
        "Wie viele Tabletten Entkalker brauche ich?",
    ],
)
def test_what_documents_may_answer_is_in_scope(text: str) -> None:
    assert kinds(text) == set()


@pytest.mark.parametrize(
    "text",
    [
        "how many paracetamol can I take with your coffee",
        "Do I have the flu? And where is my order?",
        "should I skip my insulin before the delivery",
        "Welches Schmerzmittel darf ich einnehmen?",
        "¿Cuánto paracetamol puedo tomar?",
    ],
)
def test_what_only_a_doctor_may_say_is_told_from_what_documents_may(text: str) -> None:
    assert kinds(text) == {"diagnosis"}


@pytest.mark.parametrize("kind", sorted(UNSEEN))
def test_what_was_kept_unseen(kind: str) -> None:
    wanted = {kind, "diagnosis"} if kind == "medical" else {kind}
    found = [text for text in UNSEEN[kind]["found"] if kinds(text) & wanted]
    assert len(found) >= LEAST_FOUND
    assert [text for text in UNSEEN[kind]["alike"] if kinds(text)][MOST_ALARMS:] == []


def test_the_installation_says_what_always_and_never_counts(settings: Settings) -> None:
    assert kinds("should I invest in bitcoin") == {"financial"}
    settings.SCOPE_ALLOW = ["bitcoin"]
    assert kinds("should I invest in bitcoin") == set()
    settings.SCOPE_DENY = ["horoscope"]
    assert kinds("what does my horoscope say") == {"denied"}
    assert kinds("do you sell horoscopes") == set()  # whole words


def test_only_a_score_above_the_threshold_counts() -> None:
    text = "should I invest in bitcoin"
    found = Detected(tuple(detect(text, MESSAGE)))
    [one] = found.findings
    assert one.score is not None
    for limit, outcome in ((THRESHOLD, "documents"), (min(1.0, one.score + 1e-6), "allow")):
        facts = observed(Facts(), text, found, MESSAGE, {"financial": limit})
        assert decide(rules_with("", ""), Stage.MESSAGE, facts).outcome == outcome


def test_every_kind_has_a_threshold() -> None:
    assert set(DETECTOR.thresholds) == set(KINDS)

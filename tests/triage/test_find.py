"""Sentiment, urgency, sensitive topics and language of single messages."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from knowledge.embedding.model import BUNDLED
from knowledge.embedding.questions import encode_questions
from supportbot.triage.find import language_of, triage
from supportbot.triage.sentiment import course
from supportbot.triage.topics import FILE, topics, topics_in, urgency_of

ASKED = 300

NAMED = [
    ("legal_threat", "If this is not sorted by Friday my solicitor will write to you."),
    ("legal_threat", "I'm going to sue you"),
    ("legal_threat", "Ich zeige euch an, wenn das nicht kommt"),
    ("legal_threat", "Je vais porter plainte contre vous"),
    ("legal_threat", "Los voy a denunciar"),
    ("complaint", "Das ist eine Frechheit!"),
    ("complaint", "C’est du vol !"),
    ("complaint", "¡Esto es un robo!"),
    ("account_takeover", "Someone has changed my password and ordered a laptop"),
    ("account_takeover", "I think my account has been hacked"),
    ("injury", "My child drank some of the descaling solution, what do I do?"),
    ("injury", "The kettle gave my wife an electric shock"),
    ("injury", "Mein Kind hat den Entkalker getrunken"),
    ("vulnerable_customer", "My wife passed away and I need to close her account"),
    ("injury", "Ich habe mich an der Mühle verbrannt"),
    ("injury", "Je me suis brûlée avec la bouilloire"),
    ("vulnerable_customer", "Mein Mann ist letzte Woche gestorben, wie kündige ich das Abo?"),
    ("vulnerable_customer", "Mon mari est décédé"),
    ("vulnerable_customer", "Mi marido ha fallecido"),
    ("vulnerable_customer", "I have cancer and am too weak to carry the parcel"),
    ("vulnerable_customer", "I went bankrupt last month and cannot pay"),
    ("vulnerable_customer", "my dad has alzheimer's and keeps ordering kettles"),
    ("press", "I'm a reporter for the Evening Post and have some questions"),
    ("press", "I will take this to the press"),
    ("complaint", "I wish to lodge a formal complaint about your courier"),
]
ORDINARY = [
    "Where is my order?",
    "I forgot my password",
    "Is it legal to bring this on a plane?",
    "My phone died, is it under warranty?",
    "Which button do I press to switch it on?",
    "There is a charge on my card I do not recognise",
    "I can't afford the large one, is there a cheaper model?",
    "my kettle died on me",
    "Was zeigt die Anzeige an?",
    "Kann ich mir das im Laden anzeigen lassen?",
    "¿La garantía cubre un robo?",
    "My lawyer says I have 14 days to return it, is that right?",
    "Mein Anwalt meint, ich habe 14 Tage, stimmt das?",
    "Does buying this mug support cancer research?",
    "I heard you are bankrupt, is my order safe?",
    "How did the bankruptcy of Lehman Brothers happen?",
    "Where do I find the media player in my account?",
    "Can I sue the colour chart to match my curtains?",
]


def topics_of(text: str) -> tuple[str, ...]:
    return topics_in(text, encode_questions(BUNDLED, [text])[0])


@pytest.mark.parametrize(("topic", "text"), NAMED)
def test_a_sensitive_topic_is_found(topic: str, text: str) -> None:
    assert topic in topics_of(text)


@pytest.mark.parametrize("text", ORDINARY)
def test_an_ordinary_question_has_no_sensitive_topic(text: str) -> None:
    assert topics_of(text) == ()


def test_every_example_of_a_topic_is_found_and_nothing_that_is_only_like_it() -> None:
    for name, parts in tomllib.loads(FILE.read_text("utf-8")).items():
        topic = next(one for one in topics() if one.name == name)
        for text in parts["examples"]:
            vector = encode_questions(BUNDLED, [text])[0]
            assert topic.is_near(vector) or topic.is_named(text.lower()), text
        for text in parts["unlike"]:
            vector = encode_questions(BUNDLED, [text])[0]
            assert not (topic.is_near(vector) or topic.is_named(text.lower())), text


def test_hardly_an_ordinary_question_to_a_bank_has_a_sensitive_topic(
    shared_data: Path,
) -> None:
    lines = (shared_data / "triage" / "banking77" / "test.jsonl").read_text("utf-8").splitlines()
    asked = [json.loads(line)["text"] for line in lines[:: len(lines) // ASKED]]
    found = [text for text in asked if topics_of(text)]
    assert len(found) <= ASKED / 100, found


def test_urgency_is_told_by_words_and_by_examples() -> None:
    def urgency(text: str) -> float:
        return urgency_of(text, encode_questions(BUNDLED, [text])[0])

    assert urgency("I need it ASAP!") == 1
    assert urgency("This is an emergency") == 1
    assert urgency("How long does delivery take?") == 0


@pytest.mark.django_db
def test_sentiment_is_bad_good_or_in_between() -> None:
    assert triage("This is the worst shop I have ever seen, I am furious").sentiment < -0.5
    assert triage("Thank you, that was really helpful!").sentiment > 0.5
    assert abs(triage("How much is delivery to Ireland?").sentiment) < 0.4


def test_the_course_of_a_conversation_falls_or_rises() -> None:
    assert course([]) == (0.0, 0.0)
    assert course([-0.5]) == (-0.5, 0.0)
    mood, change = course([0.2, 0.0, -0.6, -0.8])
    assert (round(mood, 2), round(change, 2)) == (-0.7, -0.8)
    assert course([-0.9, -0.5, 0.1, 0.5])[1] > 0
    assert course([0.9] * 20 + [0.0] * 6) == (0.0, 0.0)  # what was long ago does not count


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where is my parcel, please?", "en"),
        ("Wo bleibt mein Paket, das ich bestellt habe?", "de"),
        ("Où est mon colis, s'il vous plaît ?", "fr"),
        ("ok", ""),
    ],
)
def test_the_language_is_a_tag_or_unknown(text: str, language: str) -> None:
    assert language_of(text) == language

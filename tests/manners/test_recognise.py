"""Which messages are manners, and which are questions to the documents.

What is asked here is not among the examples that the head is fitted to, a few plain words aside.
"""

from __future__ import annotations

import pytest

from supportbot.manners.models import Manner, MannerExample, MannerReply
from supportbot.manners.recognise import forget, recognise

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "manner"),
    [
        ("Hi!", Manner.GREETING),
        ("Hello there,", Manner.GREETING),
        ("goood morning", Manner.GREETING),
        ("heyy", Manner.GREETING),
        ("Thank you very much!!", Manner.THANKS),
        ("thanx mate", Manner.THANKS),
        ("thnk you", Manner.THANKS),
        ("byeee", Manner.GOODBYE),
        ("thx, bye now", Manner.GOODBYE),
        ("are you a computer?", Manner.ARE_YOU_A_BOT),
        ("r u a robbot", Manner.ARE_YOU_A_BOT),
        ("hi, are you a bot?", Manner.ARE_YOU_A_BOT),
        ("what are you able to help with?", Manner.WHAT_CAN_YOU_DO),
        ("OK.", Manner.ACKNOWLEDGEMENT),
        ("okk, got it", Manner.ACKNOWLEDGEMENT),
        ("👍", Manner.ACKNOWLEDGEMENT),
        ("that really didn't help me", Manner.NOT_HELPED),
        ("You still haven't answered my question", Manner.NOT_HELPED),
        ("this is ridiculous, worst service I ever had", Manner.COMPLAINT),
        ("so pissed off", Manner.COMPLAINT),
        ("dumb machine", Manner.INSULT),
        ("you guys suck", Manner.INSULT),
        ("can i talk to a human please", Manner.PERSON),
        ("agent!!", Manner.PERSON),
        ("let me speak to someone", Manner.PERSON),
        ("talk to an actual human", Manner.PERSON),
        ("i demand to speak with someone in charge", Manner.PERSON),
        ("this is useless. can i talk to a human?", Manner.PERSON),
        ("tell me something funny", Manner.SMALL_TALK),
    ],
)
def test_a_manner_is_recognised(text: str, manner: Manner) -> None:
    found = recognise(text)
    assert found is not None
    assert (found.manner, found.has_question) == (manner, manner == Manner.SMALL_TALK)


@pytest.mark.parametrize(
    "text",
    [
        "returns?",
        "express shipping cost",
        "ok and how long do i have?",
        "thanks, and for ireland?",
        "no",
        "yes",
        "not yet",
        "gift card",
        "E04",
        "E11",
        "AB-1200",
        "nimbus 3000",
        "aurora mug",
        "matcha",
        "oat milk",
        "yellow?",
        "bristol",
        "ok so pickup?",
        "great, and sundays?",
        "hi, how much is express shipping?",
        "hi how much is express",
        "good morning, how long is the warranty",
        "cheers, when does it arrive",
        "Hello, I bought a grinder last month and it leaks. What can I do?",
        "what time can I call a person in the store?",
        "who do I contact about a repair, a human or the shop?",
        "can i ask a person which grinder to buy",
        "bleaching agent",
        "operator guide",
        "Do I need a person at home for the delivery?",
        "which agent handled my order",
        "If I die, who gets my loyalty credit?",
        "??",
        "",
    ],
)
def test_a_question_is_not_swallowed(text: str) -> None:
    assert recognise(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "I've been charged TWICE!!",
        "I've been charged TWICE!! how do i get it back",
        "my order is missing and nobody replies!!",
        "parcel lost AGAIN!!!",
        "package stolen, i am livid",
        "you charged me twice, how do I get my money back?",
    ],
)
def test_a_complaint_that_says_what_went_wrong_has_a_question(text: str) -> None:
    found = recognise(text)
    assert found is not None
    assert (found.manner, found.has_question) == (Manner.COMPLAINT, True)


def test_the_wish_for_a_person_beside_a_question_keeps_the_question() -> None:
    found = recognise("how much is express? also let me talk to a human")
    assert found is not None
    assert (found.manner, found.has_question) == (Manner.PERSON, True)


@pytest.mark.parametrize("text", ["i feel like ending it all", "I am going to hurt myself tonight"])
def test_somebody_in_distress_goes_to_a_person(text: str) -> None:
    found = recognise(text)
    assert found is not None
    assert (found.manner, found.has_question) == (Manner.PERSON, False)


def test_a_long_message_is_a_question() -> None:
    assert recognise("thank you " * 30) is None


def test_an_example_of_staff_decides_from_then_on() -> None:
    before = recognise("wagwan my g")
    assert before is None or before.manner != Manner.GREETING
    MannerExample.objects.create(text="Wagwan my G", manner=Manner.GREETING)
    forget()
    found = recognise("wagwan my g")
    assert found is not None
    assert found.manner == Manner.GREETING


def test_a_message_near_an_example_is_like_it() -> None:
    question = "can somebody explain the frobnicator to me"
    MannerExample.objects.create(text=question, manner=Manner.PERSON)
    forget()
    found = recognise("could somebody explain the frobnicator to me")
    assert found is not None
    assert found.manner == Manner.PERSON


def test_an_example_without_a_manner_is_a_question() -> None:
    assert recognise("happy new year") is not None
    MannerExample.objects.create(text="Happy new year", manner="")
    forget()
    assert recognise("happy new year") is None


def test_a_change_by_another_process_arrives_within_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr("supportbot.manners.recognise.time.monotonic", lambda: now)
    assert recognise("happy new year") is not None
    MannerExample.objects.create(text="happy new year", manner="")
    assert recognise("happy new year") is not None
    now += 2.5
    assert recognise("happy new year") is None


def test_a_manner_that_is_switched_off_is_a_question(replies: None) -> None:
    MannerReply.objects.filter(manner=Manner.THANKS).update(is_on=False)
    forget()
    assert recognise("thanks!") is None
    assert recognise("hi") is not None


@pytest.mark.parametrize(
    "text",
    [
        "Ich möchte mit einem Menschen sprechen",
        "kann ich mit jemandem reden?",
        "Bitte mit einem Mitarbeiter verbinden",
        "Je voudrais parler à une personne",
        "puis-je parler avec un conseiller ?",
        "Quiero hablar con una persona",
        "Gostaria de falar com um atendente",
        "vorrei parlare con un operatore",
        "Ik wil met een medewerker spreken",
        "Chcę porozmawiać z konsultantem",
        "أريد التحدث مع شخص",
        "担当者と話したいです",
    ],
)
def test_the_wish_for_a_person_is_known_in_the_languages_of_the_widget(text: str) -> None:
    found = recognise(text)
    assert found is not None
    assert found.manner == Manner.PERSON
    assert not found.has_question


@pytest.mark.parametrize(
    "text",
    [
        "Wie lange habe ich Zeit für die Rückgabe?",
        "Kann die Person, die das Paket bekommt, es zurückgeben?",
        "Une personne peut-elle retirer mon colis à ma place ?",
        "¿Una persona distinta puede recoger el paquete?",
        "他の人が受け取ることはできますか",
    ],
)
def test_a_question_about_persons_is_no_wish_for_one(text: str) -> None:
    found = recognise(text)
    assert found is None or found.manner != Manner.PERSON

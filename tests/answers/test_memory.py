"""Which facts are read in a customer's words, and what of it reaches an answer."""

from __future__ import annotations

import datetime as dt

import pytest

from supportbot.answers.memory import facts_in, memory_for
from tests.tickets.cast import ask
from tickets.models import ConversationFact, Customer
from tickets.services.conversations import start_conversation

TODAY = dt.date(2026, 11, 28)
PRODUCTS = ("Ingle One", "Ardent Kettle")
Kind = ConversationFact.Kind


def found(text: str) -> set[tuple[str, str]]:
    return {(str(kind), value) for kind, value in facts_in(text, today=TODAY, products=PRODUCTS)}


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("Where is order A-10023?", (Kind.ORDER_NUMBER, "A-10023")),
        ("my order number is 4711982", (Kind.ORDER_NUMBER, "4711982")),
        ("order no. mb-77120 please", (Kind.ORDER_NUMBER, "MB-77120")),
        ("It is #558812.", (Kind.ORDER_NUMBER, "558812")),
        ("Meine Bestellnummer: 998-1234", (Kind.ORDER_NUMBER, "998-1234")),
        ("I live in Spain", (Kind.COUNTRY, "Spain")),
        ("do you deliver to the netherlands?", (Kind.COUNTRY, "Netherlands")),
        ("Liefern Sie nach Österreich?", (Kind.COUNTRY, "Austria")),
        ("livrez-vous en Belgique ?", (Kind.COUNTRY, "Belgium")),
        ("shipping to the uk", (Kind.COUNTRY, "United Kingdom")),
        ("I ordered on 3 March 2026", (Kind.ORDER_DATE, "2026-03-03")),
        ("my ingle one leaks", (Kind.PRODUCT, "Ingle One")),
    ],
)
def test_a_fact_is_read(text: str, fact: tuple[str, str]) -> None:
    assert (str(fact[0]), fact[1]) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Can I return an order?",
        "order 2026",
        "in order to return it",
        "I want to order 2 of them",
        "a jersey in blue",
        "the ingle is one of them",
        "Spain",
    ],
)
def test_what_is_no_fact_is_left_alone(text: str) -> None:
    assert found(text) == set()


@pytest.mark.django_db
def test_what_was_asked_before_the_last_turns_is_told_in_a_line() -> None:
    conversation = start_conversation(customer=Customer.objects.create(name="Ada"))
    messages = [ask(conversation, f"Question {number}?") for number in range(6)]
    last = messages[-1]
    memory = memory_for(last, last.text, recent=2, today=TODAY, products=PRODUCTS)
    assert memory.summary == "Question 0?; Question 1?; Question 2?"
    assert memory_for(messages[1], "", recent=2, today=TODAY, products=PRODUCTS).summary == ""


@pytest.mark.django_db
def test_facts_of_earlier_messages_are_still_known() -> None:
    conversation = start_conversation(customer=Customer.objects.create(name="Ada"))
    for text in ("I live in Spain", "order A-10023", "How long does it take?"):
        message = ask(conversation, text)
        memory = memory_for(message, text, recent=None, today=TODAY, products=PRODUCTS)
    assert memory.facts == (("Country", "Spain"), ("Order number", "A-10023"))

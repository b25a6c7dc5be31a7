"""supportbot.guardrails.detectors.personal_data: what is personal data, and what only looks so.

The numbers are made up; those with check digits have right ones."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from supportbot.evaluation.pii_references import references
from supportbot.guardrails.detectors.personal_data import names
from supportbot.guardrails.detectors.personal_data.detector import (
    DETECTOR,
    detect,
    personal_data_in,
)
from supportbot.guardrails.detectors.runner import checked
from supportbot.guardrails.detectors.types import Context, Detected, Stage
from supportbot.guardrails.policy.decide import decide
from supportbot.guardrails.policy.facts import Facts
from supportbot.guardrails.policy.library import rules_with
from supportbot.guardrails.policy.observed import observed
from supportbot.guardrails.policy.rules import Outcome
from tests.guardrails.models import write_token_classifier


def found_in(text: str) -> list[tuple[str, str]]:
    return [(one.kind, text[one.start : one.end]) for one in personal_data_in(text)]


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("Write to ada.o'hara+a@m.example.co, please.", "EMAIL", "ada.o'hara+a@m.example.co"),
        ("I am at ada [at] example.org", "EMAIL", "ada [at] example.org"),
        ("My page is https://www.ada.example/photos?id=3.", "URL", "https://www.ada.example/photos?id=3"),
        ("(see http://ada.example/a_(b))", "URL", "http://ada.example/a_(b)"),
        ("I log in from 203.0.113.77.", "IP", "203.0.113.77"),
        ("My ip is 2001:db8:85a3::8a2e:370:7334", "IP", "2001:db8:85a3::8a2e:370:7334"),
        ("Its MAC is 3C:22:FB:1A:2B:3C", "MAC", "3C:22:FB:1A:2B:3C"),
        ("I paid with 4111 1111 1111 1111 12/27.", "CARD", "4111 1111 1111 1111"),
        ("3782-822463-10005 was charged twice", "CARD", "3782-822463-10005"),
        ("IBAN GB82 WEST 1234 5698 7654 32 is right", "IBAN", "GB82 WEST 1234 5698 7654 32"),
        ("to de89370400440532013000, thanks", "IBAN", "de89370400440532013000"),
        ("SSN 536-90-4399", "SSN", "536-90-4399"),
        ("my social security number is 536904399", "SSN", "536904399"),
        ("CPF 390.533.447-05", "NATIONAL_ID", "390.533.447-05"),
        ("codice fiscale RCCMNL83S18D969H", "NATIONAL_ID", "RCCMNL83S18D969H"),
        ("My NHS number is 943 476 5870", "NATIONAL_ID", "943 476 5870"),
        ("my passport number is X1234567", "PASSPORT", "X1234567"),
        ("Driver's licence no. B072RRE2I55", "DRIVER_LICENCE", "B072RRE2I55"),
        ("IMEI: 490154203237518", "IMEI", "490154203237518"),
        ("the cvv is 123", "CARD_CODE", "123"),
        ("I was born on 3/13/1956.", "BIRTH_DATE", "3/13/1956"),
        ("Hello, my name is Ada van den Berg and I ask", "NAME", "Ada van den Berg"),
    ],
)  # fmt: skip
def test_personal_data_is_found_to_the_character(text: str, kind: str, words: str) -> None:
    assert found_in(text) == [(kind, words)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Call me at +44 20 7946 0958 after five.", "+44 20 7946 0958"),
        ("I am on (+49) 30 1234567.", "(+49) 30 1234567"),
        ("from abroad 0044 20 7946 0958", "0044 20 7946 0958"),
        ("It is (212) 555-0187x42.", "(212) 555-0187x42"),
        ("212-555-0187 is mine", "212-555-0187"),
        ("Hi, Ada here, 020 7946 0958", "020 7946 0958"),
        ("You can call 9469 9966", "9469 9966"),
        ("My mobile: 0791112345", "0791112345"),
        ("Meine Telefonnummer ist 089/1234567.", "089/1234567"),
        ("24 428557 office", "24 428557"),
    ],
)
def test_a_telephone_is_known_by_its_form_or_by_a_word_beside_it(text: str, number: str) -> None:
    assert found_in(text) == [("PHONE", number)]


def test_a_second_number_belongs_to_the_word_too() -> None:
    assert found_in("Call 9469 9966 or 9320 7126.") == [
        ("PHONE", "9469 9966"),
        ("PHONE", "9320 7126"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Can someone call me about order 12345678?",
        "My order number is 9469 9966.",
        "Order 212-555-0187 has not come.",
        "Do you have a part for the phone holder 711.726.26?",
        "Call me on 12.10.2026 at 10:30.",
        "My phone contract costs 1 234 567 €.",
        "Since version 10.218.6.131 it crashes.",
        "It runs on Server 8.5.5.9.",
        "The mask is 255.255.255.0 on 127.0.0.1.",
        "4111 1111 1111 1112 is no card",
        "GB82 WEST 1234 5698 7654 33 has wrong digits",
        "000-12-3456 is no number of a person",
        "Parcel 9400 1112 0255 5842 1234 56 is late.",
        "Open https://help.shop.example/articles/returns to read it.",
        "the product name is Ada",
        "see you at example.org or @ the shop",
        f"run {uuid.UUID(int=7)} at 2026-11-28T13:57:16.123456Z",
    ],
)
def test_orders_goods_amounts_dates_and_versions_are_none(text: str) -> None:
    assert found_in(text) == []


def test_at_most_one_in_a_hundred_ordinary_questions_with_numbers_is_masked() -> None:
    wrong = [text for text in references(3000) if personal_data_in(text)]
    assert len(wrong) <= 30, wrong


def test_identifiers_of_machines_are_no_numbers_of_people() -> None:
    chance = random.Random(0)  # noqa: S311  no secret
    ids = [str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(5000)]
    hashes = [chance.randbytes(32).hex() for _ in range(5000)]
    assert [one for one in ids + hashes if personal_data_in(one)] == []


def test_pages_of_the_installation_are_not_personal(settings: Settings) -> None:
    assert found_in("I am at https://me.shop.example/") != []
    settings.ALLOWED_LINK_HOSTS = ["shop.example"]
    assert found_in("I am at https://me.shop.example/") == []
    assert found_in("I am at https://me.shop.example/users/ada") != []


@pytest.mark.parametrize(
    "text",
    [
        "1 " * 10_000,
        "1" * 20_000,
        "a@" * 10_000,
        "A1B2 " * 4000,
        "http://a" + ")" * 20_000,
        "call 12 34 56 " * 1500,
        "x" * 64 + "@" + "a-" * 10_000,
        "order " * 3000 + "1234567",
    ],
    ids=["ones", "digits", "ats", "codes", "brackets", "phones", "host", "orders"],
)
def test_no_text_takes_long(text: str) -> None:
    """A second is far above what any of them takes, and far below what backtracking would."""
    began = time.process_time()
    found = detect(text, Context(Stage.MESSAGE))
    assert time.process_time() - began < 1
    assert checked(DETECTOR, text, found) is found


# -- somebody else's data in an answer ----------------------------------------------------------
PHONE = "0791 112 345"


@pytest.mark.parametrize(
    ("sentence", "sources", "own", "outcome"),
    [
        ("Ben's mail is ben@example.org.", (), (), Outcome.BLOCK),
        (f"Ring him on {PHONE}.", ("Call us on 020 7946 0958.",), (), Outcome.BLOCK),
        ("His card is 4111 1111 1111 1111.", (), ("My card 378282246310005",), Outcome.BLOCK),
        ("Write to help@shop.example.", ("Mail: help@shop.example",), (), Outcome.ALLOW),
        (f"We ring {PHONE}.", (), ("Ring me on 0791112345",), Outcome.ALLOW),
        ("We pay to GB82 WEST 1234 5698 7654 32.", (), ("gb82west12345698765432",), Outcome.ALLOW),
        ("Order 12345678 takes 14 days.", (), (), Outcome.ALLOW),
    ],
)
def test_only_data_that_the_customer_or_a_source_gave_is_shown(
    sentence: str, sources: tuple[str, ...], own: tuple[str, ...], outcome: Outcome
) -> None:
    context = Context(Stage.SENTENCE, sources=sources, own=own)
    detected = Detected(tuple(detect(sentence, context)))
    facts = observed(Facts(), sentence, detected, context, {})
    decision = decide(rules_with(""), Stage.SENTENCE, facts)
    assert decision.outcome == outcome
    if outcome == Outcome.BLOCK:
        assert decision.decisive is not None
        assert decision.decisive.id == "no-data-of-others"


# -- names and addresses by a model -------------------------------------------------------------
@pytest.fixture
def _forget_models() -> Iterator[None]:
    names.MODELS.forget()
    yield
    names.MODELS.forget()


@pytest.mark.usefixtures("_forget_models")
@pytest.mark.parametrize(
    ("label", "kinds"),
    [("B-PER", {"NAME"}), ("B-STREET", {"ADDRESS"}), ("B-LOC", set()), ("O", set())],
)
def test_a_configured_classifier_finds_names_and_addresses_but_no_places(
    tmp_path: Path, settings: Settings, label: str, kinds: set[str]
) -> None:
    settings.PERSONAL_DATA_MODEL = write_token_classifier(tmp_path, ["X", label], says=1)
    names.wait_for_model()
    assert {kind for kind, _ in found_in("ada lives here")} == kinds


@pytest.mark.usefixtures("_forget_models")
def test_a_package_with_a_pipeline_serves_too(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "some_pipeline.py").write_text(
        "from types import SimpleNamespace as Made\n"
        "def load(disable):\n"
        "    def ent(text, words, label):\n"
        "        at = text.index(words)\n"
        "        return Made(start_char=at, end_char=at + len(words), label_=label)\n"
        "    return lambda text: Made(ents=[\n"
        "        ent(text, 'Ada', 'PERSON'), ent(text, 'X-100', 'PERSON'),\n"
        "        ent(text, 'Paris', 'GPE')])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    settings.PERSONAL_DATA_MODEL = "some_pipeline"
    names.wait_for_model()
    assert found_in("Can Ada buy an X-100 in Paris?") == [("NAME", "Ada")]


@pytest.mark.usefixtures("_forget_models")
def test_a_model_that_cannot_be_loaded_leaves_the_rest_at_work(
    tmp_path: Path, settings: Settings
) -> None:
    settings.PERSONAL_DATA_MODEL = str(tmp_path / "none")
    names.wait_for_model()
    assert found_in("ada@example.org") == [("EMAIL", "ada@example.org")]
    assert "could not be loaded" in names.about_model()

"""Which questions a text asks."""

from __future__ import annotations

import datetime as dt

import pytest

from knowledge.models import Audience
from supportbot.retrieval.caches import clear_caches
from supportbot.retrieval.question_parts import MAX_CHARACTERS, MAX_PARTS, leans, questions_in
from supportbot.retrieval.search import Scope, search
from tests.conftest import Publish


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "Which burrs fit the Mill 64 and what do they cost? Can I put them in myself?",
            ("Which burrs fit the Mill 64", "what do they cost?", "Can I put them in myself?"),
        ),
        (
            "how many sachets for the Duo and how much water, and how long does it take",
            ("how many sachets for the Duo", "how much water", "how long does it take"),
        ),
        (
            "do you deliver to spain and how much is it",
            ("do you deliver to spain", "how much is it"),
        ),
        (
            "No receipt. is it recalled and what do I get?",
            ("is it recalled", "what do I get?"),
        ),
    ],
)
def test_several_questions_are_told_apart(text: str, parts: tuple[str, ...]) -> None:
    assert questions_in(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "How long do I have to return an item?",
        "I bought a kettle last week and do not like it. How long do I have to send it back?",
        "can i pause my subscription and how long",  # “how long” is no question without the rest
        "Can I return it opened or is it too late?",
        "Salt and pepper grinders",
        "",
        "Wie lange dauert es und was kostet es",
    ],
)
def test_one_question_has_no_parts(text: str) -> None:
    assert questions_in(text) == ()


def test_parts_are_few_and_a_letter_is_not_taken_apart() -> None:
    assert (
        len(questions_in("How is it? Where is it? When is it? Who is it? What is it?")) == MAX_PARTS
    )
    assert questions_in("How is it? Where is it? " + "x " * MAX_CHARACTERS) == ()


def test_each_part_is_read_by_itself(publish: Publish) -> None:
    publish(
        "# Grinder burrs\n\nThe burr set B-64 fits the Mill 64.\n\n"
        "A burr set costs £59.\n\nYou can change the burrs yourself with a screwdriver."
    )
    clear_caches()
    found = search(
        "Which burrs fit the Mill 64 and what do they cost? Can I change them myself?",
        scope=Scope(dt.date(2026, 11, 21), Audience.PUBLIC),
    )
    best = [part.reading.best_first[0].unit.text for part in found.parts]
    assert best == [
        "The burr set B-64 fits the Mill 64.",
        "A burr set costs £59.",
        "You can change the burrs yourself with a screwdriver.",
    ]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("how much is it", True),
        ("and how long does it take?", True),
        ("Can I put them in myself?", False),
        ("what are the opening hours", False),
        ("How long is the guarantee if I registered it 3 weeks after delivery?", False),
    ],
)
def test_a_short_part_about_a_pronoun_refers_to_the_rest(part: str, expected: bool) -> None:
    assert leans(part) is expected


def test_a_part_that_refers_to_the_rest_is_read_with_its_words(publish: Publish) -> None:
    publish(
        "# Your data\n\nWe delete your data within 30 days.\n\n"
        "# Orders\n\nDelivery takes 4 days. Assembly takes 20 minutes."
    )
    clear_caches()
    found = search(
        "Please delete all my data. How long does it take and do you keep anything?",
        scope=Scope(dt.date(2026, 11, 21), Audience.PUBLIC),
    )
    best = found.parts[0].reading.best_first[0]
    assert found.parts[0].text == "How long does it take"
    assert best.unit.text == "We delete your data within 30 days."

"""The reader: which units of the passages answer a question."""

from __future__ import annotations

import json

import numpy as np
import pytest

from knowledge.embedding.encoder import get_encoder
from knowledge.terms import word_numbers
from knowledge.text.units import unit_texts
from supportbot.reader.answer_types import AnswerType, answer_type, holds
from supportbot.reader.features import UNIT_FEATURES, ReaderPassage, ReaderQuestion, unit_features
from supportbot.reader.reader_model import FILE, parse, reader_model
from supportbot.reader.reading import read_passages
from supportbot.reader.sibling_names import compare_names, names_in_question

TANKS = """| Part | Fits | Price |
|---|---|---|
| Water tank 2.2 litres | Ingle Duo | £36.00 |
| Water tank 1.4 litres | Ingle One | £24.00 |"""


def passage(text: str, context: str = "Shop › Rules") -> ReaderPassage:
    vectors = get_encoder("bundled").encode_passages(unit_texts(context, text))
    return ReaderPassage(context, text, vectors, 0.5)


def asked(text: str) -> ReaderQuestion:
    vector = get_encoder("bundled").encode_question(text)
    return ReaderQuestion(text, vector, dict.fromkeys(word_numbers(text, "en"), 3.0))


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("how much is express", AnswerType.MONEY),
        ("until when can i skip a bag", AnswerType.DEADLINE),
        ("is it 30 or 45 days for an unopened grinder", AnswerType.DURATION),
        ("price of a grinder pls", AnswerType.MONEY),
        ("How long do I have to return it?", AnswerType.DURATION),
        ("what time do you open", AnswerType.TIME),
        ("can i return beans", AnswerType.YES_NO),
        ("trade account, can we return it", AnswerType.YES_NO),
        ("how do i descale it", AnswerType.HOW_TO),
        ("where can i find it", AnswerType.PLACE),
        ("E04", AnswerType.ANYTHING),
    ],
)
def test_a_question_tells_what_kind_of_answer_it_wants(question: str, wanted: AnswerType) -> None:
    assert answer_type(question) is wanted


def test_a_text_holds_an_amount_or_not() -> None:
    assert holds(AnswerType.MONEY, "The label costs £2.95.")
    assert not holds(AnswerType.MONEY, "The label is valid for 14 days.")
    assert holds(AnswerType.DURATION, "The label is valid for 14 days.")
    assert holds(AnswerType.ANYTHING, "Whatever.")


def test_siblings_are_told_apart_by_their_second_word() -> None:
    names = names_in_question("tank for the ingle one", ["Ingle One: manual", "Ingle Duo: manual"])
    assert names == {"ingle": frozenset({"one"})}
    assert compare_names(names, "Fits the Ingle One", "") == 1
    assert compare_names(names, "Fits the Ingle Duo", "Ingle One: manual") == -1
    assert compare_names(names, "Fits both", "Ingle One: manual") == 1
    assert compare_names(names, "Fits both", "Spare parts") == 0
    assert compare_names({}, "Fits the Ingle Duo", "") == 0


def test_the_row_of_the_product_asked_for_is_best() -> None:
    tanks = passage(TANKS, "Spare parts")
    reading = read_passages(asked("how much is a water tank for the ingle one"), [tanks])
    assert "£24.00" in reading.best_first[0].unit.quote


def test_every_unit_is_judged_once_and_probabilities_are_shares() -> None:
    passages = [passage("One sentence. Another one."), passage(TANKS)]
    reading = read_passages(asked("What does a tank cost?"), passages)
    assert [(u.passage, u.position) for u in reading.units] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert all(0 <= unit.probability <= 1 for unit in reading.units)
    assert reading.features.shape == (4, len(UNIT_FEATURES))


def test_nothing_to_read_gives_an_empty_reading() -> None:
    assert read_passages(asked("x"), []).units == ()
    assert unit_features(asked("x"), []).shape == (0, len(UNIT_FEATURES))


def test_what_the_customer_wants_to_do_counts_most() -> None:
    overlap = UNIT_FEATURES.index("overlap")
    question = asked("can i cancel an order i placed an hour ago")
    texts = [passage("Choose Cancel order."), passage("It was placed an hour ago.")]
    cancels, places = unit_features(question, texts)[:, overlap]
    assert cancels > places


def test_the_file_names_its_sets_and_every_feature() -> None:
    stored = json.loads(FILE.read_text("utf-8"))
    assert set(stored["weights"]) == set(UNIT_FEATURES)
    assert all(stored["fitted_to"].values())
    assert parse(FILE.read_text("utf-8")).weights.tolist() == reader_model().weights.tolist()


def test_the_best_unit_is_the_likeliest() -> None:
    scores = np.array([1.0, 9.0, 5.0])
    assert reader_model().probabilities(scores).argmax() == scores.argmax()
    assert reader_model().probabilities(np.zeros(0)).shape == (0,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("For a Tuesday dispatch that is noon on the Friday before.", True),
        ("Tell us within 14 days of delivery.", True),
        ("You can skip a bag in your account.", False),
    ],
)
def test_a_deadline_is_a_time_a_day_or_a_duration(text: str, expected: bool) -> None:
    assert holds(AnswerType.DEADLINE, text) is expected

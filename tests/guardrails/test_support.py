"""The support check: how likely it is that a piece says what a sentence says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from knowledge.text.units import units_of
from supportbot.guardrails.alignment import ALIGNMENT_FEATURES, READ, alignment_features
from supportbot.guardrails.support import THRESHOLD, support_scores
from supportbot.guardrails.support_model import SupportModel, parse, render
from supportbot.guardrails.types import Piece

POLICY = (
    "Opened food cannot be returned. Sealed food can be returned within 14 days.\n\n"
    "We ship to France on Mondays. A courier collects large parcels at your door."
)
SEALED = "Sealed food can be returned within 14 days."


def pieces(text: str = POLICY, context: str = "Returns policy") -> list[Piece]:
    return [Piece(0, number, unit, context) for number, unit in enumerate(units_of(text))]


def best(sentence: str, text: str = POLICY) -> float:
    return max(support_scores(sentence, pieces(text)))


def feature(name: str, sentence: str, number: int = 1, text: str = POLICY) -> float:
    row = alignment_features(sentence, pieces(text))[number]
    return float(row[ALIGNMENT_FEATURES.index(name)])


# -- scores -------------------------------------------------------------------------------------
def test_the_piece_that_says_the_same_scores_best() -> None:
    scores = support_scores("You can return sealed food within 14 days.", pieces())
    assert scores.index(max(scores)) == 1
    assert len(scores) == 4


def test_what_the_piece_says_passes_and_something_else_does_not() -> None:
    assert best(SEALED) > THRESHOLD
    assert best("Our office in Lyon has a small museum of old bicycles.") < THRESHOLD
    assert all(0 <= score <= 1 for score in support_scores(SEALED, pieces()))


@pytest.mark.parametrize(
    "false",
    [
        "Sealed food cannot be returned within 14 days.",
        "Sealed food must be returned within 14 days.",
        "Sealed food can be returned within 30 days.",
        "Opened food can be returned within 14 days.",
    ],
)
def test_a_changed_fact_costs_support(false: str) -> None:
    assert best(false) < best(SEALED)


def test_other_words_for_the_same_cost_less_than_another_fact() -> None:
    text = "The parcel is collected by a courier at your house on the next working day."
    same = "A courier picks the parcel up from your house the next working day."
    other = "A courier picks the parcel up from your house the same working day."
    denied = "A courier does not pick the parcel up from your house the next working day."
    assert best(same, text) > max(best(other, text), best(denied, text))


def test_only_pieces_that_share_most_are_read() -> None:
    many = "\n\n".join(f"Sealed food number {n} can be returned within 14 days." for n in range(20))
    features = alignment_features(SEALED, pieces(many))
    assert features.shape == (20, len(ALIGNMENT_FEATURES))
    assert (~np.isnan(features[:, 0])).sum() == READ
    assert sum(score > 0 for score in support_scores(SEALED, pieces(many))) == READ


def test_nothing_supports_a_sentence_without_words() -> None:
    assert support_scores("…", pieces()) == [0.0, 0.0, 0.0, 0.0]
    assert support_scores("Sealed food can be returned.", []) == []


@pytest.mark.parametrize(
    "sentence", ["I'm returning the sealed food.", "Je renvoie le colis.", "J'ai renvoyé le colis."]
)
def test_no_piece_speaks_for_who_says_i(sentence: str) -> None:
    assert set(support_scores(sentence, pieces())) == {0.0}
    assert best(sentence, f"{sentence} It is closed.") > 0.5


def test_threads_get_what_one_alone_gets() -> None:
    sentences = [SEALED, "Opened food cannot be returned.", "We ship to France on Fridays."] * 4
    alone = [support_scores(sentence, pieces()) for sentence in sentences]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda sentence: support_scores(sentence, pieces()), sentences))
    assert np.allclose(alone, together)


# -- alignment ----------------------------------------------------------------------------------
def test_missing_words_are_counted_where_they_are_missing() -> None:
    sentence = "Sealed food can be returned to France by the policy."
    assert feature("missing", sentence) > feature("missing_above", sentence) > 0
    assert feature("missing_anywhere", sentence) == 0
    assert feature("worst", "Sealed food can be returned within 14 days, Xylophon.") > 0.4
    assert feature("worst", SEALED) == 0


def test_numbers_are_compared_by_value() -> None:
    assert feature("numbers_missing", "Sealed food can be returned within fourteen days.") == 0
    assert feature("numbers_missing", "Sealed food can be returned within 15 days.") == 1


def test_a_word_in_place_of_another_and_a_word_put_in_are_told_apart() -> None:
    assert feature("replaced", "Sealed drinks can be returned within 14 days.") == 1
    assert feature("inserted", "Sealed organic food can be returned within 14 days.") == 1
    assert feature("replaced", SEALED) == feature("inserted", SEALED) == 0


def test_opposites_negations_and_restrictions_are_seen() -> None:
    assert feature("opposite", "Opened food can be returned within 14 days.") == 1
    assert feature("negation", "Sealed food cannot be returned within 14 days.") == 1
    assert feature("restriction_added", "Only sealed food can be returned within 14 days.") == 1
    assert feature("restriction_lost", "Sealed food can be returned.") == 1


def test_order_counts() -> None:
    text = "The seller pays the buyer."
    for name in ("bigrams", "order"):
        said = feature(name, "The seller pays the buyer.", 0, text)
        assert said > feature(name, "The buyer pays the seller.", 0, text)


# -- model ----------------------------------------------------------------------------------------
def test_the_file_is_read_as_it_was_written() -> None:
    model = SupportModel(np.arange(len(ALIGNMENT_FEATURES)) / 8, -0.5)
    again = parse(render(model, {"set": "MIT"}))
    assert np.array_equal(again.weights, model.weights)
    assert again.intercept == model.intercept
    assert parse('{"weights": {}, "intercept": 1.0}').weights.sum() == 0

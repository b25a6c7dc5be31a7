"""manage.py train_reader: which units answer is learned, and shown on sets that were left out."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from knowledge.models import Document
from supportbot.evaluation.management.commands import train_reader as command
from supportbot.evaluation.reader_examples import ReaderExample, examples_of
from supportbot.evaluation.train_reader import PRIOR, fit, report
from supportbot.reader.features import UNIT_FEATURES
from supportbot.reader.reader_model import FILE, parse
from tests.evaluation.test_evaluate_answers import passages, write

CHANCE = np.random.default_rng(3)
TOLD_BY = UNIT_FEATURES.index("step")  # a feature that the prior says nothing about
INSIDE, OUTSIDE = "in the documents that hold the answer", "in all read"
COLUMNS = ["set", "by", "questions", "first right", "average precision", "F1 of 2"]
BY = ["cosine", "overlap", "both", "without this set", "fitted to all"]


def example(number: int) -> ReaderExample:
    """Of six units the one that has a feature answers; the last two stand elsewhere."""
    features = 0.5 * CHANCE.random((6, len(UNIT_FEATURES)))
    answers = np.arange(6) == CHANCE.integers(4)
    features[:, TOLD_BY] = answers
    return ReaderExample(str(number), features, answers, np.arange(6) < 4)


# -- fitting ------------------------------------------------------------------------------------
def test_what_tells_the_unit_that_answers_gets_the_weight() -> None:
    examples = [example(number) for number in range(200)]
    model = fit([examples])
    assert TOLD_BY not in map(UNIT_FEATURES.index, PRIOR)
    assert model.weights[TOLD_BY] > 3
    right = [model.scores(e.features).argmax() == e.answers.argmax() for e in examples]
    assert np.mean(right) > 0.9


def test_units_that_answer_are_the_likelier_ones() -> None:
    examples = [example(number) for number in range(200)]
    model = fit([examples])
    told = np.array([model.probabilities(model.scores(e.features)) for e in examples])
    truth = np.array([e.answers for e in examples])
    assert told[truth].mean() > 0.5
    assert told[~truth].mean() < 0.15
    assert told.mean() == pytest.approx(truth.mean(), abs=0.03)  # calibrated


def test_of_what_the_data_say_nothing_the_weight_stays_by_the_prior() -> None:
    """All units of a question are about the same name, or none is: names tell nothing."""
    place = UNIT_FEATURES.index("name_same")
    examples = [example(number) for number in range(50)]
    for one in examples:
        one.features[:, place] = int(one.id) % 2
    assert fit([examples]).weights[place] == pytest.approx(PRIOR["name_same"], abs=0.01)


def test_a_question_without_an_answer_says_nothing_about_the_order() -> None:
    examples = [example(number) for number in range(60)]
    lost = [replace(example(n), answers=np.zeros(6, dtype=bool)) for n in range(60)]
    alone, together = fit([examples]).weights, fit([[*examples, *lost]]).weights
    assert together == pytest.approx(alone, rel=1e-3, abs=1e-3)


def test_the_report_leaves_each_set_out_in_turn() -> None:
    """In one of three sets the feature tells what does not answer: weights without it miss it."""
    odd = []
    for number in range(60):
        one = example(number)
        one.features[:, TOLD_BY] = 1 - one.features[:, TOLD_BY]
        odd.append(one)
    sets = {
        "one": [example(number) for number in range(60)],
        "two": [example(number) for number in range(60)],
        "odd": odd,
    }
    model = fit(list(sets.values()))
    found = json.loads(report(sets, model, {"one": "CC0"}).as_json())
    for title in (INSIDE, OUTSIDE):
        rows = found["tables"][title]
        assert [(row["set"], row["by"]) for row in rows] == [
            (name, by) for name in [*sets, "mean"] for by in BY
        ]
        first = {(row["set"], row["by"]): row["first right"] for row in rows}
        assert first["odd", "without this set"] < 0.1
        assert first["one", "without this set"] > first["odd", "without this set"] + 0.1
        for by in BY:
            mean = np.mean([first[name, by] for name in sets])
            assert first["mean", by] == pytest.approx(mean, abs=1e-3)


# -- from data ------------------------------------------------------------------------------------
@pytest.fixture
def two_sets(tmp_path: Path) -> list[Path]:
    first = write(tmp_path / "shop" / "all.jsonl", passages()).parent
    sentences = ["Repairs take two weeks.", "We lend you a machine.", "Parcels go out daily."]
    entry = {"question": "How long does a repair take?", "sentences": sentences}
    judged = [{"id": "repair", **entry, "labels": [1, 0, 0], "document_title": "Repairs"}]
    return [first, write(tmp_path / "desk" / "all.jsonl", judged).parent]


@pytest.mark.django_db(transaction=True)
def test_examples_say_which_of_the_units_that_were_read_answer(two_sets: list[Path]) -> None:
    found = {one.id: one for one in examples_of(two_sets[0], 0, lambda _: None)}
    assert set(found) == {"kettle", "beans"}  # “voltage” has no answer
    for one in found.values():
        assert one.features.shape == (8, len(UNIT_FEATURES))  # four sentences of each document
        assert one.answers.sum() == 1
        assert one.in_document.sum() == 4
        assert one.in_document[one.answers].all()
        cosines = one.features[:, UNIT_FEATURES.index("cosine")]
        assert cosines[one.answers].max() == cosines.max()
    assert not Document.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_weights_are_shown_and_kept_when_asked(
    two_sets: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "reader_model.json"
    kept.write_text(FILE.read_text("utf-8"), "utf-8")
    monkeypatch.setattr(command, "FILE", kept)

    def train(**options: Any) -> str:
        out = StringIO()
        folders = [word for folder in two_sets for word in ("--data", str(folder))]
        call_command("train_reader", *folders, "--licence", "shop=CC0", stdout=out, **options)
        return out.getvalue()

    tables = json.loads(train(json=True))["tables"]
    assert list(tables) == [INSIDE, OUTSIDE]
    for rows in tables.values():
        assert [(row["set"], row["by"]) for row in rows] == [
            (name, by) for name in ("shop", "desk", "mean") for by in BY
        ]
        assert list(rows[0]) == COLUMNS
        assert [row["questions"] for row in rows[::5]] == [2, 1, None]
    assert kept.read_text("utf-8") == FILE.read_text("utf-8")
    said = train(write=True)
    assert INSIDE in said
    assert OUTSIDE in said
    assert kept.name in said
    written = kept.read_text("utf-8")
    model = parse(written)
    assert model.weights.shape == (len(UNIT_FEATURES),)
    assert np.isfinite([*model.weights, *model.calibration]).all()
    assert model.weights.tolist() != parse(FILE.read_text("utf-8")).weights.tolist()
    assert json.loads(written)["fitted_to"] == {"shop": "CC0", "desk": "licence not given"}


@pytest.mark.django_db(transaction=True)
def test_questions_without_an_answer_are_nothing_to_learn_from(tmp_path: Path) -> None:
    folder = write(tmp_path / "shop" / "all.jsonl", passages()[2:]).parent
    with pytest.raises(CommandError, match="None of the questions has an answer"):
        call_command("train_reader", data=[folder])


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_without_questions_is_refused(tmp_path: Path, exists: bool) -> None:
    folder = tmp_path if exists else tmp_path / "none"
    with pytest.raises(CommandError, match=str(folder)):
        call_command("train_reader", data=[folder])

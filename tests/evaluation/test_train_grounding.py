"""Fitting the support check: sets that it never saw judge the weights."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from supportbot.evaluation.management.commands import train_grounding as command
from supportbot.evaluation.train_grounding import SIGNS, Example, examples_of, fit, report
from supportbot.guardrails.alignment import ALIGNMENT_FEATURES
from supportbot.guardrails.support_model import parse

ORDER, REPLACED = ALIGNMENT_FEATURES.index("order"), ALIGNMENT_FEATURES.index("replaced")
SENTENCE = "You can buy a cheap lamp in our shop."
TEXT = f"{SENTENCE} The parcels are sent on Mondays. Our staff answer within two days."


# -- the weights -----------------------------------------------------------------------------------
def examples(count: int, told_by: int) -> list[Example]:
    """One of the features tells; the other features are chance."""
    chance = np.random.default_rng(3)
    made = []
    for number in range(count):
        features = 0.3 * chance.random((2, len(ALIGNMENT_FEATURES)))
        features[0, told_by] += SIGNS[told_by] * (number % 2)
        made.append(Example(features, number % 2 == 1))
    return made


@pytest.mark.parametrize("told_by", [ORDER, REPLACED])
def test_what_tells_gets_the_weight(told_by: int) -> None:
    model = fit([examples(200, told_by)])
    assert abs(model.weights[told_by]) == np.abs(model.weights).max()
    right = [(model.logits(e.features).max() > 0) == e.supported for e in examples(200, told_by)]
    assert np.mean(right) > 0.9
    assert np.array_equal(model.weights, fit([examples(200, told_by)]).weights)


def test_no_weight_has_a_sign_that_it_cannot_mean() -> None:
    """In this set replaced words go with support; the weight stays 0."""
    turned = [Example(e.features, not e.supported) for e in examples(200, REPLACED)]
    assert fit([turned]).weights[REPLACED] == 0


def test_every_set_is_judged_by_weights_that_never_saw_it() -> None:
    sets = {"by order": examples(200, ORDER), "by words": examples(200, REPLACED)}
    found = report(sets, fit(list(sets.values())), {"by order": "MIT", "by words": "MIT"})
    rows = {(row[0], row[1]): row for row in found.tables[0].rows}
    unseen, all_ = rows["by words", "the others"][3], rows["by words", "all"][3]
    assert isinstance(unseen, float)
    assert isinstance(all_, float)
    assert unseen < 0.8 < all_
    assert parse(found.notes[0]).weights[ORDER] > 0


def test_examples_of_judged_responses_are_those_of_one_sentence(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "context": TEXT, "response": SENTENCE, "label": 1},
        {"id": "2", "context": TEXT, "response": f"{SENTENCE} It is free.", "label": 0},
        {"id": "3", "context": TEXT, "response": "You cannot buy a lamp in our shop.", "label": 0},
    ]
    path = tmp_path / "shop.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    found = examples_of(path, 0)
    assert [one.supported for one in found] == [True, False]
    assert found[0].features.shape[1] == len(ALIGNMENT_FEATURES)


# -- the command --------------------------------------------------------------------------------
def test_a_set_without_comparable_sentences_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "shop.jsonl"
    rows = [
        {"id": str(label), "context": TEXT, "response": f"{SENTENCE} It is free.", "label": label}
        for label in (0, 1)
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(CommandError, match="No sentence"):
        call_command("train_grounding", data=[path])


def test_weights_are_written_where_the_product_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {"id": str(n), "context": TEXT, "response": response, "label": label}
        for n in range(4)
        for label, response in ((1, SENTENCE), (0, f"Lamp {n} is painted by hand in Peru."))
    ]
    path = tmp_path / "shop.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    monkeypatch.setattr(command, "FILE", tmp_path / "support_model.json")
    out = StringIO()
    call_command("train_grounding", data=[path], licence=["shop=MIT"], write=True, stdout=out)
    assert "the others" in out.getvalue()
    stored = json.loads((tmp_path / "support_model.json").read_text())
    assert stored["fitted_to"] == {"shop": "MIT"}

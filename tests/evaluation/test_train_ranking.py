"""manage.py train_ranking: what is learned from judged data, and how it is shown to hold."""

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
from supportbot.evaluation.judged_dataset import load
from supportbot.evaluation.management.commands import train_ranking as command
from supportbot.evaluation.train_ranking import (
    PRIOR,
    fit,
    fit_answerability,
    fit_ranking,
    report,
)
from supportbot.evaluation.training_examples import Example, Kind, examples_of, judged, ndcg
from supportbot.retrieval.features import (
    ANSWER_SIGNALS,
    FEATURES,
    MISSING,
    SIGNALS,
    SUBJECT_SIGNALS,
)
from supportbot.retrieval.ranking_model import FILE, parse
from tests.evaluation.judged import QUESTIONS, SUBJECTS, dataset

CHANCE = np.random.default_rng(7)


def example(number: int, *, kind: Kind = Kind.OWN) -> Example:
    """The relevant document of four is the one with the most of the first feature; the question is
    answerable if the first signal is above half."""
    features = CHANCE.random((4, len(FEATURES)))
    best = int(features[:, 0].argmax())
    signals = CHANCE.random(len(SIGNALS))
    return Example(
        group=str(number),
        features=features,
        documents=np.arange(4),
        grades=np.eye(4)[best],
        ideal=(1,),
        signals=signals,
        answerable=not kind.is_strange and bool(signals[0] > 0.5),
        kind=kind,
    )


# -- fitting ------------------------------------------------------------------------------------
def test_what_tells_the_relevant_document_gets_the_weight() -> None:
    examples = [example(number) for number in range(200)]
    weights = fit_ranking([examples])
    assert weights.shape == (2, len(FEATURES))
    assert weights[0, 0] > 3 * weights[0, 1:].max()
    assert (weights >= 0).all()
    before, after = (np.mean([ndcg(e, w) for e in examples]) for w in (PRIOR, weights))
    assert after > 0.93 > before


def test_short_and_long_questions_are_learned_apart() -> None:
    """The first feature tells the relevant document of short ones, the last that of long ones."""
    examples = []
    for number in range(400):
        one, is_long = example(number), number % 2
        best = int(one.features[:, -1 if is_long else 0].argmax())
        examples.append(replace(one, grades=np.eye(4)[best], length=float(is_long)))
    short, long = fit_ranking([examples])
    assert short.argmax() == 0
    assert long[-1] > 2 * short[-1]
    assert long[0] < short[0] / 2
    told = [
        np.mean([ndcg(e, w) for e in examples[1::2]])
        for w in (np.array([short, short]), np.array([short, long]))
    ]
    assert told[1] > told[0] + 0.1


def test_where_the_sets_say_nothing_the_weights_stay_as_they_were() -> None:
    assert fit_ranking([]).tolist() == PRIOR.tolist()
    short_alone = fit_ranking([[example(number) for number in range(100)]])
    assert short_alone[1].tolist() == pytest.approx(PRIOR[1].tolist())


def test_what_tells_answerable_questions_gets_the_weight() -> None:
    weights = fit_answerability([example(number) for number in range(300)]).answer.weights
    assert weights[0] > 5 * np.abs(weights[1:]).max()


def test_what_tells_strange_questions_gets_the_weight() -> None:
    own, strange = (
        [example(n) for n in range(99)],
        [example(n, kind=Kind.STRANGE) for n in range(99)],
    )
    for one in strange:
        one.signals[SIGNALS.index("follows")] -= 1
    weights = fit_answerability([*own, *strange]).subject.weights
    place = SUBJECT_SIGNALS.index("follows")
    assert weights[place] > 5 * np.abs(np.delete(weights, place)).max()


def test_where_all_examples_are_alike_that_is_all_but_certain() -> None:
    one = replace(example(1), answerable=True)
    assert fit_answerability([one]).probability(one.signals) > 0.9
    other = replace(one, answerable=False)
    assert fit_answerability([other]).probability(one.signals) < 0.1
    unknown = fit_answerability([replace(one, answerable=None)])
    assert unknown.answer.probability(one.signals[: len(ANSWER_SIGNALS)]) == 0.5


def test_a_signal_that_is_not_told_is_no_number_to_learn_from() -> None:
    examples = [example(number) for number in range(50)]
    signals = examples[0].signals.copy()
    signals[2] = MISSING
    model = fit([[replace(examples[0], signals=signals), *examples[1:]]])
    found = model.answerability
    assert np.isfinite([*found.answer.weights, *found.subject.weights, *found.usual]).all()
    assert found.usual[2] == pytest.approx(np.mean([e.signals[2] for e in examples[1:]]))


def test_the_order_is_learned_from_a_set_s_own_questions_alone() -> None:
    own = [example(number) for number in range(50)]
    others = [
        replace(example(number), kind=Kind.NEW_SUBJECT, grades=np.eye(4)[0]) for number in range(30)
    ]
    assert fit_ranking([own, others]) == pytest.approx(fit_ranking([own]))
    assert all(a is b for a, b in zip(judged([*own, *others]), own, strict=True))


def test_the_report_compares_each_kind_with_answerable_questions() -> None:
    sets = {
        name: [example(number, kind=kind) for number in range(40) for kind in Kind]
        for name in ("one", "other")
    }
    found = json.loads(report(sets, fit(list(sets.values()))).as_json())
    rows = found["tables"]["AUROC of answerability by weights"]
    assert [(row["set"], row["not answerable: those"]) for row in rows] == [
        (name, kind.value) for name in sets for kind in Kind
    ]
    own = sum(bool(e.answerable) for e in sets["one"] if e.kind == Kind.OWN)
    assert [rows[0]["answerable"], rows[2]["answerable"]] == [own, own]
    assert [row["not"] for row in rows[2:4]] == [40, 40]
    assert all(
        row["without this set"] > 0.9 for row in rows if row["not answerable: those"] == Kind.OWN
    )


# -- from data ------------------------------------------------------------------------------------
@pytest.fixture
def two_sets(tmp_path: Path) -> list[Path]:
    """The shop's, and one whose questions have nothing to do with it."""
    corpus = [
        {"id": f"m/{n}", "title": f"Moon {n}", "text": f"Crater {n} is {n} km wide."}
        for n in range(8)
    ]
    asked = [
        {"id": f"q{n}", "text": f"How wide is crater {n}?", "answerable": True} for n in range(8)
    ]
    asked += [{"id": "none", "text": "Who walked on Mars?", "answerable": False}]
    grades = "\n".join(f"q{n}\tm/{n}\t1" for n in range(8))
    moon = dataset(tmp_path / "moon", corpus=corpus, queries=asked, grades=grades)
    return [dataset(tmp_path / "shop"), moon]


@pytest.mark.django_db
def test_examples_are_of_every_kind(two_sets: list[Path]) -> None:
    shop, moon = map(load, two_sets)
    examples = examples_of(shop, [moon], lambda _: None)
    kinds = {kind: [e for e in examples if e.kind == kind] for kind in Kind}
    assert len(kinds[Kind.OWN]) == len(shop.questions)
    assert all(kinds.values())
    for kind in (Kind.STRANGE, Kind.STRANGE_SUBJECT):
        assert all(e.answerable is False and not e.ideal for e in kinds[kind])
        assert len(kinds[kind]) == 2
    follows = SIGNALS.index("follows")
    for kind, found in kinds.items():  # a new subject that stands alone is asked alone
        assert kind.is_new_subject or all(np.isnan(e.signals[follows]) for e in found)
    assert sum(ndcg(e, np.ones((2, len(FEATURES)))) for e in judged(examples)) > 0.9 * len(
        QUESTIONS
    )
    assert not Document.objects.filter(title__in=SUBJECTS).exists()


@pytest.mark.django_db
def test_the_weights_are_shown_and_kept_when_asked(
    two_sets: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "ranking_model.json"
    kept.write_text(FILE.read_text("utf-8"), "utf-8")
    monkeypatch.setattr(command, "FILE", kept)

    def train(**options: Any) -> str:
        out = StringIO()
        folders = [word for folder in two_sets for word in ("--data", str(folder))]
        call_command("train_ranking", *folders, stdout=out, **options)
        return out.getvalue()

    before = parse(FILE.read_text("utf-8"))
    assert "nDCG@10 by weights" in train()
    assert kept.read_text("utf-8") == FILE.read_text("utf-8")
    assert kept.name in train(write="answerability")
    after = parse(kept.read_text("utf-8"))
    assert after.ranking.tolist() == before.ranking.tolist()
    assert after.answerability.usual.tolist() != before.answerability.usual.tolist()
    train(write="everything")
    assert parse(kept.read_text("utf-8")).ranking.tolist() != before.ranking.tolist()


def test_a_folder_without_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"corpus\.jsonl"):
        call_command("train_ranking", data=[tmp_path])

"""manage.py evaluate retrieval on judged documents: figures that an outsider can check, and a
collection that is gone afterwards."""

from __future__ import annotations

import datetime as dt
import json
import sys
import uuid
from collections.abc import Sequence
from math import log2
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from knowledge.models import Audience, Collection, Document, DocumentVersion, Embedding
from supportbot.evaluation import evaluate_retrieval, rankings, scratch
from supportbot.evaluation.intervals import auroc, auroc_difference_interval, auroc_interval
from supportbot.evaluation.judged_dataset import JudgedQuestion
from supportbot.evaluation.models import EvaluationRun
from supportbot.evaluation.rankings import Answered
from supportbot.evaluation.report import EvaluationError
from supportbot.evaluation.retrieval_arms import arms, parse_arm
from supportbot.evaluation.retrieval_figures import (
    Bin,
    calibration_error,
    compare,
    reliability,
    score,
)
from supportbot.retrieval.settings import RetrievalSettings
from tests.conftest import Publish
from tests.evaluation.judged import QUESTIONS, dataset, documents, evaluate, qrels, questions

ARMS = ["dense", "lexical", "fused"]


def by_arm(report: dict[str, Any], table: str = "by arm") -> dict[str, dict[str, float]]:
    return {row["arm"]: row for row in report["tables"][table]}


# -- the whole of it --------------------------------------------------------------------------
@pytest.mark.django_db
def test_every_arm_is_measured_and_an_outsider_can_check_it(tmp_path: Path) -> None:
    predictions = tmp_path / "predictions.jsonl"
    report = evaluate(dataset(tmp_path / "shop"), predictions=predictions)
    rows = by_arm(report)
    assert [name for name in rows if name != "bm25s"] == ARMS
    for name, row in rows.items():
        assert row["nDCG@10"] > 0.8
        assert 0 < row["p50 ms"] <= row["p95 ms"]
        interval = by_arm(report, "95% intervals")[name]
        assert interval["nDCG@10 from"] <= row["nDCG@10"] <= interval["nDCG@10 to"]
    records = [json.loads(line) for line in predictions.open(encoding="utf-8")]
    assert [record["id"] for record in records] == [question["id"] for question in questions()]
    ranks = [
        record["ranking"].index(f"d/{record['id']}") + 1 for record in records[: len(QUESTIONS)]
    ]
    assert rows["fused"]["MRR@10"] == pytest.approx(np.mean([1 / rank for rank in ranks]))
    assert rows["fused"]["nDCG@10"] == pytest.approx(np.mean([1 / log2(r + 1) for r in ranks]))
    assert rows["fused"]["hit@3"] == pytest.approx(np.mean([rank <= 3 for rank in ranks]))
    labels = [question["answerable"] for question in questions()]
    predicted = [record["answerable"] for record in records]
    assert rows["fused"]["AUROC"] == pytest.approx(roc_auc_score(labels, predicted))
    bins = report["tables"]["answerability, fused"]
    assert sum(row["questions"] for row in bins) == len(labels)


@pytest.mark.django_db
def test_bm25s_is_asked_over_the_same_passages(tmp_path: Path) -> None:
    pytest.importorskip("bm25s")
    report = evaluate(dataset(tmp_path / "shop"))
    rows = by_arm(report)
    assert rows["bm25s"]["nDCG@10"] > 0.9
    assert rows["bm25s"]["AUROC"] is None
    [ndcg, *_] = report["tables"]["lexical less bm25s"]
    assert ndcg["difference"] == pytest.approx(
        rows["lexical"]["nDCG@10"] - rows["bm25s"]["nDCG@10"]
    )


@pytest.mark.django_db
def test_without_bm25s_a_note_says_how_to_have_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate_retrieval, "is_bm25s_installed", lambda: False)
    report = evaluate(dataset(tmp_path / "shop"))
    assert list(by_arm(report)) == ARMS
    assert any(note.startswith("bm25s is not installed") for note in report["notes"])


@pytest.mark.django_db
def test_without_the_extra_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    for module in ("evaluate_retrieval", "retrieval_figures"):
        monkeypatch.delitem(sys.modules, f"supportbot.evaluation.{module}")
    with pytest.raises(CommandError) as error:
        evaluate(dataset(tmp_path / "shop"))
    assert str(error.value) == (
        "ir_measures is not installed: pip install 'supportbot[evaluation]' adds what evaluation "
        "needs."
    )


@pytest.mark.django_db
def test_a_conversation_is_asked_with_and_without_what_went_before(tmp_path: Path) -> None:
    asked = questions()
    asked[5] = {"id": "repairs", "text": "And what about that?", "answerability": "ANSWERABLE"}
    asked[5]["history"] = [
        {"role": "user", "text": "Do you lend me a machine while mine is repaired?"},
        {"role": "assistant", "text": "Yes."},
    ]
    rows = by_arm(evaluate(dataset(tmp_path / "shop", queries=asked)))
    assert [name for name in rows if name != "bm25s"] == [
        *ARMS,
        "lexical without history",
        "fused without history",
    ]
    assert rows["fused"]["MRR@10"] > rows["fused without history"]["MRR@10"]


@pytest.mark.django_db
def test_settings_are_compared_question_by_question(tmp_path: Path) -> None:
    report = evaluate(
        dataset(tmp_path / "shop"),
        compare=["lexical=false", " Dense=no".lower()],
        against="dense=off",
    )
    rows = by_arm(report)
    table = {row["measure"]: row for row in report["tables"]["lexical=false less dense=false"]}
    assert set(table) == {"nDCG@10", "recall@10", "hit@3", "MRR@10", "AUROC"}
    for measure, row in table.items():
        difference = rows["lexical=false"][measure] - rows["dense=false"][measure]
        assert row["difference"] == pytest.approx(difference)
        assert row["from"] <= row["difference"] <= row["to"]
    same = report["tables"]["dense=false less dense=false"]
    assert all(row["from"] == row["difference"] == row["to"] == 0 for row in same)


# -- the scratch collection -------------------------------------------------------------------
def left() -> list[int]:
    return [
        Collection.objects.filter(name__startswith="evaluation").count(),
        Document.objects.count(),
        DocumentVersion.objects.count(),
        Embedding.objects.count(),
    ]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_left_behind_and_others_keep_their_vectors(
    tmp_path: Path, publish: Publish
) -> None:
    first = documents()[0]
    ours = publish(first["text"], file_name="kettles.md", title=first["title"])
    before = left()
    seen: list[str] = []

    def look(*args: Any) -> Any:
        versions = DocumentVersion.objects.exclude(pk=ours.pk)
        seen.extend(versions.values_list("audience", flat=True))
        return rankings.ask_all(*args)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(evaluate_retrieval, "ask_all", look)
        evaluate(dataset(tmp_path / "shop"))
    assert seen == [Audience.INTERNAL] * len(QUESTIONS)  # customers are not answered from them
    assert left() == before == [0, 1, 1, 1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("error", "raised"),
    [(KeyboardInterrupt(), CommandError), (RuntimeError("the search broke"), RuntimeError)],
)
def test_nothing_is_left_behind_after_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, raised: type[Exception]
) -> None:
    def fail(*args: object, **fields: object) -> None:
        assert Document.objects.count() == len(QUESTIONS)
        raise error

    monkeypatch.setattr(rankings, "search", fail)
    with pytest.raises(raised):
        evaluate(dataset(tmp_path / "shop"))
    assert left() == [0, 0, 0, 0]
    assert not EvaluationRun.objects.exists()


@pytest.mark.django_db
def test_what_a_killed_run_left_is_removed_after_a_day(publish: Publish) -> None:
    names = [f"evaluation {uuid.uuid4().hex}" for _ in range(2)] + ["evaluation manuals"]
    for name in names:
        publish(f"The text of {name}.", collection=name)
    before = timezone.now() - dt.timedelta(days=2)
    Collection.objects.exclude(name=names[1]).update(created_at=before)
    said: list[str] = []
    scratch.remove_leftovers(said.append)
    kept = set(Collection.objects.values_list("name", flat=True))
    assert kept == {names[1], "evaluation manuals"}  # the other run may be going on
    assert len(said) == 1


@pytest.mark.django_db
def test_a_document_that_cannot_be_read_is_named_and_missed(tmp_path: Path) -> None:
    corpus = documents()
    corpus[0]["text"] = "\ufeff \u00ad"  # neither is white space, and neither is text
    report = evaluate(dataset(tmp_path / "shop", corpus=corpus))
    assert any("d/kettles could not be read: No text" in note for note in report["notes"])
    assert by_arm(report)["fused"]["recall@10"] == pytest.approx(5 / 6)


@pytest.mark.django_db
def test_it_gives_up_when_nothing_moves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "STALLED_SECONDS", 0.0)
    monkeypatch.setattr(scratch, "_PAUSE_SECONDS", 0.01)
    # Somebody else has claimed everything, and does nothing.
    monkeypatch.setattr(scratch, "claim_some", list)
    with pytest.raises(CommandError, match="Nothing was put in"):
        evaluate(dataset(tmp_path / "shop"))
    assert left()[:2] == [0, 0]


# -- bad data and bad settings ----------------------------------------------------------------
def entry(**fields: Any) -> list[dict[str, Any]]:
    """The questions with something else in the second."""
    asked = questions()
    asked[1] |= fields
    return asked


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"corpus": [*documents(), documents()[0]]}, r"corpus\.jsonl, line 7: the id d/kettles"),
        ({"corpus": [{"id": "x" * 301, "text": "a"}]}, r"corpus\.jsonl, line 1: .* 300 characters"),
        ({"corpus": [{"id": "x", "text": " "}]}, r"corpus\.jsonl, line 1 is not"),
        ({"queries": entry(text=3)}, r"queries\.jsonl, line 2 is not"),
        ({"queries": entry(history="before")}, r"queries\.jsonl, line 2: the history"),
        ({"queries": entry(history=[{"role": "user"}])}, r"queries\.jsonl, line 2: the history"),
        ({"queries": entry(history=[{"role": 1, "text": "a"}])}, r"line 2: the history"),
        ({"queries": entry(answerable="perhaps")}, r"line 2: “answerable” is neither"),
        ({"grades": "kettles d/kettles 1"}, r"qrels\.tsv, line 1 is not"),
        ({"grades": f"{qrels()}\nkettles\td/kettles\tvery"}, r"qrels\.tsv, line 8 is not"),
        ({"grades": "kettle\td/kettles\t1"}, r"qrels\.tsv, line 1: there is no question kettle"),
        ({"grades": "kettles\td/kettle\t1"}, r"line 1: there is no document d/kettle"),
        ({"grades": "kettles\td/kettles\t1"}, "a relevant document for 1 of the questions"),
    ],
)
def test_bad_data_is_named_by_file_and_line(
    tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        evaluate(dataset(tmp_path / "shop", **fields))
    assert not Collection.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("missing", ["queries.jsonl", "qrels.tsv"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    data = dataset(tmp_path / "shop")
    (data / missing).unlink()
    with pytest.raises(CommandError, match=f"There is no file .*{missing}"):
        evaluate(data)


@pytest.mark.django_db
def test_a_folder_for_predictions_is_missed_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no folder"):
        evaluate(dataset(tmp_path / "shop"), predictions=tmp_path / "nowhere" / "out.jsonl")


def test_settings_are_read_from_words() -> None:
    arm = parse_arm(" history=No , candidates=100,dense_weight=0.4 ")
    assert arm.name == "history=false,candidates=100,dense_weight=0.4"
    assert arm.settings == RetrievalSettings(history=False, candidates=100, dense_weight=0.4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("candidate=3", "“candidate=3” is no setting of retrieval.*candidates=30"),
        ("candidates", "“candidates” is no setting"),
        ("candidates=many", "“candidates” is a whole number, not “many”"),
        ("history=2", "“history” is true or false, not “2”"),
        ("dense_weight=half", "“dense_weight” is a number"),
        ("candidates=0", "“candidates=0” cannot be set: candidates must be between"),
        (",", "changes nothing"),
    ],
)
def test_settings_that_are_none_are_explained(words: str, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        parse_arm(words)


@pytest.mark.django_db
def test_what_compares_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--against needs --compare"):
        evaluate(dataset(tmp_path / "shop"), against="candidates=100")


def test_a_reranker_makes_an_arm_where_there_is_one() -> None:
    without = {arm.name: arm.settings for arm in arms(history=False, reranker=False)}
    assert list(without) == ARMS
    assert not without["fused"].rerank
    with_one = {arm.name: arm.settings for arm in arms(history=True, reranker=True)}
    assert with_one["reranked"] == RetrievalSettings()
    assert not with_one["fused without history"].history


# -- the measures -----------------------------------------------------------------------------
def question(id_: str, grades: dict[str, int], answerable: bool | None = None) -> JudgedQuestion:
    return JudgedQuestion(id_, f"{id_}?", (), grades, answerable)


def answered(*rankings_: Sequence[str], answerability: float = 0.5) -> list[Answered]:
    return [Answered(tuple(ids), answerability, 1.0) for ids in rankings_]


def test_measures_by_hand() -> None:
    asked = [
        question("graded", {"a": 3, "b": 1, "c": 0}),
        question("late", {"a": 1, "z": 1}),
        question("nothing found", {"a": 1}),
        question("not judged", {"a": 0}),
    ]
    late = [*"bcdefghij", "a", "z"]
    found = score(asked, answered("xba", late, "", "a")).by_question
    # Graded: gains 1 at rank 2 and 3 at rank 3, ideally 3 and 1. Late: rank 10, and 11 is too far.
    graded = (1 / log2(3) + 3 / log2(4)) / (3 + 1 / log2(3))
    late_ndcg = (1 / log2(11)) / (1 + 1 / log2(3))
    assert found["nDCG@10"] == pytest.approx([graded, late_ndcg, 0])
    assert found["recall@10"] == pytest.approx([1, 1 / 2, 0])
    assert found["hit@3"] == pytest.approx([1, 0, 0])
    assert found["MRR@10"] == pytest.approx([1 / 2, 1 / 10, 0])


def test_answerability_needs_both_classes() -> None:
    asked = [question(str(n), {"a": 1}, n < 2) for n in range(3)]
    assert score(asked, answered("a", "a", "a")).answerability is None
    asked.append(question("3", {}, False))
    rankings_ = answered("a", "a", "a", "a")
    positives, negatives = score(asked, rankings_).answerability or ((), ())
    assert (len(positives), len(negatives)) == (2, 2)
    assert score(asked, rankings_).estimates["AUROC"].value == 0.5


scores = st.lists(st.sampled_from([0.0, 0.2, 0.4, 0.6, 1.0]), min_size=2, max_size=12)


@given(positives=scores, negatives=scores)
def test_auroc_is_that_of_scikit_learn(positives: list[float], negatives: list[float]) -> None:
    labels = [1] * len(positives) + [0] * len(negatives)
    area = auroc(np.array(positives), np.array(negatives))
    assert area == pytest.approx(roc_auc_score(labels, positives + negatives))


def test_the_interval_of_auroc_is_that_of_hanley_and_mcneil() -> None:
    chance = np.random.default_rng(1)
    positives, negatives = chance.normal(1, 1, 150), chance.normal(0, 1, 150)
    area = auroc(positives, negatives)
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (area * (1 - area) + 149 * (q1 - area**2) + 149 * (q2 - area**2)) / 150**2
    low, high = auroc_interval(positives, negatives)
    assert (high - low) / 2 == pytest.approx(1.96 * variance**0.5, rel=0.15)
    assert low < area < high


def test_differences_of_auroc_are_paired() -> None:
    chance = np.random.default_rng(2)
    one = (chance.normal(1, 1, 80), chance.normal(0, 1, 80))
    # The same order of the same questions: no chance is left in the difference.
    assert auroc_difference_interval(one, (2 * one[0], 2 * one[1])) == (0, 0)
    other = (one[0] + chance.normal(0, 0.1, 80), one[1] + chance.normal(0, 0.1, 80))
    low, high = auroc_difference_interval(one, other)
    single = auroc_interval(*one)
    assert high - low < (single[1] - single[0]) / 2


def test_a_comparison_is_of_the_same_questions() -> None:
    asked = [question("1", {"a": 1}), question("2", {"a": 1})]
    better, worse = score(asked, answered("a", "ba")), score(asked, answered("ba", "cba"))
    difference = compare(better, worse)["MRR@10"]
    # Half for one question and a sixth for the other; the mean of any draw lies between them.
    assert difference.value == pytest.approx((1 / 2 + 1 / 6) / 2)
    assert (difference.low, difference.high) == pytest.approx((1 / 6, 1 / 2))


def test_reliability_by_hand() -> None:
    bins = reliability((np.array([0.95, 1.0, 0.35]), np.array([0.31, 0.0])))
    assert [bin_.questions for bin_ in bins] == [1, 2, 2]
    assert [bin_.predicted for bin_ in bins] == pytest.approx([0, 0.33, 0.975])
    assert [bin_.observed for bin_ in bins] == [0, 0.5, 1]
    assert calibration_error(bins) == pytest.approx((2 * 0.17 + 2 * 0.025) / 5)
    assert calibration_error([Bin(0.7, 0.7, 10)]) == 0

"""manage.py evaluate grounding: figures that an outsider can check, on a small made set."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from supportbot.evaluation import evaluate_grounding
from supportbot.evaluation.answer_datasets import load as load_answers
from supportbot.evaluation.corruptions import Kind
from supportbot.evaluation.grounding_arms import ARMS, Judged
from supportbot.evaluation.grounding_faithful import answer_sentences, document_sentences
from supportbot.evaluation.grounding_figures import Scores, best_threshold
from supportbot.evaluation.models import EvaluationRun
from supportbot.evaluation.names import ANSWERS, EMBEDDING, OVERLAP, ROUGE, SUPPORT
from supportbot.evaluation.questions import BadDatasetError
from supportbot.guardrails.types import Source
from tests.evaluation.judged import SUBJECTS, dataset

FALSE = "The museum in Lyon shows old bicycles on Sundays."
Entry = dict[str, Any]


def entries() -> list[Entry]:
    """Each document's own sentence, and one on something else."""
    return [
        {"id": f"{name}-{label}", "context": text, "response": response, "label": label, **group}
        for number, (name, text) in enumerate(SUBJECTS.items())
        for label, response in ((1, text), (0, FALSE))
        for group in [{"domain": "first" if number < 3 else "second"}]
    ]


def written(path: Path, lines: Sequence[Entry]) -> Path:
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def evaluate(data: Path, **options: Any) -> dict[str, Any]:
    out = StringIO()
    call_command("evaluate", "grounding", data=data, json=True, stdout=out, **options)
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


# -- judged responses ---------------------------------------------------------------------------
@pytest.mark.django_db
def test_every_arm_is_measured_in_every_group_and_in_the_mean(tmp_path: Path) -> None:
    report = evaluate(written(tmp_path / "shop.jsonl", entries()))
    rows = report["tables"]["by group"]
    assert {row["group"] for row in rows} == {"first", "second", "mean"}
    arms = {row["arm"]: row for row in rows if row["group"] == "mean"}
    assert set(arms) == {ANSWERS, SUPPORT, EMBEDDING, ROUGE, OVERLAP}
    assert all(row["balanced accuracy"] == row["AUROC"] == 1.0 for row in arms.values())
    assert all(row["false alarms"] == 0 for row in arms.values())
    assert arms[ANSWERS]["at its own threshold"] == 1.0
    assert arms[ROUGE]["at its own threshold"] is None
    speed = {row["arm"]: row for row in report["tables"]["milliseconds a sentence"]}
    assert speed[ANSWERS]["sentences"] == 12
    assert 0 < speed[ANSWERS]["p50"] <= speed[ANSWERS]["p95"]


@pytest.mark.django_db
def test_every_response_has_its_raw_record(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    evaluate(written(tmp_path / "shop.jsonl", entries()), predictions=out)
    records = [json.loads(line) for line in out.read_text().splitlines()]
    assert [record["id"] for record in records] == [entry["id"] for entry in entries()]
    assert [record["supported"] for record in records] == [True, False] * len(SUBJECTS)
    assert all(0 <= record["score"] <= 1 for record in records)


@pytest.mark.django_db
def test_a_response_is_as_good_as_its_worst_sentence(tmp_path: Path) -> None:
    text = SUBJECTS["kettles"]
    lines: list[Entry] = [
        {"id": "whole", "context": text, "response": text, "label": 1},
        {"id": "half", "context": text, "response": f"{text} {FALSE}", "label": 0},
        {"id": "none", "context": text, "response": "any", "label": None},
    ]
    out = tmp_path / "out.jsonl"
    report = evaluate(written(tmp_path / "shop.jsonl", lines), predictions=out)
    assert report["tables"]["by group"][0]["AUROC"] is None  # two of each are needed
    records = {r["id"]: r for r in map(json.loads, out.read_text().splitlines())}
    assert {id_: record["supported"] for id_, record in records.items()} == {
        "whole": True,
        "half": False,
    }


@pytest.mark.django_db
def test_what_was_found_is_kept(tmp_path: Path) -> None:
    evaluate(written(tmp_path / "grounding.jsonl", entries()))
    kept = EvaluationRun.objects.get()
    assert (kept.name, kept.questions) == ("grounding", len(entries()))
    assert kept.figures["arms"][ANSWERS]["balanced accuracy"]["value"] == 1.0
    assert kept.figures["arms"][ANSWERS]["p50_ms"] > 0
    assert set(kept.figures["groups"]) == {"first", "second"}


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([{"id": "1", "context": "a", "response": "b", "label": 2}], "line 1 is not"),
        ([{"id": "1", "context": "a", "response": "b"}], "line 1 is not"),
        ([{"id": "1", "context": "a", "response": "b", "label": 1}], "with the label 1 and"),
    ],
)
def test_what_is_wrong_with_the_data_is_said(tmp_path: Path, lines: list[Entry], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        evaluate(written(tmp_path / "shop.jsonl", lines))


def test_a_folder_without_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no file"):
        evaluate(tmp_path)


# -- figures ------------------------------------------------------------------------------------
def scores(truth: Sequence[int], found: Sequence[float], documents: Sequence[int]) -> Scores:
    return Scores(*(np.array(values, dtype=float) for values in (truth, found, documents)))


def test_the_threshold_lies_between_the_classes() -> None:
    truth, found = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.9, 0.7, 0.3, 0.1])
    assert best_threshold(truth, found) == pytest.approx(0.5)


def test_equal_scores_are_on_one_side_of_the_threshold() -> None:
    truth, found = np.array([1.0, 0.0, 0.0, 0.0]), np.array([0.5, 0.5, 0.5, 0.1])
    assert 0.1 < best_threshold(truth, found) <= 0.5


def test_a_document_is_judged_by_the_threshold_of_others() -> None:
    """Within each document the scores tell the classes apart, and from one to the next nothing."""
    documents = [number for number in range(20) for _ in range(2)]
    found = [number + 0.5 * label for number in range(20) for label in (0, 1)]
    within = scores([0, 1] * 20, found, documents)
    assert within.estimates["balanced accuracy"].value < 0.65
    across = scores([0, 1] * 20, [0.2, 0.8] * 20, documents)
    assert across.estimates["balanced accuracy"].value == 1.0


def test_false_alarms_are_the_supported_that_score_no_better_than_most_of_the_unsupported() -> None:
    bad = [n / 10 for n in range(10)]  # nine of ten are at .8 or below
    found = scores([0] * 10 + [1] * 4, [*bad, 0.5, 0.8, 0.85, 0.95], list(range(14)))
    assert found.estimates["false alarms"].value == pytest.approx(0.75)


# -- corruptions --------------------------------------------------------------------------------
def shop(tmp_path: Path) -> Path:
    """With an answer that says the same in other words and one that does not."""
    queries = [
        {"id": "parcels", "text": "What if it is lost?", "answerable": True,
         "answer": "The carrier searches for a lost parcel within five working days."},
        {"id": "beans", "text": "Fresh for how long?", "answerable": True, "answer": FALSE},
        {"id": "none", "text": "Who won?", "answerable": False, "answer": "Nobody knows."},
    ]  # fmt: skip
    grades = "query-id\tcorpus-id\tscore\nparcels\td/parcels\t1\nbeans\td/beans\t1\n"
    return dataset(tmp_path / "shop", queries=queries, grades=grades)


@pytest.mark.django_db
def test_sentences_are_judged_as_written_and_with_a_fact_changed(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    report = evaluate(shop(tmp_path), corruptions=20, predictions=out)
    tables = report["tables"]
    written_table = {row["sentences of"]: row for row in tables["as written"]}
    assert written_table["sentences of documents"]["sentences"] == len(SUBJECTS)
    assert written_table["sentences of documents"]["passed"] == 1.0
    assert written_table["sentences of answers"]["sentences"] == 2
    kinds = [row["kind"] for row in tables["sentences of documents, one fact changed"]]
    assert kinds == [*map(str, Kind), "all"]
    assert any(FALSE in note and "stopped as written" in note for note in report["notes"])
    records = [json.loads(line) for line in out.read_text().splitlines()]
    assert {record["kind"] for record in records} >= {"", "number", "unit"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answer", "counts"),
    [
        ("The carrier searches for a lost parcel within nine working days.", (1, 1, 1)),
        (FALSE, (1, 0, 0)),
    ],
)
def test_of_the_stopped_it_says_how_many_the_nearest_sentence_replaces(
    tmp_path: Path, answer: str, counts: tuple[int, int, int]
) -> None:
    answers = {"parcels": answer, "beans": SUBJECTS["beans"]}
    queries = [
        {"id": id_, "text": "What?", "answerable": True, "answer": text}
        for id_, text in answers.items()
    ]
    grades = "query-id\tcorpus-id\tscore\nparcels\td/parcels\t1\nbeans\td/beans\t1\n"
    report = evaluate(dataset(tmp_path / "shop", queries=queries, grades=grades), corruptions=5)
    row = {row["sentences of"]: row for row in report["tables"]["as written"]}[
        "sentences of answers"
    ]
    assert (row["stopped"], row["quoted"], row["nearest"]) == counts


def test_the_judge_can_be_given(tmp_path: Path) -> None:
    seen: list[str] = []

    def judge(sentence: str, sources: Sequence[Source]) -> Judged:
        seen.append(sentence)
        assert any(sentence in source.text for source in sources) is (sentence in corpus)
        return Judged(0.0, sentence in corpus, "not_in_corpus")

    corpus = list(SUBJECTS.values())
    report = evaluate_grounding.evaluate(
        dataset(tmp_path / "shop"), say=lambda text: None, corruptions=20, judge=judge
    )
    [every] = [row for row in report.tables[0].rows if row[0] == "all"]
    assert every[1] == len(seen) - len(SUBJECTS)
    assert every[2] == 1.0
    [passed] = report.tables[-1].rows
    assert passed[2] == 1.0


def test_every_kind_that_can_be_made_is_among_the_first_sentences(tmp_path: Path) -> None:
    found = load_answers(dataset(tmp_path / "shop"), 0)
    possible = {c.kind for one in document_sentences(found, 1000) for c in one.corruptions}
    few = document_sentences(found, len(possible))
    assert {c.kind for one in few for c in one.corruptions} == possible


def test_answers_stand_beside_the_documents_that_hold_them(tmp_path: Path) -> None:
    found = answer_sentences(load_answers(shop(tmp_path), 0))
    assert [[source.text for source in one.sources] for one in found] == [
        [SUBJECTS["parcels"]],
        [SUBJECTS["beans"]],
    ]


def test_data_without_sentences_is_refused(tmp_path: Path) -> None:
    fragment = [{"id": f"d/{n}", "title": n, "text": "Too short."} for n in SUBJECTS]
    with pytest.raises(BadDatasetError, match="no sentence"):
        evaluate_grounding.evaluate(
            dataset(tmp_path / "shop", corpus=fragment), say=lambda text: None, corruptions=5
        )


@pytest.mark.parametrize("options", [{"corruptions": 0}, {"limit": 3}])
def test_options_that_do_not_fit_are_refused(tmp_path: Path, options: Entry) -> None:
    with pytest.raises(CommandError, match="--"):
        evaluate(shop(tmp_path), **options)


def test_the_product_is_the_first_arm() -> None:
    assert next(iter(ARMS)) == ANSWERS

"""manage.py evaluate retrieval on answer spans: measures that add up, a verdict that can fail."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from supportbot.evaluation.intervals import mean_interval
from supportbot.evaluation.span_dataset import Question, merged
from supportbot.evaluation.spans import Passage, measure

pytestmark = pytest.mark.django_db

SUBJECTS = ("Kettles", "Parcels", "Gift cards", "Coffee beans", "Invoices", "Repairs", "Teapots")
stretches = st.tuples(st.integers(0, 60), st.integers(1, 20)).map(lambda pair: (pair[0], sum(pair)))


def answer(subject: str) -> str:
    return f"{subject} are sent back to the warehouse in Leeds within thirty days of delivery."


def section(subject: str) -> str:
    """About 150 tokens on one subject, the answer in their middle."""
    before = f"{subject} come from makers whom we have known and trusted for years. " * 5
    after = f"Our people look after {subject.lower()} with care and write down what they see. " * 5
    return f"{before}{answer(subject)} {after}".strip()


def dataset(folder: Path, **fields: Any) -> Path:
    """A shop's document with a section for each subject, and a question on each; the fields replace
    those of the last question."""
    (folder / "corpora").mkdir(parents=True)
    text = "\n\n".join(f"## {subject}\n\n{section(subject)}" for subject in SUBJECTS)
    (folder / "corpora" / "shop.md").write_text(text, encoding="utf-8")
    questions: list[dict[str, Any]] = []
    for number, subject in enumerate(SUBJECTS):
        start = text.index(answer(subject))
        reference: dict[str, Any] = {
            "start_index": start,
            "end_index": start + len(answer(subject)),
        }
        reference["content"] = answer(subject)
        questions.append({"id": f"q{number}", "corpus": "shop", "references": [reference]})
        questions[-1]["text"] = f"Until when can I send back {subject.lower()}?"
    questions[-1].update(fields)
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, questions)), encoding="utf-8")
    return folder


def evaluate(data: Path, predictions: Path | None = None) -> tuple[dict[str, Any], int]:
    """(report, exit code)."""
    out = StringIO()
    try:
        call_command(
            "evaluate", "retrieval", data=data, json=True, predictions=predictions, stdout=out
        )
    except SystemExit as error:
        return json.loads(out.getvalue()), int(error.code or 0)
    return json.loads(out.getvalue()), 0


def figures(report: dict[str, Any], table: str, key: str) -> dict[str, dict[str, float]]:
    return {row[key]: row for row in report["tables"][table]}


TOP_TABLE = "top 5 passages against the answers' characters"


def test_ours_and_a_plain_splitter_are_compared_in_one_run(tmp_path: Path) -> None:
    report, code = evaluate(dataset(tmp_path / "data"), tmp_path / "predictions.jsonl")
    rows = figures(report, TOP_TABLE, "splitter")
    assert set(rows) >= {"ours", "plain 200 tokens"}
    ours, plain = rows["ours"], rows["plain 200 tokens"]
    for row in (ours, plain):
        assert 0 <= row["recall from"] <= row["recall"] <= row["recall to"] <= 1
        assert 0 < row["IoU"] <= row["precision"]
    assert plain["tokens"] > 150
    assert (report["passed"], code) == (True, 0)
    less = figures(report, "ours less plain 200 tokens", "measure")
    for name in ("recall", "IoU"):
        assert less[name]["difference"] == pytest.approx(ours[name] - plain[name])
        assert less[name]["from"] <= less[name]["difference"] <= less[name]["to"]


def test_an_outsider_can_check_the_figures(tmp_path: Path) -> None:
    data = dataset(tmp_path / "data")
    report, _ = evaluate(data, tmp_path / "predictions.jsonl")
    questions = [json.loads(line) for line in (data / "queries.jsonl").open(encoding="utf-8")]
    found = [json.loads(line) for line in (tmp_path / "predictions.jsonl").open(encoding="utf-8")]
    assert [record["id"] for record in found] == [question["id"] for question in questions]
    for name, row in figures(report, TOP_TABLE, "splitter").items():
        recalls = []
        for question, record in zip(questions, found, strict=True):
            assert len(record["passages"][name]) == 5
            (reference,) = question["references"]
            wanted = set(range(reference["start_index"], reference["end_index"]))
            covered: set[int] = set()
            for passage in record["passages"][name]:
                covered |= set(range(passage["start_index"], passage["end_index"]))
            recalls.append(len(covered & wanted) / len(wanted))
        assert row["recall"] == pytest.approx(np.mean(recalls))


def test_it_fails_when_ours_is_not_better_than_plain_cuts(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "corpora").mkdir(parents=True)
    (folder / "corpora" / "short.md").write_text("Returns take 30 days.", encoding="utf-8")
    question = {"corpus": "short", "text": "How long?"}
    question["references"] = [{"start_index": 0, "end_index": 21}]  # type: ignore[assignment]
    lines = [json.dumps({"id": f"q{number}", **question}) for number in range(2)]
    (folder / "queries.jsonl").write_text("\n".join(lines), encoding="utf-8")
    report, code = evaluate(folder)
    assert (report["passed"], code) == (False, 1)
    assert "Ours is not better than the plain splitter in recall." in report["notes"]


@given(
    references=st.lists(stretches, min_size=1, max_size=4), found=st.lists(stretches, max_size=5)
)
def test_the_measures_are_those_of_sets_of_characters(
    references: list[tuple[int, int]], found: list[tuple[int, int]]
) -> None:
    question = Question("q", "a", "?", merged(references))
    elsewhere = Passage("b", 0, 10, 1, "")
    passages = [Passage("a", start, end, 1, "") for start, end in found]
    wanted = {at for start, end in references for at in range(start, end)}
    covered = wanted & {at for start, end in found for at in range(start, end)}
    length = sum(end - start for start, end in found) + 10
    recall, precision, iou = measure(question, [*passages, elsewhere])
    assert recall == pytest.approx(len(covered) / len(wanted))
    assert precision == pytest.approx(len(covered) / length)
    assert iou == pytest.approx(len(covered) / (length + len(wanted - covered)))


def test_a_passage_of_another_text_at_the_same_place_covers_nothing() -> None:
    question = Question("q", "a", "?", [(0, 10)])
    assert measure(question, [Passage("b", 0, 10, 1, "")]) == (0, 0, 0)


def test_an_interval_of_a_mean_is_about_two_standard_errors_to_each_side() -> None:
    values = np.random.default_rng(1).normal(3.0, 2.0, size=400)
    low, high = mean_interval(values)
    assert (high - low) / 2 == pytest.approx(1.96 * 2.0 / 20, rel=0.15)
    assert low < values.mean() < high
    assert mean_interval(values) == (low, high)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"corpus": "nowhere"}, r"queries\.jsonl, line 7 is not"),
        ({"references": []}, "line 7 has no references"),
        ({"references": [{"start_index": 5, "end_index": 5}]}, "characters 5 to 5"),
        ({"references": [{"start_index": 0, "end_index": 10**6}]}, "characters 0 to 1000000"),
        ({"references": [{"start_index": 0, "end_index": 2, "content": "##!"}]}, "characters 0"),
        ({"references": [{"start": 0}]}, "line 7 is not"),
    ],
)
def test_a_bad_question_is_named(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        evaluate(dataset(tmp_path / "data", **fields))


def test_a_folder_of_no_known_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="corpora"):
        evaluate(tmp_path)


@pytest.mark.parametrize("missing", ["queries.jsonl", "corpora/shop.md"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    data = dataset(tmp_path / "data")
    (data / missing).unlink()
    with pytest.raises(CommandError, match=r"There is no"):
        evaluate(data)


def test_one_question_is_too_few(tmp_path: Path) -> None:
    data = dataset(tmp_path / "data")
    first = (data / "queries.jsonl").read_text(encoding="utf-8").splitlines()[0]
    (data / "queries.jsonl").write_text(first, encoding="utf-8")
    with pytest.raises(CommandError, match="needs 2 questions"):
        evaluate(data)

"""manage.py evaluate triage: figures that an outsider can check, on a small made set."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from supportbot.evaluation.models import EvaluationRun
from supportbot.evaluation.names import (
    ACCURACY,
    ANSWERS,
    IN_SCOPE,
    MACRO_F1,
    NEAREST,
    OUT_OF_SCOPE_RECALL,
    TEN_EACH,
)

TRAIN = {
    "refund": ["I want my money back", "Please refund me", "When does my refund come?"],
    "delivery": ["How much is shipping?", "What does delivery cost?", "Is delivery free?"],
    "password": ["I forgot my password", "How do I reset my password?", "My password is wrong"],
}
TEST = [
    ("refund", "can I get my money back"),
    ("delivery", "what is the cost of delivery"),
    ("password", "reset my password please"),
    ("password", "I want my money back, please"),  # labelled wrongly: nobody can be right here
]
OUTSIDE = ["how tall is the Eiffel tower", "recommend a film for tonight"]

pytestmark = pytest.mark.django_db


def written(path: Path, rows: list[tuple[str, str]]) -> None:
    lines = [
        json.dumps({"id": f"{path.stem}{number}", "text": text, "label": label})
        for number, (label, text) in enumerate(rows)
    ]
    path.write_text("\n".join(lines), encoding="utf-8")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    train = [(label, text) for label, texts in TRAIN.items() for text in texts]
    written(folder / "train.jsonl", train)
    written(folder / "test.jsonl", TEST)
    written(folder / "oos_test.jsonl", [("oos", text) for text in OUTSIDE])
    return folder


def evaluate(data: Path, **options: Any) -> dict[str, Any]:
    out = StringIO()
    call_command("evaluate", "triage", data=data, json=True, stdout=out, **options)
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


def test_intents_are_measured_in_scope_and_out_of_it(data: Path) -> None:
    arms = {row["arm"]: row for row in evaluate(data)["tables"]["triage"]}
    assert set(arms) == {ANSWERS, TEN_EACH, NEAREST}
    assert arms[ANSWERS][ACCURACY] == arms[ANSWERS][IN_SCOPE] == 0.75
    assert arms[ANSWERS][OUT_OF_SCOPE_RECALL] in {0.0, 0.5, 1.0}
    assert arms[NEAREST][OUT_OF_SCOPE_RECALL] is None


def test_every_text_has_its_raw_record(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    report = evaluate(data, predictions=out)
    records = [json.loads(line) for line in out.read_text().splitlines()]
    assert [one["id"] for one in records] == [
        *(f"test{n}" for n in range(4)),
        "oos_test0",
        "oos_test1",
    ]
    assert [one["label"] for one in records[:3]] == ["refund", "delivery", "password"]
    missed = sum(not one["in_scope"] for one in records[4:]) / 2
    assert missed == report["tables"]["triage"][0][OUT_OF_SCOPE_RECALL]


def test_the_figures_are_kept(data: Path) -> None:
    evaluate(data)
    run = EvaluationRun.objects.get()
    assert (run.name, run.data, run.questions) == ("triage", "shop", 4)
    assert run.figures["arms"][ANSWERS][ACCURACY]["value"] == 0.75


def test_a_folder_of_sentiments_measures_the_head_of_the_product(tmp_path: Path) -> None:
    rows = [
        ("negative", "this is awful, I hate it"),
        ("positive", "thank you so much, wonderful"),
        ("neutral", "where is my order"),
        ("ambiguous", "what do you mean by that?"),
        ("mixed", "I love it and I hate it"),
    ]
    written(tmp_path / "test.jsonl", rows)
    (row,) = evaluate(tmp_path)["tables"]["triage"]
    assert row[ACCURACY] == row[MACRO_F1] == 1.0
    assert EvaluationRun.objects.get().questions == 4  # mixed feelings are left out


def test_a_folder_that_cannot_be_used_is_named(data: Path) -> None:
    (data / "train.jsonl").write_text('{"id": "1", "text": "a"}\n')
    with pytest.raises(CommandError, match=r"train.jsonl, line 1"):
        evaluate(data)
    (data / "train.jsonl").unlink()
    with pytest.raises(CommandError, match=r"no file .*train.jsonl"):
        evaluate(data)

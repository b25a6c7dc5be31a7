"""manage.py evaluate pii: figures by kind that an outsider can check, and every false mask."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from supportbot.evaluation import evaluate_pii
from supportbot.evaluation.evaluate_pii import TARGET_KINDS, rate_of
from supportbot.evaluation.models import EvaluationRun

Entry = dict[str, Any]


def entry(number: int, text: str, *marked: tuple[str, str]) -> Entry:
    spans = [
        {"start": text.index(words), "end": text.index(words) + len(words), "label": label}
        for words, label in marked
    ]
    return {"id": f"t-{number}", "text": text, "spans": spans}


TEXTS = [
    entry(1, "Write to ada@example.org.", ("ada@example.org", "EMAIL_ADDRESS")),
    entry(2, "My site is http://ada.example/.", ("http://ada.example/", "DOMAIN_NAME")),
    entry(3, "My mail is ben(at)nowhere", ("ben(at)nowhere", "EMAIL_ADDRESS")),
    entry(4, "Ask ben@example.org today.", ("today", "DATE_TIME")),
    entry(5, "Ada Byron asks.", ("Ada Byron", "PERSON")),
]


def written(path: Path, lines: Sequence[Entry]) -> Path:
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def evaluate(data: Path, **options: Any) -> dict[str, Any]:
    out = StringIO()
    call_command("evaluate", "pii", data=data, json=True, stdout=out, **options)
    report: dict[str, Any] = json.loads(out.getvalue())["tables"]
    return report


@pytest.mark.django_db
def test_each_kind_has_its_recall_and_precision(tmp_path: Path) -> None:
    tables = evaluate(written(tmp_path / "texts.jsonl", TEXTS), no_store=True)
    rows = {row["kind"]: row for row in tables["by kind"]}
    assert set(rows) == {"EMAIL", "URL", "NAME", "by form together"}
    mail, page, name = rows["EMAIL"], rows["URL"], rows["NAME"]
    assert (mail["marked"], mail["recall"], mail["found"], mail["precision"]) == (2, 0.5, 2, 0.5)
    assert (page["recall"], page["exact"], page["precision"]) == (1.0, 1.0, 1.0)
    assert (name["recall"], name["found"], name["precision"]) == (0.0, 0, None)
    assert rows["by form together"]["marked"] == 3
    (made,) = tables["false masks on ordinary questions"]
    assert (made["asked"], made["share"] <= 0.01) == (1000, True)


@pytest.mark.django_db
def test_every_false_mask_on_given_questions_is_listed(tmp_path: Path) -> None:
    questions = [
        {"text": "Where is it?"},
        {"text": "Is ada@example.org there? Or 4111111111111111?"},
    ]
    tables = evaluate(
        written(tmp_path / "texts.jsonl", TEXTS),
        ordinary=[written(tmp_path / "questions", questions)],
        no_store=True,
    )
    given = tables["false masks on ordinary questions"][1]
    assert (given["asked"], given["masked"], given["share"]) == (2, 1, 0.5)
    listed = [row for row in tables["every false mask"] if row["questions"] == "given"]
    assert [(row["kind"], row["masked"]) for row in listed] == [
        ("EMAIL", "ada@example.org"),
        ("CARD", "4111111111111111"),
    ]
    assert all(row["in"] for row in listed)


@pytest.mark.django_db
def test_predictions_use_the_datas_own_labels(tmp_path: Path) -> None:
    out = tmp_path / "predictions.jsonl"
    evaluate(written(tmp_path / "texts.jsonl", TEXTS), predictions=out, no_store=True)
    records = [json.loads(line) for line in out.read_text().splitlines()]
    assert records[1] == {"id": "t-2", "spans": [{"start": 11, "end": 30, "label": "DOMAIN_NAME"}]}
    assert [one["id"] for one in records] == [one["id"] for one in TEXTS]


@pytest.mark.django_db
def test_the_figures_are_kept_and_shown_in_the_admin(tmp_path: Path, admin_client: Client) -> None:
    evaluate(written(tmp_path / "texts.jsonl", TEXTS))
    run = EvaluationRun.objects.get()
    assert (run.name, run.questions) == ("pii", 5)
    listed = admin_client.get("/admin/evaluation/evaluationrun/").content.decode()
    assert "0.667 recall" in listed
    page = admin_client.get(f"/admin/evaluation/evaluationrun/{run.pk}/change/").content.decode()
    for words in ("Pii on", "false masks", "EMAIL", "precision"):
        assert words in page


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([{"id": 1, "text": "a"}], "line 1 is not"),
        ([{**TEXTS[0], "spans": [{"start": 3, "end": 99, "label": "URL"}]}], "line 1 is not"),
        ([entry(1, "Ada", ("Ada", "SHOE_SIZE"))], "marks no personal data"),
    ],
)
def test_data_that_cannot_be_read_is_refused(
    tmp_path: Path, lines: Sequence[Entry], says: str
) -> None:
    with pytest.raises(CommandError, match=says):
        evaluate(written(tmp_path / "texts.jsonl", lines))


def test_ordinary_questions_are_for_this_evaluation_alone(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--ordinary is for pii"):
        call_command("evaluate", "grounding", data=tmp_path, ordinary=[tmp_path])
    with pytest.raises(CommandError, match="There is no file"):
        evaluate(written(tmp_path / "t.jsonl", TEXTS), ordinary=[tmp_path / "none"])


def test_an_interval_of_few_right_ones_is_not_sure() -> None:
    few, many = rate_of([1.0] * 11), rate_of([1.0] * 1000)
    assert few.value == many.value == few.high == 1.0
    assert 0.7 < few.low < 0.76
    assert many.low > 0.99


def test_the_synthetic_sentences_reach_the_targets(shared_data: Path) -> None:
    record = evaluate_pii.evaluate(shared_data / "pii", say=lambda _: None).record
    assert record is not None
    for kind in TARGET_KINDS:
        figures = record.figures["arms"][kind]
        assert min(figures["recall"]["value"], figures["precision"]["value"]) >= 0.95, kind

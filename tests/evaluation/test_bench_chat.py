"""manage.py bench chat and bench model: what is added to a model, what the check makes of one."""

from __future__ import annotations

import json
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from knowledge.models import DocumentVersion, Passage
from supportbot.evaluation import bench_answers
from tests.evaluation.test_recombine import corpus
from tests.llm.fixtures import model_server
from tests.llm.scenarios import normal, status
from tests.openai_server import ModelServer

__all__ = ["model_server"]
KEPT = "Unopened goods can be returned within 30 days."


def rows_of(report: dict[str, Any], beginning: str) -> list[dict[str, Any]]:
    tables = report["tables"]
    return next(rows for title, rows in tables.items() if title.startswith(beginning))


def bench_model(server: ModelServer, folder: Path, **options: Any) -> dict[str, Any]:
    out = StringIO()
    given = {"url": server.base_url, "model": "test", "data": folder, **options}
    call_command("bench", "model", json=True, stdout=out, **given)
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


def questions(folder: Path, *texts: str) -> Path:
    lines = [json.dumps({"id": f"q{n}", "text": text}) for n, text in enumerate(texts)]
    (folder / "queries.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.mark.django_db(transaction=True)
def test_what_becomes_of_a_models_sentences_is_counted(
    returns_policy: DocumentVersion, model_server: ModelServer, tmp_path: Path
) -> None:
    question = "How many days do I have to return unopened goods?"
    quote = next(iter(Passage.objects.values_list("text", flat=True))).splitlines()[-1]
    model_server.says(normal(f"{quote} I have refunded you already."), status(500)("no"))
    asked = questions(tmp_path, question, f"Please: {question}", "Who won the match yesterday?")
    out = tmp_path / "answers.jsonl"
    report = bench_model(model_server, asked, predictions=out)
    became = {row["became"]: row["count"] for row in rows_of(report, "Sentences")}
    first, second = (json.loads(line) for line in out.read_text(encoding="utf-8").splitlines())
    verdicts = [one["verdict"] for one in first["sentences"]]
    assert [became[name] for name in ("keep", "soften", "drop")] == [
        verdicts.count(name) for name in ("keep", "soften", "drop")
    ]
    assert became["keep"] >= 1
    assert first["sentences"][-1] == {
        "verdict": "drop",
        "reason": "promise",
        "model": "I have refunded you already.",
        "shown": "",
        "quotes": [],
    }
    assert first["first_seconds"] <= first["total_seconds"]
    assert (second["ended"], second["sentences"]) == ("unavailable", [])
    whys = [(row["what"], row["reason"], row["count"]) for row in rows_of(report, "Why stopped")]
    assert ("answer", "unavailable", 1) in whys
    assert ("sentence", "promise", 1) in whys


@pytest.mark.django_db(transaction=True)
def test_no_more_answers_are_made_than_wanted(
    returns_policy: DocumentVersion, model_server: ModelServer, tmp_path: Path
) -> None:
    model_server.says(normal(KEPT))
    text = "How many days do I have to return unopened goods?"
    report = bench_model(model_server, questions(tmp_path, text, f"{text} Thanks."), answers=1)
    assert rows_of(report, "Seconds")[1]["answers"] == len(model_server.requests) == 1


@pytest.mark.django_db(transaction=True)
def test_a_bench_of_no_model_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Name a server with --url and --model"):
        call_command("bench", "model", data=questions(tmp_path, "Hello?"))
    with pytest.raises(CommandError, match="its model with --model"):
        call_command("bench", "model", url="http://127.0.0.1:9/v1")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_chat_is_measured_by_stage_and_known_answers_apart(tmp_path: Path) -> None:
    corpus(tmp_path / "corpus.jsonl", 12)
    nouns = ("kettle", "grinder", "filter", "scale", "mug")
    texts = [f"How often is the {noun} of series {n} cleaned?" for noun in nouns for n in range(3)]
    report = bench_answers.run(
        questions(tmp_path, *texts), 100, say=lambda text: None, clients=((1, 2), (3, 5))
    )
    compared, stages, detectors, known = report.tables[:4]
    assert [(row[0], row[1], row[2]) for row in compared.rows] == [
        ("supportbot", 1, 2),
        ("supportbot", 3, 5),
    ]
    for row in compared.rows:
        reached, p50, p95 = row[3:6]
        assert reached and 0 < p50 <= p95  # type: ignore[operator]
    assert {row[1] for row in stages.rows} >= {"validate", "prompt, budget, request"}
    for at_once in (1, 3):
        shares = [row[4] or 0 for row in stages.rows if row[0] == at_once]
        assert sum(shares) == pytest.approx(1, abs=0.02)  # type: ignore[arg-type]
    for name in ("the message", "both"):
        (p50, p95), *_ = ([*row[2:4]] for row in detectors.rows if row[1] == name)
        assert 0 < p50 <= p95  # type: ignore[operator]
    assert sum(row[1] for row in known.rows) > 0  # type: ignore[misc]


@pytest.mark.django_db(transaction=True)
def test_an_environment_without_other_pipelines_is_no_error() -> None:
    from supportbot.evaluation.bench_processes import installed_rivals

    assert set(installed_rivals(Path(sys.executable))) <= {"langchain", "llama_index"}


@pytest.mark.django_db
def test_chat_wants_enough_questions(tmp_path: Path) -> None:
    corpus(tmp_path / "corpus.jsonl", 12)
    with pytest.raises(CommandError, match="has 1 questions; 238 are needed"):
        call_command("bench", "chat", data=questions(tmp_path, "Why?"))

"""The check on sentences over small policies, half true and half false.

The floors are below what was measured, so that they fail for a fault and not for a rounding.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from supportbot.guardrails.check import judge
from supportbot.guardrails.promises import promises_in
from supportbot.guardrails.types import Source, SourceKind, Verdict

DATA = Path(__file__).with_name("data")


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]


def is_kept(row: dict[str, Any]) -> bool:
    source = Source(0, SourceKind.PASSAGE, row.get("title", ""), row["context"])
    return judge(row["response"], [source]).verdict is Verdict.KEEP


@pytest.mark.parametrize(
    ("name", "stopped", "passed"),
    [
        ("claims_fitted.jsonl", 0.95, 0.45),
        ("claims_unseen.jsonl", 0.88, 0.5),
        ("answers_fitted.jsonl", 0.88, 0.65),
        ("answers_unseen.jsonl", 0.85, 0.52),
    ],
)
def test_false_sentences_are_stopped_and_true_ones_pass(
    name: str, stopped: float, passed: float
) -> None:
    kept = {
        label: [is_kept(row) for row in rows(name) if row["label"] == label] for label in (0, 1)
    }
    assert min(len(kept[0]), len(kept[1])) >= 80
    assert 1 - sum(kept[0]) / len(kept[0]) >= stopped
    assert sum(kept[1]) / len(kept[1]) >= passed


def test_no_false_promise_is_shown() -> None:
    promises = [row for row in rows("promises.jsonl") if row["label"] == 0]
    assert {row["language"] for row in promises} == {"en", "de", "fr"}
    assert len(promises) == 60
    assert [row["response"] for row in promises if is_kept(row)] == []


def test_what_the_company_does_for_everybody_is_no_promise() -> None:
    policies = [row for row in rows("promises.jsonl") if row["label"] == 1]
    taken = [row["response"] for row in policies if promises_in(row["response"])]
    assert len(policies) == 45
    assert taken == []

"""manage.py train_triage, and the head that it wrote."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from supportbot.triage import sentiment
from supportbot.triage.management.commands import train_triage
from supportbot.triage.sentiment import NEGATIVE, NEUTRAL, POSITIVE, sentiment_head

LARGEST_FILE = 60_000
ROWS = [
    ("negative", "what an awful day"),
    ("positive", "so lovely, thank you"),
    ("neutral", "the train leaves at nine"),
    ("ambiguous", "is it on Monday?"),
    ("mixed", "good and bad"),
]


@pytest.fixture
def comments(tmp_path: Path) -> Path:
    for name in ("train", "test"):
        rows = [json.dumps({"id": "1", "text": text, "label": label}) for label, text in ROWS]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows), "utf-8")
    return tmp_path


def test_the_shipped_head_names_what_it_was_fitted_to() -> None:
    assert set(sentiment_head().classes) == {NEGATIVE, NEUTRAL, POSITIVE}
    stored = json.loads(sentiment.FILE.read_text("utf-8"))
    assert "Apache-2.0" in stored["fitted_to"]["goemotions"]
    assert sentiment.FILE.stat().st_size < LARGEST_FILE


def test_the_head_is_fitted_measured_and_written(
    comments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "head.json"
    monkeypatch.setattr(train_triage, "FILE", file)
    out = io.StringIO()
    call_command("train_triage", data=comments, write=True, stdout=out)
    assert "accuracy on 4 comments of test.jsonl: 1.000" in out.getvalue()
    assert set(json.loads(file.read_text())["classes"]) == {NEGATIVE, NEUTRAL, POSITIVE}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"train\.jsonl cannot be read"):
        call_command("train_triage", data=tmp_path)

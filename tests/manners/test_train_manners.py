"""The head: its features, its file, and the command that fits it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from supportbot.manners import head as head_module
from supportbot.manners.examples import examples
from supportbot.manners.features import LEXICAL, features
from supportbot.manners.head import QUESTION, Head, head, read_head, render
from supportbot.manners.models import Manner
from supportbot.manners.recognise import DISTRESS, PROBLEM

LARGEST_FILE = 200_000
SETS = {
    "chitchat/train.jsonl": [
        {"id": "a0", "text": "do you eat crisps", "label": "food"},
        {"id": "a1", "text": "lovely weather we are having", "label": "weather"},
    ],
    "chitchat/test.jsonl": [{"id": "b0", "text": "do you eat crisp bread", "label": "food"}],
    "chitchat/replies.jsonl": [{"id": "r0", "label": "food"}, {"id": "r1", "label": "weather"}],
    "bitext/train.jsonl": [
        {"id": "c0", "text": "i want a human agent", "label": "contact_human_agent"},
        {"id": "c1", "text": "cancel order 12", "label": "cancel_order"},
    ],
    "clinc150/train.jsonl": [{"id": "d0", "text": "hello good sir", "label": "greeting"}],
    "clinc150/oos_train.jsonl": [{"id": "e0", "text": "how tall is the tower", "label": "oos"}],
    "banking77/train.jsonl": [{"id": "f0", "text": "my card is lost", "label": "lost_card"}],
}


@pytest.fixture
def triage(tmp_path: Path) -> Path:
    for name, rows in SETS.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return tmp_path


def test_every_class_of_the_head_is_known() -> None:
    assert set(head().classes) == {QUESTION, PROBLEM, DISTRESS, *Manner.values}


def test_every_class_has_examples() -> None:
    names = {QUESTION if name == "question" else name for name in examples()}
    assert names == set(head().classes)
    assert all(len(texts) >= 8 for texts in examples().values())


def test_no_example_stands_under_two_classes() -> None:
    texts = [text.lower() for each in examples().values() for text in dict.fromkeys(each)]
    assert sorted(text for text in set(texts) if texts.count(text) > 1) == []


def test_the_file_is_small_and_names_what_it_was_fitted_to() -> None:
    assert head_module.FILE.stat().st_size < LARGEST_FILE
    stored = json.loads(head_module.FILE.read_text("utf-8"))
    assert stored["fitted_to"]["chitchat"].startswith("MIT")
    assert "not known" not in stored["fitted_to"].values()
    assert {"command", "seed", "figures"} <= set(stored)


def test_a_head_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = Head(("", "thanks"), np.eye(2, 3, dtype=np.float32), np.array([0.5, -0.25]))
    (tmp_path / "head.json").write_text(render(written, {"seed": 1}), "utf-8")
    read = read_head(tmp_path / "head.json")
    assert read.classes == written.classes
    assert read.weights.tolist() == written.weights.tolist()
    assert read.intercepts.tolist() == [0.5, -0.25]


def test_features_see_letters_and_not_case() -> None:
    nothing = np.zeros((3, 4), dtype=np.float32)
    rows = features(["Thanks", "thanks", "E04"], nothing)
    assert rows.shape == (3, 4 + LEXICAL)
    assert (rows[0] == rows[1]).all()
    assert (rows[1] != rows[2]).any()
    assert np.linalg.norm(features(["thanks"], nothing[:1]) - features(["thnaks"], nothing[:1])) > 0


def test_training_prints_its_figures_and_writes_where_told(
    triage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "head.json"
    asked = tmp_path / "asked" / "queries.jsonl"
    asked.parent.mkdir()
    asked.write_text(json.dumps({"id": "q", "text": "how much is the blue kettle"}) + "\n")
    monkeypatch.setattr("supportbot.manners.management.commands.train_manners.FILE", target)
    out = io.StringIO()
    arguments = ["--data", str(triage), "--questions", str(asked)]
    call_command("train_manners", *arguments, stdout=out)
    assert "treated as small talk: " in out.getvalue()
    assert "asked, never trained on, treated as questions: 1.000" in out.getvalue()
    assert not target.exists()
    call_command("train_manners", *arguments, "--write", stdout=out)
    assert json.loads(target.read_text())["figures"]


def test_a_missing_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"chitchat.*cannot be read"):
        call_command("train_manners", "--data", str(tmp_path))

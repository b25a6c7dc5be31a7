"""manage.py evaluate parsing: figures that an outsider can check, and faults that are told."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from supportbot.evaluation import evaluate_parsing
from supportbot.evaluation.rivals import Rival
from supportbot.evaluation.words import contains, word_f1, words_of
from tests.knowledge.files import DATA, docx, paragraph, pdf

GOLD = "# Terms\n\nReturns & refunds within 30 days."
DOCUMENT = docx(
    paragraph("Terms", '<w:outlineLvl w:val="0"/>')
    + paragraph("Returns &amp; refunds within 30 days.")
)


def dataset(folder: Path, *entries: dict[str, Any], **files: bytes) -> Path:
    for name, content in {"terms.docx": DOCUMENT, "gold.md": GOLD.encode(), **files}.items():
        (folder / name).write_bytes(content)
    lines = "\n".join(map(json.dumps, entries))
    (folder / "manifest.jsonl").write_text(lines, encoding="utf-8")
    return folder


def evaluate(data: Path, predictions: Path | None = None) -> tuple[dict[str, Any], int]:
    """(report, exit code)."""
    out = StringIO()
    try:
        call_command(
            "evaluate", "parsing", data=data, json=True, predictions=predictions, stdout=out
        )
    except SystemExit as error:
        return json.loads(out.getvalue()), int(error.code or 0)
    return json.loads(out.getvalue()), 0


TERMS = {"file": "terms.docx", "gold": "gold.md", "must_include": ["30 days"]}


def test_a_format_is_compared_with_another_reader_in_the_same_run(tmp_path: Path) -> None:
    report, code = evaluate(dataset(tmp_path, TERMS))
    [row] = report["tables"]["word F1 by format"]
    assert (row["format"], row["files"], row["ours"]) == ("docx", 1, 1.0)
    assert 0 < row["kreuzberg"] <= 1
    assert {speed["reader"] for speed in report["tables"]["speed"]} >= {"ours", "kreuzberg"}
    assert (report["passed"], code) == (True, 0)


def test_a_rival_that_is_not_installed_is_a_dash_and_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate_parsing, "is_installed", lambda name: name != "markitdown")
    report, code = evaluate(dataset(tmp_path, TERMS))
    assert report["tables"]["word F1 by format"][0]["markitdown"] is None
    assert any(note.startswith("markitdown is not installed") for note in report["notes"])
    assert code == 0


def test_every_file_has_its_raw_record(tmp_path: Path) -> None:
    refused = {"file": "locked.pdf", "kind": "error"}
    locked = (DATA / "protected.pdf").read_bytes()
    data = dataset(tmp_path, TERMS, refused, **{"locked.pdf": locked})
    _, code = evaluate(data, tmp_path / "out.jsonl")
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert records[0] == {"file": "terms.docx", "status": "read", "reason": "", "text": GOLD}
    assert (records[1]["file"], records[1]["status"]) == ("locked.pdf", "refused")
    assert records[1]["reason"].startswith("protected: The file is protected by a password.")
    assert code == 0


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ({**TERMS, "must_include": ["60 days"]}, "lacks '60 days'"),
        ({"file": "locked.pdf"}, "locked.pdf was refused"),
        ({"file": "locked.pdf", "kind": "scan"}, "locked.pdf was refused"),
        ({"file": "terms.docx", "kind": "error"}, "should have been refused"),
    ],
)
def test_a_fault_is_named_and_fails(entry: dict[str, Any], fault: str, tmp_path: Path) -> None:
    locked = (DATA / "protected.pdf").read_bytes()
    report, code = evaluate(dataset(tmp_path, entry, **{"locked.pdf": locked}))
    assert any(fault in note for note in report["notes"])
    assert (report["passed"], code) == (False, 1)


def test_a_better_rival_fails_the_format(tmp_path: Path) -> None:
    # What we leave out on purpose, the other reader keeps: here that counts against us.
    data = dataset(
        tmp_path,
        {"file": "page.html", "gold": "page.md"},
        **{
            "page.html": b"<table><tr><td rowspan=3>A</td><td>B</td></tr><tr><td>C</td></tr>"
            b"<tr><td>D</td></tr></table>",
            "page.md": b"A B C D",
        },
    )
    report, code = evaluate(data)
    assert any(note.startswith("On html another reader is better") for note in report["notes"])
    assert code == 1


def test_what_should_not_be_there_is_told(tmp_path: Path) -> None:
    report, code = evaluate(dataset(tmp_path, {**TERMS, "must_not_include": ["refunds within"]}))
    assert any("has what it should not: 'refunds within'" in note for note in report["notes"])
    assert code == 0


def test_a_scan_may_need_ocr(tmp_path: Path) -> None:
    scan = pdf([[]], draws="10 10 90 90 re f")
    data = dataset(tmp_path, {"file": "scan.pdf", "kind": "scan"}, **{"scan.pdf": scan})
    report, code = evaluate(data)
    [row] = report["tables"]["files"]
    assert (row["status"], row["reason"], code) == ("refused", "needs_ocr", 0)


@pytest.mark.parametrize("manifest", [None, "no json", '{"gold": "a.md"}', '{"file": "none.pdf"}'])
def test_a_folder_that_is_no_dataset_says_so(manifest: str | None, tmp_path: Path) -> None:
    if manifest is not None:
        (tmp_path / "manifest.jsonl").write_text(manifest, encoding="utf-8")
    with pytest.raises(CommandError, match=r"manifest\.jsonl|none\.pdf"):
        evaluate(tmp_path)


def test_a_rival_that_fails_has_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(b"PK\x03\x04 and then nothing")
    (tmp_path / "b.docx").write_bytes(DOCUMENT)
    with Rival("kreuzberg") as rival:
        assert rival.read(tmp_path / "a.docx") is None
        assert "30 days" in (rival.read(tmp_path / "b.docx") or "")
        assert rival.seconds > 0


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("# A **b**-c_d", ["a", "b", "c", "d"]),
        ("| A | B |\n| --- | --- |", ["a", "b"]),
        ("[text](https://x.example/a_(b) 'title') [[1]](#note)", ["text", "1"]),
        ("![alt](x.png) <b>bold</b> &amp; <!-- comment -->", ["alt", "bold"]),
        ("ﬁne Straße", ["fine", "straße"]),
    ],
)
def test_words_are_counted_without_markdown(markdown: str, words: list[str]) -> None:
    assert words_of(markdown) == words


def test_word_f1_by_hand() -> None:
    # 2 of 3 words found, 2 of 4 wanted: P = 2/3, R = 1/2, F1 = 4/7.
    assert word_f1("a b x", "a b c d") == pytest.approx(4 / 7)
    assert word_f1("", "a") == 0
    assert word_f1("a a", "a") == pytest.approx(2 / 3)


@given(st.text(alphabet="ab *|\n", max_size=30), st.text(alphabet="ab *|\n", max_size=30))
def test_word_f1_is_symmetric_and_between_0_and_1(one: str, other: str) -> None:
    score = word_f1(one, other)
    assert 0 <= score <= 1
    assert score == pytest.approx(word_f1(other, one))
    assert not words_of(one) or word_f1(one, one) == 1


def test_a_phrase_is_found_across_marks_and_lines_but_not_within_words() -> None:
    assert contains("| **30** | days |", "30 days")
    assert not contains("130 days", "30 days")


def test_the_shared_documents_pass(shared_data: Path) -> None:
    report, code = evaluate(shared_data / "parsing")
    assert report["passed"], report["notes"]
    assert code == 0

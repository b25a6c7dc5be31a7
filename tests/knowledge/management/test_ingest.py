"""`manage.py ingest`: files, folders and .jsonl in; a summary out; 1 when anything failed."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from knowledge import progress
from knowledge.models import Document, DocumentVersion
from knowledge.selectors import Progress, progress_of
from tests.conftest import process_waiting


@pytest.fixture(autouse=True)
def _worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that has done its work whenever the command looks."""

    def work_and_count(version_ids: list[int]) -> Progress:
        process_waiting()
        return progress_of(version_ids)

    monkeypatch.setattr(progress, "progress_of", work_and_count)


def ingest(*paths: Path, collection: str = "") -> str:
    out = io.StringIO()
    call_command("ingest", *map(str, paths), collection=collection, stdout=out, stderr=out)
    return out.getvalue()


def write(path: Path, content: str = "Some text.") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def test_a_file_is_put_in_and_live(db: None, tmp_path: Path) -> None:
    said = ingest(write(tmp_path / "returns.md"), collection="Shop")
    assert "1 live, 0 failed; 1 new passage" in said
    assert Document.objects.get().collection.name == "Shop"


def test_a_folder_is_read_with_its_folders_and_without_hidden_files(
    db: None, tmp_path: Path
) -> None:
    for name in ("a.md", "sub/b.txt", ".hidden.md", ".git/c.md", "picture.png"):
        write(tmp_path / name, f"Text of {name}.")
    ingest(tmp_path)
    assert set(Document.objects.values_list("external_id", flat=True)) == {"a.md", "sub/b.txt"}


def test_every_line_of_a_jsonl_is_a_document(db: None, tmp_path: Path) -> None:
    lines = [{"id": "d/1", "title": "One", "text": "First."}, {"id": 2, "text": "Second."}]
    said = ingest(write(tmp_path / "c.jsonl", "\n".join(map(json.dumps, lines)) + "\n\n"))
    assert "2 live" in said
    found = set(Document.objects.values_list("external_id", "title"))
    assert found == {("d/1", "One"), ("2", "2")}


def test_the_same_again_is_unchanged(db: None, tmp_path: Path) -> None:
    path = write(tmp_path / "a.md")
    ingest(path)
    assert "0 new documents, 1 unchanged." in ingest(path)
    assert DocumentVersion.objects.count() == 1


def test_what_fails_is_named_and_the_rest_goes_in(db: None, tmp_path: Path) -> None:
    write(tmp_path / "good.md")
    write(tmp_path / "broken.pdf", "not a PDF")
    write(tmp_path / "lines.jsonl", '{"id": "x"}\nno json\n')
    out = io.StringIO()
    with pytest.raises(CommandError, match="3 documents could not be put in") as caught:
        call_command("ingest", str(tmp_path), stdout=out, stderr=out)
    assert caught.value.returncode == 1
    assert "broken.pdf: The file is damaged" in out.getvalue()
    assert "lines.jsonl:1: This line is not" in out.getvalue()
    assert "1 live, 3 failed" in out.getvalue()


def test_a_path_that_is_not_there_stops_before_anything_is_put_in(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no file or folder"):
        ingest(write(tmp_path / "a.md"), tmp_path / "missing")
    assert Document.objects.count() == 0

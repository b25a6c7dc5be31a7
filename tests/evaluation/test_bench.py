"""manage.py bench: figures that add up, and clear words when it cannot measure."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from knowledge.models import Collection, DocumentVersion, Embedding
from tests.conftest import process_waiting
from tests.evaluation.test_recombine import corpus


def bench(name: str, **options: object) -> dict[str, float]:
    out = StringIO()
    call_command("bench", name, json=True, stdout=out, **options)
    figures: dict[str, float] = json.loads(out.getvalue())
    return figures


def dataset(folder: Path) -> Path:
    texts = [f"Goods from shop {number} are returned within {number} days." for number in (7, 8)]
    corpus = [{"id": f"d{n}", "title": f"Shop {n}", "text": text} for n, text in enumerate(texts)]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)), encoding="utf-8")
    question = json.dumps({"id": "q1", "text": "How long may I return things to shop 7?"})
    (folder / "queries.jsonl").write_text(question, encoding="utf-8")
    return folder


def test_retrieval_is_measured_over_what_is_there(
    returns_policy: DocumentVersion, tmp_path: Path
) -> None:
    figures = bench("retrieval", data=dataset(tmp_path))
    assert figures["passages"] == returns_policy.passages.count()
    assert figures["questions"] == 1
    assert 0 < figures["embedding_p50_ms"] < figures["search_p50_ms"] <= figures["search_p95_ms"]


@pytest.fixture
def worker() -> Iterator[None]:
    done = threading.Event()

    def work() -> None:
        while not done.wait(0.05):
            process_waiting()
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    done.set()
    thread.join()


@pytest.mark.django_db(transaction=True)
def test_ingestion_is_measured_and_leaves_nothing_behind(tmp_path: Path, worker: None) -> None:
    figures = bench("ingest", data=dataset(tmp_path))
    assert figures["documents"] == figures["new"] == 2
    assert figures["failed"] == 0
    assert figures["passages"] == figures["passages_embedded"] == 2
    assert figures["raw_passages_per_second"] == max(figures["raw_before"], figures["raw_after"])
    assert figures["ratio"] == pytest.approx(
        figures["passages_per_second"] / figures["raw_passages_per_second"]
    )
    assert figures["again_changed_documents"] == 1
    assert figures["again_embedded"] == 1
    assert not Collection.objects.filter(name__startswith="bench").exists()
    assert not Embedding.objects.exists()
    assert not DocumentVersion.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_ingestion_makes_many_documents_of_several_corpora(tmp_path: Path, worker: None) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        corpus(tmp_path / name / "corpus.jsonl", 12)
    figures = bench("ingest", data=tmp_path, documents=10)
    assert figures["documents"] == 10
    assert figures["passages"] == figures["passages_embedded"] > 10
    assert 0 < figures["again_embedded"] < figures["passages"]


@pytest.mark.django_db
def test_a_folder_without_corpora_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"There is no corpus\.jsonl"):
        bench("ingest", data=tmp_path, documents=10)


@pytest.mark.django_db
def test_chat_says_when_nothing_runs(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"Start the product with manage\.py up"):
        bench("chat", data=dataset(tmp_path), url="http://127.0.0.1:9")


@pytest.mark.django_db
@pytest.mark.parametrize("line", ["not json", '{"id": "q1"}', "[1]"])
def test_a_bad_dataset_names_file_and_line(tmp_path: Path, line: str) -> None:
    (tmp_path / "queries.jsonl").write_text(line, encoding="utf-8")
    with pytest.raises(CommandError, match=r"queries\.jsonl, line 1"):
        bench("retrieval", data=tmp_path)


@pytest.mark.django_db
def test_a_missing_dataset_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no file"):
        bench("retrieval", data=tmp_path / "nowhere")

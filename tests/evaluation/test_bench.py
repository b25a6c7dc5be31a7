"""manage.py bench: figures that add up, and clear words when it cannot measure."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from knowledge.models import Collection, DocumentVersion, Embedding, Passage
from supportbot.evaluation import bench_retrieval
from supportbot.evaluation.bench_corpus import Corpus, Maker, RealDocument, RealPassage
from supportbot.evaluation.bench_database import remove_leftovers, scratch_database
from supportbot.evaluation.questions import BadDatasetError, load_questions
from tests.conftest import process_waiting
from tests.evaluation.test_recombine import corpus


def bench(name: str, **options: object) -> dict[str, float]:
    out = StringIO()
    call_command("bench", name, json=True, stdout=out, **options)
    figures: dict[str, float] = json.loads(out.getvalue())
    return figures


def bench_report(name: str, **options: object) -> dict[str, list[dict[str, Any]]]:
    """The rows of each table by its title."""
    report: dict[str, Any] = bench(name, **options)
    tables: dict[str, list[dict[str, Any]]] = report["tables"]
    return tables


def rows_of(tables: dict[str, list[dict[str, Any]]], beginning: str) -> list[dict[str, Any]]:
    return next(rows for title, rows in tables.items() if title.startswith(beginning))


def dataset_questions(folder: Path, count: int) -> None:
    lines = [json.dumps({"id": f"q{n}", "text": f"What about number {n}?"}) for n in range(count)]
    (folder / "queries.jsonl").write_text("\n".join(lines), encoding="utf-8")


def dataset(folder: Path) -> Path:
    texts = [f"Goods from shop {number} are returned within {number} days." for number in (7, 8)]
    corpus = [{"id": f"d{n}", "title": f"Shop {n}", "text": text} for n, text in enumerate(texts)]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)), encoding="utf-8")
    question = json.dumps({"id": "q1", "text": "How long may I return things to shop 7?"})
    (folder / "queries.jsonl").write_text(question, encoding="utf-8")
    return folder


def test_retrieval_is_measured_over_what_is_there(
    returns_policy: DocumentVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_retrieval, "ROUNDS", 20)
    figures = bench("retrieval")
    assert figures["passages"] == returns_policy.passages.count()
    assert figures["questions"] == len(load_questions(None))
    assert 0 < figures["embedding_p50_ms"] < figures["search_p50_ms"] <= figures["search_p95_ms"]
    assert 0 < figures["embedding_share"] < 1


def databases() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        return {row[0] for row in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
def test_retrieval_is_measured_at_each_size_in_a_database_of_its_own(
    returns_policy: DocumentVersion, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus(tmp_path / "corpus.jsonl", 12)
    dataset_questions(tmp_path, 4)
    before, passages = databases(), Passage.objects.count()
    report = bench_report("retrieval", data=tmp_path, passages=[200, 100])

    put_in, one_client, clients, recall = (
        rows_of(report, title) for title in ("What was put in", "One client", "Clients", "30 pass")
    )
    assert [row["passages"] for row in put_in] == [100, 200]
    assert [row["in the 1%"] for row in put_in] == [1, 2]
    assert all(0 < row["real"] <= row["passages"] for row in put_in)
    filters = ["none", "1% by collection", "1% by audience"]
    assert [(row["passages"], row["filter"]) for row in one_client] == [
        (size, name) for size in (100, 200) for name in filters
    ]
    assert all(0 < row["embedding"] < row["p50"] <= row["p95"] for row in one_client)
    assert all(row["candidates"] > 0 for row in one_client)
    assert [row["clients"] for row in clients] == [1, 8, 32] * 2
    assert all(row["searches/s"] > 0 for row in clients)
    assert all(row["recall@30"] == row["its first 10 among them"] == 1 for row in recall)
    assert databases() == before
    assert Passage.objects.count() == passages
    assert "200/200 passages put in" in capsys.readouterr().err


@pytest.mark.django_db(transaction=True)
def test_the_database_of_a_measurement_goes_however_that_ends() -> None:
    before, own = databases(), connection.settings_dict["NAME"]
    with pytest.raises(KeyboardInterrupt), scratch_database(print):
        assert len(databases() - before) == 1
        assert connection.settings_dict["NAME"] != own
        assert not Passage.objects.exists()
        raise KeyboardInterrupt
    assert databases() == before
    assert connection.settings_dict["NAME"] == own


@pytest.mark.django_db(transaction=True)
def test_only_old_databases_that_killed_runs_left_behind_are_removed() -> None:
    old, new, other = "supportbot_bench_1_0a1b2c3d", f"supportbot_bench_{2**40}_0a1b2c3d", "bench_1"
    with connection.cursor() as cursor:
        for name in (old, new, other):
            cursor.execute(f"CREATE DATABASE {name}")
        said: list[str] = []
        remove_leftovers(said.append)
        assert databases() & {old, new, other} == {new, other}
        assert len(said) == 1
        for name in (new, other):
            cursor.execute(f"DROP DATABASE {name}")


def test_passages_are_as_many_as_wanted_with_texts_of_their_own(tmp_path: Path) -> None:
    texts = [
        RealDocument(
            f"Title {n}", [RealPassage((), f"Title {n}", f"one {n} two\n\nthree {n} four")]
        )
        for n in range(30)
    ]
    vectors = np.add(np.eye(30, 8), 0.1, dtype=np.float32)
    maker = Maker(Corpus(texts, vectors))
    made = [p for part in (40, 60) for d in maker.take(part) for p in d.passages]
    assert len(made) == len({passage.key for passage in made}) == 100
    assert [passage.text for passage in made[:30]] == [d.passages[0].text for d in texts]
    further = [np.linalg.norm(passage.vector) for passage in made[30:]]
    assert np.allclose(further, 1, atol=1e-5)
    words = {word for document in texts for word in document.passages[0].text.split()}
    assert all(set(passage.text.split()) <= words for passage in made)


@pytest.mark.django_db
def test_too_little_text_is_said_to_be_so() -> None:
    document = RealDocument("T", [RealPassage((), "T", "Hello")])
    maker = Maker(Corpus([document], np.full((1, 4), 0.5, dtype=np.float32)))
    with pytest.raises(BadDatasetError, match="too little text"):
        list(maker.take(1000))


@pytest.mark.django_db
def test_retrieval_takes_no_fewer_than_a_hundred_passages(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="numbers from 100 up"):
        bench("retrieval", data=dataset(tmp_path), passages=[10])
    with pytest.raises(CommandError, match="Name a folder"):
        bench("retrieval", passages=[100])


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
    both = (figures["raw_before"], figures["raw_after"])
    assert min(both) <= figures["raw_passages_per_second"] <= max(both)
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
    figures = bench("ingest", data=tmp_path, documents=2)
    assert figures["documents"] == 2
    assert figures["passages"] == figures["passages_embedded"] > 2
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

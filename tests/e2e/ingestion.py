"""Ingestion caught in the act, and what must be true when it has ended."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import psutil
import psycopg

from tests.e2e.conftest import upload
from tests.e2e.corpus import Sheet
from tests.e2e.stack import Stack, eventually

BEGUN = 2  # documents that are live when an ingestion of many counts as under way
TURN_SECONDS = 0.1  # that the worker has between two counts

_COUNT = """
    SELECT count(*) FILTER (WHERE version.status = 'ready'),
           count(*) FILTER (WHERE version.status = 'failed'),
           count(*)
    FROM knowledge_documentversion version
    JOIN knowledge_document document ON document.id = version.document_id
    JOIN knowledge_collection collection ON collection.id = document.collection_id
    WHERE collection.name = %s
"""
_VERSIONS = """
    SELECT document.external_id, version.status, version.state, version.error, version.id
    FROM knowledge_documentversion version
    JOIN knowledge_document document ON document.id = version.document_id
    JOIN knowledge_collection collection ON collection.id = document.collection_id
    WHERE collection.name = %s
"""
_EMBEDDED = """
    SELECT count(*)
    FROM knowledge_embedding embedding
    JOIN knowledge_passage passage ON passage.text_hash = embedding.text_hash
    JOIN knowledge_collection collection ON collection.id = passage.collection_id
    WHERE collection.name = %s
"""
_PASSAGES = """
    SELECT passage.text, passage.published, passage.position, embedding.id
    FROM knowledge_passage passage
    JOIN knowledge_embeddingindex active ON active.state = 'active'
    LEFT JOIN knowledge_embedding embedding
      ON embedding.index_id = active.id AND embedding.text_hash = passage.text_hash
    WHERE passage.version_id = %s
    ORDER BY passage.position
"""


def counts(stack: Stack, collection: str) -> tuple[int, int, int]:
    """How many versions of a collection are ready, have failed, and are there."""
    with stack.database() as database:
        row = database.execute(_COUNT, [collection]).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def embedded(stack: Stack, collection: str) -> int:
    """How many passages of a collection have their vectors."""
    with stack.database() as database:
        row = database.execute(_EMBEDDED, [collection]).fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def begun_ingestion(
    stack: Stack, sheets: Sequence[Sheet], collection: str, *, live: int = BEGUN
) -> Iterator[Callable[[], int]]:
    """Documents uploaded, `live` of them live and some texts of the next embedded; yields what
    counts those that are not live.

    The worker sleeps within the block, so that the machine's speed decides nothing. It goes on
    where it was when the block ends, unless the block has killed it.
    """
    with _asleep(stack) as processes:
        upload(stack, list(sheets), collection)

        def begun() -> bool:
            _send(processes, signal.SIGCONT)
            time.sleep(TURN_SECONDS)
            _send(processes, signal.SIGSTOP)
            return counts(stack, collection)[0] >= live and embedded(stack, collection) > 0

        eventually(begun, "the ingestion has begun")
        yield lambda: len(sheets) - counts(stack, collection)[0]


@contextmanager
def _asleep(stack: Stack) -> Iterator[Sequence[psutil.Process]]:
    """The worker's processes, stopped until the end."""
    worker = stack.child("worker")
    assert worker is not None
    processes = [worker, *worker.children(recursive=True)]
    _send(processes, signal.SIGSTOP)
    try:
        yield processes
    finally:
        _send(processes, signal.SIGCONT)


def _send(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def wait_until_live(stack: Stack, collection: str) -> None:
    """Wait until every document of the collection has been read, and none has failed."""

    def done() -> bool:
        try:
            ready, failed, total = counts(stack, collection)
        except psycopg.OperationalError:
            return False  # it has just been killed
        assert not failed, f"{failed} documents of {collection} have failed"
        return total > 0 and ready == total

    eventually(done, f"every document of {collection} is live")


def assert_intact(stack: Stack, sheets: Sequence[Sheet], collection: str) -> None:
    """Every document is live once; every sentence in one passage; every passage embedded."""
    with stack.database() as database:
        versions = database.execute(_VERSIONS, [collection]).fetchall()
        assert sorted(row[0] for row in versions) == sorted(sheet.external_id for sheet in sheets)
        assert {row[1:4] for row in versions} == {("ready", "published", "")}
        texts = {sheet.external_id: sheet.text for sheet in sheets}
        for external_id, _, _, _, version in versions:
            passages = database.execute(_PASSAGES, [version]).fetchall()
            assert [row[2] for row in passages] == list(range(len(passages)))
            assert all(row[1] for row in passages), "a passage is not served"
            assert all(row[3] for row in passages), "an embedding is missing"
            _assert_each_sentence_once(texts[external_id], [row[0] for row in passages])


def _assert_each_sentence_once(text: str, passages: Sequence[str]) -> None:
    body = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for sentence in re.findall(r"[A-Z][^.;]{20,}[.;]", body):
        held = [passage for passage in passages if sentence in passage]
        assert len(held) == 1, f"in {len(held)} passages: {sentence}"

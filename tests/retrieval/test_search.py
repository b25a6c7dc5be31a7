"""supportbot.retrieval.search: a question → passages in effect on a day, best first."""

from __future__ import annotations

import datetime as dt
import threading

import numpy as np
import pytest
from django.db import connection

from knowledge.embedding.encoder import get_encoder
from knowledge.models import Audience, DocumentVersion, Embedding, EmbeddingIndex, Passage
from knowledge.services.lifecycle.publishing import retire_version
from supportbot.retrieval.search import Ranking, Scope, search
from tests.conftest import Publish

SPRING = dt.date(2026, 3, 1)
TODAY = dt.date(2026, 11, 21)
NOW = Scope(as_of=TODAY, reader=Audience.PUBLIC)


def texts(
    question: str, day: dt.date = TODAY, limit: int = 10, collections: list[int] | None = None
) -> list[str]:
    scope = Scope(as_of=day, reader=Audience.PUBLIC, collections=collections)
    ranking: Ranking = search(question, scope=scope, limit=limit)
    return [passage.text for passage in ranking.passages]


def test_the_passage_that_answers_comes_first(
    returns_policy: DocumentVersion, shipping: DocumentVersion
) -> None:
    assert "hygiene" in texts("Can I send opened coffee back?")[0]
    assert "Ireland" in texts("How much is a parcel to Ireland?")[0]


def test_a_rare_word_is_found_though_its_meaning_is_unknown(publish: Publish) -> None:
    for part in ("TW-P2041", "TW-P2100", "TW-P2060"):
        publish(f"The part {part} fits the machine.", file_name=f"{part}.md")
    assert "TW-P2100" in texts("TW-P2100")[0]


def test_a_meaning_is_found_though_no_word_is_shared(publish: Publish) -> None:
    publish("Unopened goods can be sent back within 30 days.", file_name="a.md")
    publish("The kettle holds 1.2 litres.", file_name="b.md")
    assert "30 days" in texts("May one return things?")[0]


def test_a_passage_carries_what_a_citation_needs(returns_policy: DocumentVersion) -> None:
    ranking = search("opened coffee beans", scope=NOW)
    best = ranking.passages[0]
    stored = returns_policy.passages.get(pk=best.id)
    assert (best.text, best.context, best.page) == (stored.text, stored.context, stored.page)
    assert list(best.heading) == stored.heading
    assert (best.document_id, best.version) == (returns_policy.document_id, 1)
    assert (best.title, best.external_id) == ("Returns policy", "returns.md")
    assert best.updated_at == returns_policy.created_at


def test_scores_fall_and_equal_ones_keep_their_order(
    returns_policy: DocumentVersion, shipping: DocumentVersion
) -> None:
    passages = search("returns", scope=NOW).passages
    keys = [(-passage.score, passage.id) for passage in passages]
    assert keys == sorted(keys)
    assert search("returns", scope=NOW).passages == passages


def test_the_dense_score_is_the_cosine(returns_policy: DocumentVersion) -> None:
    encoder = get_encoder("bundled")
    ranking = search("opened coffee beans", scope=NOW)
    best = ranking.passages[0]
    (vector,) = encoder.encode_passages([f"{best.context}\n{best.text}"])
    assert best.dense == pytest.approx(float(vector @ ranking.vector), abs=2e-3)
    assert np.linalg.norm(ranking.vector) == pytest.approx(1, abs=1e-5)


def test_a_day_chooses_the_version(publish: Publish) -> None:
    publish("You can return goods within 14 days.")
    publish("You can return goods within 30 days.", effective_from=SPRING)
    assert texts("returns", SPRING - dt.timedelta(days=1)) == [
        "You can return goods within 14 days."
    ]
    assert texts("returns", SPRING) == ["You can return goods within 30 days."]


def test_what_is_retired_or_unread_is_not_found(publish: Publish) -> None:
    retire_version(version=publish("Within 30 days."))
    publish(b"%PDF broken", file_name="b.pdf")
    assert texts("returns") == []


def test_collections_bound_the_search(publish: Publish) -> None:
    first = publish("Within 14 days.", collection="A").document.collection_id
    publish("Within 30 days.", collection="B")
    assert texts("returns", collections=[first]) == ["Within 14 days."]
    assert texts("returns", collections=[]) == []
    assert len(texts("returns", collections=None)) == 2


def test_a_limit_bounds_the_results(publish: Publish) -> None:
    for number in range(4):
        publish(f"Within {number} days.", file_name=f"{number}.md")
    assert len(texts("returns", limit=2)) == 2


@pytest.mark.parametrize(
    "question", ["", "   ", "the of and", "🙂", "a\x00b", "'); DROP TABLE x; --"]
)
def test_a_question_without_words_still_ranks_by_meaning(publish: Publish, question: str) -> None:
    publish("Within 30 days.")
    assert texts(question) == ["Within 30 days."]


@pytest.mark.django_db(transaction=True)
def test_while_a_new_version_is_published_one_is_found_and_never_two(publish: Publish) -> None:
    publish("You can return goods within 1 days.")
    seen: list[tuple[str, ...]] = []
    stop = threading.Event()

    def ask() -> None:
        try:
            while not stop.is_set():
                seen.append(tuple(texts("How long for returns?")))
        finally:
            connection.close()

    reader = threading.Thread(target=ask)
    reader.start()
    for number in range(2, 8):
        publish(f"You can return goods within {number} days.")
    stop.set()
    reader.join()
    assert {len(found) for found in seen} == {1}
    assert len(set(seen)) > 2


def test_live_passages_are_found_among_many_retired_ones(publish: Publish) -> None:
    """HNSW knows nothing of publishing: it must go on past the nearest until enough are live."""
    version = publish("You can return unopened goods within 30 days.", title="Returns policy")
    (live,) = version.passages.all()
    index = EmbeddingIndex.objects.get()
    asked = "When must stuff be sent back?"  # none of the passage's words: found by meaning
    question = get_encoder(index.model).encode_question(asked)
    hashes = [number.to_bytes(32, "big") for number in range(1, 401)]
    near = np.random.default_rng(7).normal(0, 0.01, (len(hashes), index.dimensions)) + question
    Embedding.objects.bulk_create(
        Embedding(index=index, text_hash=key, vector=row)
        for key, row in zip(hashes, near, strict=True)
    )
    Passage.objects.bulk_create(
        Passage(
            version=version,
            collection=live.collection,
            position=number,
            context=live.context,
            text=live.text,
            char_start=0,
            char_end=1,
            text_hash=key,
        )
        for number, key in enumerate(hashes, start=1)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE knowledge_embedding, knowledge_passage; SET enable_seqscan = off")
        cursor.execute("SET enable_sort = off")
    ranking = search(asked, scope=NOW)
    assert [passage.id for passage in ranking.passages] == [live.pk]

"""supportbot.retrieval.candidate_reading: the reader, whatever unit vectors are stored."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from knowledge.embedding.encoder import get_encoder
from knowledge.models import Audience, DocumentVersion, Embedding, Passage
from knowledge.services.indexes.embedding_indexes import get_active_index
from knowledge.text.units import unit_texts
from knowledge.unit_vectors import is_of, pack
from supportbot.reader.reading import Reading
from supportbot.retrieval import candidate_reading
from supportbot.retrieval.caches import clear_caches
from supportbot.retrieval.search import MAX_READ, Ranking, Scope, search
from supportbot.retrieval.settings import RetrievalSettings
from tests.conftest import Publish

NOW = Scope(dt.date(2026, 11, 21), Audience.PUBLIC)
QUESTION = "Can I send opened coffee back?"


def ask(question: str = QUESTION, limit: int = 10) -> Ranking:
    clear_caches()
    return search(question, scope=NOW, limit=limit)


def cosines(reading: Reading) -> list[float]:
    return [unit.cosine for unit in reading.units]


def test_every_unit_of_the_best_passages_is_read(
    returns_policy: DocumentVersion, shipping: DocumentVersion
) -> None:
    found = ask()
    units = [
        text for passage in found.passages for text in unit_texts(passage.context, passage.text)[1:]
    ]
    assert len(found.reading.units) == len(units) > len(found.passages)
    assert [unit.passage for unit in found.reading.units] == sorted(
        unit.passage for unit in found.reading.units
    )
    best = found.reading.best_first[0]
    assert best.unit.text == "Opened coffee beans cannot be returned for hygiene reasons."
    assert best.unit.quote in found.passages[best.passage].text
    assert found.trace.signals["unit_score"] == pytest.approx(best.score, abs=1e-3)


def test_the_stored_vectors_are_those_that_a_unit_s_text_has(
    returns_policy: DocumentVersion,
) -> None:
    found = ask()
    encoder = get_encoder(found.model)
    fresh = [
        float(vector @ found.vector)
        for passage in found.passages
        for vector in encoder.encode_passages(unit_texts(passage.context, passage.text)[1:])
    ]
    assert cosines(found.reading) == pytest.approx(fresh, abs=0.005)


def test_a_passage_of_an_earlier_version_is_answered_and_read(
    returns_policy: DocumentVersion, shipping: DocumentVersion
) -> None:
    """Its units have no vectors yet."""
    before = ask()
    assert Embedding.objects.update(units=None)
    after = ask()
    assert after.passages[0].id == before.passages[0].id
    assert after.reading.best_first[0].unit == before.reading.best_first[0].unit
    assert len(after.reading.units) == len(before.reading.units)
    assert sorted(cosines(after.reading)) == pytest.approx(
        sorted(cosines(before.reading)), abs=0.005
    )


def test_vectors_of_other_texts_are_not_read(
    returns_policy: DocumentVersion, shipping: DocumentVersion
) -> None:
    """Units were cut in another way when the document was put in: here, one fewer each."""
    before = ask()
    dimensions = get_active_index().dimensions
    for passage in before.passages:
        texts = unit_texts(passage.context, passage.text)[:-1]
        vectors = np.random.default_rng(5).normal(size=(len(texts), dimensions))
        stored = Embedding.objects.get(text_hash=bytes(row_hash(passage.id)))
        stored.units = pack(texts, vectors.astype(np.float32))
        stored.save(update_fields=["units"])
        assert not is_of(stored.units, unit_texts(passage.context, passage.text))
    after = ask()
    assert {passage.id for passage in after.passages} == {p.id for p in before.passages}
    assert after.reading.best_first[0].unit == before.reading.best_first[0].unit
    assert sorted(cosines(after.reading)) == pytest.approx(
        sorted(cosines(before.reading)), abs=0.005
    )


def row_hash(passage: int) -> bytes:
    return bytes(Passage.objects.get(pk=passage).text_hash)


def test_beyond_what_there_is_time_for_units_are_as_near_as_the_last_that_was_embedded(
    returns_policy: DocumentVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    Embedding.objects.update(units=None)
    monkeypatch.setattr(candidate_reading, "MAX_EMBEDDED", 0)
    found = ask()
    assert len(found.reading.units) > len(found.passages)
    for number in range(len(found.passages)):
        of_one = {round(unit.cosine, 5) for unit in found.reading.units if unit.passage == number}
        assert len(of_one) == 1  # that of what stands above them


def test_no_more_passages_are_read_than_the_best(publish: Publish) -> None:
    for number in range(MAX_READ + 3):
        publish(f"Coffee number {number} can be sent back.", file_name=f"{number}.md")
    assert {unit.passage for unit in ask(limit=MAX_READ + 3).reading.units} == set(range(MAX_READ))
    assert {unit.passage for unit in ask(limit=2).reading.units} == {0, 1}


def test_without_the_reader_nothing_is_read(returns_policy: DocumentVersion) -> None:
    found = search(QUESTION, scope=NOW, settings=RetrievalSettings(reader=False))
    assert found.passages
    assert found.reading.units == ()
    assert {"unit", "unit_score"}.isdisjoint(found.trace.signals)


def test_where_nothing_is_found_nothing_is_read(db: None) -> None:
    assert ask().reading.units == ()

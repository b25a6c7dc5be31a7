"""ingestion.unit_backfill: passages of an earlier version get vectors of their units."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pytest

from knowledge.embedding.encoder import Encoder, Vectors, get_encoder
from knowledge.embedding.model import TextRefusedError
from knowledge.models import DocumentVersion, Embedding, Passage
from knowledge.services.indexes.embedding_indexes import get_active_index
from knowledge.services.ingestion import unit_backfill
from knowledge.tasks import fill_units
from knowledge.text.units import unit_texts
from knowledge.unit_vectors import is_of, unpack
from tests.conftest import Publish


def units_of(row: Embedding) -> bytes:
    assert row.units is not None
    return bytes(row.units)


def forget() -> dict[bytes, bytes]:
    """As an earlier version left them; the units as they were."""
    units = {bytes(row.text_hash): units_of(row) for row in Embedding.objects.all()}
    Embedding.objects.update(units=None)
    return units


def test_they_are_what_the_product_embeds_today(returns_policy: DocumentVersion) -> None:
    before = forget()
    assert fill_units() == len(before) > 0
    passage = returns_policy.passages.first()
    assert passage is not None
    row = Embedding.objects.get(text_hash=passage.text_hash)
    wanted = unit_texts(passage.context, passage.text)
    assert is_of(units_of(row), wanted)
    dimensions = get_active_index().dimensions
    for row in Embedding.objects.all():
        old, new = (unpack(u, dimensions) for u in (before[bytes(row.text_hash)], units_of(row)))
        assert np.sum(old * new, axis=1) == pytest.approx(np.ones(len(old)), abs=0.01)
    assert fill_units() == 0


def test_nothing_is_done_while_a_version_waits(
    publish: Publish, returns_policy: DocumentVersion
) -> None:
    forget()
    DocumentVersion.objects.update(status="queued")
    assert fill_units() == 0
    assert Embedding.objects.filter(units=None).exists()


def test_a_run_is_bounded_and_the_next_one_goes_on(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        publish(f"Text number {number}.", file_name=f"{number}.md")
    forget()
    monkeypatch.setattr(unit_backfill, "TOGETHER", 2)
    monkeypatch.setattr(time, "monotonic", iter([0, 0, 9, 9]).__next__)
    assert unit_backfill.fill(seconds=5) == 2
    monkeypatch.undo()
    assert unit_backfill.fill(seconds=60) == 3


def test_what_customers_are_served_comes_first(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("A draft.", file_name="draft.md", publish=False)
    published = publish("A text.", file_name="text.md")
    forget()
    monkeypatch.setattr(unit_backfill, "TOGETHER", 1)
    monkeypatch.setattr(time, "monotonic", iter([0, 0, 9, 9]).__next__)
    assert unit_backfill.fill(seconds=5) == 1
    (row,) = Embedding.objects.exclude(units=None)
    assert bytes(row.text_hash) == bytes(Passage.objects.get(version=published).text_hash)


def test_a_text_that_the_model_refuses_does_not_hold_up_the_others(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in ("A text.", "A bad text.", "Another text."):
        publish(text, file_name=f"{text}.md", title="Title")
    forget()
    kind = type(get_encoder(get_active_index().model))
    encode = kind.encode_passages

    def refuse(self: Encoder, texts: Sequence[str]) -> Vectors:
        if any("bad" in text for text in texts):
            raise TextRefusedError("Too long.", "A bad text.")
        return encode(self, texts)

    monkeypatch.setattr(kind, "encode_passages", refuse)
    assert unit_backfill.fill(seconds=60) == 2
    assert Embedding.objects.filter(units=None).count() == 1


def test_without_an_index_there_is_nothing_to_do(db: None) -> None:
    assert fill_units() == 0

"""indexes.comparison: a new index beside the active one, on the same questions."""

from __future__ import annotations

import pytest

from knowledge.embedding.encoder import get_encoder
from knowledge.models import EmbeddingIndex, Passage
from knowledge.services.indexes.comparison import Question, compare_with_active
from knowledge.services.indexes.embedding_indexes import get_active_index
from knowledge.services.ingestion.embeddings import Text, embedded_text, encode, store
from tests.conftest import RETURNS_POLICY, SHIPPING, Publish
from tests.small_model import DIMENSIONS, small_model

ASKED = [
    Question("How long may I return unopened goods?", "returns.md"),
    Question("What does shipping to France cost?", "shipping.md"),
]


@pytest.fixture
def index(publish: Publish) -> EmbeddingIndex:
    """A complete one beside the active one; as small as it is, it needs no search index."""
    first = publish(RETURNS_POLICY, "returns.md")
    second = publish(SHIPPING, "shipping.md")
    index = EmbeddingIndex.objects.create(
        model=small_model(), dimensions=DIMENSIONS, state=EmbeddingIndex.State.READY
    )
    texts = [
        Text(bytes(passage.text_hash), embedded_text(passage.context, passage.text))
        for version in (first, second)
        for passage in version.passages.all()
    ]
    store(index, encode(get_encoder(index.model), texts))
    return index


def test_given_questions_are_asked_of_both(index: EmbeddingIndex) -> None:
    found = compare_with_active(index=index, questions=ASKED)
    assert (found["active"], found["questions"], found["asked"]) == ("bundled", 2, "given")
    assert (found["found"], found["found_active"]) == (1.0, 1.0)
    assert found["overlap"] == 1.0  # there are fewer than ten passages, so both find all
    assert found["milliseconds"] > 0
    assert found["milliseconds_active"] > 0
    index.refresh_from_db()
    assert index.comparison == found


def test_headings_are_asked_for_when_nobody_gives_questions(index: EmbeddingIndex) -> None:
    found = compare_with_active(index=index)
    assert found["asked"] == "headings"
    assert found["questions"] >= 2
    assert found["found"] == 1.0


def test_the_right_document_is_missed_where_it_is_not_found(index: EmbeddingIndex) -> None:
    shipping = Passage.objects.filter(version__file_name="shipping.md")
    index.embeddings.filter(text_hash__in=shipping.values("text_hash")).delete()
    found = compare_with_active(index=index, questions=ASKED)
    assert (found["found"], found["found_active"]) == (0.5, 1.0)
    assert found["overlap"] < 1.0


def test_without_right_documents_only_the_overlap_is_told(index: EmbeddingIndex) -> None:
    found = compare_with_active(index=index, questions=[Question("gift cards")])
    assert found["found"] is None
    assert found["overlap"] == 1.0


def test_passages_longer_than_the_model_reads_are_told(
    index: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compare_with_active(index=index, questions=ASKED)["cut_off"] == 0.0
    monkeypatch.setattr(get_encoder(index.model), "max_tokens", 10)
    assert compare_with_active(index=index, questions=ASKED)["cut_off"] == 1.0


def test_with_nothing_to_search_there_are_no_figures(db: None) -> None:
    get_active_index()
    index = EmbeddingIndex.objects.create(
        model=small_model(), dimensions=DIMENSIONS, state=EmbeddingIndex.State.READY
    )
    found = compare_with_active(index=index)
    assert (found["questions"], found["overlap"], found["cut_off"]) == (0, None, None)
    assert found  # it counts as compared

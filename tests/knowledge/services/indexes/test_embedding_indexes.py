"""indexes.embedding_indexes: one answers questions; switching changes two rows."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from django.db import connection
from django.utils import timezone

from knowledge.embedding import encoder as encoders
from knowledge.embedding.encoder import get_encoder, is_loaded
from knowledge.embedding.model import EmbeddingModelError
from knowledge.models import DocumentVersion, EmbeddingIndex
from knowledge.services.indexes import embedding_indexes
from knowledge.services.indexes.embedding_indexes import (
    IndexRefusedError,
    activate_index,
    compare_again,
    drop_index,
    embed_questions,
    find_index,
    get_active_index,
    index_for_questions,
    start_index,
    written_indexes,
)
from tests.small_model import DIMENSIONS, small_model

State = EmbeddingIndex.State


@pytest.fixture
def active(db: None) -> EmbeddingIndex:
    return get_active_index()


def other(state: str = State.READY, **fields: object) -> EmbeddingIndex:
    return EmbeddingIndex.objects.create(
        **{"model": small_model(), "dimensions": DIMENSIONS, "state": state, **fields}
    )


def states() -> dict[str, str]:
    return dict(EmbeddingIndex.objects.values_list("model", "state"))


# -- the first one ----------------------------------------------------------------------------
def test_the_first_use_makes_an_index_for_the_configured_model(active: EmbeddingIndex) -> None:
    assert (active.model, active.dimensions, active.state) == ("bundled", 384, "active")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexdef FROM pg_indexes WHERE indexname = %s", [f"embedding_hnsw_{active.pk}"]
        )
        (definition,) = cursor.fetchone()
    assert "USING hnsw" in definition
    assert "halfvec_cosine_ops" in definition


def test_later_uses_find_it(active: EmbeddingIndex) -> None:
    assert get_active_index().pk == active.pk
    assert EmbeddingIndex.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_processes_that_start_at_once_share_one_index() -> None:
    start = threading.Barrier(4)
    found: list[int] = []

    def use() -> None:
        try:
            start.wait()
            found.append(get_active_index().pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    assert EmbeddingIndex.objects.count() == 1


# -- states -----------------------------------------------------------------------------------
def test_starting_an_index_changes_nothing_for_questions(active: EmbeddingIndex) -> None:
    index = start_index(model=" some/model ")
    assert (index.model, index.state, index.dimensions) == ("some/model", "building", 0)
    assert get_active_index().pk == active.pk
    assert [one.pk for one in written_indexes()] == [active.pk]


def test_an_index_is_started_once(active: EmbeddingIndex) -> None:
    assert start_index(model="some/model").pk == start_index(model="some/model").pk
    assert start_index(model=active.model).pk == active.pk


def test_a_folder_is_the_same_from_wherever_it_is_named(
    db: None, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("models")
    monkeypatch.chdir(folder.parent)
    index = start_index(model=f"./{folder.name}")
    assert index.model == str(folder)
    assert find_index(folder.name).pk == index.pk


def test_an_index_needs_a_model(db: None) -> None:
    with pytest.raises(IndexRefusedError, match="Name an embedding model"):
        start_index(model=" ")


def test_a_switch_and_the_way_back(active: EmbeddingIndex) -> None:
    ready = other()
    before = timezone.now()
    activate_index(index=ready)
    assert states() == {"bundled": "ready", small_model(): "active"}
    assert ready.activated_at is not None
    assert ready.activated_at >= before
    assert {one.pk for one in written_indexes()} == {active.pk, ready.pk}
    active.refresh_from_db()
    activate_index(index=active)
    assert states() == {"bundled": "active", small_model(): "ready"}


@pytest.mark.parametrize("state", [State.BUILDING, State.RETIRED])
def test_only_a_complete_index_can_be_switched_to(active: EmbeddingIndex, state: str) -> None:
    with pytest.raises(IndexRefusedError) as caught:
        activate_index(index=other(state))
    assert caught.value.code == "not_ready"
    assert states()["bundled"] == "active"


def test_the_active_index_cannot_be_dropped(active: EmbeddingIndex) -> None:
    with pytest.raises(IndexRefusedError) as caught:
        drop_index(index=active)
    assert caught.value.code == "active"
    assert states() == {"bundled": "active"}


@pytest.mark.parametrize("state", [State.BUILDING, State.READY])
def test_a_dropped_index_is_written_to_no_more(active: EmbeddingIndex, state: str) -> None:
    index = other(state, built_at=timezone.now())
    assert {one.pk for one in written_indexes()} == {active.pk, index.pk}
    drop_index(index=index)
    assert [one.pk for one in written_indexes()] == [active.pk]
    assert start_index(model=small_model()).pk != index.pk  # a new one may be built


def test_an_index_is_found_by_number_and_by_model(active: EmbeddingIndex) -> None:
    assert find_index(str(active.pk)).pk == find_index("bundled").pk == active.pk
    with pytest.raises(IndexRefusedError, match=rf"There are: {active.pk} \(bundled\)"):
        find_index("nonesuch")


def test_a_comparison_is_made_anew_for_a_ready_index_alone(active: EmbeddingIndex) -> None:
    ready = other(comparison={"overlap": 0.5})
    compare_again(index=ready)
    compare_again(index=active)
    ready.refresh_from_db()
    assert ready.comparison == {}


# -- for questions ----------------------------------------------------------------------------
@pytest.fixture
def _small_model_is_not_loaded() -> Iterator[None]:
    encoders._encoders.pop(small_model(), None)
    yield
    wait_until(lambda: not embedding_indexes._loading.locked())
    embedding_indexes._not_before.clear()


def wait_until(condition: object, seconds: float = 120) -> None:
    ends_at = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < ends_at
        time.sleep(0.02)


@pytest.mark.usefixtures("_small_model_is_not_loaded")
def test_after_a_switch_questions_go_to_the_old_index_until_the_new_model_is_loaded(
    active: EmbeddingIndex,
) -> None:
    get_encoder(active.model)
    ready = other()
    activate_index(index=ready)
    index, (vector,) = embed_questions(["How long may I return things?"])
    assert (index.pk, vector.shape) == (active.pk, (384,))
    wait_until(lambda: is_loaded(ready.model))
    index, (vector,) = embed_questions(["How long may I return things?"])
    assert (index.pk, vector.shape) == (ready.pk, (DIMENSIONS,))


def test_the_way_back_needs_no_loading(active: EmbeddingIndex) -> None:
    ready = other()
    get_encoder(active.model)
    get_encoder(ready.model)
    activate_index(index=ready)
    assert index_for_questions().pk == ready.pk
    activate_index(index=active)
    assert index_for_questions().pk == active.pk


@pytest.mark.usefixtures("_small_model_is_not_loaded")
def test_an_old_index_that_was_dropped_is_not_asked(active: EmbeddingIndex) -> None:
    get_encoder(active.model)
    ready = other()
    activate_index(index=ready)
    active.refresh_from_db()
    drop_index(index=active)
    assert index_for_questions().pk == ready.pk


def test_a_process_that_cannot_load_the_active_model_answers_from_another_complete_index(
    active: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    EmbeddingIndex.objects.filter(pk=active.pk).update(state=State.READY)
    broken = other(State.ACTIVE, model="/no/such/folder")
    load = encoders._load

    def fail(name: str) -> object:
        if name == broken.model:
            raise EmbeddingModelError("There is no such folder.")
        return load(name)

    monkeypatch.setattr(encoders, "_load", fail)
    monkeypatch.setattr(encoders, "_encoders", {})
    assert index_for_questions().pk == active.pk
    assert index_for_questions().pk == active.pk
    EmbeddingIndex.objects.filter(pk=active.pk).update(state=State.RETIRED)
    with pytest.raises(EmbeddingModelError, match="no such folder"):
        index_for_questions()
    wait_until(lambda: not embedding_indexes._loading.locked())
    embedding_indexes._not_before.clear()


def test_when_a_server_does_not_answer_another_complete_index_does(
    active: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = other()
    get_encoder(active.model)
    activate_index(index=remote)

    def down(_: str) -> None:
        raise EmbeddingModelError("No embeddings: the server did not answer in time.")

    monkeypatch.setattr(get_encoder(remote.model), "encode_questions", down)
    index, (vector,) = embed_questions(["Until when may I bring it back?"])
    assert (index.pk, vector.shape) == (active.pk, (384,))


def test_a_question_costs_one_query(
    active: EmbeddingIndex, django_assert_num_queries: object, returns_policy: DocumentVersion
) -> None:
    index_for_questions()
    with django_assert_num_queries(1):  # type: ignore[operator]
        index_for_questions()

"""indexes.building: an index beside the active one, filled by the workers."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.utils import timezone

from knowledge.embedding.encoder import get_encoder
from knowledge.embedding.model import EmbeddingModelError, TextRefusedError
from knowledge.models import DocumentVersion, Embedding, EmbeddingIndex, Passage
from knowledge.services.indexes import building, hnsw
from knowledge.services.indexes.building import index_work_waits, work_on_indexes
from knowledge.services.indexes.embedding_indexes import (
    activate_index,
    drop_index,
    get_active_index,
    start_index,
)
from knowledge.services.ingestion import embeddings
from knowledge.services.ingestion.documents import delete_document
from knowledge.services.lifecycle.publishing import retire_version, roll_back
from tests.conftest import RETURNS_POLICY, SHIPPING, Publish
from tests.small_model import DIMENSIONS, small_model

# Search indexes are made outside of transactions.
pytestmark = pytest.mark.django_db(transaction=True)
State = EmbeddingIndex.State
RULES = "\n\n".join(f"## Rule {n}\n\n" + f"Rule {n} says what holds. " * 12 for n in range(6))


@pytest.fixture(autouse=True)
def _clean_search_indexes() -> Iterator[None]:
    """The database is emptied after each test, but its indexes stay."""
    yield
    for index in EmbeddingIndex.objects.all():
        hnsw.drop(index)


def work(until: Callable[[], bool] = lambda: False) -> None:
    """What workers do, until there is nothing to do or the condition holds."""
    while not until() and work_on_indexes():
        pass


def built(model: str = "") -> EmbeddingIndex:
    index = start_index(model=model or small_model())
    work()
    index.refresh_from_db()
    return index


def hashes(**passages: object) -> set[bytes]:
    found = Passage.objects.filter(**passages).values_list("text_hash", flat=True)
    return {bytes(value) for value in found}


def embedded(index: EmbeddingIndex) -> set[bytes]:
    return {bytes(value) for value in index.embeddings.values_list("text_hash", flat=True)}


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that the small model embeds."""
    encoder, texts = get_encoder(small_model()), list[str]()
    encode = encoder.encode_passages

    def count(some: list[str]) -> object:
        texts.extend(some)
        return encode(some)

    monkeypatch.setattr(encoder, "encode_passages", count)
    return texts


def test_an_index_of_other_dimensions_is_built_beside_the_active_one(publish: Publish) -> None:
    publish(RETURNS_POLICY, title="Returns policy")
    active = get_active_index()
    index = built()
    assert (index.state, index.dimensions, index.error) == ("ready", DIMENSIONS, "")
    assert embedded(index) == embedded(active) == hashes()
    assert hnsw.is_usable(index)
    assert index.built_at is not None
    assert index.progress_done == index.progress_total == len(hashes())
    assert get_active_index().pk == active.pk
    assert not index_work_waits()


def test_vectors_are_those_of_the_new_model(publish: Publish) -> None:
    publish(RETURNS_POLICY, title="Returns policy")
    index = built()
    passage = Passage.objects.earliest("position")
    stored = index.embeddings.get(text_hash=passage.text_hash).vector
    text = embeddings.embedded_text(passage.context, passage.text)
    (fresh,) = get_encoder(small_model()).encode_passages([text])
    assert float(fresh @ stored) > 0.999


def test_drafts_and_retired_versions_are_in_it_too(publish: Publish) -> None:
    old = publish(RETURNS_POLICY, title="Returns policy")
    publish(RETURNS_POLICY.replace("30 days", "60 days"), title="Returns policy")
    draft = publish(SHIPPING, "shipping.md", publish=False)
    old.refresh_from_db()
    assert (old.state, draft.state) == ("retired", "draft")
    index = built()
    assert embedded(index) == hashes()
    activate_index(index=index)
    roll_back(version=old)
    old.refresh_from_db()
    assert old.state == "published"


def test_what_is_served_is_embedded_first(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    retire_version(version=publish(SHIPPING, "shipping.md"))
    publish("A draft about gift cards.", "gifts.md", publish=False)
    publish(RETURNS_POLICY, "returns.md")
    monkeypatch.setattr(building, "TEXTS", 1)
    index = start_index(model=small_model())
    published = hashes(published=True)
    work(lambda: index.embeddings.count() == len(published))
    assert embedded(index) == published
    work(lambda: index.embeddings.count() == len(published) + 1)
    assert embedded(index) == hashes(version__state__in=["published", "draft"])


def test_what_is_published_meanwhile_is_in_it(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(RULES, "rules.md")
    monkeypatch.setattr(building, "TEXTS", 2)
    index = start_index(model=small_model())
    work(lambda: index.embeddings.count() >= 2)
    publish(RETURNS_POLICY, "returns.md")  # while it is filled
    work(lambda: EmbeddingIndex.objects.get(pk=index.pk).built_at is not None)
    publish(SHIPPING, "shipping.md")  # when only the last step is missing
    assert hashes(version__file_name="shipping.md") <= embedded(index)
    work()
    index.refresh_from_db()
    assert index.state == State.READY
    assert embedded(index) == hashes()
    publish("A new rule on gift cards.", "gifts.md")  # afterwards
    assert embedded(index) == hashes()


def test_steady_publication_does_not_keep_it_from_being_finished(publish: Publish) -> None:
    publish(RETURNS_POLICY)
    index = start_index(model=small_model())
    for week in range(8):  # something new is there whenever a worker looks
        work_on_indexes()
        publish(f"In week {week} the shop opens at {week} o’clock.", "hours.md")
    index.refresh_from_db()
    assert index.state == State.READY
    assert embedded(index) == hashes()


def test_an_index_is_not_complete_while_a_published_text_is_missing(publish: Publish) -> None:
    publish(RETURNS_POLICY)
    index = start_index(model=small_model())
    work(lambda: EmbeddingIndex.objects.get(pk=index.pk).built_at is not None)
    late = index.embeddings.all()[0]
    late.delete()
    index.refresh_from_db()
    assert building._complete(index)
    index.refresh_from_db()
    assert index.state == State.BUILDING
    work()
    index.refresh_from_db()
    assert index.state == State.READY
    assert bytes(late.text_hash) in embedded(index)


def test_a_version_in_processing_is_finished_only_with_vectors_in_the_new_index(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It began when the index was not known to it, and ends when that is complete."""
    publish(RETURNS_POLICY)
    index = start_index(model=small_model())
    store, calls = embeddings.store, list[EmbeddingIndex]()

    def complete_the_index(into: EmbeddingIndex, *others: object) -> int:
        calls.append(into)
        if len(calls) == 1:
            monkeypatch.setattr(embeddings, "store", store)
            work()
        return store(into, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(embeddings, "store", complete_the_index)
    version = publish(SHIPPING, "shipping.md")
    index.refresh_from_db()
    assert (index.state, version.state) == ("ready", "published")
    assert hashes(version=version) <= embedded(index)


def test_a_worker_goes_on_where_another_was_killed(
    publish: Publish, counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(RULES, "rules.md")
    monkeypatch.setattr(building, "TEXTS", 4)
    monkeypatch.setattr(embeddings, "BATCH", 2)
    index = start_index(model=small_model())
    store = embeddings.store

    def store_and_die(*args: object) -> int:
        store(*args)  # type: ignore[arg-type]
        raise SystemExit

    monkeypatch.setattr(embeddings, "store", store_and_die)
    with pytest.raises(SystemExit):
        work()
    assert index.embeddings.count() == 2
    monkeypatch.setattr(embeddings, "store", store)
    work()
    index.refresh_from_db()
    assert index.state == State.READY
    wholes = [text for text in counted if "\n" in text]  # units have a line each
    assert len(wholes) == len(set(wholes)) == len(hashes())


def test_workers_at_the_same_time_fill_one_index(publish: Publish) -> None:
    publish(RULES + RETURNS_POLICY + SHIPPING, "all.md")
    index = start_index(model=small_model())
    errors: list[BaseException] = []

    def one_worker() -> None:
        try:
            while EmbeddingIndex.objects.get(pk=index.pk).state == State.BUILDING:
                work_on_indexes()
        except BaseException as error:  # noqa: BLE001  (shown by the test)
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one_worker) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    index.refresh_from_db()
    assert index.state == State.READY
    assert embedded(index) == hashes()


def test_a_search_index_that_was_never_finished_is_made_anew(publish: Publish) -> None:
    publish(RETURNS_POLICY)
    index = start_index(model=small_model())
    work(lambda: bool(EmbeddingIndex.objects.get(pk=index.pk).dimensions))
    index.refresh_from_db()
    hnsw.create(index)
    with connection.cursor() as cursor:  # as a kill -9 of PostgreSQL leaves it
        cursor.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass",
            [f"embedding_hnsw_{index.pk}"],
        )
    assert not hnsw.is_usable(index)
    work()
    index.refresh_from_db()
    assert hnsw.is_usable(index)
    assert index.state == State.READY


def test_the_search_index_is_used(publish: Publish) -> None:
    publish(RULES, "rules.md")
    index = built()
    vector = str(get_encoder(small_model()).encode_question("Which rule?").tolist())
    with connection.cursor() as cursor:
        # With so few rows the planner would rather read and sort them all.
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("SET enable_sort = off")
        cursor.execute(
            f"EXPLAIN SELECT id FROM knowledge_embedding WHERE index_id = {index.pk} "  # noqa: S608
            f"ORDER BY vector::halfvec({DIMENSIONS}) <=> %s::halfvec({DIMENSIONS}) LIMIT 5",
            [vector],
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")
        cursor.execute("RESET enable_sort")
    assert f"embedding_hnsw_{index.pk}" in plan


# -- what goes wrong --------------------------------------------------------------------------
def test_a_model_that_cannot_be_loaded_is_told_and_tried_again_later(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(RETURNS_POLICY)

    def fail(_: str) -> None:
        raise EmbeddingModelError("There is no such model. Check its name.")

    monkeypatch.setattr(building, "get_encoder", fail)
    index = start_index(model=small_model())
    work()
    index.refresh_from_db()
    assert (index.state, index.error) == ("building", "There is no such model. Check its name.")
    assert not index_work_waits()  # not at once
    monkeypatch.undo()
    past = timezone.now() - dt.timedelta(seconds=1)
    EmbeddingIndex.objects.filter(pk=index.pk).update(lease_until=past)
    work()
    index.refresh_from_db()
    assert (index.state, index.error, index.attempts) == ("ready", "", 0)


def test_a_text_that_a_server_refuses_is_named(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(RETURNS_POLICY)

    def refuse(texts: list[str]) -> None:
        raise TextRefusedError("small", texts[0])

    monkeypatch.setattr(get_encoder(small_model()), "encode_passages", refuse)
    index = built()
    assert index.state == State.BUILDING
    assert "refuses the text that begins “Returns" in index.error


def test_more_dimensions_than_can_be_searched_are_refused(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hnsw, "MAX_DIMENSIONS", 100)
    index = built()
    assert index.state == State.BUILDING
    assert "no more than 100 can be searched" in index.error


def test_one_index_that_fails_does_not_hold_up_another(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(RETURNS_POLICY)
    load = get_encoder

    def load_or_fail(name: str) -> object:
        if name == "no/model":
            raise EmbeddingModelError("There is no such model.")
        return load(name)

    monkeypatch.setattr(building, "get_encoder", load_or_fail)
    start_index(model="no/model")
    assert built().state == State.READY


# -- dropping ---------------------------------------------------------------------------------
def test_vectors_of_a_dropped_index_go_when_no_question_can_need_them(publish: Publish) -> None:
    publish(RETURNS_POLICY)
    active, index = get_active_index(), built()
    drop_index(index=index)
    work()
    assert index.embeddings.count() > 0  # questions asked a moment ago
    assert not index_work_waits()
    past = timezone.now() - dt.timedelta(seconds=1)
    EmbeddingIndex.objects.filter(pk=index.pk).update(lease_until=past)
    work()
    assert index.embeddings.count() == 0
    assert not hnsw.is_usable(index)
    assert embedded(active) == hashes()
    assert hnsw.is_usable(active)
    assert not index_work_waits()


def test_nothing_is_put_into_an_index_that_was_dropped_meanwhile(publish: Publish) -> None:
    publish(RETURNS_POLICY)
    index = start_index(model=small_model())
    work(lambda: bool(EmbeddingIndex.objects.get(pk=index.pk).dimensions))
    index.refresh_from_db()
    texts, _ = building._some_missing(index)
    assert texts
    drop_index(index=index)
    for _ in embeddings.embed(index, texts):
        pass
    assert index.embeddings.count() == 0


def test_no_vector_is_kept_of_a_document_that_was_deleted_meanwhile(publish: Publish) -> None:
    version = publish(RETURNS_POLICY)
    index = start_index(model=small_model())
    work(lambda: bool(EmbeddingIndex.objects.get(pk=index.pk).dimensions))
    index.refresh_from_db()
    texts, _ = building._some_missing(index)
    delete_document(document=version.document)
    for _ in embeddings.embed(index, texts):
        pass
    assert not Embedding.objects.exists()
    work()
    index.refresh_from_db()
    assert index.state == State.READY


def test_a_failed_version_is_not_waited_for(publish: Publish) -> None:
    publish(RETURNS_POLICY)
    cancelled = publish(SHIPPING, "shipping.md", publish=False)
    DocumentVersion.objects.filter(pk=cancelled.pk).update(status="cancelled")
    Embedding.objects.filter(text_hash__in=hashes(version=cancelled)).delete()
    assert built().state == State.READY

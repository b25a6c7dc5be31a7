"""Cached rankings: none is ever returned that is out of date, or that another reader was shown.
(Nothing is cached within a transaction, so these tests commit.)
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import random
import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from knowledge.embedding import encoder as encoders
from knowledge.embedding.encoder import get_encoder
from knowledge.models import (
    Audience,
    Collection,
    Document,
    DocumentEvent,
    DocumentVersion,
    EmbeddingIndex,
)
from knowledge.services.indexes import embedding_indexes
from knowledge.services.indexes.embedding_indexes import activate_index
from knowledge.services.ingestion.documents import add_version, check_upload, delete_document
from knowledge.services.lifecycle import publishing
from knowledge.services.lifecycle.publishing import (
    LifecycleError,
    Terms,
    change_terms,
    publish_version,
    retire_version,
    roll_back,
)
from supportbot.retrieval import caches
from supportbot.retrieval.caches import clear_caches
from supportbot.retrieval.query import Turn
from supportbot.retrieval.search import Ranking, Scope, search
from supportbot.retrieval.settings import RetrievalSettings
from tests.conftest import Publish
from tests.knowledge.test_audience_and_date import second_index

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = timezone.localdate()
DAY = dt.timedelta(days=1)
PUBLIC = Scope(as_of=TODAY, reader=Audience.PUBLIC)


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    clear_caches()


def ask(scope: Scope = PUBLIC, question: str = "days to return") -> Ranking:
    return search(question, scope=scope)


def texts(scope: Scope = PUBLIC) -> set[str]:
    return {passage.text for passage in ask(scope).passages}


# -- what is cached -------------------------------------------------------------------------------
def test_a_question_that_is_asked_again_is_answered_from_the_cache(publish: Publish) -> None:
    publish("Within 14 days.")
    first, again = ask(), ask()
    assert again.passages == first.passages
    assert again.trace.considered == first.trace.considered
    assert len(caches.rankings) == 1


def test_the_trace_says_that_a_ranking_was_cached(publish: Publish) -> None:
    publish("Within 14 days.")
    assert not ask().trace.from_cache
    assert ask().trace.from_cache


def test_the_cache_is_bounded(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches.rankings, "size", 3)
    publish("Within 14 days.")
    for number in range(6):
        ask(question=f"days {number}")
    assert len(caches.rankings) == 3


def test_the_cache_key_has_all_that_was_asked(publish: Publish) -> None:
    for number in range(3):
        publish(f"Within {number} days for tyres and keys.", file_name=f"{number}.md")
    collection = Collection.objects.get().pk
    asked = [
        search("days", scope=PUBLIC),
        search("days", scope=PUBLIC, limit=2),
        search("days", scope=PUBLIC, limit=0),
        search("days", scope=PUBLIC, history=[Turn("customer", "tyres")]),
        search("days", scope=PUBLIC, history=[Turn("assistant", "tyres")]),
        search("days", scope=PUBLIC, settings=RetrievalSettings(dense=False)),
        search("days", scope=PUBLIC, settings=RetrievalSettings(lexical=False)),
        search("days", scope=Scope(TODAY, Audience.INTERNAL)),
        search("days", scope=Scope(TODAY - DAY, Audience.PUBLIC)),
        search("days", scope=Scope(TODAY, Audience.PUBLIC, [collection])),
        search("days", scope=Scope(TODAY, Audience.PUBLIC, [])),
        search("Days", scope=PUBLIC),
    ]
    assert len(caches.rankings) == len(asked)
    assert [len(ranking.passages) for ranking in asked[:3]] == [3, 2, 0]
    assert asked[-2].passages == ()


# -- what has changed -------------------------------------------------------------------------
def test_a_publication_is_seen_at_once(publish: Publish) -> None:
    publish("Within 14 days.")
    assert texts() == {"Within 14 days."}
    publish("Within 30 days.")
    assert texts() == {"Within 30 days."}
    publish("Parcels are free.", file_name="other.md")
    assert texts() == {"Within 30 days.", "Parcels are free."}


def test_what_is_retired_or_deleted_is_gone_at_once(publish: Publish) -> None:
    first, second = (publish(f"Within {n} days.", file_name=f"{n}.md") for n in (1, 2))
    assert len(texts()) == 2
    retire_version(version=first)
    assert texts() == {"Within 2 days."}
    delete_document(document=second.document)
    assert texts() == set()
    publish_version(version=first)
    assert texts() == {"Within 1 days."}


def test_a_change_of_audience_is_seen_at_once(publish: Publish) -> None:
    version = publish("Within 14 days.")
    internal = Scope(TODAY, Audience.INTERNAL)
    assert texts() == texts(internal) == {"Within 14 days."}
    change_terms(version=version, terms=Terms(Audience.INTERNAL))
    assert (texts(), texts(internal)) == (set(), {"Within 14 days."})
    change_terms(version=version, terms=Terms(Audience.PUBLIC))
    assert texts() == {"Within 14 days."}


def test_readers_never_share_a_ranking(publish: Publish) -> None:
    for audience in Audience:
        publish(f"Within {audience} days.", file_name=f"{audience}.md", audience=audience)
    for order in (list(Audience), list(Audience)[::-1]):
        clear_caches()
        for reader in (*order, *order):
            seen = {f"Within {audience} days." for audience in Audience.seen_by(reader)}
            assert texts(Scope(TODAY, reader)) == seen


def test_a_change_of_days_is_seen_at_once(publish: Publish) -> None:
    version = publish("Within 14 days.")
    tomorrow = Scope(TODAY + DAY, Audience.PUBLIC)
    assert texts() == texts(tomorrow) == {"Within 14 days."}
    change_terms(version=version, terms=Terms(Audience.PUBLIC, effective_until=TODAY + DAY))
    assert (texts(), texts(tomorrow)) == ({"Within 14 days."}, set())


def test_days_that_are_shown_are_those_of_the_version(publish: Publish) -> None:
    """Also where the version was not in effect on the days that it has lost."""
    first = publish("Within 14 days.", effective_from=TODAY - 5 * DAY)
    publish(
        "Within 30 days.",
        effective_from=TODAY - 5 * DAY,
        effective_until=TODAY - DAY,
    )
    first.refresh_from_db()
    assert ask().passages[0].effective_from == TODAY - 5 * DAY
    change_terms(version=first, terms=Terms(Audience.PUBLIC, TODAY - 3 * DAY))
    assert ask().passages[0].effective_from == TODAY - 3 * DAY


def test_a_new_title_is_seen_at_once(publish: Publish) -> None:
    publish("Within 14 days.", title="Returns")
    assert ask().passages[0].title == "Returns"
    upload = check_upload(
        io.BytesIO(b"Within 15 days."), file_name="returns.md", title="Sending back"
    )
    add_version(upload=upload)
    stored = Document.objects.get().title
    assert ask().passages[0].title == stored


def test_a_switch_of_the_index_is_seen_at_once(publish: Publish) -> None:
    publish("Within 14 days.")
    second_index()
    active, other = EmbeddingIndex.objects.order_by("pk")
    get_encoder(other.model)
    for index in (active, other, active):
        activate_index(index=index)
        assert ask().model == index.model


def test_a_ranking_of_the_index_before_does_not_outlive_the_switch(publish: Publish) -> None:
    """While the new model is being loaded, questions go to the one before; then no more."""
    publish("Within 14 days.")
    second_index()
    before, other = EmbeddingIndex.objects.order_by("pk")
    get_encoder(before.model)
    encoders._encoders.pop(other.model, None)
    activate_index(index=other)
    loading = embedding_indexes._loading
    with loading:  # it takes this long
        assert ask().model == before.model
    get_encoder(other.model)
    assert ask().model == other.model


# -- transactions -----------------------------------------------------------------------------
def test_what_was_never_committed_is_never_shown(publish: Publish) -> None:
    publish("Within 14 days.")
    draft = publish("Within 30 days.", publish=False)
    with pytest.raises(RuntimeError), transaction.atomic():
        publish_version(version=draft)
        assert texts() == {"Within 30 days."}
        raise RuntimeError
    assert texts() == {"Within 14 days."}
    publish("Parcels are free.", file_name="other.md")  # the revision that was rolled back
    assert texts() == {"Within 14 days.", "Parcels are free."}


def test_a_language_that_was_never_committed_hides_none_that_was(publish: Publish) -> None:
    publish("Within 14 days.")
    german = publish("Lieferungen dauern.", file_name="de.md", locale="de", publish=False)
    french = publish("Les paiements durent.", file_name="fr.md", locale="fr", publish=False)
    with pytest.raises(RuntimeError), transaction.atomic():
        Document.objects.filter(pk=french.document_id).update(locale="it")
        publish_version(version=german)
        ask()
        raise RuntimeError
    publish_version(version=french)  # the revision that was rolled back
    (found,) = [
        passage for passage in ask(question="paiement").passages if passage.external_id == "fr.md"
    ]
    assert found.lexical > 0


def test_a_preview_is_never_kept(publish: Publish) -> None:
    publish("Within 14 days.")
    draft = publish("Within 30 days.", publish=False)
    preview = Scope(TODAY, Audience.PUBLIC, preview=draft.pk)
    assert texts(preview) == {"Within 30 days."}
    draft.passages.update(text="Within 31 days.")
    assert texts(preview) == {"Within 31 days."}
    assert texts() == {"Within 14 days."}


def test_who_asks_while_others_publish_is_never_answered_from_before(publish: Publish) -> None:
    """A publication that has returned is seen by every search that begins after it."""
    drafts = [publish(f"Within {number} days.", publish=False) for number in range(1, 9)]
    done = [0]
    wrong: list[str] = []
    stop = threading.Event()

    def keep_asking() -> None:
        try:
            while not stop.is_set():
                least = done[0]
                found = [passage.version for passage in ask().passages]
                if least and (len(found) != 1 or found[0] < least):
                    wrong.append(f"{found} after {least}")
        except Exception as error:  # noqa: BLE001  (shown below)
            wrong.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=keep_asking) for _ in range(3)]
    for thread in threads:
        thread.start()
    for draft in drafts:
        publish_version(version=draft)
        done[0] = draft.number
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_no_sequence_of_steps_leaves_a_stale_ranking(publish: Publish) -> None:
    """What is kept is compared with what is found without it, after each of many steps."""
    versions = [
        publish(f"Within {document}{number} days.", file_name=f"{document}.md", publish=False)
        for document in range(2)
        for number in range(3)
    ]
    scopes = [
        Scope(day, reader)
        for reader in (Audience.PUBLIC, Audience.INTERNAL)
        for day in (TODAY - DAY, TODAY)
    ]
    chance = random.Random(11)  # noqa: S311
    for _ in range(12):
        step(chance, chance.choice(versions))
        kept = [texts(scope) for scope in scopes]
        clear_caches()
        assert kept == [texts(scope) for scope in scopes]


def step(chance: random.Random, version: DocumentVersion) -> None:
    days = sorted(chance.sample([-2, -1, 0, 1, 2], 2))
    start, end = (TODAY + offset * DAY for offset in days)
    terms = Terms(
        chance.choice(list(Audience)), chance.choice([None, start]), chance.choice([None, end])
    )
    version.refresh_from_db()
    event = DocumentEvent.objects.first()
    assert event is not None
    steps = [
        lambda: publish_version(version=version, terms=terms),
        lambda: publish_version(version=version),
        lambda: change_terms(version=version, terms=terms),
        lambda: retire_version(version=version),
        lambda: roll_back(version=version),
        lambda: publishing.undo(event=event),
    ]
    with contextlib.suppress(LifecycleError):
        chance.choice(steps)()

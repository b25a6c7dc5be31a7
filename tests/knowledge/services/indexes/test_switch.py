"""Another embedding model of other dimensions, built, switched to and left again, under a steady
stream of questions: each gets a whole answer."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from knowledge.embedding import encoder as encoders
from knowledge.embedding.encoder import is_loaded
from knowledge.models import Audience, EmbeddingIndex
from knowledge.services.indexes import embedding_indexes, hnsw
from knowledge.services.indexes.building import work_on_indexes
from knowledge.services.indexes.embedding_indexes import (
    activate_index,
    drop_index,
    get_active_index,
    start_index,
)
from supportbot.retrieval.search import Scope, search
from tests.conftest import RETURNS_POLICY, SHIPPING, Publish
from tests.knowledge.embedding.test_endpoint import NAME, embeddings
from tests.openai_server import run_server
from tests.small_model import small_model

pytestmark = pytest.mark.django_db(transaction=True)
State = EmbeddingIndex.State
ASKED = {
    "How long may I return unopened goods?": "returns.md",
    "What does shipping to France cost?": "shipping.md",
}


class Asker(threading.Thread):
    """Asks without a pause, and keeps what went wrong and which model answered."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.models: Counter[str] = Counter()
        self.wrong: list[str] = []

    def run(self) -> None:
        scope = Scope(as_of=timezone.localdate(), reader=Audience.PUBLIC)
        try:
            while not self.ended.is_set():
                for question, document in ASKED.items():
                    found = search(question, scope=scope)
                    self.models[found.model] += 1
                    if not found.passages:
                        self.wrong.append(f"no answer to {question}")
                    elif found.passages[0].external_id != document:
                        self.wrong.append(f"{found.passages[0].external_id} for {question}")
        except Exception as error:  # noqa: BLE001  (shown by the test)
            self.wrong.append(repr(error))
        finally:
            connection.close()

    def until_answered_by(self, model: str) -> None:
        """Wait until that index, too, has answered."""
        before = self.models[model]
        self.until(lambda: self.models[model] > before + len(ASKED))

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait for it, or for a wrong answer."""
        ends = threading.Event()
        while not holds() and not self.wrong:
            assert not ends.wait(0.02)


@pytest.fixture
def asker(publish: Publish) -> Iterator[Asker]:
    publish(RETURNS_POLICY, "returns.md", title="Returns policy")
    publish(SHIPPING, "shipping.md", title="Shipping")
    encoders._encoders.pop(small_model(), None)
    thread = Asker()
    thread.start()
    yield thread
    thread.ended.set()
    thread.join()
    while embedding_indexes._loading.locked():
        pass
    for index in EmbeddingIndex.objects.all():
        hnsw.drop(index)


def test_no_question_goes_without_an_answer(asker: Asker, publish: Publish) -> None:
    old = get_active_index()
    new = start_index(model=small_model())
    week = 1
    while work_on_indexes():
        publish(f"In week {week} the shop opens at {week} o’clock.", "hours.md")
        week += 1
    new.refresh_from_db()
    assert new.state == State.READY
    asker.until_answered_by("bundled")
    # The process that asks has yet to load the model, as one on another machine would.
    encoders._encoders.pop(small_model(), None)
    activate_index(index=new)
    asker.until_answered_by(small_model())
    # A question that began before may still be answered by the encoder that was taken away.
    asker.until(lambda: is_loaded(small_model()))
    publish("Gift cards are valid for three years.", "gifts.md")
    activate_index(index=old)
    asker.until_answered_by("bundled")
    activate_index(index=new)
    old.refresh_from_db()
    drop_index(index=old)
    EmbeddingIndex.objects.filter(pk=old.pk).update(lease_until=timezone.now())
    asker.until_answered_by(small_model())
    while work_on_indexes():
        pass
    asker.until_answered_by(small_model())
    assert asker.wrong == []
    assert not old.embeddings.exists()


def test_a_server_may_be_shut_down_once_its_index_is_dropped(
    settings: Settings, publish: Publish
) -> None:
    publish(RETURNS_POLICY, "returns.md", title="Returns policy")
    scope = Scope(as_of=timezone.localdate(), reader=Audience.PUBLIC)
    bundled = get_active_index()
    with run_server() as server:
        settings.EMBEDDING_BASE_URL = server.base_url
        server.says(embeddings)
        endpoint = start_index(model=NAME)
        while work_on_indexes():
            pass
        endpoint.refresh_from_db()
        activate_index(index=endpoint)
        assert search("How long may I return goods?", scope=scope).model == NAME
        # Another process switches back, and this one has yet to load the model that it left.
        activate_index(index=bundled)
        endpoint.refresh_from_db()
        drop_index(index=endpoint)
    encoders._encoders.pop(bundled.model)
    try:
        found = search("How long may I keep unopened goods?", scope=scope)
    finally:
        encoders._encoders.pop(NAME, None)
        hnsw.drop(endpoint)
        hnsw.drop(bundled)
    assert (found.model, found.passages[0].external_id) == (bundled.model, "returns.md")

"""No sequence of steps ever serves a passage to somebody, or on a day, that it is not for.

The oracle is told in three lines of Python over the versions' own rows: on a day, the published
version with the highest number whose days include it, if the reader's audience may read it.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from knowledge.embedding.model import folder_for, prepare_model
from knowledge.models import (
    Audience,
    Document,
    DocumentEvent,
    DocumentVersion,
    Embedding,
    EmbeddingIndex,
    Passage,
)
from knowledge.services.lifecycle import publishing
from knowledge.services.lifecycle.freshness import check_freshness
from knowledge.services.lifecycle.publishing import LifecycleError, Terms
from supportbot.retrieval.search import Scope, search
from tests.conftest import Publish

State = DocumentVersion.State
TODAY = timezone.localdate()
# Few days around today, so that dates meet and overlap often.
DAYS = [TODAY + dt.timedelta(days=offset) for offset in (-2, -1, 0, 1, 2)]
MAYBE_DAY = st.one_of(st.none(), st.sampled_from(DAYS))
DOCUMENTS, VERSIONS = 2, 3
EXAMPLES = int(os.environ.get("SUPPORTBOT_TEST_EXAMPLES", "12"))  # more of them by hand

Served = set[tuple[int, int]]  # (document, version number)


def readable(reader: Audience, day: dt.date) -> Served:
    """What the rows of the versions say that a reader may be served on a day."""
    served = set()
    for document in Document.objects.all():
        on_that_day = [
            version
            for version in document.versions.filter(state=State.PUBLISHED)
            if (version.effective_from or dt.date.min)
            <= day
            < (version.effective_until or dt.date.max)
        ]
        newest = max(on_that_day, key=lambda version: version.number, default=None)
        if newest is not None and newest.audience in Audience.seen_by(reader):
            served.add((document.pk, newest.number))
    return served


@dataclass(frozen=True)
class Pick:
    """Chooses a version by its place, whatever ids the database gave."""

    document: int
    number: int

    def version(self) -> DocumentVersion:
        document = Document.objects.order_by("pk")[self.document]
        return document.versions.get(number=self.number)


PICK = st.builds(Pick, document=st.integers(0, DOCUMENTS - 1), number=st.integers(1, VERSIONS))
TERMS = st.builds(
    Terms,
    audience=st.sampled_from(Audience),
    effective_from=MAYBE_DAY,
    effective_until=MAYBE_DAY,
)


class Lifecycle(RuleBasedStateMachine):
    """Editors at work. A refused step must change nothing, and says why."""

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.savepoint)

    def attempt(self, step: Callable[[], None]) -> bool:
        before = rows()
        try:
            step()
        except LifecycleError as error:
            assert str(error).endswith((".", "there."))
            assert rows() == before
            return False
        return True

    @rule(pick=PICK, terms=TERMS)
    def publish(self, pick: Pick, terms: Terms) -> None:
        version = pick.version()
        if self.attempt(lambda: publishing.publish_version(version=version, terms=terms)):
            assert (version.state, Terms.of(version)) == (State.PUBLISHED, terms)

    @rule(pick=PICK)
    def retire(self, pick: Pick) -> None:
        version = pick.version()
        if self.attempt(lambda: publishing.retire_version(version=version)):
            assert version.state == State.RETIRED

    @rule(pick=PICK, terms=TERMS)
    def change_terms(self, pick: Pick, terms: Terms) -> None:
        version = pick.version()
        self.attempt(lambda: publishing.change_terms(version=version, terms=terms))

    @rule(pick=PICK)
    def roll_back(self, pick: Pick) -> None:
        version = pick.version()
        if self.attempt(lambda: publishing.roll_back(version=version)):
            staff_see = readable(Audience.INTERNAL, TODAY)
            assert (version.document_id, version.number) in staff_see

    @rule(pick=PICK)
    def review(self, pick: Pick) -> None:
        version = pick.version()
        self.attempt(lambda: publishing.submit_for_review(version=version))

    @rule(pick=PICK)
    def send_back(self, pick: Pick) -> None:
        version = pick.version()
        self.attempt(lambda: publishing.send_back(version=version))

    @rule()
    def undo_the_last_step(self) -> None:
        event = DocumentEvent.objects.first()
        assert event is not None
        before = event.data.get("before")
        if self.attempt(lambda: publishing.undo(event=event)):
            now = rows()[event.document_id]
            assert before is not None
            for number, state in before.items():
                assert now[int(number)] == tuple(state.values())

    @rule()
    def switch_the_embedding_index(self) -> None:
        active = EmbeddingIndex.objects.get(state=EmbeddingIndex.State.ACTIVE)
        other = EmbeddingIndex.objects.get(state=EmbeddingIndex.State.READY)
        swap(active, other)

    @rule(reader=st.sampled_from(Audience), day=st.sampled_from(DAYS))
    def ask(self, reader: Audience, day: dt.date) -> None:
        found = search("days to return", scope=Scope(as_of=day, reader=reader), limit=50)
        served = {(passage.document_id, passage.version) for passage in found.passages}
        assert served == readable(reader, day)

    @rule(pick=PICK, reader=st.sampled_from(Audience))
    def preview(self, pick: Pick, reader: Audience) -> None:
        """A preview shows the chosen version in its document's place, and else nothing new."""
        version = pick.version()
        scope = Scope(as_of=TODAY, reader=reader, preview=version.pk)
        found = search("days to return", scope=scope, limit=50)
        shown = {(passage.document_id, passage.version) for passage in found.passages}
        others = {one for one in readable(reader, TODAY) if one[0] != version.document_id}
        assert shown == {*others, (version.document_id, version.number)}

    @invariant()
    def passages_say_what_versions_say(self) -> None:
        for reader in Audience:
            for day in DAYS:
                live = Passage.objects.live(day, reader)
                served = set(live.values_list("version__document_id", "version__number"))
                assert served == readable(reader, day)

    @invariant()
    def freshness_is_proven(self) -> None:
        assert check_freshness().ok


def rows() -> dict[int, dict[int, tuple[object, ...]]]:
    """The lifecycle of all versions, as the history writes it."""
    found: dict[int, dict[int, tuple[object, ...]]] = {}
    for version in DocumentVersion.objects.all():
        start, end = version.effective_from, version.effective_until
        found.setdefault(version.document_id, {})[version.number] = (
            version.state,
            version.audience,
            start and start.isoformat(),
            end and end.isoformat(),
        )
    return found


def swap(active: EmbeddingIndex, other: EmbeddingIndex) -> None:
    from knowledge.services.indexes.embedding_indexes import activate_index

    activate_index(index=other)
    active.refresh_from_db()
    assert active.state == EmbeddingIndex.State.READY


def second_index() -> None:
    """The vectors of the active index once more, in its own place, as another model's."""
    active = EmbeddingIndex.objects.get(state=EmbeddingIndex.State.ACTIVE)
    other = EmbeddingIndex.objects.create(
        model="bundled-again", dimensions=active.dimensions, state=EmbeddingIndex.State.READY
    )
    shutil.copytree(prepare_model(active.model).folder, folder_for(other.model), dirs_exist_ok=True)
    Embedding.objects.bulk_create(
        Embedding(
            index=other,
            text_hash=embedding.text_hash,
            vector=embedding.vector,
        )
        for embedding in active.embeddings.all()
    )


def test_nobody_is_ever_served_what_is_not_for_them(publish: Publish) -> None:
    for document in range(DOCUMENTS):
        for number in range(VERSIONS):
            publish(
                f"You have {10 * document + number} days to return a parcel.",
                file_name=f"{document}.md",
                publish=False,
            )
    second_index()
    run_state_machine_as_test(
        Lifecycle,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )

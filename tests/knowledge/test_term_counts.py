"""Triggers on the passages keep the terms' counts and the revision exact (knowledge.models.terms).

The oracle is a recount: in how many served passages each term stands.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from knowledge.models import Document, DocumentEvent, DocumentVersion, Passage
from knowledge.models.terms import Revision, Term
from knowledge.services.indexes.search_entries import (
    count_wrong_terms,
    find_wrong_entries,
    repair_entries,
)
from knowledge.services.ingestion.documents import add_version, check_upload, delete_document
from knowledge.services.ingestion.pipeline import cut
from knowledge.services.lifecycle import publishing, serving
from knowledge.services.lifecycle.publishing import LifecycleError, publish_version, retire_version
from knowledge.terms import number_of, passage_weights
from tests.conftest import Publish
from tests.knowledge.test_audience_and_date import DOCUMENTS, PICK, TERMS, VERSIONS, Pick

EXAMPLES = int(os.environ.get("SUPPORTBOT_TEST_EXAMPLES", "8"))  # more of them by hand
WAITING = 30  # seconds until a thread that hangs is given up


def revision() -> int:
    found = Revision.objects.first()
    return found.number if found is not None else 0


def served() -> set[tuple[object, ...]]:
    """What readers can be shown."""
    shown = ("pk", "audience", "effective", "version__effective_from")
    rows = Passage.objects.filter(published=True).values_list(*shown)
    return {tuple(map(str, row)) for row in rows}


def counts() -> dict[int, int]:
    return dict(Term.objects.exclude(passages=0).values_list("pk", "passages"))


def recount() -> dict[int, int]:
    """In Python, from the texts themselves."""
    found: dict[int, int] = {}
    for passage in Passage.objects.filter(published=True).select_related("version__document"):
        locale = passage.version.document.locale
        for term in passage_weights(passage.context, passage.text, locale):
            found[term] = found.get(term, 0) + 1
    return found


def split_again(version: DocumentVersion) -> None:
    """What a repair or a new splitter does: other passages in the place of the earlier ones."""
    version.passages.all().delete()
    Passage.objects.bulk_create(cut(version))
    serving.serve(version.document_id)


# -- one after the other --------------------------------------------------------------------------
class Editors(RuleBasedStateMachine):
    """Steps of the lifecycle in any order, refused ones among them."""

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.seen, self.number = served(), revision()

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.savepoint)

    def attempt(self, step: Callable[[], None]) -> None:
        try:
            step()
        except LifecycleError:
            assert served() == self.seen

    @rule(pick=PICK, terms=TERMS)
    def publish(self, pick: Pick, terms: publishing.Terms) -> None:
        self.attempt(lambda: publish_version(version=pick.version(), terms=terms))

    @rule(pick=PICK)
    def retire(self, pick: Pick) -> None:
        self.attempt(lambda: retire_version(version=pick.version()))

    @rule(pick=PICK)
    def roll_back(self, pick: Pick) -> None:
        self.attempt(lambda: publishing.roll_back(version=pick.version()))

    @rule(pick=PICK, terms=TERMS)
    def change_terms(self, pick: Pick, terms: publishing.Terms) -> None:
        self.attempt(lambda: publishing.change_terms(version=pick.version(), terms=terms))

    @rule()
    def undo_the_last_step(self) -> None:
        event = DocumentEvent.objects.first()
        assert event is not None
        self.attempt(lambda: publishing.undo(event=event))

    @rule(pick=PICK)
    def split_again(self, pick: Pick) -> None:
        split_again(pick.version())

    @rule(pick=PICK)
    def delete_some_passages(self, pick: Pick) -> None:
        pick.version().passages.filter(position__gte=1).delete()

    @rule()
    def repair_what_is_right(self) -> None:
        """Counts all terms anew, which is one more revision and changes no count."""
        repair_entries()
        self.number = revision() - (served() != self.seen)

    @invariant()
    def counts_are_exact(self) -> None:
        assert count_wrong_terms() == 0
        assert counts() == recount()
        assert Revision.objects.get().passages == Passage.objects.filter(published=True).count()

    @invariant()
    def the_revision_grows_with_what_can_be_seen_and_with_nothing_else(self) -> None:
        now, number = served(), revision()
        assert (number > self.number) == (now != self.seen)
        self.seen, self.number = now, number


def test_whatever_editors_do_the_counts_are_exact(publish: Publish) -> None:
    for document in range(DOCUMENTS):
        for number in range(VERSIONS):
            text = (
                f"# Days {number}\n\nYou have {number} days.\n\n# Parcels\n\nCall +44-20-{number}."
            )
            publish(text, file_name=f"{document}.md", publish=number == 1)
    run_state_machine_as_test(
        Editors,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


def test_a_draft_counts_nothing_and_is_no_revision(publish: Publish) -> None:
    publish("Within 14 days.", file_name="other.md")
    before, number = counts(), revision()
    version = publish("Tungsten melts.", publish=False)
    split_again(version)
    version.passages.update(page=3)
    assert (counts(), revision()) == (before, number)
    publish_version(version=version)
    assert counts()[number_of("tungsten")] == 1
    assert revision() > number


def test_a_deleted_document_leaves_nothing_behind(publish: Publish) -> None:
    publish("Within 14 days.", file_name="other.md")
    before, number = counts(), revision()
    version = publish("Tungsten melts within 14 days.")
    assert counts()[number_of("day")] == 2
    delete_document(document=version.document)
    assert counts() == before
    assert revision() > number
    assert count_wrong_terms() == 0


def test_a_deleted_collection_leaves_nothing_behind(publish: Publish) -> None:
    version = publish("Tungsten melts.", collection="Metals")
    version.document.collection.delete()
    assert counts() == {}
    assert count_wrong_terms() == 0


def test_what_is_rolled_back_counts_nothing(publish: Publish) -> None:
    version = publish("Tungsten melts.", publish=False)
    before = revision()
    with pytest.raises(RuntimeError), transaction.atomic():
        publish_version(version=version)
        assert counts()[number_of("tungsten")] == 1
        raise RuntimeError
    assert (counts(), revision()) == ({}, before)


# -- what is wrong is found and put right ---------------------------------------------------------
def test_wrong_counts_are_found_and_counted_anew(publish: Publish) -> None:
    publish("Tungsten melts.")
    right = counts()
    Term.objects.filter(pk=number_of("tungsten")).update(passages=7)
    Term.objects.create(pk=5, passages=1)
    Revision.objects.update(passages=99)
    assert count_wrong_terms() == 3
    repair_entries()
    assert count_wrong_terms() == 0
    assert counts() == right


def test_wrong_entries_are_found_and_computed_anew(publish: Publish) -> None:
    version = publish("# A\n\nTungsten melts.\n\n# B\n\nWithin 14 days.")
    right = list(version.passages.order_by("pk").values_list("terms", "weights"))
    first = version.passages.all()[0]
    Passage.objects.filter(pk=first.pk).update(terms=[1, 2], weights=None)
    assert find_wrong_entries(None) == {version.pk: [first.pk]}
    repair_entries()
    assert find_wrong_entries(None) == {}
    assert [row[0] for row in version.passages.order_by("pk").values_list("terms")] == [
        row[0] for row in right
    ]
    assert count_wrong_terms() == 0


def test_the_migration_fills_what_was_there_before(publish: Publish) -> None:
    version = publish("# A\n\nTungsten melts.\n\n# B\n\nWithin 14 days.")
    publish("A draft.", file_name="draft.md", publish=False)
    right = counts()
    Passage.objects.update(terms=[], weights=None)
    assert set(find_wrong_entries(None)) == {version.pk}
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as at the start of a migration
    import_module("knowledge.migrations.0007_fill_terms").fill(
        None, SimpleNamespace(connection=connection)
    )
    assert find_wrong_entries(None) == {}
    assert not Passage.objects.filter(terms=[]).exists()
    assert counts() == right
    assert count_wrong_terms() == 0
    retire_version(version=version)  # the triggers work again
    assert counts() == {}


def test_another_language_for_the_next_version_is_no_fault_of_the_one_served(
    publish: Publish,
) -> None:
    """The entries of what is served were made in the language that it was published in, and the
    check of them must not report a problem for as long as the next version is a draft."""
    version = publish("Die Lieferungen dauern 14 Tage.", locale="en")
    publish("Die Lieferungen dauern 15 Tage.", locale="de", publish=False)
    assert version.passages.filter(published=True).exists()
    assert find_wrong_entries(None) == {}


# -- at the same time -----------------------------------------------------------------------------
class Together:
    """Threads with connections of their own, and what went wrong in them."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        self.threads: list[threading.Thread] = []

    def start(self, work: Callable[[], Any]) -> None:
        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001  (shown by the test)
                self.errors.append(error)
            finally:
                connection.close()

        self.threads.append(threading.Thread(target=run, daemon=True))
        self.threads[-1].start()

    def join(self) -> None:
        for thread in self.threads:
            thread.join(WAITING)
            assert not thread.is_alive()
        assert self.errors == []


def until_waiting(number: int) -> None:
    """So many connections, for a lock that another holds."""
    ends_at = time.monotonic() + WAITING
    with connection.cursor() as cursor:
        while time.monotonic() < ends_at:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if cursor.fetchone()[0] >= number:
                return
            time.sleep(0.01)
    raise AssertionError("Nobody waits.")


@pytest.mark.django_db(transaction=True)
def test_publications_at_the_same_time_are_all_counted(publish: Publish) -> None:
    versions = [
        publish(f"Parcel {n} takes {n} days.", file_name=f"{n}.md", publish=False) for n in range(8)
    ]
    before = revision()

    def come_and_go(mine: list[DocumentVersion]) -> None:
        for _ in range(3):
            for version in mine:
                publish_version(version=version)
            for version in mine[1:]:
                retire_version(version=version)

    together = Together()
    for start in range(4):
        together.start(lambda mine=versions[start::4]: come_and_go(mine))  # type: ignore[misc]
    together.join()
    assert count_wrong_terms() == 0
    assert counts()[number_of("parcel")] == 4
    # Each of the steps that changed something is a revision, and none of them is lost.
    assert revision() - before >= 4 * (1 + 3 + 3)


@pytest.mark.django_db(transaction=True)
def test_steps_that_overlap_do_not_wait_in_a_circle(publish: Publish) -> None:
    """As when a web source is deleted with its documents while one of them is retired: a
    transaction with two documents, and another with the second of them."""
    first, second = (publish(f"Within {n} days.", file_name=f"{n}.md") for n in (1, 2))
    together, has_begun = Together(), threading.Event()

    def both() -> None:
        with transaction.atomic():
            retire_version(version=DocumentVersion.objects.get(pk=first.pk))
            has_begun.set()
            until_waiting(1)
            retire_version(version=DocumentVersion.objects.get(pk=second.pk))

    together.start(both)
    assert has_begun.wait(WAITING)
    together.start(lambda: retire_version(version=second))
    together.join()
    assert count_wrong_terms() == 0
    assert counts() == {}


@pytest.mark.django_db(transaction=True)
def test_counting_anew_beside_a_publication_counts_it(publish: Publish) -> None:
    publish("Within 14 days.", file_name="other.md")
    version = publish("Tungsten melts.", publish=False)
    together = Together()
    with transaction.atomic():
        publish_version(version=version)
        together.start(repair_entries)
        until_waiting(1)
    together.join()
    assert count_wrong_terms() == 0


@pytest.mark.django_db(transaction=True)
def test_a_repair_and_a_publication_do_not_wait_in_a_circle(publish: Publish) -> None:
    """The repair has changed one passage and is about to change those of others, one of which is
    being retired by somebody who waits for the counts."""
    for number in range(3):
        publish(f"Within {number} days.", file_name=f"{number}.md")
    _, held, last = Passage.objects.order_by("text_hash").select_related("version")
    Passage.objects.update(terms=[1])
    together = Together()
    with transaction.atomic():
        Passage.objects.select_for_update().get(pk=held.pk)
        together.start(repair_entries)
        until_waiting(1)
        together.start(lambda: retire_version(version=last.version))
        until_waiting(2)
    together.join()
    assert count_wrong_terms() == 0


def test_a_new_title_is_shown_with_the_next_revision(publish: Publish) -> None:
    """Rankings are kept by their revision and show the title of the document."""
    version = publish("Within 14 days.", title="Returns")
    before = revision()
    upload = check_upload(_file(b"Within 15 days."), file_name="returns.md", title="New returns")
    add_version(upload=upload)
    assert Document.objects.get(pk=version.document_id).title == "New returns"
    assert revision() > before


def _file(content: bytes) -> Any:
    import io

    return io.BytesIO(content)

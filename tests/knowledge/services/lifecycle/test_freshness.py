"""lifecycle.freshness: whatever is broken behind the product's back is found and named."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.utils import timezone

from knowledge.models import Collection, Document, DocumentVersion, EmbeddingIndex, FreshnessCheck
from knowledge.services.lifecycle import freshness
from knowledge.services.lifecycle.freshness import (
    FreshnessReport,
    Problem,
    check_freshness,
    record_check,
    repair,
)
from knowledge.services.lifecycle.publishing import retire_version
from tests.conftest import RETURNS_POLICY, Publish, process_waiting

SPRING, SUMMER = dt.date(2026, 3, 1), dt.date(2026, 6, 1)
LONG = "\n\n".join(
    f"## Part {n}\n\n" + " ".join(f"Rule {n}.{m} of the shop." for m in range(15)) for n in range(5)
)
# Names that stand for these in the statements below.
NAMES = {
    ":passage": "(SELECT min(id) FROM knowledge_passage)",
    ":hash": "(SELECT text_hash FROM knowledge_passage "
    "WHERE id = (SELECT min(id) FROM knowledge_passage))",
    ":newest": "(SELECT max(id) FROM knowledge_documentversion)",
}


def sql(statement: str, *parameters: str | int | None) -> None:
    """What no service would do."""
    for name, meaning in NAMES.items():
        statement = statement.replace(name, meaning)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        assert cursor.rowcount != 0, "the statement broke nothing"


def the_problem(report: FreshnessReport) -> Problem:
    (problem,) = report.problems
    return problem


TABLES = """# Prices

| Part | Price |
| --- | --- |
| TW-P2041 | £3.50 |
| TW-P2100 | £9.90 |
"""


def test_a_table_is_no_altered_text(publish: Publish) -> None:
    """It is embedded, and counted, in other words than it stands in."""
    publish(TABLES, file_name="prices.md")
    assert check_freshness(every_entry=True).problems == ()
    sql("UPDATE knowledge_passage SET text = replace(text, '9.90', '1.90')")
    assert the_problem(check_freshness()).code == "altered"


def test_a_repair_counts_a_table_as_it_is_said(publish: Publish) -> None:
    version = publish(TABLES, file_name="prices.md")
    before = version.passages.get().terms
    sql("UPDATE knowledge_passage SET terms = '{1,2}', weights = NULL")
    report = check_freshness(every_entry=True)
    assert the_problem(report).code == "search_entry"
    repair(report)
    assert check_freshness(every_entry=True).problems == ()
    assert version.passages.get().terms == before


def test_a_table_put_in_by_an_earlier_version_is_as_fresh(publish: Publish) -> None:
    """Those were embedded and counted as they stand."""
    version = publish(TABLES, file_name="prices.md")
    passage = version.passages.get()
    sql(
        "UPDATE knowledge_passage "
        "SET text_hash = sha256(convert_to(context || E'\\n' || text, 'UTF8'))"
    )
    codes = {problem.code for problem in check_freshness(every_entry=True).problems}
    assert "altered" not in codes
    assert version.passages.get().text_hash != passage.text_hash


@pytest.fixture
def rules(publish: Publish) -> DocumentVersion:
    """A version of five passages."""
    version = publish(f"# Rules\n\n{LONG}", title="Rules", file_name="rules.md")
    assert version.passages.count() == 5
    return version


def test_what_the_product_publishes_is_fresh(publish: Publish, rules: DocumentVersion) -> None:
    publish("Within 14 days.", collection="Shop")
    publish("Within 30 days.", collection="Shop", effective_from=SPRING, effective_until=SUMMER)
    publish("A draft.", file_name="draft.md", publish=False)
    retire_version(version=publish("No longer so.", file_name="old.md"))
    report = check_freshness()
    assert report.problems == ()
    assert report.ok
    figures = report.figures
    assert (figures.documents, figures.versions, figures.passages) == (2, 3, 7)
    assert list(figures.vectors.values()) == [7]
    assert figures.orphans == 0


def test_nothing_at_all_is_fresh(db: None) -> None:
    assert check_freshness().ok


BROKEN: list[tuple[str, str, int]] = [
    ("not_published", "UPDATE knowledge_documentversion SET state = 'retired'", 5),
    ("not_published", "UPDATE knowledge_documentversion SET state = 'draft'", 5),
    ("not_read", "UPDATE knowledge_documentversion SET status = 'failed'", 5),
    (
        "wrong_days",
        "UPDATE knowledge_passage SET effective = '{[2026-03-01,)}' WHERE id = :passage",
        1,
    ),
    ("wrong_days", "UPDATE knowledge_passage SET effective = NULL WHERE id = :passage", 1),
    (
        "wrong_days",
        "UPDATE knowledge_documentversion SET effective_until = '2026-03-01'",
        5,
    ),
    (
        "wrong_audience",
        "UPDATE knowledge_passage SET audience = 'internal' WHERE id = :passage",
        1,
    ),
    ("wrong_audience", "UPDATE knowledge_documentversion SET audience = 'internal'", 5),
    ("not_whole", "UPDATE knowledge_passage SET published = false WHERE id = :passage", 1),
    ("not_whole", "UPDATE knowledge_passage SET published = false", 5),
    ("not_whole", "DELETE FROM knowledge_passage WHERE id = :passage", 1),
    ("not_whole", "DELETE FROM knowledge_passage", 5),
    ("not_whole", "UPDATE knowledge_passage SET position = 99 WHERE id = :passage", 1),
    ("not_whole", "UPDATE knowledge_documentversion SET progress_total = 6", 1),
    ("other_passages", "UPDATE knowledge_documentversion SET passages_digest = 'x'", 1),
    ("altered", "UPDATE knowledge_passage SET text = text || '!' WHERE id = :passage", 1),
    ("altered", "UPDATE knowledge_passage SET context = 'Other' WHERE id = :passage", 1),
    ("no_vector", "DELETE FROM knowledge_embedding WHERE text_hash = :hash", 1),
    ("no_vector", "DELETE FROM knowledge_embedding", 5),
    (
        "bad_vector",
        "UPDATE knowledge_embedding SET vector = array_fill(0, ARRAY[384])::real[]::halfvec "
        "WHERE text_hash = :hash",
        1,
    ),
    ("no_index", "UPDATE knowledge_embeddingindex SET state = 'ready'", 5),
]


@contextmanager
def broken(statement: str) -> Iterator[None]:
    """Until the end of the block."""
    with transaction.atomic():
        sql(statement)
        yield
        transaction.set_rollback(True)


def test_what_is_broken_is_named(rules: DocumentVersion, subtests: pytest.Subtests) -> None:
    document = (rules.document_id, "Rules", 1)
    passages = set(rules.passages.values_list("pk", flat=True))
    for code, statement, rows in BROKEN:
        with subtests.test(code, statement=statement), broken(statement):
            problem = the_problem(check_freshness())
            assert (problem.code, problem.rows) == (code, rows)
            assert (problem.document_id, problem.document, problem.version) == document
            assert "“Rules”, version 1: " in problem.text
            assert problem.remedy
            assert set(problem.passages) <= passages
    assert check_freshness().ok


def test_the_passages_at_fault_are_named(rules: DocumentVersion) -> None:
    second, third = rules.passages.order_by("position")[1:3]
    sql("UPDATE knowledge_passage SET audience = 'internal' WHERE id = %s", third.pk)
    assert the_problem(check_freshness()).passages == (third.pk,)
    sql("UPDATE knowledge_passage SET audience = 'internal' WHERE id = %s", second.pk)
    assert the_problem(check_freshness()).passages == (second.pk, third.pk)


def test_a_passage_with_another_ones_hash_is_found(rules: DocumentVersion) -> None:
    sql(
        "UPDATE knowledge_passage SET text_hash = (SELECT text_hash FROM knowledge_passage "
        "WHERE id <> :passage LIMIT 1) WHERE id = :passage"
    )
    codes = {problem.code for problem in check_freshness().problems}
    assert codes == {"altered", "other_passages"}


def test_passages_out_of_order_are_found(rules: DocumentVersion) -> None:
    sql("UPDATE knowledge_passage SET position = position + 10")
    sql("UPDATE knowledge_passage SET position = 14 - position")
    assert the_problem(check_freshness()).code == "other_passages"


def test_a_passage_in_another_collection_is_found(rules: DocumentVersion) -> None:
    other = Collection.objects.create(name="Other")
    sql("UPDATE knowledge_passage SET collection_id = %s WHERE id = :passage", other.pk)
    assert the_problem(check_freshness()).code == "wrong_collection"


def test_two_versions_in_effect_on_one_day_are_found(publish: Publish) -> None:
    publish("Within 14 days.", effective_until=SPRING)
    publish("Within 30 days.", effective_from=SPRING)
    assert check_freshness().ok
    sql("UPDATE knowledge_passage SET effective = '{(,)}' WHERE version_id = :newest")
    found = {(problem.code, problem.version) for problem in check_freshness().problems}
    assert found == {("two_in_effect", 1), ("two_in_effect", 2), ("wrong_days", 2)}


def test_a_version_that_stays_served_beside_its_successor_is_found(publish: Publish) -> None:
    first = publish("Within 14 days.")
    publish("Within 30 days.")
    sql(
        "UPDATE knowledge_passage SET published = true, effective = '{(,)}' WHERE version_id = %s",
        first.pk,
    )
    found = {(problem.code, problem.version) for problem in check_freshness().problems}
    assert found == {("not_published", 1), ("two_in_effect", 1), ("two_in_effect", 2)}


def test_a_search_entry_of_other_words_is_found_and_repaired(rules: DocumentVersion) -> None:
    for change in ("terms = terms[2:]", "weights = '{7:1}/999999999'", "weights = NULL"):
        sql(f"UPDATE knowledge_passage SET {change} WHERE id = :passage")  # noqa: S608
        report = check_freshness(every_entry=True)
        problem = the_problem(report)
        assert (problem.code, problem.rows) == ("search_entry", 1)
        repair(report)
        assert check_freshness(every_entry=True).ok


def test_wrong_counts_of_terms_are_found_and_repaired(rules: DocumentVersion) -> None:
    sql(
        "UPDATE knowledge_term SET passages = passages + 1 WHERE id = (SELECT min(id) FROM "
        "knowledge_term)"
    )
    report = check_freshness()
    problem = the_problem(report)
    assert (problem.code, problem.rows) == ("term_counts", 1)
    assert "counts" in problem.text
    repair(report)
    assert check_freshness().ok


def second_index(state: str, dimensions: int = 384) -> EmbeddingIndex:
    index = EmbeddingIndex.objects.create(model="second", dimensions=dimensions, state=state)
    sql(
        "INSERT INTO knowledge_embedding (index_id, text_hash, vector) "
        "SELECT %s, text_hash, vector FROM knowledge_embedding",
        index.pk,
    )
    return index


def test_a_ready_index_must_be_complete_too(rules: DocumentVersion) -> None:
    index = second_index("ready")
    assert list(check_freshness().figures.vectors.values()) == [5, 5]
    assert check_freshness().ok
    sql("DELETE FROM knowledge_embedding WHERE index_id = %s AND text_hash = :hash", index.pk)
    problem = the_problem(check_freshness())
    assert (problem.code, problem.index) == ("no_vector", str(index))
    assert "second" in problem.text


def test_vectors_of_other_dimensions_are_found(rules: DocumentVersion) -> None:
    second_index("ready", dimensions=100)
    problem = the_problem(check_freshness())
    assert (problem.code, problem.rows) == ("bad_vector", 5)


def test_an_index_that_is_being_built_need_not_be_complete(rules: DocumentVersion) -> None:
    EmbeddingIndex.objects.create(model="second", dimensions=100, state="building")
    assert check_freshness().ok


def test_vectors_of_texts_that_are_gone_are_counted_and_no_error(rules: DocumentVersion) -> None:
    sql(
        "INSERT INTO knowledge_embedding (index_id, text_hash, vector) "
        "SELECT index_id, 'gone'::bytea, vector FROM knowledge_embedding LIMIT 1"
    )
    report = check_freshness()
    assert report.ok
    assert report.figures.orphans == 1


def test_a_check_is_kept_and_old_ones_go(rules: DocumentVersion) -> None:
    record_check()
    FreshnessCheck.objects.update(started_at=timezone.now() - freshness.KEPT_FOR * 2)
    sql("UPDATE knowledge_passage SET text = 'x'")
    record_check()
    kept = FreshnessCheck.objects.get()
    assert (kept.ok, kept.problem_rows) == (False, 5)
    assert kept.report["problems"][0]["code"] == "altered"
    assert kept.report["figures"]["passages"] == 5


def test_what_needs_no_reading_can_be_repaired(
    rules: DocumentVersion, subtests: pytest.Subtests
) -> None:
    repairable = [
        statement
        for code, statement, _ in BROKEN
        if code in {"not_published", "wrong_days", "wrong_audience", "no_vector", "bad_vector"}
        or (code == "not_whole" and "published = false" in statement)
    ]
    for statement in repairable:
        with subtests.test(statement), broken(statement):
            report = check_freshness()
            assert not report.ok
            repair(report)
            process_waiting()
            assert check_freshness().problems == ()
            rules.refresh_from_db()
            assert rules.status == DocumentVersion.Status.READY


def test_a_repair_leaves_other_damage_as_it_is(rules: DocumentVersion) -> None:
    sql("UPDATE knowledge_passage SET text = 'x'")
    repair(check_freshness())
    process_waiting()
    assert the_problem(check_freshness()).code == "altered"


@pytest.mark.django_db(transaction=True)
def test_a_publication_under_way_is_no_false_alarm(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between any two statements of the check another version is published whole."""
    publish("Version 1 of the rules.")
    number = 1

    def in_another_connection(work: Callable[[], object]) -> None:
        def run() -> None:
            try:
                work()
            finally:
                connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()

    real = freshness._rows

    def interrupted(*arguments: object) -> object:
        nonlocal number
        number += 1
        in_another_connection(lambda: publish(f"Version {number} of the rules."))
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(freshness, "_rows", interrupted)
    report = check_freshness()
    assert report.problems == ()
    assert report.figures.versions == 1
    assert Document.objects.get().versions.count() == number > 4
    monkeypatch.undo()
    assert check_freshness().ok


def test_a_policy_for_a_time_and_the_usual_one_are_both_in_effect(publish: Publish) -> None:
    """Three versions, the second cut in two by the third."""
    publish(RETURNS_POLICY, effective_until=SPRING)
    publish(RETURNS_POLICY + "\n\nNew.", effective_from=SPRING)
    publish(
        RETURNS_POLICY + "\n\nSummer.",
        effective_from=SUMMER,
        effective_until=SUMMER + dt.timedelta(days=30),
    )
    report = check_freshness()
    assert report.problems == ()
    assert report.figures.versions == 3

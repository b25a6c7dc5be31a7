"""The list of documents: its cells, filters, progress, and how little it asks of the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from knowledge.admin.listing import estimate_left, in_words
from knowledge.models import Collection, Document, DocumentVersion, VersionWarning
from knowledge.services.ingestion.documents import delete_document
from tests.knowledge.desk import LIST, Publish, act, actions_of, fail, page_of, text_of

Browser = Callable[[User], Client]
DAY = dt.timedelta(days=1)


def warn(version: DocumentVersion, **fields: object) -> VersionWarning:
    text = "Page 7 has no text layer."
    return VersionWarning.objects.create(version=version, code="no_text", text=text, **fields)


# -- What it shows --------------------------------------------------------------------------------
def test_the_list_shows_how_far_a_version_is(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    DocumentVersion.objects.update(status="embedding", progress_done=12, progress_total=40)
    text = text_of(editor.get(LIST))
    assert "12 of 40 passages" in text
    assert "step 3 of 3" in text


def test_what_is_left_is_estimated_from_the_speed_so_far(returns_policy: DocumentVersion) -> None:
    now = timezone.now()
    returns_policy.status = DocumentVersion.Status.EMBEDDING
    returns_policy.step_started_at = now - dt.timedelta(minutes=3)
    returns_policy.progress_done, returns_policy.progress_total = 60, 100
    assert estimate_left(returns_policy, now) == "about 2 minutes left"
    returns_policy.progress_done = 1
    assert estimate_left(returns_policy, now) == "", "a guess is not shown"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3, "less than a minute"),
        (59, "about 1 minute"),
        (300, "about 5 minutes"),
        (7200, "about 2 hours"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_the_list_says_why_a_file_failed(editor: Client, returns_policy: DocumentVersion) -> None:
    fail(returns_policy)
    assert "The file is damaged." in text_of(editor.get(LIST))


def test_the_list_says_what_is_in_effect_and_what_comes_next(
    editor: Client, publish: Publish
) -> None:
    tomorrow = timezone.localdate() + DAY
    publish("# Hours\n\nNine to five.", title="Hours")
    publish("# Hours\n\nNine to six.", title="Hours", effective_from=tomorrow)
    text = text_of(editor.get(LIST))
    assert "In effect" in text
    assert "version 1, always" in text
    assert f"version 2 from {tomorrow.day}" in text


def test_open_warnings_are_counted_but_not_those_of_retired_versions(
    editor: Client, returns_policy: DocumentVersion, shipping: DocumentVersion
) -> None:
    warn(returns_policy)
    warn(returns_policy)
    warn(returns_policy, dismissed_at=timezone.now())
    warn(shipping)
    editor.post(act("retire", shipping))
    rows = {row.pk: row.open_warnings for row in editor.get(LIST).context["cl"].result_list}
    assert rows == {returns_policy.document_id: 2, shipping.document_id: 0}


def test_an_empty_list_says_what_to_do(editor: Client) -> None:
    assert "No documents yet" in text_of(editor.get(LIST))


def test_a_search_without_a_result_leads_back(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    text = text_of(editor.get(f"{LIST}?q=nothing"))
    assert "No document matches" in text
    assert "No documents yet" not in text


# -- Filters and order ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=ready", True),
        ("status=in_progress", False),
        ("state=in_effect", True),
        ("state=retired", False),
        ("audience=public", True),
        ("audience=internal", False),
        ("locale=en", True),
        ("locale=de", False),
        ("warnings=yes", False),
        ("warnings=no", True),
        ("q=returns", True),
        ("q=nothing", False),
        ("collection=999999999999999999999", False),
    ],
)
def test_the_list_is_filtered(
    editor: Client, returns_policy: DocumentVersion, query: str, found: bool
) -> None:
    page = editor.get(f"{LIST}?{query}")
    assert (page_of(returns_policy) in text_of(page)) is found


def test_the_state_depends_on_the_day(editor: Client, publish: Publish) -> None:
    today = timezone.localdate()
    publish("One.", file_name="now.md")
    publish("Two.", file_name="later.md", effective_from=today + DAY)
    publish("Three.", file_name="over.md", effective_from=today - 2 * DAY, effective_until=today)
    publish("Four.", file_name="draft.md", publish=False)
    editor.post(act("submit", publish("Five.", file_name="review.md", publish=False)))
    editor.post(act("retire", publish("Six.", file_name="gone.md")))
    expected = {
        "in_effect": "now.md",
        "scheduled": "later.md",
        "expired": "over.md",
        "draft": "draft.md",
        "in_review": "review.md",
        "retired": "gone.md",
    }
    for state, name in expected.items():
        rows = editor.get(f"{LIST}?state={state}").context["cl"].result_list
        assert [row.external_id for row in rows] == [name], state


def test_an_older_version_in_effect_keeps_its_document_in_effect(
    editor: Client, publish: Publish
) -> None:
    publish("# A\n\nOld.", title="A")
    publish("# A\n\nNew.", title="A", publish=False)
    for state in ("in_effect", "draft"):
        assert len(editor.get(f"{LIST}?state={state}").context["cl"].result_list) == 1
    assert not editor.get(f"{LIST}?state=retired").context["cl"].result_list


def test_filters_are_selects_that_the_keyboard_reaches(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    collection = Collection.objects.get()
    text = text_of(editor.get(f"{LIST}?collection={collection.pk}&q=returns"))
    assert f'<option value="{collection.pk}" selected>' in text
    assert '<input type="hidden" name="q" value="returns">' in text
    for name in ("collection", "status", "state", "audience"):
        assert f'<select name="{name}"' in text


@pytest.mark.parametrize("column", range(1, 7))
def test_every_column_sorts(editor: Client, returns_policy: DocumentVersion, column: int) -> None:
    assert page_of(returns_policy) in text_of(editor.get(f"{LIST}?o=-{column}"))


def test_the_number_of_statements_does_not_grow_with_the_documents(
    editor: Client, publish: Publish
) -> None:
    def statements() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert editor.get(LIST).status_code == 200
        return len(queries)

    publish("One.", file_name="first.md")
    editor.get(LIST)
    before = statements()
    for number in range(12):
        publish(f"Text {number}.", file_name=f"{number}.md")
        publish(f"Newer text {number}.", file_name=f"{number}.md", publish=False)
    assert statements() == before


# -- Progress -------------------------------------------------------------------------------------
def test_progress_gives_the_cells_of_the_documents_and_versions_asked_for(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    DocumentVersion.objects.update(status="embedding", progress_done=12, progress_total=40)
    document, version = returns_policy.document_id, returns_policy.pk
    query = f"ids={document},77,x,{9**40},{2**63}&versions={version},78"
    answer = editor.get(f"{act('progress')}?{query}").json()
    assert answer["in_progress"] == 1
    assert list(answer["documents"]) == [str(document)]
    assert "12 of 40 passages" in answer["documents"][str(document)]["status"]
    assert list(answer["versions"]) == [str(version)]
    one = answer["versions"][str(version)]
    assert (one["status"], one["done"], one["total"]) == ("embedding", 12, 40)


def test_progress_is_for_viewers_only(ben: User, eve: User, browser_of: Browser) -> None:
    assert browser_of(ben).get(act("progress")).status_code == 403
    assert browser_of(eve).get(act("progress")).status_code == 302
    assert Client().get(act("progress")).status_code == 302


# -- Deleting -------------------------------------------------------------------------------------
def test_deleting_asks_first_and_names_the_numbers(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    url = page_of(returns_policy).replace("change", "delete")
    assert "assages" in text_of(editor.get(url))
    assert Document.objects.exists()
    editor.post(url, {"post": "yes"})
    assert not Document.objects.exists()
    assert actions_of(returns_policy.document_id)[-1] == "deleted"


def test_several_are_deleted_together(
    editor: Client, cleo: User, returns_policy: DocumentVersion, shipping: DocumentVersion
) -> None:
    ids = [returns_policy.document_id, shipping.document_id]
    chosen = {"action": "delete_selected", "_selected_action": ids}
    assert "Shipping" in text_of(editor.post(LIST, chosen))
    assert Document.objects.count() == 2
    editor.post(LIST, {**chosen, "post": "yes"})
    assert not Document.objects.exists()
    assert [actions_of(pk)[-1] for pk in ids] == ["deleted", "deleted"]


def test_a_deleted_document_is_gone_from_progress(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    pk, version = returns_policy.document_id, returns_policy.pk
    delete_document(document=returns_policy.document)
    answer = editor.get(f"{act('progress')}?ids={pk}&versions={version}").json()
    assert (answer["documents"], answer["versions"]) == ({}, {})

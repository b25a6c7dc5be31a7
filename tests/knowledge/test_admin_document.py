"""A document's page: its versions, what can be done with each, and its files."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from knowledge.admin.days import Days, describe
from knowledge.admin.steps import STEPS
from knowledge.models import DocumentVersion, Passage
from knowledge.services.lifecycle.checked_publication import publish_checked
from knowledge.services.lifecycle.content_checks import check_version
from tests.knowledge.desk import (
    LIST,
    Publish,
    State,
    Status,
    act,
    actions_of,
    fail,
    last_event,
    page_of,
    states_of,
    text_of,
)

Browser = Callable[[User], Client]
DAY = dt.timedelta(days=1)


@pytest.fixture
def draft(publish: Publish) -> DocumentVersion:
    return publish("# Hours\n\nOpen from nine to five.", title="Hours", publish=False)


# -- The page -------------------------------------------------------------------------------------
def test_an_older_version_can_be_looked_at(editor: Client, publish: Publish) -> None:
    old = publish("# Returns\n\nThe old rule.", file_name="a.md", title="Returns")
    publish("# Returns\n\nThe new rule.", file_name="a.md", title="Returns")
    for query, number in [("", 2), ("?version=2", 2), ("?version=1", 1), ("?version=x", 2)]:
        assert editor.get(f"{page_of(old)}{query}").context["chosen"].number == number


def test_the_page_opens_on_what_is_live(editor: Client, publish: Publish) -> None:
    def opened() -> int:
        number: int = editor.get(page_of(old)).context["chosen"].number
        return number

    old = publish("# Returns\n\nThe old rule.", file_name="a.md", title="Returns")
    publish("# Returns\n\nThe new rule.", file_name="a.md", title="Returns")
    assert opened() == 2
    editor.post(act("roll-back", old))
    assert opened() == 1
    later = timezone.localdate() + dt.timedelta(days=30)
    publish("# Returns\n\nAnother.", file_name="a.md", effective_from=later)
    assert opened() == 1
    publish("# Returns\n\nA draft.", file_name="a.md", publish=False)
    assert opened() == 4


def test_editors_see_figures_only_where_they_unfold_them(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    returns_policy.document.external_id = "shop/policies#7"
    returns_policy.document.save()
    for url in (page_of(returns_policy), act("read", returns_policy)):
        text = text_of(editor.get(url))
        shown = re.sub(r"<details.*?</details>", "", text, flags=re.DOTALL)
        for word in ("token", "score", "vector", "identified by", "shop/policies#7"):
            assert word not in shown.casefold().replace("csrfmiddlewaretoken", ""), (url, word)
    assert "shop/policies#7" in text_of(editor.get(page_of(returns_policy)))


def test_many_versions_are_folded_but_not_what_is_published(
    editor: Client, publish: Publish
) -> None:
    first = publish("Text 0.", file_name="a.md")
    for number in range(1, 16):
        publish(f"Text {number}.", file_name="a.md", publish=False)
    shown = editor.get(page_of(first)).context["versions"]
    assert [line.version.number for line in shown] == [*range(16, 4, -1), 1]
    assert len(editor.get(f"{page_of(first)}?all=1").context["versions"]) == 16


def test_a_missing_document_leads_back_with_a_message(editor: Client) -> None:
    for part in ("change", "history"):
        answer = editor.get(f"{LIST}77/{part}/", follow=True)
        assert "doesn’t exist" in text_of(answer)


def test_the_page_is_for_viewers_only_and_takes_no_form(
    editor: Client, ben: User, browser_of: Browser, returns_policy: DocumentVersion
) -> None:
    assert browser_of(ben).get(page_of(returns_policy)).status_code == 403
    assert editor.post(page_of(returns_policy), {"title": "x"}).status_code == 405


def test_a_document_without_a_version_says_so(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    returns_policy.delete()
    assert "This document has no version" in text_of(editor.get(page_of(returns_policy)))


# -- Days -----------------------------------------------------------------------------------------
def test_the_days_are_those_that_later_versions_leave(editor: Client, publish: Publish) -> None:
    usual = publish("# Hours\n\nNine to five.", file_name="h.md", title="Hours")
    start, end = dt.date(2031, 3, 1), dt.date(2031, 6, 1)
    publish(
        "# Hours\n\nNine to eight.",
        file_name="h.md",
        title="Hours",
        effective_from=start,
        effective_until=end,
    )
    lines = editor.get(page_of(usual)).context["versions"]
    assert [(line.label, line.days) for line in lines] == [
        ("Scheduled", "1 Mar – 31 May 2031"),
        ("In effect", "until 28 Feb 2031, then again from 1 Jun 2031"),
    ]


def test_a_version_that_another_stands_over_today_is_said_to_be_replaced(
    editor: Client, publish: Publish
) -> None:
    today = timezone.localdate()
    usual = publish("# Hours\n\nNine to five.", file_name="h.md", title="Hours")
    publish(
        "# Hours\n\nNine to eight.",
        file_name="h.md",
        title="Hours",
        effective_from=today,
        effective_until=today + DAY,
    )
    lines = editor.get(page_of(usual)).context["versions"]
    assert [line.label for line in lines] == ["In effect", "Replaced for now"]


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (None, None, "always"),
        (None, dt.date(2026, 3, 1), "until 28 Feb 2026"),
        (dt.date(2026, 3, 1), None, "from 1 Mar 2026"),
        (dt.date(2026, 3, 1), dt.date(2026, 3, 2), "on 1 Mar 2026"),
        (dt.date(2026, 3, 1), dt.date(2026, 6, 1), "1 Mar – 31 May 2026"),
        (dt.date(2025, 12, 1), dt.date(2026, 1, 7), "1 Dec 2025 – 6 Jan 2026"),
    ],
)
def test_days_are_said_with_the_last_day_itself(
    start: dt.date | None, end: dt.date | None, words: str
) -> None:
    assert describe([Days(start, end)]) == words


def test_no_day_is_said_so() -> None:
    assert describe([]) == "on no day"


# -- The file and the text ------------------------------------------------------------------------
def test_the_file_is_only_ever_a_download(editor: Client, publish: Publish) -> None:
    version = publish("<p>Opening hours are nine to five.</p>", file_name="hours.html")
    answer = editor.get(act("file", version))
    assert answer.getvalue().startswith(b"<p>")
    assert answer["Content-Disposition"] == 'attachment; filename="hours.html"'
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_lost_file_is_said_so(editor: Client, returns_policy: DocumentVersion) -> None:
    returns_policy.file.delete(save=False)
    DocumentVersion.objects.update(file="documents/gone.md")
    answer = editor.get(act("file", returns_policy), follow=True)
    assert "is no longer stored" in text_of(answer)


def test_the_text_is_plain(editor: Client, returns_policy: DocumentVersion) -> None:
    answer = editor.get(act("text", returns_policy))
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert "Returns policy" in text_of(answer)


@pytest.mark.parametrize("name", ["file", "text", "read"])
def test_files_are_for_viewers_only(
    ben: User, browser_of: Browser, returns_policy: DocumentVersion, name: str
) -> None:
    assert browser_of(ben).get(act(name, returns_policy)).status_code == 403
    assert Client().get(act(name, returns_policy)).status_code == 302
    assert Client().get(f"/media/{returns_policy.file.name}").status_code == 404


# -- What can be done -----------------------------------------------------------------------------
def test_from_draft_to_review_and_back_with_a_note(editor: Client, draft: DocumentVersion) -> None:
    editor.post(act("submit", draft))
    assert states_of(draft.document) == {1: State.IN_REVIEW}
    editor.post(act("send-back", draft), {"note": "The hours on Sunday are missing."})
    assert states_of(draft.document) == {1: State.DRAFT}
    assert last_event().data["note"] == "The hours on Sunday are missing."
    assert "The hours on Sunday are missing." in text_of(editor.get(page_of(draft)))


def test_a_version_is_published_on_the_terms_of_the_form(
    editor: Client, draft: DocumentVersion
) -> None:
    terms = {
        "audience": "customers",
        "effective_from": "2031-03-01",
        "effective_until": "2031-06-01",
    }
    check_version(draft)
    answer = editor.post(act("publish", draft), terms, follow=True)
    assert "Version 1 is published and in effect 1 Mar – 31 May 2031." in text_of(answer)
    draft.refresh_from_db()
    assert (draft.state, draft.audience) == (State.PUBLISHED, "customers")
    assert str(draft.effective_until) == "2031-06-01"


def test_published_without_a_form_it_keeps_its_own_terms(editor: Client, publish: Publish) -> None:
    draft = publish("Text.", audience="internal", publish=False)
    editor.post(act("publish", draft))
    publish_checked()
    draft.refresh_from_db()
    assert (draft.state, draft.audience) == (State.PUBLISHED, "internal")


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        (
            {"audience": "public", "effective_from": "2031-03-01", "effective_until": "2031-03-01"},
            "must be a later day",
        ),
        ({"audience": "public", "effective_from": "soon"}, "Effective from: Enter a valid date."),
        ({"audience": "nobody"}, "For: Select a valid choice."),
        ({"effective_from": "2031-03-01"}, "For: This field is required."),
    ],
)
@pytest.mark.parametrize("name", ["publish", "terms"])
def test_wrong_terms_change_nothing_and_say_why(
    editor: Client, draft: DocumentVersion, name: str, terms: dict[str, str], sentence: str
) -> None:
    before = actions_of(draft.document_id)
    answer = editor.post(act(name, draft), terms, follow=True)
    assert sentence in text_of(answer)
    assert states_of(draft.document) == {1: State.DRAFT}
    assert actions_of(draft.document_id) == before


def test_dates_and_audience_change_while_in_effect(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    editor.post(act("terms", returns_policy), {"audience": "internal"})
    assert set(Passage.objects.values_list("audience", flat=True)) == {"internal"}
    assert actions_of(returns_policy.document_id)[-1] == "changed"


def test_retiring_takes_the_passages_out_of_service(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    editor.post(act("retire", returns_policy))
    assert states_of(returns_policy.document) == {1: State.RETIRED}
    assert not Passage.objects.filter(published=True).exists()
    assert (last_event().action, last_event().actor_name) == ("retired", "cleo")


def test_one_click_goes_back_to_an_earlier_version_and_one_undoes_it(
    editor: Client, publish: Publish
) -> None:
    old = publish("# A\n\nOld.", file_name="a.md")
    new = publish("# A\n\nNew.", file_name="a.md")
    page = editor.get(page_of(old))
    steps = {line.version.number: line.steps for line in page.context["versions"]}
    assert "roll-back" in steps[1]
    assert "roll-back" not in steps[2]
    answer = editor.post(act("roll-back", old), follow=True)
    assert "Version 1 is in effect again." in text_of(answer)
    assert states_of(old.document) == {1: State.PUBLISHED, 2: State.RETIRED}
    batch = last_event().batch
    assert act("undo", batch) in text_of(answer)
    answer = editor.post(act("undo", batch), {"document": new.document_id}, follow=True)
    assert "Undone: 1 step." in text_of(answer)
    assert answer.redirect_chain == [(page_of(new), 302)]
    assert states_of(old.document) == {1: State.RETIRED, 2: State.PUBLISHED}
    assert actions_of(old.document_id)[-2:] == ["rolled_back", "undone"]


def test_undo_is_offered_once_and_stays_in_the_history(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    editor.post(act("retire", returns_policy))
    batch = last_event().batch
    assert act("undo", batch) in text_of(editor.get(page_of(returns_policy)))
    later = text_of(editor.get(page_of(returns_policy)))
    assert act("undo", batch) not in later
    assert act("undo_event", last_event().pk) in later
    editor.post(act("undo_event", last_event().pk))
    assert states_of(returns_policy.document) == {1: State.PUBLISHED}


def test_a_failed_version_is_tried_again(editor: Client, returns_policy: DocumentVersion) -> None:
    fail(returns_policy)
    editor.post(act("retry", returns_policy))
    returns_policy.refresh_from_db()
    assert (returns_policy.status, returns_policy.error) == (Status.QUEUED, "")
    assert (last_event().action, last_event().actor_name) == ("tried_again", "cleo")


def test_reading_is_cancelled_and_taken_up_again(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    DocumentVersion.objects.update(status=Status.EMBEDDING)
    editor.post(act("cancel", returns_policy))
    returns_policy.refresh_from_db()
    assert returns_policy.status == Status.CANCELLED
    editor.post(act("retry", returns_policy))
    returns_policy.refresh_from_db()
    assert returns_policy.status == Status.QUEUED
    assert actions_of(returns_policy.document_id)[-2:] == ["cancelled", "tried_again"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("retry", "has not failed"),
        ("cancel", "is not being read"),
        ("submit", "is not a draft"),
        ("send-back", "is not in review"),
    ],
)
def test_what_is_not_possible_is_said_and_leaves_no_trace(
    editor: Client, returns_policy: DocumentVersion, name: str, sentence: str
) -> None:
    before = actions_of(returns_policy.document_id)
    answer = editor.post(act(name, returns_policy), follow=True)
    assert sentence in text_of(answer)
    assert actions_of(returns_policy.document_id) == before


def test_only_a_published_version_is_retired(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    editor.post(act("retire", returns_policy))
    before = actions_of(returns_policy.document_id)
    answer = editor.post(act("retire", returns_policy), follow=True)
    assert "is not published" in text_of(answer)
    assert actions_of(returns_policy.document_id) == before


@pytest.mark.parametrize("name", STEPS)
def test_changing_needs_the_permission_a_post_and_a_version(
    editor: Client, reader: Client, returns_policy: DocumentVersion, name: str
) -> None:
    assert reader.post(act(name, returns_policy)).status_code == 403
    assert Client().post(act(name, returns_policy)).status_code == 302
    assert editor.get(act(name, returns_policy)).status_code == 404
    assert editor.post(f"{LIST}versions/77/{name}/").status_code == 404
    assert act(name, returns_policy) not in text_of(reader.get(page_of(returns_policy)))
    assert states_of(returns_policy.document) == {1: State.PUBLISHED}


def test_a_step_without_the_forms_token_is_refused(
    cleo: User, returns_policy: DocumentVersion
) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cleo)
    assert strict.post(act("retire", returns_policy)).status_code == 403


def test_the_upload_page_gets_the_sentence_without_a_message_for_later(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    headers = {"Accept": "application/json"}
    refused = editor.post(act("cancel", returns_policy), headers=headers)
    assert (refused.status_code, refused.json()) == (409, {"text": "Version 1 is not being read."})
    fail(returns_policy)
    done = editor.post(act("retry", returns_policy), headers=headers)
    assert done.json() == {"text": "Version 1 is waiting to be read again."}
    assert "is waiting to be read again" not in text_of(editor.get(page_of(returns_policy)))

"""Curated answers in the admin: written, refused, confirmed, and found when they need review."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from knowledge.models import Audience, CuratedAnswer, DocumentVersion
from knowledge.services.lifecycle.publishing import Terms, change_terms
from tests.conftest import RETURNS_POLICY, Publish

LIST = "/admin/knowledge/curatedanswer/"
ADD = f"{LIST}add/"
WORDS = "Gift cards cannot be returned."


def page(answer: CuratedAnswer) -> str:
    return reverse("admin:knowledge_curatedanswer_change", args=[answer.pk])


def form(version: DocumentVersion | None, **changes: Any) -> dict[str, Any]:
    return {
        "text": "No. Give it to somebody else.",
        "is_on": "on",
        "audience": "public",
        "locale": "en",
        "questions-TOTAL_FORMS": "1",
        "questions-INITIAL_FORMS": "0",
        "questions-0-text": "Can I return a gift card?",
        "sources-TOTAL_FORMS": "1",
        "sources-INITIAL_FORMS": "0",
        "sources-0-document": str(version.document_id) if version else "",
        "sources-0-quote": WORDS,
        **changes,
    }


@pytest.fixture
def written(editor: Client, returns_policy: DocumentVersion) -> CuratedAnswer:
    assert editor.post(ADD, form(returns_policy)).status_code == 302
    return CuratedAnswer.objects.get()


def test_an_editor_writes_one(written: CuratedAnswer, cleo: User, editor: Client) -> None:
    (source,) = written.sources.all()
    assert (source.version.number, source.quote) == (1, WORDS)  # type: ignore[union-attr]
    assert written.created_by == cleo
    listed = editor.get(LIST).content.decode()
    assert "Can I return a gift card?" in listed
    assert "Served" in listed
    assert "version 1, in effect" in editor.get(page(written)).content.decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sources-0-document": "", "sources-0-quote": ""}, "Name at least one document"),
        ({"sources-0-quote": "Gift cards are free."}, "does not have these words"),
        ({"questions-0-text": "???"}, "Write the question in words."),
        ({"text": ""}, "This field is required"),
    ],
)
def test_what_cannot_be_served_is_refused_with_the_reason(
    editor: Client, returns_policy: DocumentVersion, changes: dict[str, str], words: str
) -> None:
    response = editor.post(ADD, form(returns_policy, **changes))
    assert words in response.content.decode()
    assert not CuratedAnswer.objects.exists()


def test_an_answer_for_everybody_cannot_rest_on_what_only_staff_may_read(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    change_terms(version=returns_policy, terms=Terms(Audience.INTERNAL))
    response = editor.post(ADD, form(returns_policy))
    assert "is for staff only" in response.content.decode()


def test_a_changed_source_asks_for_review_and_is_confirmed(
    written: CuratedAnswer, editor: Client, publish: Publish
) -> None:
    publish(RETURNS_POLICY.replace("14 days", "21 days"), title="Returns policy")
    listed = editor.get(f"{LIST}?is=review").content.decode()
    assert "Needs review" in listed
    assert "Can I return a gift card?" in listed
    shown = editor.get(page(written)).content.decode()
    assert "Needs review: a source has changed" in shown
    # Saving the page as it stands approves nothing.
    (source,) = written.sources.all()
    (question,) = written.questions.all()
    unchanged = form(
        source.version,
        **{
            "questions-INITIAL_FORMS": "1",
            "questions-0-id": str(question.pk),
            "sources-INITIAL_FORMS": "1",
            "sources-0-id": str(source.pk),
        },
    )
    assert editor.post(page(written), unchanged).status_code == 302
    today = timezone.localdate()
    assert CuratedAnswer.objects.needing_review(today).exists()
    confirm = reverse("admin:knowledge_curatedanswer_confirm", args=[written.pk])
    assert editor.get(confirm).status_code == 405
    editor.post(confirm)
    assert not CuratedAnswer.objects.needing_review(today).exists()
    assert "Needs review: a source" not in editor.get(page(written)).content.decode()


def test_what_needs_review_is_counted_in_the_navigation(
    written: CuratedAnswer, editor: Client, publish: Publish
) -> None:
    publish(RETURNS_POLICY.replace("14 days", "21 days"), title="Returns policy")
    shown = editor.get("/admin/").content.decode()
    _, _, after = shown.partition("Curated answers")
    assert "1" in after[:600]


def test_outsiders_do_not_get_in(written: CuratedAnswer, reader: Client, client: Client) -> None:
    confirm = reverse("admin:knowledge_curatedanswer_confirm", args=[written.pk])
    assert reader.post(confirm).status_code == 403
    assert client.post(confirm).status_code == 302  # to the sign-in


def test_an_empty_list_says_what_belongs_in_it(editor: Client) -> None:
    html = editor.get(LIST).content.decode()
    assert "No curated answers yet" in html
    assert "An answer in your own words" in html
    assert f'href="{ADD}"' in html
    assert "No curated answers match" in editor.get(LIST, {"q": "socks"}).content.decode()


def test_a_language_is_chosen_by_its_name(editor: Client) -> None:
    assert '<option value="de">German</option>' in editor.get(ADD).content.decode()


@pytest.mark.parametrize("pk", ["999999", "x", "1e5"])
def test_a_missing_answer_leads_back(editor: Client, pk: str) -> None:
    assert editor.get(f"{LIST}{pk}/change/").status_code == 302

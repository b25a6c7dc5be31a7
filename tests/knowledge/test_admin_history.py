"""Who changed what; warnings and dismissing them; panels of other apps; trying a question."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Permission, User
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, include, path
from django.utils import timezone
from pytest_django import Settings

from knowledge.admin import panels
from knowledge.admin.panels import Panel, PanelRow, register_panel
from knowledge.models import Document, DocumentEvent, DocumentVersion, Passage, VersionWarning
from knowledge.services.ingestion.documents import delete_document
from knowledge.services.lifecycle import history
from knowledge.services.lifecycle.content_checks import check_version
from tests.knowledge.desk import Publish, act, actions_of, last_event, page_of, text_of

EVENTS = "/admin/knowledge/documentevent/"


def answer(request: HttpRequest, document_id: int, number: int) -> HttpResponse:
    return HttpResponse()


# The product's addresses and one to put questions to, as supportbot has it.
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("supportbot.urls")),
    path("try/<int:document_id>/<int:number>/", answer, name="version-try"),
]


# -- History --------------------------------------------------------------------------------------
def test_the_page_says_who_did_what_and_what_it_changed(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    terms = {"audience": "internal", "effective_from": "2026-03-01"}
    editor.post(act("terms", returns_policy), terms)
    rows = editor.get(page_of(returns_policy)).context["events"]
    assert rows[0]["what"] == "Dates or audience changed, version 1"
    assert rows[0]["event"].actor_name == "cleo"
    assert rows[0]["details"] == [
        "Version 1: always → from 1 Mar 2026",
        "Version 1: for everybody → for staff only",
    ]
    assert rows[1]["details"] == ["Version 1: draft → published"]
    assert rows[2]["details"] == ["returns.md"]


def test_the_whole_history_has_a_page(editor: Client, returns_policy: DocumentVersion) -> None:
    for _ in range(6):
        editor.post(act("retire", returns_policy))
        editor.post(act("publish", returns_policy))
    text = text_of(editor.get(act("history", returns_policy.document_id)))
    assert text.count("Retired, version 1") == 6
    assert "Uploaded, version 1" in text


def test_the_list_of_all_events_outlives_a_document(
    editor: Client, cleo: User, returns_policy: DocumentVersion, shipping: DocumentVersion
) -> None:
    delete_document(document=returns_policy.document, by=cleo)
    text = text_of(editor.get(EVENTS))
    assert "Returns policy (deleted)" in text
    assert page_of(shipping) in text


@pytest.mark.parametrize(
    ("query", "actions"),
    [
        ("action=retired", ["retired"]),
        ("actor=cleo", ["retired"]),
        ("actor=supportbot", ["published", "uploaded"]),
        ("when=1", ["retired", "published", "uploaded"]),
        ("q=returns", ["retired", "published", "uploaded"]),
        ("q=nothing", []),
        ("action=", ["retired", "published", "uploaded"]),
    ],
)
def test_events_are_filtered(
    editor: Client, returns_policy: DocumentVersion, query: str, actions: list[str]
) -> None:
    editor.post(act("retire", returns_policy))
    found = editor.get(f"{EVENTS}?{query}").context["cl"].result_list
    assert [event.action for event in found] == actions


def test_older_events_are_left_out_of_the_past_days(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    earlier = timezone.now() - dt.timedelta(days=40)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda: earlier)
        history.record(action="described", document=returns_policy.document)
    for days, count in [("1", 2), ("31", 2), ("366", 3), ("", 3)]:
        assert len(editor.get(f"{EVENTS}?when={days}").context["cl"].result_list) == count


def test_an_empty_history_says_so(editor: Client) -> None:
    assert "Nothing has happened yet" in text_of(editor.get(EVENTS))
    assert "Nothing matches" in text_of(editor.get(f"{EVENTS}?q=x"))


def test_events_are_read_only(editor: Client, ben: User, returns_policy: DocumentVersion) -> None:
    event = last_event()
    assert editor.get(f"{EVENTS}add/").status_code == 403
    assert editor.post(f"{EVENTS}{event.pk}/change/", {"action": "x"}).status_code == 403
    assert editor.post(f"{EVENTS}{event.pk}/delete/", {"post": "yes"}).status_code == 403
    client = Client()
    client.force_login(ben)
    assert client.get(EVENTS).status_code == 403
    assert DocumentEvent.objects.filter(pk=event.pk, action="published").exists()


# -- Warnings -------------------------------------------------------------------------------------
@pytest.fixture
def warning(returns_policy: DocumentVersion, shipping: DocumentVersion) -> VersionWarning:
    return VersionWarning.objects.create(
        version=returns_policy,
        code="other_number",
        text="Two passages give different numbers: 14 days and 30 days.",
        passage=returns_policy.passages.first(),
        other=shipping.passages.first(),
    )


def test_a_warning_leads_to_its_passage_and_to_the_other_one(
    editor: Client, warning: VersionWarning
) -> None:
    text = text_of(editor.get(page_of(warning.version)))
    assert warning.text in text
    assert "in “Shipping”" in text
    for passage in (warning.passage, warning.other):
        assert isinstance(passage, Passage)
        assert f"{act('read', passage.version_id)}?passage={passage.pk}" in text


def test_a_warning_of_a_page_leads_to_the_page(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    VersionWarning.objects.create(version=returns_policy, code="x", text="Look.", page=7)
    text = text_of(editor.get(page_of(returns_policy)))
    assert f"{act('read', returns_policy)}?page=7" in text


def test_a_warning_is_dismissed_with_who_and_when(
    editor: Client, cleo: User, warning: VersionWarning
) -> None:
    page = text_of(editor.post(act("dismiss", warning), follow=True))
    assert "The warning is dismissed." in page
    assert "Dismissed by Cleo" in page
    warning.refresh_from_db()
    assert warning.dismissed_by == cleo
    event = last_event()
    assert (event.action, event.actor_name) == ("warning_dismissed", "cleo")
    assert event.data["text"] == warning.text


def test_a_dismissed_warning_is_brought_back(
    editor: Client, warning: VersionWarning, cleo: User
) -> None:
    editor.post(act("dismiss", warning))
    page = text_of(editor.post(act("bring_back", warning), follow=True))
    assert "The warning is back." in page
    warning.refresh_from_db()
    assert (warning.dismissed_by, warning.dismissed_at) == (None, None)
    event = DocumentEvent.objects.latest("pk")
    assert (event.action, event.actor_name) == ("warning_brought_back", "cleo")
    again = text_of(editor.post(act("bring_back", warning), follow=True))
    assert "was not dismissed" in again


def test_dismissing_twice_is_recorded_once(editor: Client, warning: VersionWarning) -> None:
    editor.post(act("dismiss", warning))
    page = text_of(editor.post(act("dismiss", warning), follow=True))
    assert "was dismissed before" in page
    assert actions_of(warning.version.document_id).count("warning_dismissed") == 1


def test_dismissing_needs_the_permission_a_post_and_a_warning(
    editor: Client, reader: Client, warning: VersionWarning
) -> None:
    assert reader.post(act("dismiss", warning)).status_code == 403
    assert editor.get(act("dismiss", warning)).status_code == 404
    assert editor.post(act("dismiss", 77)).status_code == 404
    assert act("dismiss", warning) not in text_of(reader.get(page_of(warning.version)))
    warning.refresh_from_db()
    assert warning.dismissed_at is None


def test_a_version_without_warnings_says_so(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    text = text_of(editor.get(page_of(returns_policy)))
    assert "Not yet compared with your other documents." in text
    assert "Nothing stands out" not in text
    check_version(returns_policy)
    assert "Nothing stands out in this version." in text_of(editor.get(page_of(returns_policy)))


# -- Panels of other apps -------------------------------------------------------------------------
@pytest.fixture
def _no_panels(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(panels, "_functions", [])
    yield


@pytest.mark.usefixtures("_no_panels")
def test_a_registered_panel_is_shown_on_every_documents_page(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    def cited(request: HttpRequest, document: Document, version: DocumentVersion) -> Panel:
        row = PanelRow(f"How long? (version {version.number})", "/runs/1/", timezone.now(), "Ada")
        return Panel("Answers that cited this document", "None.", [row], "/runs/", "All answers")

    register_panel(cited)
    register_panel(cited)
    text = text_of(editor.get(page_of(returns_policy)))
    assert text.count("Answers that cited this document") == 1
    assert '<a href="/runs/1/">How long? (version 1)</a>' in text
    assert '<a class="sb-button" href="/runs/">All answers</a>' in text


@pytest.mark.usefixtures("_no_panels")
def test_an_empty_panel_says_so_and_one_may_show_itself_to_some_only(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    register_panel(lambda request, document, version: Panel("Answers", "No answer cited it yet."))
    register_panel(
        lambda request, document, version: (
            Panel("Secret", "-") if request.user.is_superuser else None
        )
    )
    text = text_of(editor.get(page_of(returns_policy)))
    assert "No answer cited it yet." in text
    assert "Secret" not in text


# -- Trying a question ----------------------------------------------------------------------------
def test_a_question_can_be_tried_where_somebody_answers(
    editor: Client, returns_policy: DocumentVersion, settings: Settings
) -> None:
    settings.ROOT_URLCONF = __name__
    text = text_of(editor.get(page_of(returns_policy)))
    assert f'data-try="/try/{returns_policy.document_id}/1/"' in text
    DocumentVersion.objects.update(status="embedding")
    assert "data-try" not in text_of(editor.get(page_of(returns_policy)))


def test_a_reader_may_not_see_more_than_the_page(
    reader: Client, eve: User, publish: Publish
) -> None:
    version = publish("Text.", publish=False)
    assert "Publish version" not in text_of(reader.get(page_of(version)))
    rights = Permission.objects.filter(codename__in=["change_document", "publish_document"])
    eve.user_permissions.add(*rights)
    assert "Publish version" in text_of(reader.get(page_of(version)))

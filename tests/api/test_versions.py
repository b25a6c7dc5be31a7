"""supportbot.api.versions: a version’s lifecycle, and a question to it before it is published."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from knowledge.models import Document, DocumentEvent, DocumentVersion, Passage
from supportbot.answers.models import AnswerRun
from tests.conftest import RETURNS_POLICY, SHIPPING, Publish

STEPS = ["publish", "retire", "submit", "send-back", "roll-back"]
QUESTION = "Can I return opened coffee beans?"


def url(version: DocumentVersion, step: str) -> str:
    return f"/api/v1/documents/{version.document_id}/versions/{version.number}/{step}/"


def states(body: dict[str, Any]) -> dict[int, str]:
    return {version["number"]: version["state"] for version in body["versions"]}


def last_event() -> DocumentEvent:
    event = DocumentEvent.objects.first()
    assert event is not None
    return event


@pytest.fixture
def draft(publish: Publish) -> DocumentVersion:
    return publish(RETURNS_POLICY, title="Returns policy", publish=False)


# -- The steps ------------------------------------------------------------------------------------
def test_a_version_goes_through_review_into_effect_and_out_again(
    cleo_api: APIClient, cleo: User, draft: DocumentVersion
) -> None:
    went: list[tuple[int, dict[int, str]]] = []
    for step in ("submit", "send-back", "submit", "publish", "retire"):
        response = cleo_api.post(url(draft, step), {"note": f"Why {step}."})
        went.append((response.status_code, states(response.json())))
        event = last_event()
        assert (event.actor_name, event.data["note"]) == (cleo.username, f"Why {step}.")
    assert went == [
        (200, {1: "in_review"}),
        (200, {1: "draft"}),
        (200, {1: "in_review"}),
        (200, {1: "published"}),
        (200, {1: "retired"}),
    ]


def test_publishing_takes_terms(cleo_api: APIClient, draft: DocumentVersion) -> None:
    terms = {
        "audience": "internal",
        "effective_from": "2026-03-01",
        "effective_until": "2027-03-01",
    }
    (version,) = cleo_api.post(url(draft, "publish"), terms).json()["versions"]
    assert {name: version[name] for name in terms} == terms
    assert set(Passage.objects.values_list("audience", flat=True)) == {"internal"}
    body = cleo_api.post(url(draft, "publish"), {"effective_until": None}).json()
    (version,) = body["versions"]
    assert version["effective_until"] is None
    assert (version["audience"], version["effective_from"]) == ("internal", "2026-03-01")


def test_a_publication_that_displaces_another_shows_both(
    cleo_api: APIClient, publish: Publish
) -> None:
    publish("Within 14 days.")
    second = publish("Within 30 days.", publish=False)
    body = cleo_api.post(url(second, "publish")).json()
    assert states(body) == {1: "retired", 2: "published"}
    assert set(Passage.objects.live(timezone.localdate()).values_list("version", flat=True)) == {
        second.pk
    }


def test_an_earlier_version_is_rolled_back_to(cleo_api: APIClient, publish: Publish) -> None:
    first = publish("Within 14 days.")
    publish("Within 30 days.")
    body = cleo_api.post(url(first, "roll-back"), {"note": "Too generous."}).json()
    assert states(body) == {1: "published", 2: "retired"}
    assert last_event().action == "rolled_back"


@pytest.mark.parametrize(
    ("step", "code"),
    [("send-back", "not_in_review"), ("publish", "not_read")],
)
def test_a_step_that_is_not_possible_is_a_conflict(
    cleo_api: APIClient, draft: DocumentVersion, step: str, code: str
) -> None:
    DocumentVersion.objects.update(status="failed")
    response = cleo_api.post(url(draft, step))
    assert (response.status_code, response.json()["code"]) == (409, code)
    assert response.json()["detail"].startswith("Version 1")
    draft.refresh_from_db()
    assert draft.state == "draft"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"audience": "martians"}, "audience"),
        ({"effective_from": "the first of May"}, "effective_from"),
        ({"note": "x" * 1001}, "note"),
        ({"note": "a\x00b"}, "note"),
    ],
)
def test_bad_input_is_refused(
    cleo_api: APIClient, draft: DocumentVersion, body: dict[str, str], field: str
) -> None:
    response = cleo_api.post(url(draft, "publish"), body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert list(response.json()["fields"]) == [field]
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_days_that_end_before_they_begin_are_refused(
    cleo_api: APIClient, draft: DocumentVersion
) -> None:
    terms = {"effective_from": "2026-03-01", "effective_until": "2026-03-01"}
    response = cleo_api.post(url(draft, "publish"), terms)
    assert (response.status_code, response.json()["code"]) == (409, "wrong_dates")


@pytest.mark.parametrize("step", [*STEPS, "try"])
@pytest.mark.parametrize(
    "where", ["{document}/versions/2", "0/versions/1", "abc/versions/1", "{document}/versions/-1"]
)
def test_what_is_missing_is_not_found(
    cleo_api: APIClient, draft: DocumentVersion, step: str, where: str
) -> None:
    path = where.format(document=draft.document_id)
    response = cleo_api.post(f"/api/v1/documents/{path}/{step}/", {"question": QUESTION})
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("number", ["9" * 15, "9" * 40])
def test_a_number_that_no_column_holds_is_not_found(
    cleo_api: APIClient, draft: DocumentVersion, number: str
) -> None:
    for path in (f"{number}/versions/1", f"{draft.document_id}/versions/{number}"):
        assert cleo_api.post(f"/api/v1/documents/{path}/publish/").status_code == 404


def test_who_may_only_look_takes_no_step(
    cleo_api: APIClient, cleo: User, draft: DocumentVersion
) -> None:
    cleo.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    for step in STEPS:
        assert cleo_api.post(url(draft, step)).status_code == 403
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_steps_are_posted(cleo_api: APIClient, draft: DocumentVersion) -> None:
    for method in ("get", "put", "patch", "delete"):
        assert getattr(cleo_api, method)(url(draft, "publish")).status_code in {403, 405}


# -- Trying ---------------------------------------------------------------------------------------
def tried(client: APIClient, version: DocumentVersion, **body: Any) -> dict[str, Any]:
    response = client.post(url(version, "try"), {"question": QUESTION, **body})
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


# Answers look things up in threads of their own, which see what is committed.
committed = pytest.mark.django_db(transaction=True)


@committed
def test_a_draft_answers_as_if_it_were_published(
    cleo_api: APIClient, publish: Publish, draft: DocumentVersion
) -> None:
    publish(SHIPPING, file_name="shipping.md", title="Shipping")
    body = tried(cleo_api, draft)
    assert body["abstained"] is False
    (first, *_) = body["sentences"]
    assert first["text"] == "Opened coffee beans cannot be returned for hygiene reasons."
    (citation,) = first["citations"]
    assert (citation["document_id"], citation["version"]) == (str(draft.document_id), 1)
    assert {passage["title"]: passage["from_this_version"] for passage in body["passages"]} == {
        "Returns policy": True,
        "Shipping": False,
    }
    assert set(body["passages"][0]) == {
        "title",
        "heading",
        "page",
        "text",
        "score",
        "from_this_version",
    }
    assert AnswerRun.objects.count() == 0
    draft.refresh_from_db()
    assert draft.state == "draft"


@committed
def test_it_stands_in_the_place_of_the_published_version(
    cleo_api: APIClient, publish: Publish
) -> None:
    publish("Opened coffee beans can be returned within 14 days.")
    second = publish("Opened coffee beans can be returned within 30 days.", publish=False)
    body = tried(cleo_api, second, question="How long can opened coffee beans be returned?")
    assert [passage["from_this_version"] for passage in body["passages"]] == [True]
    assert "30 days" in body["sentences"][0]["text"]


@committed
def test_what_readers_are_served_can_be_asked_instead(
    cleo_api: APIClient, publish: Publish
) -> None:
    publish("Opened coffee beans can be returned within 14 days.")
    second = publish("Opened coffee beans can be returned within 30 days.", publish=False)
    question = "How long can opened coffee beans be returned?"
    body = tried(cleo_api, second, question=question, served=True)
    assert [passage["from_this_version"] for passage in body["passages"]] == [False]
    assert "14 days" in body["sentences"][0]["text"]


@committed
def test_a_question_that_it_does_not_answer_is_told_so(
    cleo_api: APIClient, draft: DocumentVersion
) -> None:
    body = tried(cleo_api, draft, question="What is the boiling point of tungsten on Mars?")
    assert (body["sentences"], body["abstained"]) == ([], True)
    assert body["passages"]


@committed
def test_audience_and_day_choose_what_else_is_read(cleo_api: APIClient, publish: Publish) -> None:
    draft = publish("Opened coffee beans are a matter of taste.", publish=False)
    publish(
        "Opened coffee beans of staff are free.",
        file_name="staff.md",
        title="For staff",
        audience="internal",
        effective_from=dt.date(2026, 3, 1),
    )

    def titles(**body: str) -> set[str]:
        return {passage["title"] for passage in tried(cleo_api, draft, **body)["passages"]}

    assert titles() == {"Returns"}
    assert titles(audience="internal") == {"Returns", "For staff"}
    assert titles(audience="internal", as_of="2026-02-28") == {"Returns"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "question"),
        ({"question": " "}, "question"),
        ({"question": "x" * 4001}, "question"),
        ({"question": QUESTION, "audience": "martians"}, "audience"),
        ({"question": QUESTION, "as_of": "today"}, "as_of"),
    ],
)
def test_a_bad_question_is_refused(
    cleo_api: APIClient, draft: DocumentVersion, body: dict[str, str], field: str
) -> None:
    response = cleo_api.post(url(draft, "try"), body)
    assert (response.status_code, list(response.json()["fields"])) == (400, [field])


@committed
def test_a_question_without_words_is_refused(cleo_api: APIClient, draft: DocumentVersion) -> None:
    response = cleo_api.post(url(draft, "try"), {"question": "???"})
    assert (response.status_code, response.json()["code"]) == (400, "no_words")


def test_a_version_that_is_not_read_yet_is_a_conflict(
    cleo_api: APIClient, draft: DocumentVersion
) -> None:
    DocumentVersion.objects.update(status="embedding")
    response = cleo_api.post(url(draft, "try"), {"question": QUESTION})
    assert (response.status_code, response.json()["code"]) == (409, "not_read")


def test_an_agent_may_not_try(staff_api: APIClient, draft: DocumentVersion) -> None:
    assert staff_api.post(url(draft, "try"), {"question": QUESTION}).status_code == 403


@committed
def test_the_admins_own_session_will_do_with_its_csrf_token(
    cleo: User, draft: DocumentVersion
) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cleo)

    def ask(**headers: str) -> Any:
        return browser.post(
            url(draft, "try"),
            {"question": QUESTION},
            content_type="application/json",
            headers=headers,
        )

    assert ask().status_code == 403
    browser.get(f"/admin/knowledge/document/{draft.document_id}/change/")
    token = browser.cookies["csrftoken"].value
    answered = ask(**{"X-CSRFToken": token})
    assert answered.status_code == 200, answered.content
    assert answered.json()["sentences"]
    assert Document.objects.count() == 1

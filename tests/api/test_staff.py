"""supportbot.api.staff: documents and search, each with its own permission."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Q
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from knowledge.models import Collection, Document, DocumentVersion
from tests.conftest import Publish, process_waiting

API = "/api/v1"


def send(client: APIClient, content: bytes = b"# Returns\n\nWithin 30 days.", **fields: Any) -> Any:
    name = fields.pop("file_name", "returns.md")
    body = {"file": SimpleUploadedFile(name, content), **fields}
    response: Any = client.post(f"{API}/documents/", body, format="multipart")
    return response


def found(client: APIClient, q: str = "How long may I take to return it?", **params: Any) -> Any:
    response: Any = client.get(f"{API}/search/", {"q": q, **params})
    assert response.status_code == 200, response.content
    return response.json()["results"]


# -- Documents ------------------------------------------------------------------------------------
def test_a_file_is_queued_under_the_name_of_its_sender(cleo_api: APIClient, cleo: User) -> None:
    response = send(cleo_api, title="Returns", external_id="R-1", collection="Shop")
    assert response.status_code == 202
    body = response.json()
    assert (body["title"], body["external_id"], body["collection"]) == ("Returns", "R-1", "Shop")
    assert [(v["number"], v["status"]) for v in body["versions"]] == [(1, "queued")]
    assert DocumentVersion.objects.get().created_by == cleo


def test_an_upload_is_read_and_can_be_found(cleo_api: APIClient) -> None:
    document = send(cleo_api).json()["id"]
    process_waiting()
    (version,) = cleo_api.get(f"{API}/documents/{document}/").json()["versions"]
    assert (version["status"], version["state"], version["error"]) == ("ready", "published", "")
    assert found(cleo_api)[0]["document_id"] == document


def test_an_unchanged_upload_is_told_apart(cleo_api: APIClient) -> None:
    assert [send(cleo_api).status_code for _ in range(2)] == [202, 200]
    assert DocumentVersion.objects.count() == 1


def test_dates_are_taken_over(cleo_api: APIClient) -> None:
    send(cleo_api, effective_from="2026-03-01", effective_until="2027-03-01")
    version = DocumentVersion.objects.get()
    assert version.effective_from == dt.date(2026, 3, 1)
    assert version.effective_until == dt.date(2027, 3, 1)


def test_documents_are_listed_by_pages(cleo_api: APIClient, publish: Publish) -> None:
    for number in range(3):
        publish(f"Text {number}.", file_name=f"{number}.md")
    body = cleo_api.get(f"{API}/documents/", {"limit": 2}).json()
    assert (body["count"], len(body["results"])) == (3, 2)


@pytest.mark.parametrize(
    ("content", "fields", "code"),
    [
        (b"MZ", {"file_name": "a.exe"}, "unsupported_type"),
        (b"", {}, "empty_file"),
        (b"x" * 2_000_000, {}, "too_large"),
        (
            b"x",
            {"effective_from": "2026-03-01", "effective_until": "2026-03-01"},
            "wrong_dates",
        ),
        (b"x", {"effective_from": "the first of May"}, "invalid"),
        (b"x", {"title": "x" * 301}, "invalid"),
        (b"x", {"title": "a\x00b"}, "invalid"),
    ],
)
def test_a_bad_upload_is_refused_with_a_code(
    cleo_api: APIClient, settings: Settings, content: bytes, fields: dict[str, Any], code: str
) -> None:
    settings.UPLOAD_MAX_BYTES = 1_000_000
    response = send(cleo_api, content, **fields)
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert response.json()["detail"]
    assert Document.objects.count() == 0


def test_an_upload_without_a_file_is_refused(cleo_api: APIClient) -> None:
    response = cleo_api.post(f"{API}/documents/", {"title": "Returns"}, format="multipart")
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert "file" in response.json()["fields"]
    response = cleo_api.post(f"{API}/documents/", {"title": "Returns"})
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_a_wild_file_name_is_made_tame(cleo_api: APIClient) -> None:
    assert send(cleo_api, file_name="../../ta\tb \u202e“x”.md").status_code == 202
    name = DocumentVersion.objects.get().file_name
    assert name.isprintable()
    assert "/" not in name


@pytest.mark.parametrize("key", ["0", "999999", "99999999999999999999999", "abc", "%00"])
def test_a_document_that_is_not_there_is_not_found(cleo_api: APIClient, key: str) -> None:
    response = cleo_api.get(f"{API}/documents/{key}/")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_documents_are_not_changed_or_removed_over_rest(
    cleo_api: APIClient, publish: Publish, method: str
) -> None:
    version = publish("Text.")
    response = getattr(cleo_api, method)(f"{API}/documents/{version.document_id}/")
    assert response.status_code in {403, 405}
    assert Document.objects.count() == 1


def test_an_agent_neither_reads_nor_uploads_documents(staff_api: APIClient) -> None:
    assert staff_api.get(f"{API}/documents/").status_code == 403
    assert staff_api.get(f"{API}/search/", {"q": "returns"}).status_code == 403
    assert send(staff_api).status_code == 403
    assert Document.objects.count() == 0


def test_who_may_only_look_may_not_upload(cleo_api: APIClient, cleo: User) -> None:
    cleo.user_permissions.set(
        Permission.objects.filter(content_type__app_label="knowledge").filter(
            Q(codename__startswith="view_")
        )
    )
    assert cleo_api.get(f"{API}/documents/").status_code == 200
    assert send(cleo_api).status_code == 403


# -- Search ---------------------------------------------------------------------------------------
def test_the_best_passage_comes_first_with_where_it_stands(
    cleo_api: APIClient, returns_policy: DocumentVersion, shipping: DocumentVersion
) -> None:
    first, *others = found(cleo_api, "Can I send opened coffee beans back?")
    assert set(first) == {
        "document_id",
        "external_id",
        "title",
        "heading",
        "page",
        "passage",
        "score",
    }
    assert first["document_id"] == returns_policy.document_id
    assert (first["external_id"], first["title"]) == ("returns.md", "Returns policy")
    assert first["heading"][0] == "Returns policy"
    assert others[-1]["document_id"] == shipping.document_id
    scores = [entry["score"] for entry in (first, *others)]
    assert scores == sorted(scores, reverse=True)


def test_a_day_chooses_the_version(cleo_api: APIClient, publish: Publish) -> None:
    publish("You can return goods within 14 days.")
    publish("You can return goods within 30 days.", effective_from=dt.date(2026, 3, 1))
    (before,) = found(cleo_api, as_of="2026-02-28")
    (after,) = found(cleo_api, as_of="2026-03-01")
    assert "14 days" in before["passage"]
    assert "30 days" in after["passage"]


def test_today_is_the_day_unless_one_is_given(cleo_api: APIClient, publish: Publish) -> None:
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    publish("From tomorrow on.", effective_from=tomorrow)
    assert found(cleo_api) == []
    assert len(found(cleo_api, as_of=tomorrow.isoformat())) == 1


def test_a_collection_bounds_the_search(cleo_api: APIClient, publish: Publish) -> None:
    publish("Return goods within 14 days.", collection="Old shop")
    publish("Return goods within 30 days.", collection="New shop")
    (only,) = found(cleo_api, collection="New shop")
    assert "30 days" in only["passage"]


def test_a_limit_bounds_the_results(cleo_api: APIClient, publish: Publish) -> None:
    for number in range(4):
        publish(f"Return goods within {number} days.", file_name=f"{number}.md")
    assert len(found(cleo_api, limit=3)) == 3
    assert len(found(cleo_api)) == 4


def test_a_search_in_an_empty_collection_finds_nothing(cleo_api: APIClient) -> None:
    Collection.objects.create(name="Empty")
    assert found(cleo_api, collection="Empty") == []
    assert found(cleo_api) == []


@pytest.mark.parametrize(
    "q", ["🙂", "a\x00b", "the of and", "' OR 1=1; --", "x" * 5000, "& | ! <->"]
)
def test_odd_questions_are_answered(cleo_api: APIClient, publish: Publish, q: str) -> None:
    publish("Within 30 days.")
    assert len(found(cleo_api, q)) == 1


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({}, "q"),
        ({"q": "  "}, "q"),
        ({"q": "x", "limit": "0"}, "limit"),
        ({"q": "x", "limit": "51"}, "limit"),
        ({"q": "x", "limit": "-1"}, "limit"),
        ({"q": "x", "limit": "9" * 5000}, "limit"),
        ({"q": "x", "as_of": "yesterday"}, "as_of"),
        ({"q": "x", "as_of": "2026-02-30"}, "as_of"),
        ({"q": "x", "collection": "Nowhere"}, "collection"),
        ({"q": "x", "collection": "a\x00"}, "collection"),
    ],
)
def test_bad_parameters_are_named(cleo_api: APIClient, params: dict[str, str], field: str) -> None:
    response = cleo_api.get(f"{API}/search/", params)
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert list(response.json()["fields"]) == [field]

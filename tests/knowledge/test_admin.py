"""The content team's admin: uploading, progress, a document's page, trying again, retiring."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from knowledge.admin.passages import render_passage
from knowledge.models import Collection, Document, DocumentVersion, Passage

Browser = Callable[[User], Client]
LIST = "/admin/knowledge/document/"
UPLOAD = "/admin/knowledge/document/add/"


def a_file(name: str, content: bytes = b"# Title\n\nA text.") -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = name
    return file


@pytest.fixture
def editor(cleo: User, browser_of: Browser) -> Client:
    return browser_of(cleo)


@pytest.fixture
def reader(eve: User, browser_of: Browser) -> Client:
    """Eve, made staff who may look and do nothing."""
    eve.is_staff = True
    eve.save()
    eve.user_permissions.add(Permission.objects.get(codename="view_document"))
    return browser_of(eve)


def page_of(version: DocumentVersion) -> str:
    return reverse("admin:knowledge_document_change", args=[version.document_id])


def act(name: str, version: DocumentVersion) -> str:
    return reverse(f"admin:knowledge_document_{name}", args=[version.pk])


def fail(version: DocumentVersion) -> None:
    DocumentVersion.objects.filter(pk=version.pk).update(
        status=DocumentVersion.Status.FAILED, error="The file is damaged."
    )


# -- Uploading ------------------------------------------------------------------------------------
def test_several_files_are_taken_at_once(editor: Client, cleo: User) -> None:
    answer = editor.post(
        UPLOAD, {"uploads": [a_file("one.md"), a_file("two.md")], "collection": "Shop"}
    )
    assert answer.status_code == 200
    assert Document.objects.filter(collection__name="Shop").count() == 2
    assert set(DocumentVersion.objects.values_list("created_by", flat=True)) == {cleo.pk}


def test_one_bad_file_does_not_stop_the_others(editor: Client) -> None:
    files = [a_file("photo.heic"), a_file("good.md"), a_file("empty.md", b"")]
    text = editor.post(UPLOAD, {"uploads": files}).content.decode()
    assert list(Document.objects.values_list("external_id", flat=True)) == ["good.md"]
    assert "1 accepted, 0 unchanged, 2 refused" in text
    assert "is of a kind that cannot be read" in text
    assert "is empty." in text


def test_the_same_file_again_is_unchanged(editor: Client) -> None:
    editor.post(UPLOAD, {"uploads": [a_file("one.md")]})
    text = editor.post(UPLOAD, {"uploads": [a_file("one.md")]}).content.decode()
    assert "0 accepted, 1 unchanged, 0 refused" in text
    assert DocumentVersion.objects.count() == 1


def test_the_same_file_after_a_failure_is_tried_again(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    fail(returns_policy)
    content = returns_policy.file.read()
    text = editor.post(UPLOAD, {"uploads": [a_file("returns.md", content)]}).content.decode()
    assert "had failed and is tried again" in text
    returns_policy.refresh_from_db()
    assert returns_policy.status == DocumentVersion.Status.QUEUED


def test_a_retired_file_can_be_uploaded_anew(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    editor.post(act("retire", returns_policy))
    content = returns_policy.file.read()
    text = editor.post(UPLOAD, {"uploads": [a_file("returns.md", content)]}).content.decode()
    assert "Accepted as version 2." in text


def test_a_title_goes_to_a_single_file_only(editor: Client) -> None:
    editor.post(UPLOAD, {"uploads": [a_file("one.md")], "title": "Returns"})
    editor.post(UPLOAD, {"uploads": [a_file("two.md"), a_file("three.md")], "title": "Returns"})
    assert set(Document.objects.values_list("title", flat=True)) == {"Returns", "Two", "Three"}


def test_an_upload_carries_its_dates(editor: Client) -> None:
    days = {"effective_from": "2026-03-01", "effective_until": "2027-01-01"}
    editor.post(UPLOAD, {"uploads": [a_file("one.md")], **days})
    version = DocumentVersion.objects.get()
    assert str(version.effective_from) == "2026-03-01"
    assert str(version.effective_until) == "2027-01-01"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Choose one or more files."),
        (
            {"uploads": "x", "effective_from": "2026-03-02", "effective_until": "2026-03-01"},
            "later day",
        ),
        ({"uploads": "x", "effective_from": "soon"}, "Enter a valid date."),
        ({"uploads": "x", "collection": "c" * 101}, "at most 100 characters"),
    ],
)
def test_a_bad_upload_changes_nothing(
    editor: Client, fields: dict[str, object], sentence: str
) -> None:
    if "uploads" in fields:
        fields = {**fields, "uploads": [a_file("one.md")]}
    answer = editor.post(UPLOAD, fields)
    assert sentence in answer.content.decode()
    assert not Document.objects.exists()


def test_uploading_needs_the_permission(reader: Client) -> None:
    assert reader.get(UPLOAD).status_code == 403
    assert reader.post(UPLOAD, {"uploads": [a_file("one.md")]}).status_code == 403
    assert "Upload documents" not in reader.get(LIST).content.decode()
    assert not Document.objects.exists()


def test_an_upload_is_in_the_documents_history(editor: Client, cleo: User) -> None:
    editor.post(UPLOAD, {"uploads": [a_file("one.md")]})
    entry = LogEntry.objects.get()
    assert (entry.user, entry.change_message) == (cleo, "Uploaded “one.md” as version 1.")


# -- The list and its progress --------------------------------------------------------------------
def test_the_list_shows_how_far_a_version_is(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    DocumentVersion.objects.update(status="embedding", progress_done=12, progress_total=40)
    assert "12 of 40 passages" in editor.get(LIST).content.decode()


def test_the_list_says_why_a_file_failed(editor: Client, returns_policy: DocumentVersion) -> None:
    fail(returns_policy)
    assert "The file is damaged." in editor.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=ready", True),
        ("status=in_progress", False),
        ("state=published", True),
        ("state=retired", False),
        ("q=returns", True),
        ("q=nothing", False),
    ],
)
def test_the_list_is_filtered(
    editor: Client, returns_policy: DocumentVersion, query: str, found: bool
) -> None:
    assert (page_of(returns_policy) in editor.get(f"{LIST}?{query}").content.decode()) is found


def test_progress_gives_the_cells_of_the_documents_asked_for(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    DocumentVersion.objects.update(status="embedding", progress_done=12, progress_total=40)
    url = reverse("admin:knowledge_document_progress")
    answer = editor.get(f"{url}?ids={returns_policy.document_id},77,x,{9**40}").json()
    assert answer["in_progress"] == 1
    assert list(answer["documents"]) == [str(returns_policy.document_id)]
    assert "12 of 40 passages" in answer["documents"][str(returns_policy.document_id)]["status"]


def test_progress_is_for_viewers_only(ben: User, eve: User, browser_of: Browser) -> None:
    url = reverse("admin:knowledge_document_progress")
    assert browser_of(ben).get(url).status_code == 403
    assert browser_of(eve).get(url).status_code == 302
    assert Client().get(url).status_code == 302


# -- A document's page ----------------------------------------------------------------------------
def test_the_page_shows_passages_in_reading_order(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    text = editor.get(page_of(returns_policy)).content.decode()
    first, last = text.index("within 30 days"), text.index("The return parcel costs")
    assert first < last
    assert "What cannot be returned" in text


def test_tables_are_tables(editor: Client, shipping: DocumentVersion) -> None:
    assert "<th>Country</th>" in editor.get(page_of(shipping)).content.decode()


def test_nothing_in_a_document_runs_or_loads() -> None:
    html = render_passage(
        "<script>alert(1)</script> ![p](https://evil.example/p.png) [l](javascript:alert(1)) "
        "[m](https://evil.example/)"
    )
    for forbidden in ("<script", "<img", "<a", "href", "src="):
        assert forbidden not in html


def test_an_older_version_can_be_read(
    editor: Client, publish: Callable[..., DocumentVersion]
) -> None:
    old = publish("# Returns\n\nThe old rule.", title="Returns")
    publish("# Returns\n\nThe new rule.", title="Returns")
    assert "The new rule." in editor.get(page_of(old)).content.decode()
    for odd in ("", "&p=99", "&p=x"):
        assert "The old rule." in editor.get(f"{page_of(old)}?version=1{odd}").content.decode()


def test_a_missing_document_leads_back_with_a_message(editor: Client) -> None:
    answer = editor.get(f"{LIST}77/change/", follow=True)
    assert "doesn’t exist" in answer.content.decode()


def test_the_page_is_for_viewers_only_and_takes_no_form(
    editor: Client, ben: User, browser_of: Browser, returns_policy: DocumentVersion
) -> None:
    assert browser_of(ben).get(page_of(returns_policy)).status_code == 403
    assert editor.post(page_of(returns_policy), {"title": "x"}).status_code == 405


# -- The file and the text ------------------------------------------------------------------------
def test_the_file_is_only_ever_a_download(
    editor: Client, publish: Callable[..., DocumentVersion]
) -> None:
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
    assert "is no longer stored" in answer.content.decode()


def test_the_text_is_plain(editor: Client, returns_policy: DocumentVersion) -> None:
    answer = editor.get(act("text", returns_policy))
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert "Returns policy" in answer.content.decode()


@pytest.mark.parametrize("name", ["file", "text"])
def test_files_are_for_viewers_only(
    ben: User, browser_of: Browser, returns_policy: DocumentVersion, name: str
) -> None:
    assert browser_of(ben).get(act(name, returns_policy)).status_code == 403
    assert Client().get(act(name, returns_policy)).status_code == 302
    assert Client().get(f"/media/{returns_policy.file.name}").status_code == 404


# -- Trying again and retiring --------------------------------------------------------------------
def test_a_failed_version_is_tried_again(
    editor: Client, cleo: User, returns_policy: DocumentVersion
) -> None:
    fail(returns_policy)
    editor.post(act("retry", returns_policy))
    returns_policy.refresh_from_db()
    assert (returns_policy.status, returns_policy.error) == (DocumentVersion.Status.QUEUED, "")
    assert LogEntry.objects.get().change_message == "Tried version 1 again."


def test_only_a_failed_version_is_tried_again(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    answer = editor.post(act("retry", returns_policy), follow=True)
    assert "has not failed" in answer.content.decode()
    assert not LogEntry.objects.exists()


def test_retiring_takes_the_passages_out_of_service(
    editor: Client, cleo: User, returns_policy: DocumentVersion
) -> None:
    editor.post(act("retire", returns_policy))
    returns_policy.refresh_from_db()
    assert returns_policy.state == DocumentVersion.State.RETIRED
    assert not Passage.objects.filter(published=True).exists()
    entry = LogEntry.objects.get()
    assert (entry.user, entry.change_message) == (cleo, "Retired version 1.")


def test_only_a_published_version_is_retired(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    editor.post(act("retire", returns_policy))
    answer = editor.post(act("retire", returns_policy), follow=True)
    assert "is not published" in answer.content.decode()
    assert LogEntry.objects.count() == 1


@pytest.mark.parametrize("name", ["retry", "retire"])
def test_changing_needs_the_permission_a_post_and_a_version(
    editor: Client, reader: Client, returns_policy: DocumentVersion, name: str
) -> None:
    assert reader.post(act(name, returns_policy)).status_code == 403
    assert editor.get(act(name, returns_policy)).status_code == 404
    assert editor.post(f"{LIST}versions/77/{name}/").status_code == 404
    page = reader.get(page_of(returns_policy)).content.decode()
    assert act("retire", returns_policy) not in page
    returns_policy.refresh_from_db()
    assert returns_policy.state == DocumentVersion.State.PUBLISHED


# -- Deleting, collections, embedding indexes -----------------------------------------------------
def test_deleting_asks_first_and_names_the_numbers(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    url = reverse("admin:knowledge_document_delete", args=[returns_policy.document_id])
    text = editor.get(url).content.decode()
    assert "Passages" in text or "passages" in text
    assert Document.objects.exists()
    editor.post(url, {"post": "yes"})
    assert not Document.objects.exists()


def test_a_collection_in_use_is_renamed_but_not_deleted(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    collection = Collection.objects.get()
    url = reverse("admin:knowledge_collection_change", args=[collection.pk])
    editor.post(url, {"name": "Policies"})
    collection.refresh_from_db()
    assert collection.name == "Policies"
    delete = reverse("admin:knowledge_collection_delete", args=[collection.pk])
    assert editor.post(delete, {"post": "yes"}).status_code == 403


def test_embedding_indexes_are_only_looked_at(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    assert "384" in editor.get("/admin/knowledge/embeddingindex/").content.decode()
    assert editor.get("/admin/knowledge/embeddingindex/add/").status_code == 403

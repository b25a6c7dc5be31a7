"""Uploading at the editor's desk: as a form without scripts, and file by file with them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from knowledge.models import Collection, Document, DocumentVersion
from tests.conftest import Publish, process_waiting
from tests.knowledge.desk import (
    UPLOAD,
    act,
    actions_of,
    fail,
    last_event,
    page_of,
    states_of,
    text_of,
)
from tests.knowledge.desk import a_file as file

BAD = [
    ({}, "Choose one or more files."),
    (
        {"uploads": "x", "effective_from": "2026-03-02", "effective_until": "2026-03-01"},
        "later day",
    ),
    ({"uploads": "x", "effective_from": "soon"}, "Enter a valid date."),
    ({"uploads": "x", "collection": "c" * 101}, "at most 100 characters"),
    ({"uploads": "x", "audience": "everybody"}, "is not one of the available choices"),
]


def with_file(fields: dict[str, object]) -> dict[str, object]:
    return {**fields, "uploads": [file("one.md")]} if "uploads" in fields else fields


# -- Without scripts ------------------------------------------------------------------------------
def test_several_files_are_taken_at_once(editor: Client, cleo: User) -> None:
    answer = editor.post(
        UPLOAD, {"uploads": [file("one.md"), file("two.md")], "collection": "Shop"}
    )
    assert answer.status_code == 200
    assert Document.objects.filter(collection__name="Shop").count() == 2
    assert set(DocumentVersion.objects.values_list("created_by", flat=True)) == {cleo.pk}


def test_one_bad_file_does_not_stop_the_others(editor: Client) -> None:
    files = [file("photo.heic"), file("good.md"), file("empty.md", b"")]
    text = text_of(editor.post(UPLOAD, {"uploads": files}))
    assert list(Document.objects.values_list("external_id", flat=True)) == ["good.md"]
    assert "1 accepted, 0 unchanged, 2 refused" in text
    assert "is of a kind that cannot be read" in text
    assert "is empty." in text


def test_the_same_file_again_is_unchanged(editor: Client) -> None:
    editor.post(UPLOAD, {"uploads": [file("one.md")]})
    text = text_of(editor.post(UPLOAD, {"uploads": [file("one.md")]}))
    assert "0 accepted, 1 unchanged, 0 refused" in text
    assert DocumentVersion.objects.count() == 1


def test_the_same_file_after_a_failure_is_tried_again(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    fail(returns_policy)
    content = returns_policy.file.read()
    text = text_of(editor.post(UPLOAD, {"uploads": [file("returns.md", content)]}))
    assert "had failed and is tried again" in text
    returns_policy.refresh_from_db()
    assert returns_policy.status == DocumentVersion.Status.QUEUED


def test_a_retired_file_can_be_uploaded_anew(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    editor.post(act("retire", returns_policy))
    content = returns_policy.file.read()
    text = text_of(editor.post(UPLOAD, {"uploads": [file("returns.md", content)]}))
    assert "Accepted as version 2 of “Returns policy”, in Documents." in text


def test_a_title_goes_to_a_single_file_only(editor: Client) -> None:
    editor.post(UPLOAD, {"uploads": [file("one.md")], "title": "Returns"})
    editor.post(UPLOAD, {"uploads": [file("two.md"), file("three.md")], "title": "Returns"})
    assert set(Document.objects.values_list("title", flat=True)) == {"Returns", "Two", "Three"}


def test_an_upload_carries_its_terms_and_locale(editor: Client) -> None:
    fields = {
        "effective_from": "2026-03-01",
        "effective_until": "2027-01-01",
        "audience": "internal",
        "locale": "pt-BR",
    }
    editor.post(UPLOAD, {"uploads": [file("one.md")], **fields})
    version = DocumentVersion.objects.get()
    assert str(version.effective_from) == "2026-03-01"
    assert str(version.effective_until) == "2027-01-01"
    assert (version.audience, version.document.locale) == ("internal", "pt-BR")


@pytest.mark.parametrize(
    ("ticked", "state"), [({"publish": "on"}, "published"), ({}, "draft")], ids=["ticked", "not"]
)
def test_the_box_decides_whether_it_is_published_when_read(
    editor: Client, ticked: dict[str, str], state: str
) -> None:
    editor.post(UPLOAD, {"uploads": [file("one.md")], **ticked})
    process_waiting()
    assert states_of(Document.objects.get()) == {1: state}


def test_the_box_is_ticked_and_the_collection_chosen_beforehand(editor: Client) -> None:
    text = text_of(editor.get(f"{UPLOAD}?collection=Shop"))
    assert 'name="publish"' in text
    assert "checked" in text.split('name="publish"')[1].split(">")[0]
    assert 'value="Shop"' in text


@pytest.mark.parametrize(("fields", "sentence"), BAD)
def test_a_bad_upload_changes_nothing(
    editor: Client, fields: dict[str, object], sentence: str
) -> None:
    assert sentence in text_of(editor.post(UPLOAD, with_file(fields)))
    assert not Document.objects.exists()


def test_uploading_needs_the_permission(reader: Client) -> None:
    assert reader.get(UPLOAD).status_code == 403
    assert reader.post(UPLOAD, {"uploads": [file("one.md")]}).status_code == 403
    assert reader.post(act("add_file"), {"uploads": [file("one.md")]}).status_code == 403
    assert Client().post(act("add_file"), {"uploads": [file("one.md")]}).status_code == 302
    assert not Document.objects.exists()


def test_an_upload_is_in_the_documents_history(editor: Client) -> None:
    editor.post(UPLOAD, {"uploads": [file("one.md")]})
    event = last_event()
    assert actions_of(Document.objects.get().pk) == ["uploaded"]
    assert (event.actor_name, event.data["file_name"]) == ("cleo", "one.md")


# -- One file of many, as the page's script sends it ----------------------------------------------
def test_one_file_is_answered_with_where_it_went(editor: Client) -> None:
    answer = editor.post(act("add_file"), {"uploads": [file("one.md")], "publish": "on"})
    version = DocumentVersion.objects.get()
    said = answer.json()
    assert answer.status_code == 200
    assert (said["kind"], said["version"], said["status"]) == ("accepted", version.pk, "queued")
    assert said["text"] == "Accepted as version 1."
    assert said["url"].endswith(f"/{version.document_id}/change/?version=1")
    assert "Waiting" in said["html"]


def test_one_file_that_is_known_is_said_to_be_unchanged(editor: Client) -> None:
    for kind in ("accepted", "unchanged"):
        said = editor.post(act("add_file"), {"uploads": [file("one.md")]}).json()
        assert said["kind"] == kind


def test_one_refused_file_is_answered_with_a_sentence(editor: Client) -> None:
    answer = editor.post(act("add_file"), {"uploads": [file("empty.md", b"")]})
    assert answer.status_code == 400
    assert answer.json() == {"kind": "refused", "text": "“empty.md” is empty."}
    assert not Document.objects.exists()


@pytest.mark.parametrize(("fields", "sentence"), BAD)
def test_what_is_wrong_with_the_fields_is_named_field_by_field(
    editor: Client, fields: dict[str, object], sentence: str
) -> None:
    answer = editor.post(act("add_file"), with_file(fields))
    said = answer.json()
    assert (answer.status_code, said["kind"]) == (400, "refused")
    assert sentence in " ".join(text for texts in said["fields"].values() for text in texts)
    assert not Document.objects.exists()


def test_one_file_comes_by_post(editor: Client) -> None:
    assert editor.get(act("add_file")).status_code == 405


def test_a_batch_larger_than_one_form_may_be_is_taken_file_by_file(
    editor: Client, settings: Settings
) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 3
    names = [f"file-{number}.md" for number in range(5)]
    together = editor.post(UPLOAD, {"uploads": [file(name) for name in names]})
    assert together.status_code == 400
    for name in names:
        assert editor.post(act("add_file"), {"uploads": [file(name)]}).status_code == 200
    assert Document.objects.count() == 5


# -- A new version of a known document -------------------------------------------------------------
def test_a_file_of_any_name_becomes_the_next_version_of_the_document_chosen(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    document = returns_policy.document
    page = text_of(editor.get(f"{UPLOAD}?document={document.pk}"))
    assert "Upload a new version of “Returns policy”" in page
    assert 'name="collection"' not in page
    fields = {"document": document.pk, "uploads": [file("returns-2027.md")], "publish": "on"}
    said = editor.post(act("add_file"), fields).json()
    assert said["text"] == "Accepted as version 2."
    process_waiting()
    assert states_of(document) == {1: "retired", 2: "published"}
    assert list(Document.objects.values_list("title", flat=True)) == ["Returns policy"]


def test_only_one_file_can_be_the_next_version(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    files = [file("one.md"), file("two.md")]
    fields = {"document": returns_policy.document_id, "uploads": files}
    assert "Choose one file" in text_of(editor.post(UPLOAD, fields))
    assert DocumentVersion.objects.count() == 1


@pytest.mark.parametrize("document", ["77", "x", str(9**40)])
def test_a_document_that_is_gone_is_said_so(editor: Client, document: str) -> None:
    answer = editor.post(act("add_file"), {"document": document, "uploads": [file("one.md")]})
    assert answer.status_code == 400
    assert "not there any more" in answer.json()["text"]
    assert editor.get(f"{UPLOAD}?document={document}").status_code == 200
    assert not Document.objects.exists()


# -- The name of a known document -----------------------------------------------------------------
def upload(editor: Client, name: str, content: bytes, **fields: str) -> dict[str, str]:
    answer = editor.post(act("add_file"), {"uploads": [file(name, content)], **fields})
    found: dict[str, str] = answer.json()
    return found


@pytest.mark.parametrize("collection", ["", "Documents", "Elsewhere"])
def test_a_known_name_is_a_new_version_in_whichever_collection_it_lies(
    editor: Client, publish: Publish, collection: str
) -> None:
    policy = publish("# A\n\nOld.", file_name="returns.md", collection="Policies", title="Returns")
    said = upload(editor, "returns.md", b"# A\n\nNew.", collection=collection, publish="on")
    assert said["text"] == "Accepted as version 2 of “Returns”, in Policies."
    process_waiting()
    assert list(Document.objects.all()) == [policy.document]
    assert states_of(policy.document) == {1: "retired", 2: "published"}


def test_a_file_name_counts_where_the_document_has_another_id(
    editor: Client, publish: Publish
) -> None:
    policy = publish(
        "# A\n\nOld.", file_name="returns.md", external_id="policy-7", collection="Policies"
    )
    upload(editor, "returns.md", b"# A\n\nNew.")
    assert list(Document.objects.all()) == [policy.document]


def test_of_several_the_one_in_the_chosen_collection_is_meant(
    editor: Client, publish: Publish
) -> None:
    for collection in ("Coffee", "Tea"):
        publish("# A\n\nOld.", file_name="readme.md", collection=collection)
    said = upload(editor, "readme.md", b"# A\n\nNew.", collection="Tea")
    assert "in Tea" in said["text"]
    said = upload(editor, "readme.md", b"# A\n\nNewer.", collection="Documents")
    assert said["kind"] == "refused"
    assert "2 documents have the file name “readme.md”: “Readme” in Coffee" in said["text"]
    assert Document.objects.count() == 2


def test_web_pages_and_measurements_are_no_known_files(editor: Client, publish: Publish) -> None:
    publish("# A\n\nOld.", file_name="a.md", collection="Web", source_url="https://shop.test/a")
    publish("# A\n\nOld.", file_name="a.md", collection="evaluation 0")
    Collection.objects.filter(name="evaluation 0").update(temporary=True)
    said = upload(editor, "a.md", b"# A\n\nNew.")
    assert said["text"] == "Accepted as version 1."
    assert Document.objects.count() == 3


def test_what_is_for_staff_stays_so_unless_somebody_says_otherwise(
    editor: Client, publish: Publish
) -> None:
    notes = publish("# A\n\nOld.", file_name="notes.md", audience="internal")
    upload(editor, "notes.md", b"# A\n\nNew.")
    upload(editor, "notes.md", b"# A\n\nNewer.", audience="customers")
    audiences = notes.document.versions.order_by("number").values_list("audience", flat=True)
    assert list(audiences) == ["internal", "internal", "customers"]


def test_an_upload_that_contradicts_another_collection_is_not_published(
    editor: Client, publish: Publish
) -> None:
    rule = "# Returns\n\nUnopened goods can be returned within {} days of delivery."
    publish(rule.format(30), file_name="policy.md", collection="Policies")
    text = rule.format(14).encode()
    said = upload(editor, "faq.md", text, collection="Help", publish="on")
    process_waiting()
    version = DocumentVersion.objects.get(pk=said["version"])
    assert version.state == "draft"
    answer = editor.get(act("progress"), {"versions": said["version"]}).json()
    assert (
        "Not published: 1 passage contradicts" in answer["versions"][str(said["version"])]["html"]
    )
    page = text_of(editor.get(said["url"]))
    assert "Not published: 1 passage contradicts another document that is in effect." in page


def test_while_it_is_checked_the_pages_say_so(editor: Client, publish: Publish) -> None:
    version = publish("# A\n\nA text.", publish=False)
    DocumentVersion.objects.update(publish_when_ready=True, check_first=True)
    answer = editor.get(act("progress"), {"versions": version.pk}).json()
    assert answer["in_progress"] == 1
    assert answer["versions"][str(version.pk)]["status"] == "checking"
    assert "Being checked" in answer["versions"][str(version.pk)]["html"]
    assert "Waits until this version has been compared" in text_of(editor.get(page_of(version)))

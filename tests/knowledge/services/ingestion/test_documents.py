"""ingestion.documents: an upload becomes the next version, or is refused with a code."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import threading

import pytest
from django.contrib.auth.models import User
from django.db import connection
from pytest_django import Settings

from knowledge.models import Collection, Document, DocumentVersion, Embedding, Passage
from knowledge.services.ingestion.documents import (
    UploadRefusedError,
    add_version,
    check_upload,
    delete_document,
    retry_version,
)
from knowledge.services.lifecycle.publishing import retire_version
from tests.conftest import Publish

TEXT = b"# Returns\n\nWithin 30 days."


def upload(
    content: bytes = TEXT, file_name: str = "returns.md", **fields: object
) -> DocumentVersion:
    return _upload(content, file_name, **fields)[0]


def _upload(content: bytes, file_name: str, **fields: object) -> tuple[DocumentVersion, bool]:
    checked = check_upload(io.BytesIO(content), file_name=file_name, **fields)  # type: ignore[arg-type]
    return add_version(upload=checked)


def refusal(content: bytes = TEXT, file_name: str = "returns.md", **fields: object) -> str:
    with pytest.raises(UploadRefusedError) as caught:
        check_upload(io.BytesIO(content), file_name=file_name, **fields)  # type: ignore[arg-type]
    assert str(caught.value).endswith((".", "it."))
    return caught.value.code


# -- Checking -------------------------------------------------------------------------------------
def test_an_upload_is_hashed_and_named() -> None:
    checked = check_upload(io.BytesIO(TEXT), file_name="returns_policy-2026.md")
    assert checked.content_hash == hashlib.sha256(TEXT).hexdigest()
    assert checked.size == len(TEXT)
    assert checked.external_id == "returns_policy-2026.md"
    assert checked.collection == "Documents"
    assert checked.content.read() == TEXT


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\cleo\\prices.csv", "prices.csv"),
        ("/abs/olute/a.md", "a.md"),
        ("ta\tb\nline\x00\x7f.md", "tabline.md"),
        ("evil\u202egnp.md", "evilgnp.md"),
        ("  spaced out .md ", "spaced out .md"),
        ("Übergröße “neu”.md", "Übergröße “neu”.md"),
        ("x" * 500 + ".md", "x" * 197 + ".md"),
    ],
)
def test_a_file_name_keeps_no_path_and_no_control_characters(sent: str, kept: str) -> None:
    assert check_upload(io.BytesIO(TEXT), file_name=sent).file_name == kept


@pytest.mark.parametrize("name", ["", "   ", "/", "..", "\x00\x01", "folder/"])
def test_a_file_without_a_name_of_its_own_is_refused(name: str) -> None:
    assert refusal(file_name=name) in {"no_name", "unsupported_type"}


@pytest.mark.parametrize("name", ["a.exe", "a.md.zip", "README", ".md"])
def test_a_kind_that_cannot_be_read_is_refused(name: str) -> None:
    assert refusal(file_name=name) == "unsupported_type"


def test_an_empty_file_is_refused() -> None:
    assert refusal(b"") == "empty_file"


def test_a_file_over_the_limit_is_refused_and_one_at_the_limit_is_not(
    settings: Settings,
) -> None:
    settings.UPLOAD_MAX_BYTES = len(TEXT)
    assert check_upload(io.BytesIO(TEXT), file_name="a.md").size == len(TEXT)
    assert refusal(TEXT + b"!") == "too_large"


def test_dates_in_the_wrong_order_are_refused() -> None:
    day = dt.date(2026, 3, 1)
    assert refusal(effective_from=day, effective_until=day) == "wrong_dates"
    checked = check_upload(io.BytesIO(TEXT), file_name="a.md", effective_until=day)
    assert checked.effective_until == day


# -- Storing --------------------------------------------------------------------------------------
def test_a_new_file_is_version_1_of_a_new_document(cleo: User) -> None:
    checked = check_upload(
        io.BytesIO(TEXT), file_name="r.md", title="Returns", collection="Shop", external_id="R-1"
    )
    version, created = add_version(upload=checked, created_by=cleo)
    assert created
    assert (version.number, version.status, version.state) == (1, "queued", "draft")
    assert version.created_by == cleo
    assert version.document.title == "Returns"
    assert version.document.external_id == "R-1"
    assert version.document.collection.name == "Shop"
    with version.file.open() as stored:
        assert stored.read() == TEXT


def test_nothing_of_the_sent_name_reaches_the_disk_but_the_kind(db: None) -> None:
    version = upload(file_name="../Bad “name” é.MD")
    stem, _, suffix = str(version.file.name).rpartition("/")[2].rpartition(".")
    assert str(version.file.name).startswith("documents/")
    assert int(stem, 16) >= 0
    assert suffix == "md"


def test_other_bytes_under_the_same_id_are_the_next_version(db: None) -> None:
    first = upload()
    second = upload(b"# Returns\n\nWithin 14 days.", title="Returns, new")
    assert (first.document_id, second.number) == (second.document_id, 2)
    assert Document.objects.get().title == "Returns, new"


def test_the_same_id_in_another_collection_is_another_document(db: None) -> None:
    assert upload().document_id != upload(collection="Shop").document_id
    assert Collection.objects.count() == 2


def test_an_unchanged_upload_changes_nothing(publish: Publish) -> None:
    version = publish(TEXT)
    again, created = _upload(TEXT, "returns.md")
    assert (again.pk, created) == (version.pk, False)
    assert again.status == DocumentVersion.Status.READY
    assert DocumentVersion.objects.count() == 1


def test_an_unchanged_upload_that_still_waits_is_not_queued_twice(db: None) -> None:
    assert upload().pk == upload().pk


def test_the_same_bytes_with_other_dates_are_a_new_version(db: None) -> None:
    assert upload().number == 1
    assert upload(effective_from=dt.date(2026, 3, 1)).number == 2


def test_going_back_to_an_older_text_is_a_new_version(publish: Publish) -> None:
    publish(TEXT)
    publish(b"# Returns\n\nNever.")
    back, created = _upload(TEXT, "returns.md")
    assert (back.number, created) == (3, True)


def test_an_unchanged_upload_of_a_failed_version_tries_it_again(publish: Publish) -> None:
    broken = b"%PDF-1.4 broken"
    failed = publish(broken, file_name="a.pdf")
    assert failed.status == DocumentVersion.Status.FAILED
    again, created = _upload(broken, "a.pdf")
    again.refresh_from_db()
    assert (again.pk, created, again.status) == (failed.pk, False, "queued")


def test_retrying_starts_from_the_beginning_and_touches_only_failed_ones(publish: Publish) -> None:
    failed, ready = publish(b"%PDF-1.4 broken", file_name="a.pdf"), publish(TEXT)
    for version in (failed, ready):
        retry_version(version=version)
        version.refresh_from_db()
    assert (failed.status, failed.error, failed.attempts, failed.lease_until) == (
        "queued",
        "",
        0,
        None,
    )
    assert ready.status == "ready"


def test_what_was_taken_out_of_service_is_put_back_by_uploading_it(publish: Publish) -> None:
    retired = publish(TEXT)
    retire_version(version=retired)
    back, created = _upload(TEXT, "returns.md")
    assert (back.number, created) == (2, True)


@pytest.mark.django_db(transaction=True)
def test_a_deleted_document_leaves_no_passage_no_file_and_no_embedding(publish: Publish) -> None:
    gone = publish(TEXT + b"\nAnd more.", title="A")
    kept = publish(TEXT, file_name="same.md", title="A")
    other = publish(b"Only here.", file_name="returns.md", title="A")
    delete_document(document=gone.document)
    hashes = {bytes(value) for value in Passage.objects.values_list("text_hash", flat=True)}
    assert {
        bytes(value) for value in Embedding.objects.values_list("text_hash", flat=True)
    } == hashes
    assert list(DocumentVersion.objects.all()) == [kept]
    for version in (gone, other):
        assert not version.file.storage.exists(str(version.file.name))
    assert kept.file.storage.exists(str(kept.file.name))


@pytest.mark.django_db(transaction=True)
def test_the_same_bytes_are_on_disk_once_for_as_long_as_a_version_needs_them(
    publish: Publish,
) -> None:
    first, second = publish(TEXT), publish(TEXT, file_name="copy.md")
    (name,) = {str(first.file.name), str(second.file.name)}
    delete_document(document=first.document)
    assert second.file.storage.open(name).read() == TEXT
    delete_document(document=second.document)
    assert not second.file.storage.exists(name)


@pytest.mark.django_db(transaction=True)
def test_bytes_that_are_missing_on_disk_are_put_there_again(publish: Publish) -> None:
    lost = publish(TEXT)
    lost.file.storage.delete(str(lost.file.name))
    assert publish(TEXT, file_name="copy.md").status == "ready"


@pytest.mark.django_db(transaction=True)
def test_uploads_at_the_same_time_get_numbers_without_gap_or_twin() -> None:
    start = threading.Barrier(6)

    def one(number: int) -> None:
        try:
            start.wait()
            upload(f"Text {number}.".encode())
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = DocumentVersion.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == [1, 2, 3, 4, 5, 6]
    assert Document.objects.count() == 1


def test_a_document_keeps_its_title_unless_another_is_given(publish: Publish) -> None:
    first = publish(TEXT, "returns-policy.md")
    assert first.document.title == "Returns policy"
    titles = {"": "Returns policy", "Returns": "Returns"}
    for number, (given, expected) in enumerate(titles.items()):
        text = TEXT + str(number).encode()
        version = publish(text, "ret_v2.md", external_id="returns-policy.md", title=given)
        version.document.refresh_from_db()
        assert version.document.title == expected

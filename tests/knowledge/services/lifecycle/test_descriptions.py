"""lifecycle.descriptions: title, language and collection, and what they change."""

from __future__ import annotations

import dataclasses

import pytest
from django.contrib.auth.models import User

from knowledge.models import DocumentVersion, Passage
from knowledge.services.ingestion.pipeline import process_version
from knowledge.services.ingestion.queue import claim_next
from knowledge.services.lifecycle import freshness
from knowledge.services.lifecycle.descriptions import (
    Description,
    DescriptionError,
    describe_document,
)
from knowledge.services.lifecycle.publishing import publish_version, roll_back
from knowledge.terms import passage_weights
from tests.conftest import Publish
from tests.knowledge.desk import last_event

TEXT = "# Rückgabe\n\nRückgaben werden innerhalb von dreißig Tagen angenommen, Nummer {}."


def change(version: DocumentVersion, by: User | None = None, **fields: str) -> bool:
    document = version.document
    document.refresh_from_db()
    description = dataclasses.replace(Description.of(document), **fields)
    return describe_document(document=document, description=description, by=by)


def assert_terms_are_of(version: DocumentVersion, locale: str) -> None:
    passages = list(Passage.objects.filter(version=version).only("terms", "context", "text"))
    assert passages
    for passage in passages:
        assert passage.terms == list(passage_weights(passage.context, passage.text, locale))


def test_another_language_renews_drafts_and_older_versions_too(publish: Publish) -> None:
    old, live = (publish(TEXT.format(n), file_name="a.md") for n in (1, 2))
    draft = publish(TEXT.format(3), file_name="a.md", publish=False)
    assert_terms_are_of(draft, "en")
    assert change(live, locale="de")
    for version in (old, live, draft):
        assert_terms_are_of(version, "de")
    roll_back(version=old)
    assert freshness.check_freshness(every_entry=True).ok


def test_a_version_that_is_being_read_meanwhile_gets_the_new_language_and_collection(
    publish: Publish,
) -> None:
    first = publish(TEXT.format(1), file_name="a.md")
    DocumentVersion.objects.filter(pk=first.pk).update(status="queued")
    claimed = claim_next()
    assert claimed is not None
    assert claimed.document.locale == "en"  # as the worker knows it
    change(first, locale="de", collection="Elsewhere")
    process_version(claimed)
    assert_terms_are_of(first, "de")
    assert Passage.objects.get(version=first).collection.name == "Elsewhere"


def test_what_was_and_what_is_stands_in_the_history(publish: Publish, cleo: User) -> None:
    version = publish(TEXT, file_name="a.md", title="Rueckgabe")
    change(version, by=cleo, title="Rückgabe", collection="Regeln")
    event = last_event()
    assert (event.action, event.actor_name) == ("described", "cleo")
    assert event.data["changes"] == {
        "title": ["Rueckgabe", "Rückgabe"],
        "collection": ["Documents", "Regeln"],
    }
    assert Passage.objects.get(version=version).collection.name == "Regeln"


def test_no_change_leaves_no_trace(publish: Publish) -> None:
    version = publish(TEXT)
    before = last_event()
    assert not change(version)
    assert last_event() == before


def test_a_collection_that_has_one_of_the_name_is_refused(publish: Publish) -> None:
    version = publish(TEXT, file_name="a.md")
    publish(TEXT, file_name="a.md", collection="Shop")
    with pytest.raises(DescriptionError, match="has a document of the same name already"):
        change(version, collection="Shop")
    version.document.refresh_from_db()
    assert version.document.collection.name == "Documents"


def test_a_draft_is_found_in_its_new_language_once_published(publish: Publish) -> None:
    draft = publish(TEXT, file_name="a.md", publish=False)
    change(draft, locale="de")
    publish_version(version=draft)
    assert_terms_are_of(draft, "de")

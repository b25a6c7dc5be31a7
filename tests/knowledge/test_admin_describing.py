"""Changing a document's title, language and collection on its page."""

from __future__ import annotations

from django.test import Client

from knowledge.models import Collection, DocumentVersion
from tests.conftest import Publish
from tests.knowledge.desk import LIST, UPLOAD, act, page_of, text_of

FIELDS = {"title": "Rückgabe", "locale": "de", "collection": "Shop"}


def test_the_form_changes_them_and_the_history_says_what_was(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    answer = editor.post(act("describe", returns_policy.document), FIELDS, follow=True)
    text = text_of(answer)
    assert "The change is saved." in text
    document = returns_policy.document
    document.refresh_from_db()
    assert (document.title, document.locale, document.collection.name) == tuple(FIELDS.values())
    for line in (
        "Title: “Returns policy” → “Rückgabe”",
        "Language: English → German",
        "Collection: “Documents” → “Shop”",
    ):
        assert line in text


def test_languages_are_chosen_by_name(editor: Client, publish: Publish) -> None:
    version = publish("A text.", locale="en-GB")
    for url in (page_of(version), UPLOAD, "/admin/knowledge/websource/add/"):
        text = text_of(editor.get(url))
        assert "English (United Kingdom)</option>" in text
        assert "German</option>" in text
    listed = text_of(editor.get(LIST))
    assert "Documents · English (United Kingdom)" in listed


def test_a_language_nobody_knows_stays_as_it_is(editor: Client, publish: Publish) -> None:
    version = publish("A text.", locale="tlh-Latn")
    fields = {"title": "New", "locale": "tlh-Latn", "collection": "Documents"}
    editor.post(act("describe", version.document), fields)
    version.document.refresh_from_db()
    assert (version.document.title, version.document.locale) == ("New", "tlh-Latn")


def test_what_cannot_be_is_said(editor: Client, publish: Publish) -> None:
    version = publish("A text.", file_name="a.md")
    publish("A text.", file_name="a.md", collection="Shop")
    for fields, sentence in [
        ({**FIELDS, "title": " "}, "Title: This field is required."),
        ({**FIELDS, "locale": "klingon"}, "Language: Select a valid choice."),
        (FIELDS, "has a document of the same name already"),
    ]:
        text = text_of(editor.post(act("describe", version.document), fields, follow=True))
        assert sentence in text
    version.document.refresh_from_db()
    assert version.document.collection.name == "Documents"


def test_it_needs_the_permission_and_a_post(
    editor: Client, reader: Client, returns_policy: DocumentVersion
) -> None:
    address = act("describe", returns_policy.document)
    assert reader.post(address, FIELDS).status_code == 403
    assert "Title, language, collection" not in text_of(reader.get(page_of(returns_policy)))
    assert editor.get(address).status_code == 404
    assert editor.post(act("describe", 77), FIELDS).status_code == 404


def test_collections_of_measurements_are_not_offered(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    Collection.objects.create(name="evaluation 0", temporary=True)
    assert "evaluation 0" not in text_of(editor.get(page_of(returns_policy)))

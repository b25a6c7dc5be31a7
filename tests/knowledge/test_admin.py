"""Collections and embedding indexes in the admin."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from knowledge.models import Collection, DocumentVersion


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

"""What is said of a document itself: its title, its language, and the collection it lies in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from knowledge.models import Collection, Document, Passage
from knowledge.services.indexes import search_entries
from knowledge.services.lifecycle import history, serving
from knowledge.text.plain import as_title


class DescriptionError(ValueError):
    """The document cannot be described so. `str()` is a sentence for an editor."""


@dataclass(frozen=True)
class Description:
    title: str
    locale: str
    collection: str

    @classmethod
    def of(cls, document: Document) -> Description:
        return cls(document.title, document.locale, document.collection.name)

    def with_given(self, *, title: str = "", locale: str = "") -> Description:
        """With what was given in the place of what stood there; empty means as it was."""
        return replace(self, title=title or self.title, locale=locale or self.locale)


@transaction.atomic
def describe_document(
    *, document: Document, description: Description, by: AbstractBaseUser | None = None
) -> bool:
    """Change what is said of a document, with history; False when nothing changes.

    Another language renews what search by words reads of all its versions, also of drafts and
    retired ones. Raises DescriptionError.
    """
    serving.lock_for_publication()  # before the document's lock, as publications do
    mine = Document.objects.select_for_update(of=("self",)).select_related("collection")
    locked = mine.get(pk=document.pk)
    before = Description.of(locked)
    description = replace(description, title=as_title(description.title) or before.title)
    if description == before:
        return False
    locked.title, locked.locale = description.title, description.locale
    if description.collection != before.collection:
        _move(locked, description.collection)
    locked.save(update_fields=["title", "locale", "collection", "updated_at"])
    if description.locale != before.locale:
        search_entries.renew_entries(locked)
    serving.count_revision()
    history.record(
        action="described", document=locked, by=by, changes=_changes(before, description)
    )
    document.refresh_from_db()
    return True


def _move(document: Document, name: str) -> None:
    collection, _ = Collection.objects.get_or_create(name=name)
    others = Document.objects.filter(collection=collection, external_id=document.external_id)
    if others.exclude(pk=document.pk).exists():
        raise DescriptionError(
            f"“{name}” has a document of the same name already. Upload this one’s file there as a "
            "new version, or choose another collection."
        )
    document.collection = collection
    Passage.objects.filter(version__document=document).update(collection=collection)


def _changes(before: Description, after: Description) -> dict[str, list[str]]:
    """Field → [as it was, as it is], of what differs."""
    pairs = {name: [old, getattr(after, name)] for name, old in vars(before).items()}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

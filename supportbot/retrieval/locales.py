"""The languages that documents are in, which questions are read in."""

from __future__ import annotations

from django.conf import settings
from django.db import connection

from knowledge.models import Document

_kept: dict[int, tuple[str, ...]] = {}


def of_documents(revision: int) -> tuple[str, ...]:
    """Language tags without their regions, our own first; asked of the
    database once for each revision of what is served."""
    known = _kept.get(revision)
    if known is None:
        tags = Document.objects.values_list("locale", flat=True).distinct()
        languages = {tag.partition("-")[0].lower() for tag in tags}
        own = settings.DEFAULT_LOCALE.partition("-")[0].lower()
        known = (own, *sorted(languages - {own}))
        if not connection.in_atomic_block:  # others do not see yet what was found here
            _kept.clear()
            _kept[revision] = known
    return known


def forget() -> None:
    """Ask anew."""
    _kept.clear()

"""The languages that documents are in, which questions are read in."""

from __future__ import annotations

from django.conf import settings

from knowledge.models import Document

_kept: dict[int, tuple[str, ...]] = {}


def of_documents(revision: int) -> tuple[str, ...]:
    """Language tags without their regions, the one that most documents have first; asked of the
    database once for each revision of what is served."""
    if revision not in _kept:
        tags = Document.objects.values_list("locale", flat=True).distinct()
        languages = {tag.partition("-")[0].lower() for tag in tags}
        own = settings.DEFAULT_LOCALE.partition("-")[0].lower()
        _kept.clear()
        _kept[revision] = (own, *sorted(languages - {own}))
    return _kept[revision]

"""The languages that documents are in, which questions are read in."""

from __future__ import annotations

from django.conf import settings
from django.db import connection

from supportbot.retrieval.scope import execute

# From one to the next in the index, however many documents there are.
_LOCALES = """
WITH RECURSIVE known AS (
    (SELECT locale FROM knowledge_document ORDER BY locale LIMIT 1)
    UNION ALL
    SELECT (SELECT d.locale FROM knowledge_document d WHERE d.locale > known.locale
            ORDER BY d.locale LIMIT 1)
    FROM known WHERE known.locale IS NOT NULL
)
SELECT locale FROM known WHERE locale IS NOT NULL
"""
_kept: dict[int, tuple[str, ...]] = {}


def of_documents(revision: int) -> tuple[str, ...]:
    """Language tags without their regions, our own first; asked of the
    database once for each revision of what is served."""
    known = _kept.get(revision)
    if known is None:
        tags = execute(_LOCALES, {})
        languages = {tag.partition("-")[0].lower() for (tag,) in tags}
        own = settings.DEFAULT_LOCALE.partition("-")[0].lower()
        known = (own, *sorted(languages - {own}))
        if not connection.in_atomic_block:  # others do not see yet what was found here
            _kept.clear()
            _kept[revision] = known
    return known


def forget() -> None:
    """Ask anew."""
    _kept.clear()


def current_locales() -> tuple[str, ...]:
    """The languages of the documents at this moment, our own first."""
    languages = {tag.partition("-")[0].lower() for (tag,) in execute(_LOCALES, {})}
    own = settings.DEFAULT_LOCALE.partition("-")[0].lower()
    return (own, *sorted(languages - {own}))

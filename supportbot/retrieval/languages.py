"""The languages of the documents. A question is analysed in each of them."""

from __future__ import annotations

from django.conf import settings

from supportbot.retrieval import caches
from supportbot.retrieval.scope import execute

# Jumps from one locale to the next in the index, so that the number of documents does not matter.
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


def cached_document_languages(revision: int) -> tuple[str, ...]:
    """As `document_languages`, but the database is asked once for each revision."""
    languages = caches.document_languages.get(revision)
    if languages is None:
        languages = document_languages()
        caches.document_languages.put(revision, languages)
    return languages


def document_languages() -> tuple[str, ...]:
    """Language tags without region, in lower case: DEFAULT_LOCALE's first, the others sorted."""
    languages = {row.locale.partition("-")[0].lower() for row in execute(_LOCALES, {})}
    default = settings.DEFAULT_LOCALE.partition("-")[0].lower()
    return (default, *sorted(languages - {default}))

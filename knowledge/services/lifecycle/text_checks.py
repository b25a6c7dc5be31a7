"""Checks of what a version says, which other apps register. Whatever one objects to is not
published by the product: an editor is warned, and decides.

A version is checked before it is published without a person, whichever way it came in. What
somebody has dismissed, or published all the same, holds back no later version of the document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import structlog
from django.db import DatabaseError, transaction
from django.db.models import Q

from knowledge.models import DocumentVersion, Passage, VersionWarning

log = structlog.get_logger(__name__)

NOT_CHECKED = "text_not_checked"
MOST_WARNINGS = 50  # of a version; whoever sees more has seen enough
_FAILED = (
    "The text could not be checked for what may harm readers. Look at it yourself, then publish "
    "it all the same; and tell whoever runs supportbot."
)


@dataclass(frozen=True)
class Objection:
    """`text` tells an editor what is wrong, where, and what to do. `passage` is None for what is
    about the whole file, such as its name."""

    text: str
    passage: Passage | None = None


TextCheck = Callable[[DocumentVersion, Sequence[Passage]], list[Objection]]
_checks: dict[str, TextCheck] = {}


def register_text_check(code: str, check: TextCheck) -> None:
    """Ask `check` about each version; its objections are warnings with this code. Registering a
    code again replaces its check."""
    _checks[code] = check


def check_texts(versions: Iterable[DocumentVersion]) -> None:
    """Ask every check, and store what they object to. Idempotent. A check that fails counts as an
    objection."""
    for version in versions if _checks else ():
        passages = list(version.passages.order_by("position"))
        found = [
            VersionWarning(
                version=version,
                code=code,
                text=objection.text,
                page=objection.passage.page if objection.passage else None,
                passage=objection.passage,
            )
            for asked, check in _checks.items()
            for code, objection in _ask(asked, check, version, passages)
        ]
        known = _known(version)
        mine = version.warnings.filter(code__in=_codes(), dismissed_at=None)
        with transaction.atomic():
            mine.delete()
            new = [warning for warning in found if _key(warning) not in known]
            VersionWarning.objects.bulk_create(new[:MOST_WARNINGS])


def why_held(version: DocumentVersion) -> str:
    """A sentence that says why the version waits for an editor, or nothing."""
    count = version.warnings.filter(code__in=_codes(), dismissed_at=None).count()
    if count == 0:
        return ""
    return (
        f"Not published: {count} {'warning says' if count == 1 else 'warnings say'} that its text "
        "may do harm. Look at the warnings; then correct the document, or publish this version all "
        "the same."
    )


def _ask(
    code: str, check: TextCheck, version: DocumentVersion, passages: Sequence[Passage]
) -> list[tuple[str, Objection]]:
    try:
        return [(code, objection) for objection in check(version, passages)]
    except DatabaseError:
        raise
    except Exception:
        log.exception("text_not_checked", version=version.pk, check=code)
        return [(NOT_CHECKED, Objection(_FAILED))]


def _known(version: DocumentVersion) -> set[tuple[str, bytes | str]]:
    """What an editor has already decided about in this document."""
    decided = Q(dismissed_at__isnull=False) | Q(version__published_at__isnull=False)
    seen = VersionWarning.objects.filter(
        decided, version__document=version.document_id, code__in=_checks
    )
    return {_key(warning) for warning in seen.select_related("passage")}


def _key(warning: VersionWarning) -> tuple[str, bytes | str]:
    passage = warning.passage
    return warning.code, bytes(passage.text_hash) if passage else warning.text


def _codes() -> list[str]:
    return [*_checks, NOT_CHECKED]

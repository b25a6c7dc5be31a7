"""Two versions side by side in one text: what the page of differences shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.core.paginator import Paginator
from django.http import QueryDict
from django.utils import timezone

from knowledge.admin import listing
from knowledge.admin.diff import CONTEXT, Change, Diff, compare
from knowledge.models import Document, DocumentVersion

HUNKS_PER_PAGE = 50
FOLDED_SHOWN = 30  # units of an unchanged stretch that can be unfolded


@dataclass
class Hunk:
    """Changes in a row with an unchanged unit around them, behind `folded` unchanged ones."""

    number: int
    folded: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    @property
    def shown(self) -> list[str]:
        return self.folded[:FOLDED_SHOWN]

    @property
    def hidden(self) -> int:
        return max(0, len(self.folded) - FOLDED_SHOWN)


def compare_context(document: Document, query: QueryDict) -> dict[str, Any]:
    """`?from=` and `?to=` are version numbers; without them, what is in effect and the newest."""
    versions = list(listing.LIGHT_VERSIONS.filter(document=document).order_by("-number"))
    new = _numbered(versions, query.get("to", "")) or next(iter(versions), None)
    old = _numbered(versions, query.get("from", "")) or _before(document, versions, new)
    context: dict[str, Any] = {"versions": versions, "old": old, "new": new}
    if old is None or new is None:
        return context
    texts = dict(
        DocumentVersion.objects.filter(pk__in=[old.pk, new.pk]).values_list("pk", "markdown")
    )
    diff = compare(texts[old.pk], texts[new.pk])
    hunks = list(hunks_of(diff))
    page = Paginator(hunks, HUNKS_PER_PAGE).get_page(query.get("p", "1"))
    unread = [v for v in (old, new) if not texts[v.pk]]
    return {
        **context,
        "unread": unread,
        "diff": diff,
        "page": page,
        "hunks": [hunk for hunk in page if hunk.changes],
        "tail": next((hunk for hunk in page if not hunk.changes), None),
        "last": sum(1 for hunk in hunks if hunk.changes),
        "summary": summary_of(diff),
        "query": f"from={old.number}&to={new.number}",
    }


def _numbered(versions: list[DocumentVersion], number: str) -> DocumentVersion | None:
    return next((version for version in versions if str(version.number) == number), None)


def _before(
    document: Document, versions: list[DocumentVersion], new: DocumentVersion | None
) -> DocumentVersion | None:
    """What `new` is compared with: the version in effect, or the one before."""
    current = listing.in_effect_of(document, timezone.localdate())
    if current is not None and current != new:
        return current
    return next((v for v in versions if new is not None and v.number < new.number), None)


def hunks_of(diff: Diff) -> list[Hunk]:
    """Changes that lie close together as one; what follows the last is a hunk without changes."""
    hunks: list[Hunk] = []
    same: list[Change] = []
    for change in diff.changes:
        if change.kind == "same":
            same.append(change)
            continue
        if hunks and len(same) <= 2 * CONTEXT:
            hunks[-1].changes += same
        else:
            _end_with(hunks, same)
            behind = same[CONTEXT:] if hunks else same
            folded = behind[: max(0, len(behind) - CONTEXT)]
            hunks.append(
                Hunk(len(hunks) + 1, [one.words[0].text for one in folded], behind[len(folded) :])
            )
        hunks[-1].changes.append(change)
        same = []
    _end_with(hunks, same)
    rest = same[CONTEXT:] if hunks else same
    if rest:
        hunks.append(Hunk(len(hunks) + 1, [one.words[0].text for one in rest]))
    return hunks


def _end_with(hunks: list[Hunk], same: list[Change]) -> None:
    if hunks:
        hunks[-1].changes += same[:CONTEXT]


def summary_of(diff: Diff) -> str:
    """“12 paragraphs changed, 2 added, 1 removed; 3 of them change a number.”"""
    if not diff.differs:
        return "The texts are the same."
    counts = [(diff.count(kind), kind) for kind in ("changed", "added", "removed")]
    said = [(number, kind) for number, kind in counts if number]
    first, *others = said
    noun = "paragraph" if first[0] == 1 else "paragraphs"
    parts = [f"{first[0]} {noun} {first[1]}", *(f"{number} {kind}" for number, kind in others)]
    total = sum(number for number, _ in said)
    return ", ".join(parts) + _about_numbers(diff.numbers, total)


def _about_numbers(numbers: int, total: int) -> str:
    if not numbers:
        return "."
    if total == 1:
        return "; a number is among it."
    return f"; {numbers} of them {'has' if numbers == 1 else 'have'} a number changed."

"""Days in words: when a version is in effect, and when it really is beside later ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.formats import date_format

from knowledge.models import Document, DocumentVersion, Passage

ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Days:
    """A stretch of days: `start` is the first one, `end` the first one after; None has no bound."""

    start: dt.date | None
    end: dt.date | None

    def __contains__(self, day: dt.date) -> bool:
        return (self.start is None or self.start <= day) and (self.end is None or day < self.end)

    def __str__(self) -> str:
        """With the last day itself, which nobody can take for the day after it."""
        last = self.end - ONE_DAY if self.end else None
        if self.start is None:
            return f"until {day_of(last)}" if last else "always"
        if last is None:
            return f"from {day_of(self.start)}"
        if self.start == last:
            return f"on {day_of(last)}"
        same_year = self.start.year == last.year
        first = date_format(self.start, "MONTH_DAY_FORMAT") if same_year else day_of(self.start)
        return f"{first} – {day_of(last)}"


def day_of(day: dt.date) -> str:
    return date_format(day)


def own_days(version: DocumentVersion) -> Days:
    """The days that a version was given, whatever others say."""
    return Days(version.effective_from, version.effective_until)


def served_days(document: Document) -> dict[int, list[Days]]:
    """Version id → the days on which readers are served from it, for the published versions.

    It is what stands with the passages, so it is what happens, not what was meant.
    """
    firsts = Passage.objects.filter(version__document=document, position=0, published=True)
    return {
        version: [Days(part.lower, part.upper) for part in effective or []]
        for version, effective in firsts.values_list("version_id", "effective")
    }


def describe(stretches: Iterable[Days]) -> str:
    """“1 Mar – 31 May 2026, then again from 1 Jul 2026”; “on no day” without any."""
    first, *others = [str(days) for days in stretches] or ["on no day"]
    return ", then again ".join([first, *others])


def terms_of(version: DocumentVersion) -> str:
    """A version's own days: “always”, “from 1 Mar 2026”."""
    return describe([own_days(version)])

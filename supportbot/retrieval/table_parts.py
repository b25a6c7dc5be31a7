"""Brings the other parts of the best tables along: a long table is several passages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from supportbot.retrieval.candidates import Candidate

BEST = 3  # first places that keep theirs
MOST = 3  # parts that are brought


def with_table_parts(
    order: Sequence[int], candidates: Sequence[Candidate], limit: int
) -> list[int]:
    """`order` (indices of candidates), with the missing parts of the tables among the first `limit`
    moved to their end, if they are few. They take the places of the last that are no part of a
    table with several; the BEST stay.

    “How much is shipping?” finds the last rows of a table of charges as well as the first ones, and
    an answer that leaves out the first ones misleads.
    """
    first, rest = list(order[:limit]), list(order[limit:])
    parts = Counter(_table(candidates[at]) for at in order)
    read = {_table(candidates[at]) for at in first} - {None}
    missing = Counter(_table(candidates[at]) for at in rest if _table(candidates[at]) in read)
    brought = [at for at in rest if 0 < missing[_table(candidates[at])] <= MOST][:MOST]
    spare = [
        at
        for at in reversed(first[BEST:])
        if _table(candidates[at]) is None or parts[_table(candidates[at])] == 1
    ]
    left = spare[: len(brought)]
    brought = brought[: len(left)]
    kept = [at for at in first if at not in left]
    return [*kept, *brought, *reversed(left), *(at for at in rest if at not in brought)]


def _table(candidate: Candidate) -> tuple[object, ...] | None:
    """What the parts of one table share: the version, the headings and the row of heads."""
    heads = candidate.text.partition("\n")[0]
    if not heads.startswith("|"):
        return None
    return candidate.document_id, candidate.version, candidate.heading, heads

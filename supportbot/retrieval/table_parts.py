"""Brings along what a table is read with: the other parts of the best tables, because a long table
is several passages, and the row of a thing that is asked about by its name.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Sequence

from knowledge.terms import word_numbers
from supportbot.reader.answer_types import WORDS_OF_QUESTIONS, answer_type, holds
from supportbot.reader.features import UNTYPED
from supportbot.retrieval.candidates import Candidate

BEST = 3  # first places that keep theirs
MOST, MOST_IN_ALL = 3, 6  # parts that are brought, of one table and of all
MOST_NAMED = 2  # rows that are brought


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
    brought = [at for at in rest if 0 < missing[_table(candidates[at])] <= MOST][:MOST_IN_ALL]
    spare = [
        at
        for at in reversed(first[BEST:])
        if _table(candidates[at]) is None or parts[_table(candidates[at])] == 1
    ]
    left = spare[: len(brought)]
    brought = brought[: len(left)]
    kept = [at for at in first if at not in left]
    return [*kept, *brought, *reversed(left), *(at for at in rest if at not in brought)]


def with_named_rows(
    order: Sequence[int], candidates: Sequence[Candidate], limit: int, question: str, locale: str
) -> list[int]:
    """`order`, with rows about the thing that the question names moved to the end of the first
    `limit`: the row “Duo machine” with a price for “how much is the duo”. Its passage is mostly
    heads, so that neither its vector nor its words come near the question."""
    wanted = answer_type(question)
    thing = frozenset(word_numbers(question, locale)) - _words_of_questions(locale)
    first, rest = list(order[:limit]), list(order[limit:])
    if not thing or wanted in UNTYPED:
        return [*first, *rest]

    def words_besides(at: int) -> float:
        """Of the names of its rows, the fewest words besides the thing; infinite if none has it."""
        lines = candidates[at].text.split("\n")[2:] if candidates[at].text.startswith("|") else []
        names = (
            frozenset(word_numbers(line.strip("| ").partition("|")[0], locale))
            for line in lines
            if holds(wanted, line)
        )
        return min((len(name - thing) for name in names if thing <= name), default=math.inf)

    named = {at: besides for at in rest if (besides := words_besides(at)) < math.inf}
    brought = sorted(named, key=lambda at: named[at])[:MOST_NAMED]
    kept = first[: limit - len(brought)]
    return [*kept, *brought, *first[len(kept) :], *(at for at in rest if at not in brought)]


@functools.lru_cache
def _words_of_questions(locale: str) -> frozenset[int]:
    return frozenset(word_numbers(WORDS_OF_QUESTIONS, locale))


def _table(candidate: Candidate) -> tuple[object, ...] | None:
    """What the parts of one table share: the version, the headings and the row of heads."""
    heads = candidate.text.partition("\n")[0]
    if not heads.startswith("|"):
        return None
    return candidate.document_id, candidate.version, candidate.heading, heads

"""Which clauses of a sentence and of its source speak of the same, and whether they are opposed."""

from __future__ import annotations

from collections.abc import Iterator

from supportbot.guardrails.statements import Clause, Statement
from supportbot.guardrails.types import FACT, Finding

LEAST_SHARED = 2  # content words; clauses that share fewer are not of the same matter


def pairs_of_clauses(said: Statement, written: Statement) -> Iterator[tuple[Clause, Clause]]:
    """(clause of the sentence, clause of the source)"""
    for clause in said.clauses:
        scored = [(overlap(clause, other), other) for other in written.clauses]
        scored = [(score, other) for score, other in scored if score >= 1]
        best = max((score for score, _ in scored), default=0.0)
        for score, other in scored:
            if score == best:
                yield clause, other
    for other in written.clauses:
        # a clause of the source that the sentence holds whole
        for clause in said.clauses:
            if (
                other.own
                and other.own <= clause.content
                and len(other.content & clause.content) >= LEAST_SHARED
            ):
                yield clause, other


def overlap(clause: Clause, other: Clause) -> float:
    """How much two clauses speak of the same: 1 for each word that both have, half as much again
    for one of the clause's topic, less for equal numbers and the same form."""
    shared = clause.content & other.content
    alike = sum(any(q.equals(own) for own in other.quantities) for q in clause.quantities)
    score = len(shared) + 0.5 * len(shared & clause.topic) + 0.5 * alike
    score += 0.25 if bool(clause.condition) == bool(other.condition) else 0.0
    return score + (0.25 if clause.modality & other.modality else 0.0)


def is_condition(clause: Clause) -> bool:
    """“If …” or “even if …”, not an exception."""
    return clause.condition in {"if", "even"}


def opposed(clause: Clause, match: Clause) -> bool:
    """Whether one denies what the other says."""
    if {clause.condition, match.condition} == {"even", "if"}:
        return True
    return (clause.negated != match.negated) != odd_flips(clause, match)


def odd_flips(clause: Clause, match: Clause) -> bool:
    """Whether an odd number of cues (“without”, “un-”) turn round words that both have."""
    shared = clause.content & match.content
    mine = sum(bool(group & shared) for group in clause.flips)
    theirs = sum(bool(group & shared) for group in match.flips)
    return (mine + theirs) % 2 == 1


def finding_of(clause: Clause, match: Clause, reason: str) -> Finding:
    """A fact against the whole clause, with the words of the source's clause."""
    span = (clause.words[0].start, clause.words[-1].end)
    return Finding(FACT, reason, span, source_words=" ".join(w.written for w in match.words))

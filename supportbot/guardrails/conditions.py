"""Conditions and exceptions of a sentence against those of its source."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from knowledge.text.limits import LEAST, limit_of
from supportbot.guardrails.clause_pairs import finding_of, odd_flips
from supportbot.guardrails.lexicon import UNCONDITIONAL
from supportbot.guardrails.numbers import MONEY
from supportbot.guardrails.statements import Clause, Statement
from supportbot.guardrails.types import FACT, Finding
from supportbot.guardrails.words import phrase_at

SOME_CUSTOMERS = frozenset(
    ["members", "subscribers", "students", "customers", "users", "guests", "passengers", "clients"]
)


def opposed_conditions(
    pairs: list[tuple[Clause, Clause]], said: Statement, written: Statement
) -> Iterator[Finding]:
    """A main clause against a condition: “bought after departure”, “without the add-on”, where the
    source has “only if the add-on was bought before departure”; “even if” where it has “if”."""
    for clause, match in pairs:
        if clause.condition == "even" and match.condition == "if":
            yield finding_of(clause, match, "condition_denied")
    excepted = frozenset[str]().union(*(m.own for m in written.clauses if m.condition == "except"))
    for clause in said.clauses:
        if clause.condition == "except" and clause.own and not clause.own & excepted:
            span = (clause.words[0].start, clause.words[-1].end)
            yield Finding(FACT, "exception_not_in_source", span)
    conditions = [match for match in written.clauses if match.condition in {"if", "except"}]
    if conditions and _is_unconditional(said) and not _is_unconditional(written):
        yield finding_of(said.clauses[0], conditions[0], "condition_denied")
    for clause in said.clauses:
        for match in written.clauses:
            if clause.condition or match.condition != "if" or clause.negated or match.negated:
                continue
            if odd_flips(clause, match):
                yield finding_of(clause, match, "opposite_of_condition")


def _is_unconditional(statement: Statement) -> bool:
    words = statement.words
    return any(phrase_at(words, at, UNCONDITIONAL) for at in range(len(words)))


def exceptions_as_conditions(said: Statement, written: Statement) -> Iterator[Finding]:
    """“Only when the lifts are closed” against “except when the lifts are closed”."""
    for clause in said.clauses:
        for match in written.clauses:
            if clause.condition == "if" and match.condition == "except" and match.own:
                same = match.own <= clause.own and not odd_flips(clause, match)
                if same and not clause.negated:
                    yield finding_of(clause, match, "exception_inverted")


def dropped_conditions(
    pairs: list[tuple[Clause, Clause]], said: Statement, written: Statement
) -> Iterator[Finding]:
    """A condition or exception of a clause that the sentence says, and that it does not mention."""
    used = {match for clause, match in pairs if not clause.condition}
    for at, condition in enumerate(written.clauses):
        if condition.condition not in {"if", "except"} or not condition.own:
            continue
        beside = [written.clauses[i] for i in (at - 1, at + 1) if 0 <= i < len(written.clauses)]
        mains = [c for c in beside if c.block == condition.block and not c.condition]
        content = frozenset[str]().union(*(main.own for main in mains))
        mentioned = _mentions(said, condition, content)
        mentioned = mentioned or _has_alternative(written, condition, said)
        if mentioned or not any(_is_said(main, said) and main in used for main in mains):
            continue
        kind = "exception_dropped" if condition.condition == "except" else "condition_dropped"
        words = " ".join(word.written for word in condition.words)
        yield Finding(FACT, kind, source_words=words)


def dropped_bounds(
    pairs: list[tuple[Clause, Clause]], said: Statement, written: Statement, above: frozenset[str]
) -> Iterator[Finding]:
    """“Express is free” of “free on orders over £40”, or of “Gold members get Express free”.
    `above` are the stems of title and headings."""
    has_amount = any(quantity.kind in MONEY for quantity in said.quantities)
    known = said.content | above
    for clause, match in pairs:
        if clause.condition or match.condition:
            continue
        for quantity in match.quantities:
            least = quantity.kind in MONEY and limit_of(quantity, written.text) == LEAST
            if least and not has_amount:
                yield finding_of(clause, match, "condition_dropped")
        for before, word in itertools.pairwise(match.words):
            some = word.low in SOME_CUSTOMERS and word.stem in match.topic
            if some and not {word.stem} & known and before.is_content and before.stem not in known:
                yield finding_of(clause, match, "condition_dropped")


def _has_alternative(written: Statement, condition: Clause, said: Statement) -> bool:
    """Whether the sentence has another of the cases that an “or” puts beside this one."""
    cases = [c for c in written.clauses if c.block == condition.block and c.condition == "if"]
    joined = any(word.low == "or" for case in cases for word in case.words) or any(
        clause.words[0].low == "or" for clause in written.clauses if clause.block == condition.block
    )
    others = [c for c in written.clauses if c.block == condition.block and c is not condition]
    named = [c for c in others if c.words[0].low == "or" or c.condition == "if"]
    return joined and any(_mentions(said, other) for other in named if other.own)


def _mentions(said: Statement, condition: Clause, mains: frozenset[str] = frozenset()) -> bool:
    """`mains` are stems of what stands beside the condition."""
    has_one = any(clause.condition for clause in said.clauses)
    own = condition.own - mains or condition.own  # “card” of “cards are free if the card is stolen”
    shared = len(own & said.content)
    numbers = any(q.equals(p) for q in condition.quantities for p in said.quantities)
    return numbers or (shared > 0 and (has_one or shared * 2 >= len(own)))


def _is_said(main: Clause, said: Statement) -> bool:
    return len(main.content & said.content) * 2 >= len(main.content)

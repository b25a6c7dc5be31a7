"""Hard facts: what a sentence claims against what one place of a source says.

Each rule is a veto. Clauses are compared with the clauses of the source that speak of the same, in
both directions, so that a fact taken from the sentence next door does not pass.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from knowledge.text.quantities import Quantity
from knowledge.text.units import Cell
from supportbot.guardrails import columns, conditions, edits, numbers
from supportbot.guardrails.clause_features import DETERMINERS, PREPOSITIONS
from supportbot.guardrails.clause_pairs import (
    LEAST_SHARED,
    finding_of,
    is_condition,
    opposed,
    overlap,
    pairs_of_clauses,
)
from supportbot.guardrails.lexicon import (
    ACTORS,
    AUXILIARIES,
    FREE_CHOICE,
    OFFERING,
    RECEIVING,
    UNIVERSAL,
    WE,
    YOU,
)
from supportbot.guardrails.statements import RELATIVES, Clause, Statement, statement_of
from supportbot.guardrails.types import FACT, Finding

SAME = 0.4  # share of the words of two conditions that both have, if they are about the same


def conflicts(
    sentence: str, source: str, context: str = "", cells: Sequence[Cell] = ()
) -> list[Finding]:
    """The facts of `sentence` that `source`, one place of a document, does not bear out, one
    finding a reason, the last rule's first. `context` (title, headings) may supply names and
    numbers. `cells` are those of a table's row."""
    said, written = statement_of(sentence), statement_of(source)
    around = statement_of(context) if context else None
    found = [*numbers.conflicts(said, written, around, cells), *_names(said, written, around)]
    found.extend(_strangers(said, written, around))
    pairs = list(dict.fromkeys(pairs_of_clauses(said, written)))
    found.extend(conditions.opposed_conditions(pairs, said, written))
    reversed_ = _reversed(pairs, said)
    straight = [pair for pair in pairs if pair[0] not in reversed_]
    if not reversed_:
        found.extend(conditions.exceptions_as_conditions(said, written))
    found.extend(_denials(straight, written, columns.label_of(cells)))
    found.extend(_actors(straight))
    for clause, match in pairs:
        if is_condition(clause) == is_condition(match):
            found.extend(_compared(clause, match, written))
    if not cells:
        found.extend(conditions.dropped_conditions(pairs, said, written))
        above = around.content if around else frozenset[str]()
        found.extend(conditions.dropped_bounds(pairs, said, written, above))
        found.extend(_said_of_something_else(said, written))
        found.extend(edits.conflicts(said, written, around))
    return list({finding.reason: finding for finding in reversed(found)}.values())


def denials_elsewhere(sentence: str, source: str) -> list[Finding]:
    """Where another place denies the whole of a statement: “food can be returned” against “opened
    food cannot be returned”, though “sealed food can be returned”, too."""
    return [
        finding_of(clause, match, "denied_elsewhere")
        for clause in statement_of(sentence).clauses
        for match in statement_of(source).clauses
        if not (clause.condition or match.condition)
        and any(word.low in AUXILIARIES for word in clause.words)
        and len(clause.content) >= LEAST_SHARED
        and clause.content <= match.content
        and opposed(clause, match)
    ]


def _names(said: Statement, written: Statement, around: Statement | None) -> Iterator[Finding]:
    words = [*written.words, *(around.words if around else ())]
    known = {word.low for word in words} | {word.stem for word in words}
    for word in said.words:
        if word.is_name and not {word.low, word.stem} & known and not _shortens(word.low, known):
            yield Finding(FACT, "name_not_in_source", (word.start, word.end))


def _strangers(said: Statement, written: Statement, around: Statement | None) -> Iterator[Finding]:
    """Somebody else who acts, and of whom the source does not speak here: an insurer, a bank."""
    words = [*written.words, *(around.words if around else ())]
    known = {ACTORS[word.low] for word in words if word.low in ACTORS} | {WE, YOU}
    stems = {word.stem for word in words}
    for word in said.words:
        if ACTORS.get(word.low, WE) not in known and word.stem not in stems:
            yield Finding(FACT, "actor_not_in_source", (word.start, word.end))


def _shortens(low: str, known: set[str]) -> bool:
    """“ID” for “identification”."""
    return len(low) > 1 and any(word.startswith(low) for word in known)


def _said_of_something_else(said: Statement, written: Statement) -> Iterator[Finding]:
    """“Bed linen is included in dormitories”, where the source includes it in private rooms and
    speaks of dormitories in another statement."""
    for clause in map(_alone, said.clauses):
        scored = [(overlap(clause, other), other) for other in written.clauses if other.own]
        best = max(scored, key=lambda one: one[0], default=(0.0, None))[1]
        if best is None or best.condition:
            continue
        for other in written.clauses:
            if other.side == best.side or other.condition or _leans(other):
                continue
            lent = (clause.content & other.own) - best.content - _shared_words(written, other)
            numbers = [q for q in clause.quantities if _has(q, other) and not _has(q, best)]
            if lent or numbers:
                yield finding_of(clause, other, "said_of_something_else")


def _alone(clause: Clause) -> Clause:
    """A relative clause without what it takes over, if it says enough: “which costs £12.50 for a
    Duo”."""
    relative = clause.words[0].low in RELATIVES and (clause.quantities or len(clause.own) > 1)
    return replace(clause, content=clause.own, topic=clause.own) if relative else clause


def _has(quantity: Quantity, clause: Clause) -> bool:
    return any(quantity.equals(own) for own in clause.quantities)


def _shared_words(written: Statement, other: Clause) -> frozenset[str]:
    """Content words that also stand in other statements than this one."""
    return frozenset().union(*(c.content for c in written.clauses if c.side != other.side))


def _leans(clause: Clause) -> bool:
    """“They must arrive within 14 days” speaks of what the sentence before speaks of."""
    return clause.words[0].low in _POINTERS


_POINTERS = frozenset(
    {"it", "they", "this", "these", "those", "that", "you", "he", "she", "there", "otherwise"}
)


def _reversed(pairs: list[tuple[Clause, Clause]], said: Statement) -> set[Clause]:
    """The clauses that say the same with both halves turned round: “free unless damaged” and “not
    free if damaged”, “the customer pays unless” and “we pay if”."""
    clauses, found = list(said.clauses), set[Clause]()
    for condition, match in pairs:
        if not _turns(condition, match):
            continue
        at = clauses.index(condition)
        main = clauses[at - 1] if at else clauses[min(1, len(clauses) - 1)]
        mains = [p for p in pairs if p[0] is main and not is_condition(p[1])]
        if any(opposed(*pair) or not _actors_agree(*pair) for pair in mains):
            found |= {condition, main}
    return found


def _turns(clause: Clause, match: Clause) -> bool:
    """Whether a condition of the sentence is the reverse of one of the source, or its exception."""
    shared = clause.own & match.own
    if not is_condition(clause) or len(shared) < SAME * len(clause.own | match.own):
        return False
    return match.condition == "except" or (is_condition(match) and opposed(clause, match))


def _denials(
    pairs: list[tuple[Clause, Clause]], written: Statement, label: frozenset[str]
) -> Iterator[Finding]:
    """`label` is what every cell of a row shares, and so no matter of its own."""
    for clause, match in pairs:
        if is_condition(clause) != is_condition(match):
            continue
        if label and not columns.is_nearest_cell(clause, match, written, label):
            continue
        spared = [one for one in written.clauses if _spares(one, clause)]
        if not spared:
            if opposed(clause, match):
                yield finding_of(clause, match, "denied_by_source")
        elif opposed(clause, match) == (match.condition == "except"):
            yield finding_of(clause, spared[0], "exception_inverted")


def _spares(condition: Clause, clause: Clause) -> bool:
    """Whether a main clause speaks of what the condition excepts: “accounts on a paid plan are not
    closed” where they “are closed, unless they are on a paid plan”."""
    spares = condition.condition == "except" or (condition.condition == "if" and condition.negated)
    return spares and not clause.condition and set() < condition.own <= clause.content


def _actors(pairs: list[tuple[Clause, Clause]]) -> Iterator[Finding]:
    """Clauses in which somebody else acts; of two conditions only “you” for “we”."""
    for clause, match in pairs:
        both = is_condition(clause) and is_condition(match)
        swapped = both and {clause.agent, match.agent} == {WE, YOU}
        neither = not is_condition(clause) and not is_condition(match)
        if (swapped or neither) and not _actors_agree(clause, match):
            yield finding_of(clause, match, "actor_differs")


def _compared(clause: Clause, match: Clause, written: Statement) -> Iterator[Finding]:
    if not _modality_agrees(clause, match):
        yield finding_of(clause, match, "modality_differs")
    if clause.only and not any(other.only or other.condition for other in written.clauses):
        yield finding_of(clause, match, "only_not_in_source")
    if clause.universal and not clause.condition and not any(c.universal for c in written.clauses):
        yield finding_of(clause, match, "all_not_in_source")
    lows = {word.low for word in clause.words}
    chosen = lows & FREE_CHOICE or any(
        word.low == "any" and before.low in PREPOSITIONS
        for before, word in itertools.pairwise(clause.words)
    )
    every = FREE_CHOICE | UNIVERSAL
    said_free = chosen and not clause.negated and not clause.condition
    if said_free and not {word.low for word in written.words} & (every | {"any"}):
        yield finding_of(clause, match, "all_not_in_source")
    if match.only and not (clause.only or clause.negated) and lows & (every | {"both"}):
        yield finding_of(clause, match, "only_dropped")


def _modality_agrees(clause: Clause, match: Clause) -> bool:
    said, written = clause.modality, match.modality
    if ("optional" in said) != ("optional" in written) and "prohibition" in said | written:
        return False
    if said & {"obligation", "advice"}:
        same = bool(written & said) or match.only
        asks_you = clause.agent == YOU and not match.subject  # “you need to” for “please bring”
        told = not written and (_is_imperative(match) or asks_you)
        return same or (told and not match.is_passive)
    if written & {"obligation", "advice"}:
        return not said & {"permission", "possibility", "optional"}
    if "possibility" in written and not said & {"possibility", "permission"}:
        return False  # “we may refuse” is not “we refuse”
    if "permission" in written and "future" in said - written:
        return False
    # “we may refund it” is not “we refund it”; “it may help” says less than “it helps”
    return (
        "possibility" not in said
        or bool(written & {"possibility", "permission"})
        or not (clause.agent or match.agent)
    )


def _is_imperative(clause: Clause) -> bool:
    """“Keep your receipt”: it begins with a content word and has neither subject nor passive."""
    first, second = clause.words[0], clause.words[min(1, len(clause.words) - 1)]
    own_subject = clause.subject and second.low not in DETERMINERS | {"us", "it", "them", "me"}
    return first.is_content and not own_subject and not clause.is_passive


def _actors_agree(clause: Clause, match: Clause) -> bool:
    if not clause.agent or not match.agent or clause.agent == match.agent:
        return True
    mine = bool({word.low for word in clause.words} & RECEIVING)
    theirs = bool({word.low for word in match.words} & RECEIVING)
    offered = bool({word.low for word in match.words} & OFFERING)
    if offered and (clause.agent, match.agent) == (YOU, WE) and "permission" in clause.modality:
        return True  # “you can use a passkey” for “we support passkeys”
    # “you get a label” is “we send a label”, in either direction
    return mine != theirs and {clause.agent, match.agent} & {WE, YOU} != set()

"""Hard facts: what a sentence claims against what one place of a source says.

Each rule is a veto. Clauses are compared with the clauses of the source that speak of the same, in
both directions, so that a fact taken from the sentence next door does not pass.
"""

from __future__ import annotations

from collections.abc import Iterator

from knowledge.text.quantities import Quantity
from supportbot.guardrails import edits, numbers
from supportbot.guardrails.lexicon import RECEIVING, UNCONDITIONAL, WE, YOU
from supportbot.guardrails.statements import Clause, Statement, statement_of
from supportbot.guardrails.types import FACT, Finding
from supportbot.guardrails.words import phrase_at

LEAST_SHARED = 2  # content words; clauses that share fewer are not of the same matter


def conflicts(sentence: str, source: str, context: str = "") -> list[Finding]:
    """The facts of `sentence` that `source`, one place of a document, does not bear out, one
    finding a reason. `context` (title, headings) may supply names and numbers."""
    said, written = statement_of(sentence), statement_of(source)
    around = statement_of(context) if context else None
    found = [*numbers.conflicts(said, written, around), *_names(said, written, around)]
    pairs = list(dict.fromkeys(_pairs(said, written)))
    found.extend(_opposed_conditions(pairs, said, written))
    if not _says_the_reverse(pairs):
        found.extend(_denials(pairs, written))
        found.extend(_actors(pairs))
    for clause, match in pairs:
        if _is_condition(clause) == _is_condition(match):
            found.extend(_compared(clause, match, written))
    found.extend(_dropped_conditions(pairs, said, written))
    found.extend(_borrowed(said, written))
    found.extend(edits.conflicts(said, written, around))
    return list({finding.reason: finding for finding in reversed(found)}.values())


def denials_elsewhere(sentence: str, source: str) -> list[Finding]:
    """Where another place denies the whole of a statement: “food can be returned” against “opened
    food cannot be returned”, though “sealed food can be returned”, too."""
    return [
        _finding(clause, match, "denied_elsewhere")
        for clause in statement_of(sentence).clauses
        for match in statement_of(source).clauses
        if not (clause.condition or match.condition)
        and len(clause.content) >= LEAST_SHARED
        and clause.content <= match.content
        and _opposed(clause, match)
    ]


def _names(said: Statement, written: Statement, around: Statement | None) -> Iterator[Finding]:
    words = [*written.words, *(around.words if around else ())]
    known = {word.low for word in words} | {word.stem for word in words}
    for word in said.words:
        if word.is_name and not {word.low, word.stem} & known and not _shortens(word.low, known):
            yield Finding(FACT, "name_not_in_source", (word.start, word.end))


def _shortens(low: str, known: set[str]) -> bool:
    """“ID” for “identification”."""
    return len(low) > 1 and any(word.startswith(low) for word in known)


# --- which clauses speak of the same -------------------------------------------------------------


def _pairs(said: Statement, written: Statement) -> Iterator[tuple[Clause, Clause]]:
    """(clause of the sentence, clause of the source)"""
    for clause in said.clauses:
        scored = [(_overlap(clause, other), other) for other in written.clauses]
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


def _overlap(clause: Clause, other: Clause) -> float:
    shared = clause.content & other.content
    alike = sum(any(q.equals(own) for own in other.quantities) for q in clause.quantities)
    score = len(shared) + 0.5 * len(shared & clause.topic) + 0.5 * alike
    score += 0.25 if bool(clause.condition) == bool(other.condition) else 0.0
    return score + (0.25 if clause.modality & other.modality else 0.0)


def _borrowed(said: Statement, written: Statement) -> Iterator[Finding]:
    """“Bed linen is included in dormitories”, where the source includes it in private rooms and
    speaks of dormitories in another statement."""
    for clause in said.clauses:
        scored = [(_overlap(clause, other), other) for other in written.clauses if other.own]
        best = max(scored, key=lambda one: one[0], default=(0.0, None))[1]
        if best is None or best.condition:
            continue
        for other in written.clauses:
            if other.block == best.block or other.condition or _leans(other):
                continue
            lent = (clause.content & other.own) - best.content - _shared_words(written, other)
            numbers = [q for q in clause.quantities if _has(q, other) and not _has(q, best)]
            if lent or numbers:
                yield _finding(clause, other, "said_of_something_else")


def _has(quantity: Quantity, clause: Clause) -> bool:
    return any(quantity.equals(own) for own in clause.quantities)


def _shared_words(written: Statement, other: Clause) -> frozenset[str]:
    """Content words that also stand in other statements than this one."""
    return frozenset().union(*(c.content for c in written.clauses if c.block != other.block))


def _leans(clause: Clause) -> bool:
    """“They must arrive within 14 days” speaks of what the sentence before speaks of."""
    return clause.words[0].low in _POINTERS


_POINTERS = frozenset(
    {"it", "they", "this", "these", "those", "that", "you", "he", "she", "there", "otherwise"}
)


# --- whether it is denied ------------------------------------------------------------------------


def _says_the_reverse(pairs: list[tuple[Clause, Clause]]) -> bool:
    """“Free unless damaged” and “not free if damaged” say the same: both halves are turned round.
    So are “the customer pays unless” and “we pay if”."""
    mains = [pair for pair in pairs if not _is_condition(pair[0]) and not _is_condition(pair[1])]
    turned = any(_opposed(*pair) or not _actors_agree(*pair) for pair in mains)
    return turned and any(_turns(clause, match) for clause, match in pairs)


def _turns(clause: Clause, match: Clause) -> bool:
    """Whether a condition of the sentence is the reverse of one of the source, or its exception."""
    if not _is_condition(clause) or not clause.own & match.own:
        return False
    return match.condition == "except" or (_is_condition(match) and _opposed(clause, match))


def _denials(pairs: list[tuple[Clause, Clause]], written: Statement) -> Iterator[Finding]:
    for clause, match in pairs:
        if _is_condition(clause) != _is_condition(match):
            continue
        spared = [one for one in written.clauses if _spares(one, clause)]
        if not spared:
            if _opposed(clause, match):
                yield _finding(clause, match, "denied_by_source")
        elif _opposed(clause, match) == (match.condition == "except"):
            yield _finding(clause, spared[0], "exception_inverted")


def _spares(condition: Clause, clause: Clause) -> bool:
    """Whether a main clause speaks of what the condition excepts: “accounts on a paid plan are not
    closed” where they “are closed, unless they are on a paid plan”."""
    spares = condition.condition == "except" or (condition.condition == "if" and condition.negated)
    return spares and not clause.condition and condition.own <= clause.content


def _opposed_conditions(
    pairs: list[tuple[Clause, Clause]], said: Statement, written: Statement
) -> Iterator[Finding]:
    """A main clause against a condition: “bought after departure”, “without the add-on”, where the
    source has “only if the add-on was bought before departure”; “even if” where it has “if”."""
    for clause, match in pairs:
        if clause.condition == "even" and match.condition == "if":
            yield _finding(clause, match, "condition_denied")
    excepted = frozenset[str]().union(*(m.own for m in written.clauses if m.condition == "except"))
    for clause in said.clauses:
        if clause.condition == "except" and not clause.own & excepted:
            yield _finding(clause, written.clauses[0], "exception_not_in_source")
    conditions = [match for match in written.clauses if match.condition in {"if", "except"}]
    if conditions and any(
        phrase_at(said.words, at, UNCONDITIONAL) for at in range(len(said.words))
    ):
        yield _finding(said.clauses[0], conditions[0], "condition_denied")
    for clause in said.clauses:
        for match in written.clauses:
            if clause.condition or match.condition != "if" or clause.negated or match.negated:
                continue
            if _odd_flips(clause, match):
                yield _finding(clause, match, "opposite_of_condition")


def _is_condition(clause: Clause) -> bool:
    return clause.condition in {"if", "even"}


def _opposed(clause: Clause, match: Clause) -> bool:
    if {clause.condition, match.condition} == {"even", "if"}:
        return True
    return (clause.negated != match.negated) != _odd_flips(clause, match)


def _odd_flips(clause: Clause, match: Clause) -> bool:
    shared = clause.content & match.content
    mine = sum(bool(group & shared) for group in clause.flips)
    theirs = sum(bool(group & shared) for group in match.flips)
    return (mine + theirs) % 2 == 1


def _actors(pairs: list[tuple[Clause, Clause]]) -> Iterator[Finding]:
    for clause, match in pairs:
        if (
            not _is_condition(clause)
            and not _is_condition(match)
            and not _actors_agree(clause, match)
        ):
            yield _finding(clause, match, "actor_differs")


# --- how, by whom, for how many ------------------------------------------------------------------


def _compared(clause: Clause, match: Clause, written: Statement) -> Iterator[Finding]:
    if not _modality_agrees(clause, match):
        yield _finding(clause, match, "modality_differs")
    if clause.only and not any(other.only or other.condition for other in written.clauses):
        yield _finding(clause, match, "only_not_in_source")
    if clause.universal and not clause.condition and not any(c.universal for c in written.clauses):
        yield _finding(clause, match, "all_not_in_source")


def _modality_agrees(clause: Clause, match: Clause) -> bool:
    said, written = clause.modality, match.modality
    if ("optional" in said) != ("optional" in written) and "prohibition" in said | written:
        return False
    if said & {"obligation", "advice"}:
        same = bool(written & said) or match.only
        return same or (not written and _is_imperative(match))
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
    return clause.words[0].is_content and not clause.subject and not clause.is_passive


def _actors_agree(clause: Clause, match: Clause) -> bool:
    if not clause.agent or not match.agent or clause.agent == match.agent:
        return True
    mine = bool({word.low for word in clause.words} & RECEIVING)
    theirs = bool({word.low for word in match.words} & RECEIVING)
    # “you get a label” is “we send a label”, in either direction
    return mine != theirs and {clause.agent, match.agent} & {WE, YOU} != set()


# --- conditions ----------------------------------------------------------------------------------


def _dropped_conditions(
    pairs: list[tuple[Clause, Clause]], said: Statement, written: Statement
) -> Iterator[Finding]:
    """A condition or exception of a clause that the sentence says, and that it does not mention."""
    used = {match for clause, match in pairs if not clause.condition}
    for at, condition in enumerate(written.clauses):
        if condition.condition not in {"if", "except"} or not condition.own:
            continue
        mentioned = _mentions(said, condition)
        beside = [written.clauses[i] for i in (at - 1, at + 1) if 0 <= i < len(written.clauses)]
        mains = [c for c in beside if c.block == condition.block and not c.condition]
        if mentioned or not any(_is_said(main, said) and main in used for main in mains):
            continue
        kind = "exception_dropped" if condition.condition == "except" else "condition_dropped"
        words = " ".join(word.written for word in condition.words)
        yield Finding(FACT, kind, source_words=words)


def _mentions(said: Statement, condition: Clause) -> bool:
    has_one = any(clause.condition for clause in said.clauses)
    shared = len(condition.own & said.content)
    numbers = any(q.equals(p) for q in condition.quantities for p in said.quantities)
    return numbers or (shared > 0 and (has_one or shared * 2 >= len(condition.own)))


def _is_said(main: Clause, said: Statement) -> bool:
    return len(main.content & said.content) * 2 >= len(main.content)


def _finding(clause: Clause, match: Clause, reason: str) -> Finding:
    span = (clause.words[0].start, clause.words[-1].end)
    return Finding(FACT, reason, span, source_words=" ".join(w.written for w in match.words))

"""Each number of a sentence stands in its source, with its unit and limit, of the same thing."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from knowledge.text.limits import NONE, limit_of, limits_agree
from knowledge.text.quantities import Quantity
from knowledge.text.units import Cell
from supportbot.guardrails import columns
from supportbot.guardrails.lexicon import AUXILIARIES
from supportbot.guardrails.statements import RELATIVES, Clause, Statement
from supportbot.guardrails.types import FACT, Finding
from supportbot.guardrails.words import words_of

_ANCHOR = re.compile(
    r"^\s*(?:of|after|from|before|since|following|prior to|in advance of|ahead of)\s+"
    r"((?:[^\W\d_]+[\s-]?){1,6})",
    re.IGNORECASE,
)
_LATER = re.compile(r"\s*(?:after|later|following)\b", re.IGNORECASE)
_EARLIER = re.compile(r"\s*(?:before|beforehand|ahead|in advance|prior)\b", re.IGNORECASE)
_LABEL_BEHIND = frozenset(
    [
        "for",
        "to",
        "in",
        "on",
        "if",
        "when",
        "per",
        "at",
        "from",
        "with",
        "of",
        "after",
        "before",
        "a",
        "an",
    ]
)
MONEY = frozenset({"£", "€", "$"})
TOPIC_WEIGHT = 1.5  # of a word before the verb, against 1 for the others


def conflicts(
    said: Statement, written: Statement, around: Statement | None, cells: Sequence[Cell] = ()
) -> Iterator[Finding]:
    """The numbers of `said` that `written`, and `around` it (title, headings), do not bear out.
    `cells` are those of a table's row."""
    elsewhere = around.quantities if around else ()
    if cells:
        yield from columns.conflicts(said, cells)
    for quantity in said.quantities:
        own = [other for other in written.quantities if quantity.equals(other)]
        if not own and (
            any(quantity.equals(other) for other in elsewhere)
            or (cells and _in_range(quantity, written))
        ):
            continue
        if not own:
            yield _finding(_reason(quantity, [*written.quantities, *elsewhere]), quantity)
            continue
        limits = [limit_of(other, written.text) for other in own]
        if not any(
            limits_agree(limit_of(quantity, said.text), limit) or (cells and limit == NONE)
            for limit in limits
        ) or not any(_same_side(quantity, said.text, other, written.text) for other in own):
            yield _finding("limit_differs", quantity, own[0].written)
        elif not cells and (other := _of_something_else(quantity, said, written)) is not None:
            yield _finding("number_of_something_else", quantity, other.written)
        elif not any(_same_anchor(quantity, said.text, other, written.text) for other in own):
            yield _finding("counted_from_something_else", quantity, own[0].written)


def _in_range(quantity: Quantity, written: Statement) -> bool:
    """“With 7 days' notice” where a row is for 6 to 10 days. Prices are no such ranges."""
    if quantity.kind in MONEY or len(quantity.value) != 1:
        return False
    for _, group in itertools.groupby(written.quantities, lambda one: one.start):
        ends = [one.value[0] for one in group if one.kind == quantity.kind and len(one.value) == 1]
        if len(ends) > 1 and min(ends) <= quantity.value[0] <= max(ends):
            return True
    return False


def _finding(reason: str, quantity: Quantity, source_words: str = "") -> Finding:
    return Finding(FACT, reason, (quantity.start, quantity.end), source_words=source_words)


def _reason(quantity: Quantity, known: Sequence[Quantity]) -> str:
    number = quantity.written.split()[0].lower()
    same_number = any(number == other.written.split()[0].lower() for other in known)
    return "unit_not_in_source" if same_number else "number_not_in_source"


def _same_anchor(one: Quantity, text: str, other: Quantity, other_text: str) -> bool:
    """“within 30 days of delivery” is not “within 30 days of the order”."""
    mine, theirs = _anchor(one, text), _anchor(other, other_text)
    return not mine or not theirs or bool(mine & theirs)


def _same_side(one: Quantity, text: str, other: Quantity, other_text: str) -> bool:
    """“45 days after the renewal” is not “45 days ahead”."""
    mine, theirs = text[one.end :], other_text[other.end :]
    return not (
        (_LATER.match(mine) and _EARLIER.match(theirs))
        or (_EARLIER.match(mine) and _LATER.match(theirs))
    )


def _anchor(quantity: Quantity, text: str) -> frozenset[str]:
    found = _ANCHOR.match(text[quantity.end :])
    if not found or quantity.kind not in {"duration", "working day", "month"}:
        return frozenset()
    stems: list[str] = []
    for word in words_of(found[1], ()):
        if word.is_content:
            stems.append(word.stem)
        elif stems and word.low not in AUXILIARIES:
            break
    return frozenset(stems)


def _of_something_else(quantity: Quantity, said: Statement, written: Statement) -> Quantity | None:
    """The number of the same kind that the source has for what the sentence speaks of, if it is
    another one."""
    rivals = [rival for rival in written.quantities if rival.kind == quantity.kind]
    clause = next((clause for clause in said.clauses if quantity in clause.quantities), None)
    if clause is None or all(rival.equals(quantity) for rival in rivals):
        return None
    about = _label_in(clause, quantity, [q for q in clause.quantities if q.kind == quantity.kind])
    if clause.words[0].low in RELATIVES:
        about &= clause.own  # not what it takes over from the clause before it
    labels = {rival: _label(rival, rivals, written) for rival in rivals}
    common = frozenset.intersection(*labels.values())

    def score(label: frozenset[str]) -> float:
        return sum(
            TOPIC_WEIGHT if stem in clause.topic else 1.0 for stem in (label - common) & about
        )

    scores = {rival: score(label) for rival, label in labels.items()}
    best_score = max(scores.values())
    own = max(
        (score for rival, score in scores.items() if rival.equals(quantity)), default=best_score
    )
    best = max(scores, key=lambda rival: scores[rival])
    return best if scores[best] > own else None


def _label(quantity: Quantity, rivals: Sequence[Quantity], written: Statement) -> frozenset[str]:
    clause = next((clause for clause in written.clauses if quantity in clause.quantities), None)
    if clause is None:
        return frozenset()
    return _label_in(clause, quantity, [rival for rival in rivals if rival in clause.quantities])


def _label_in(clause: Clause, quantity: Quantity, inside: Sequence[Quantity]) -> frozenset[str]:
    """The content words that say what a number is of: those of its clause, or of its share of a
    clause that has several numbers of the kind."""
    ordered = sorted({q.start: q for q in inside}.values(), key=lambda q: q.start)
    if len(ordered) <= 1:
        return clause.content
    groups = _coordinated(ordered, clause)
    at = next(
        at for at, group in enumerate(groups) if any(q.start == quantity.start for q in group)
    )
    if len(groups) == 1:
        return clause.content
    if _label_follows(groups[0][-1], clause):
        low = groups[at][-1].end
        high = groups[at + 1][0].start if at + 1 < len(groups) else clause.words[-1].end
    else:
        low = groups[at - 1][-1].end if at else clause.words[0].start
        high = groups[at][0].start
    return frozenset(w.stem for w in clause.words if w.is_content and low <= w.start < high)


def _coordinated(ordered: Sequence[Quantity], clause: Clause) -> list[list[Quantity]]:
    """Numbers with no content word between them share what they are of: “Monday to Friday”."""
    groups = [[ordered[0]]]
    for before, quantity in itertools.pairwise(ordered):
        between = (
            w for w in clause.words if w.is_content and before.end <= w.start < quantity.start
        )
        if any(between):
            groups.append([quantity])
        else:
            groups[-1].append(quantity)
    return groups


def _label_follows(first: Quantity, clause: Clause) -> bool:
    """“£9.95 to Spain and £12.95 to Portugal”, not “Spain £9.95 and Portugal £12.95”."""
    behind = next((word for word in clause.words if word.start >= first.end), None)
    if behind is None:
        return False
    return behind.low in _LABEL_BEHIND or (not first.kind and behind.is_content)

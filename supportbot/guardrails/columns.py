"""A sentence against one row of a table: a number must be that of the column it is said of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from knowledge.text.quantities import Quantity
from knowledge.text.units import Cell, Unit
from supportbot.guardrails.lexicon import AUXILIARIES, COORDINATORS, LIGHT
from supportbot.guardrails.statements import Clause, Statement, statement_of
from supportbot.guardrails.types import FACT, Finding
from supportbot.guardrails.words import stem_of

_SUBJECT_ENDS = AUXILIARIES | LIGHT  # a subject ends before them
_PRICE = frozenset(map(stem_of, ["price", "amount", "total", "rate"]))  # heads that say “price”
NO_HEAD = 0.1  # the share of a head that nothing sets apart


def conflicts(said: Statement, cells: Sequence[Cell]) -> Iterator[Finding]:
    """Numbers of a column that the sentence does not speak of: “delivery costs £120”, where a row
    has £9.95 below “From” and £120 below “Free from”. A row is about one thing, so only columns
    with numbers of the same kind can be taken for each other."""
    yield from _of_other_column(said, cells)
    for quantity in said.quantities:
        same = [cell for cell in cells if _of_kind(quantity, cell)]
        own = [cell for cell in same if any(quantity.equals(q) for q in _numbers(cell))]
        rivals = [cell for cell in same if cell not in own]
        if not own or not rivals:
            continue
        shared = frozenset.intersection(*(_head(cell) for cell in same)) | _PRICE
        for about in (_around(quantity, said), said.content - _without(said)):
            scores = {
                id(c): _share_of_head(c, shared, about) + _is_named(c, quantity, said) for c in same
            }
            mine = max(scores[id(cell)] for cell in own)
            best = max(rivals, key=lambda cell: scores[id(cell)])
            theirs = scores[id(best)]
            if theirs != mine:
                break
        if theirs > mine or (mine == theirs == 0.0):
            span = (quantity.start, quantity.end)
            yield Finding(FACT, "number_of_other_column", span, source_words=best.head)


def names_other_row(said: Statement, own: Unit, rows: Sequence[Unit]) -> Iterator[Finding]:
    """The sentence names another row of the same table, and not this one."""
    mine = statement_of(own.cells[0].text).content
    text = frozenset[str]().union(*map(_text, own.cells))
    for row in rows:
        if row.block != own.block or row.cells == own.cells or not row.cells:
            continue
        label = _text(row.cells[0]) - text
        if label and label <= said.content and not (mine - _text(row.cells[0])) & said.content:
            yield Finding(FACT, "said_of_other_row", source_words=row.cells[0].text)


def _of_other_column(said: Statement, cells: Sequence[Cell]) -> Iterator[Finding]:
    """Words of another column than the one that a clause speaks of: “early repayment of the home
    loan is free”, where it is free below “Starter loan”."""
    for clause in said.clauses:
        about = _subject(clause)
        named = [cell for cell in cells[1:] if _head(cell) and _head(cell) <= about]
        others = [cell for cell in cells[1:] if cell not in named]
        if not named or not others:
            continue
        known = frozenset[str]().union(*(_head(c) for c in cells), *map(_text, [cells[0], *named]))
        for cell in others:
            if not any(_head(cell) & _head(one) for one in named):
                continue  # not of a kind: “Bathroom” and “Price”
            if (clause.content & _text(cell)) - known:
                span = (clause.words[0].start, clause.words[-1].end)
                yield Finding(FACT, "said_of_other_column", span, source_words=cell.head)


def _subject(clause: Clause) -> frozenset[str]:
    """The content words before the first number or verb, as far as it can be told."""
    stop = min((q.start for q in clause.quantities), default=clause.words[-1].end)
    before = [word for word in clause.words if word.start < stop]
    verb = next((n for n, w in enumerate(before) if w.low in _SUBJECT_ENDS), len(before))
    return frozenset(word.stem for word in before[:verb] if word.is_content)


def _text(cell: Cell) -> frozenset[str]:
    return statement_of(cell.text).content


def _is_named(cell: Cell, quantity: Quantity, said: Statement) -> bool:
    """Whether the sentence has a number of the cell's head: “one day”, below “1 day”."""
    others = [other for other in said.quantities if other.start != quantity.start]
    return any(q.equals(other) for q in statement_of(cell.head).quantities for other in others)


def _around(quantity: Quantity, said: Statement) -> frozenset[str]:
    """The stems from the number before this one to the end of its phrase, without what is denied:
    “without the Smile Plan”."""
    low = max((q.end for q in said.quantities if q.end <= quantity.start), default=0)
    behind = [word for word in said.words if word.start >= quantity.end]
    high = next((w.start for w in behind if w.low in COORDINATORS | {","}), len(said.text))
    same = (q for q in said.quantities if q.kind == quantity.kind)
    high = min([high, *(q.start for q in same if q.start >= quantity.end)])
    near = (word for word in said.words if word.is_content and low <= word.start < high)
    return frozenset(word.stem for word in near) - _without(said)


def _without(said: Statement) -> frozenset[str]:
    return frozenset[str]().union(*(group for clause in said.clauses for group in clause.flips))


def _share_of_head(cell: Cell, shared: frozenset[str], about: frozenset[str]) -> float:
    """The share of what sets the cell's head apart that the sentence says. A head that nothing sets
    apart (“From”) is meant where no other is named."""
    own = _head(cell) - shared
    return len(own & about) / len(own) if own else NO_HEAD


def _head(cell: Cell) -> frozenset[str]:
    return statement_of(cell.head).content if cell.head else frozenset()


def _numbers(cell: Cell) -> tuple[Quantity, ...]:
    return statement_of(cell.text).quantities


def _of_kind(quantity: Quantity, cell: Cell) -> bool:
    return any(quantity.kind == other.kind for other in _numbers(cell))


def is_nearest_cell(
    clause: Clause, match: Clause, written: Statement, label: frozenset[str]
) -> bool:
    """Whether no other cell of the row shares more with the clause, and this one anything."""
    most = max(len((clause.content & other.content) - label) for other in written.clauses)
    return 0 < len((clause.content & match.content) - label) == most


def label_of(cells: Sequence[Cell]) -> frozenset[str]:
    """The stems of the first cell, which names the row; empty without cells."""
    return statement_of(cells[0].text).content if cells else frozenset()

"""Blocks → units: sentences, lines, list items and table rows, the smallest stretches that stay
whole, each with what it costs to end a passage before it.

A cost of 1 is that of a passage that is far too short or half as long again as it should be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from tokenizers import Tokenizer

from knowledge.splitting.blocks import Block, Kind, blocks_of
from knowledge.splitting.breaks import Break, breaks_in, clauses_in, code_lines_in, line_before
from knowledge.splitting.cohesion import relative_cohesion
from knowledge.splitting.table_text import say_row
from knowledge.splitting.tokens import DocumentTokens
from knowledge.text.plain import plain

NEVER = 50.0
BREAK_COSTS = {
    Break.PARAGRAPH: 0.0,
    Break.RECORD: 0.0,
    Break.LINE: 0.05,
    Break.INDENTED: 0.2,
    Break.OPEN_BRACKET: 0.6,
    Break.ITEM: 0.05,
    Break.SENTENCE: 0.1,
    Break.MAYBE_SENTENCE: 0.25,
    Break.ABBREVIATION: 1.5,
    Break.CLAUSE: 2.0,
    Break.WRAPPED_LINE: 2.5,
    Break.WORD: 4.0,
}
AFTER_RULE = -0.2
ITEM_COST = 0.05
NESTED_ITEM_COST = 0.1
ROW_COST = 0.1
WITHIN_ITEM = 0.3  # added to the cost of any break in a list item
WITHIN_CODE = 0.2
AFTER_COLON = 0.5
AFTER_TITLE_LINE = 1.0
BEFORE_TITLE_LINE = -0.2
COHESION = 1.0
TITLE_LINE_TOKENS = 15
CAPTION_CHARACTERS = 150
TINY_SHARE = 32  # a unit below this part of a passage is taken together with the one before
_NUMBERED = re.compile(r"[*_]*\w+\.?\s\d[\d.-]*[.:)\s]")  # such as “Table 2-1: …”
_LIST_MARK = re.compile(r"[-*+•]\s|\d+[.)]\s")
_SENTENCE_END = re.compile(r"[.!?…:;,。！？、\uff0c\uff1a\uff1b|}\]\"'”’)]\s*\Z")


@dataclass(slots=True)
class Unit:
    """`markdown[start:end]`, without white space around it. `run`: units of different runs never
    share a passage. `header`: the stretch of the header that a table's row is repeated under;
    `caption`: of a header or row, the line above the table."""

    kind: Kind
    start: int
    end: int
    path: tuple[str, ...]
    run: int
    cost: float
    tokens: int = 0
    opens_section: bool = False
    table: int = -1
    header: tuple[int, int] | None = None
    caption: str = ""


def units_of(markdown: str, tokenizer: Tokenizer, max_tokens: int) -> list[Unit]:
    """The units in order; none counts more than `max_tokens` tokens."""
    blocks = blocks_of(markdown)
    if not blocks:
        return []
    tokens = DocumentTokens([(b.start, markdown[b.start : b.end]) for b in blocks], tokenizer)
    units = list(_cut_blocks(markdown, blocks))
    _count(units, tokens)
    _count_tables(units, markdown, tokenizer, max_tokens)
    whole = [part for unit in units for part in _parts(unit, markdown, tokens, max_tokens)]
    units = _join_tiny(whole, max_tokens // TINY_SHARE)
    _tie(units, markdown)
    _set_captions(units, markdown)
    boundaries = tokens.before([unit.start for unit in units])
    for unit, cohesion in zip(units, relative_cohesion(tokens.ids, boundaries), strict=True):
        if not unit.opens_section:  # a heading says itself that something begins
            unit.cost += COHESION * float(cohesion)
    return units


def _cut_blocks(markdown: str, blocks: Sequence[Block]) -> Iterator[Unit]:
    run, table, top = 0, 0, blocks[0].path[:1]
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        if block.path[:1] != top:
            run, top = run + 1, block.path[:1]
        table += block.kind is Kind.HEADER
        text = markdown[block.start : block.end]
        cost = _block_cost(block, text)
        unit = Unit(block.kind, block.start, block.end, block.path, run, cost)
        if block.kind in {Kind.HEADER, Kind.ROW}:
            unit.table = table
        elif block.kind is Kind.HEADING:
            unit.opens_section = True
            if following is None or 0 < following.level <= block.level:
                # With nothing under it, as slides have, the title is the text.
                unit.kind, unit.path = Kind.TEXT, block.path[:-1]
        yield from _cut(unit, markdown, _breaks_of(block, text))


def _block_cost(block: Block, text: str) -> float:
    if block.kind is Kind.ROW:
        return ROW_COST
    if block.depth:
        if not block.opens_item:
            return WITHIN_ITEM
        return ITEM_COST if block.depth == 1 else NESTED_ITEM_COST
    if block.after_rule:
        return AFTER_RULE
    indent = len(text) - len(text.lstrip())
    before = line_before(text[:indent], text, indent)
    return BREAK_COSTS[Break.PARAGRAPH] + BREAK_COSTS[before] - BREAK_COSTS[Break.LINE]


def _breaks_of(block: Block, text: str) -> Iterator[tuple[int, float]]:
    """(offset, cost of a cut there) of the places inside a block where a unit may end."""
    if block.kind is Kind.CODE:
        for offset, what in code_lines_in(text):
            yield offset, BREAK_COSTS[what] + WITHIN_CODE
    elif block.kind is Kind.TEXT:
        extra = WITHIN_ITEM if block.depth else 0.0
        for offset, what in breaks_in(text):
            yield offset, BREAK_COSTS[what] + (0.0 if what is Break.ITEM else extra)


def _cut(unit: Unit, markdown: str, breaks: Iterable[tuple[int, float]]) -> Iterator[Unit]:
    """The unit's parts between the breaks (offsets from its start), without blanks around them."""
    edges = [(0, unit.cost), *breaks, (unit.end - unit.start, 0.0)]
    for (first, cost), (last, _) in pairwise(edges):
        text = markdown[unit.start + first : unit.start + last]
        if text.strip():
            start = unit.start + last - len(text.lstrip())
            end = unit.start + first + len(text.rstrip())
            yield replace(unit, start=start, end=end, cost=cost)


def _count(units: Sequence[Unit], tokens: DocumentTokens) -> None:
    counts = tokens.count([unit.start for unit in units], [unit.end for unit in units])
    for unit, count in zip(units, counts, strict=True):
        unit.tokens = count


def _count_tables(
    units: Sequence[Unit], markdown: str, tokenizer: Tokenizer, max_tokens: int
) -> None:
    """Rows count as they are embedded: said with the heads of their columns. So a header costs
    nothing of its own, however often it is repeated. A row that is too long as such is cut, and
    stands under no header."""
    under = list(_rows_under_headers(units))
    texts = [
        say_row(markdown[header.start : header.end].partition("\n")[0], markdown[r.start : r.end])
        for header, r in under
    ]
    encodings = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    for (header, row), encoding in zip(under, encodings, strict=True):
        if len(encoding.ids) <= max_tokens:
            row.tokens, row.header = len(encoding.ids), (header.start, header.end)
            header.tokens = 0


def _rows_under_headers(units: Sequence[Unit]) -> Iterator[tuple[Unit, Unit]]:
    header: Unit | None = None
    for unit in units:
        if unit.kind is Kind.HEADER:
            header = unit
        elif unit.kind is Kind.ROW and header is not None and header.table == unit.table:
            yield header, unit


def _set_captions(units: Sequence[Unit], markdown: str) -> None:
    """Rows that are parted from what stands above their table still say what they are about."""
    captions: dict[int, str] = {}
    for above, unit in pairwise(units):
        if unit.kind is Kind.HEADER and above.kind is Kind.TEXT and above.path == unit.path:
            captions[unit.table] = _caption(above, markdown)
    for unit in units:
        if unit.kind is Kind.HEADER or unit.header is not None:
            unit.caption = captions.get(unit.table, "")


def _caption(above: Unit, markdown: str) -> str:
    """What announces a table, if anything does: “Table 1. Rates”, a sentence that ends with a
    colon, or one that is a paragraph of its own."""
    paragraph = markdown.rfind("\n\n", 0, above.start) + 1
    text = markdown[paragraph : above.end].strip()
    sentence = markdown[above.start : above.end]
    if sentence[-1] in ":\uff1a" and not _NUMBERED.match(text):
        text = sentence
    is_one = text == sentence or _NUMBERED.match(text) is not None
    if not is_one or len(text) > CAPTION_CHARACTERS or _LIST_MARK.match(text):
        return ""
    return " ".join(plain(text).rstrip(":\uff1a").split())


def _parts(unit: Unit, markdown: str, tokens: DocumentTokens, max_tokens: int) -> Iterator[Unit]:
    """A unit that is too long, at its clauses; a clause that is too long, between words."""
    if unit.tokens <= max_tokens or unit.kind is Kind.HEADING:
        yield unit
        return
    text = markdown[unit.start : unit.end]
    clauses = list(_cut(unit, markdown, ((at, BREAK_COSTS[what]) for at, what in clauses_in(text))))
    _count(clauses, tokens)
    for clause in clauses:
        if clause.tokens <= max_tokens // 2:
            yield clause
            continue
        breaks = _word_breaks(clause, markdown, tokens, max(1, max_tokens // 8))
        words = list(_cut(clause, markdown, breaks))
        _count(words, tokens)
        yield from words


def _word_breaks(
    unit: Unit, markdown: str, tokens: DocumentTokens, step: int
) -> Iterator[tuple[int, float]]:
    """A place to cut every `step` tokens or a little later, between words if there are any."""
    first, last = tokens.before([unit.start, unit.end]).tolist()
    passed = 0
    for end in tokens.ends[first:last].tolist():
        passed += 1
        if passed == 2 * step or (passed >= step and markdown[end : end + 1].isspace()):
            yield end - unit.start, BREAK_COSTS[Break.WORD]
            passed = 0


def _join_tiny(units: Sequence[Unit], tiny: int) -> list[Unit]:
    """Fewer units where many are a few tokens long: cuts between those are not worth the time."""
    joined: list[Unit] = []
    for unit in units:
        before = joined[-1] if joined else None
        if (
            before is not None
            and before.kind is unit.kind is Kind.TEXT
            and (before.path, before.run) == (unit.path, unit.run)
            and not unit.opens_section
            and before.tokens + unit.tokens <= tiny
        ):
            before.end, before.tokens = unit.end, before.tokens + unit.tokens
        else:
            joined.append(unit)
    return joined


def _tie(units: Sequence[Unit], markdown: str) -> None:
    """A heading, a table's header and a line that announces something stay with what follows."""
    for unit, following in pairwise(units):
        if unit.kind in {Kind.HEADING, Kind.HEADER}:
            following.cost = NEVER
        elif markdown[unit.end - 1] in ":\uff1a":
            following.cost += AFTER_COLON
        elif _is_title_line(unit, following, markdown):
            unit.cost += BEFORE_TITLE_LINE
            following.cost += AFTER_TITLE_LINE


def _is_title_line(unit: Unit, following: Unit, markdown: str) -> bool:
    """A short line without an end, over a longer text: an unmarked heading, as PDFs give them."""
    return (
        unit.kind is following.kind is Kind.TEXT
        and not following.opens_section
        and unit.tokens <= TITLE_LINE_TOKENS
        and unit.tokens * 2 < following.tokens
        and "\n" in markdown[unit.end : following.start]
        and _SENTENCE_END.search(markdown, unit.start, unit.end) is None
    )

"""What speaks against a sentence in the place that supports it, and in the rest of its source."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence

from knowledge.text.plain import plain
from knowledge.text.units import Form
from supportbot.guardrails import additions, columns, order
from supportbot.guardrails.clause_features import PREPOSITIONS
from supportbot.guardrails.facts import conflicts, denials_elsewhere
from supportbot.guardrails.lexicon import COORDINATORS, REASONS, SUBORDINATORS
from supportbot.guardrails.pieces import pieces_of
from supportbot.guardrails.statements import statement_of
from supportbot.guardrails.types import FACT, Finding, Piece, Source

_LINK = re.compile(
    r"(?<![\w.+-])(?:https?://|www\.|[\w.+-]{1,64}@|(?:[\w-]{1,63}\.){1,8}[a-z]{2,}\b)[^\s<>()\[\]\"'`*|]*",
    re.IGNORECASE,
)


def speaks_against(sentence: str, piece: Piece, sources: Sequence[Source]) -> list[Finding]:
    """What the place and its source have against the sentence; empty if nothing."""
    return [
        *conflicts(sentence, piece.claims, piece.context, piece.unit.cells),
        *_links(sentence, piece, sources),
        *_words_of_another_place(sentence, piece, sources),
        *_denied_elsewhere(sentence, piece, sources),
        *_denied_by_lead(sentence, piece),
        *_unsaid_instruction(sentence, piece),
        *_of_other_row(sentence, piece, sources),
        *other_order(sentence, source_of(piece, sources)),
        *additions.conflicts(statement_of(sentence), _known_to_source(source_of(piece, sources))),
    ]


def other_order(sentence: str, source: Source) -> Iterator[Finding]:
    """Two acts that any place of the source has the other way round."""
    said = statement_of(sentence)
    if any(order.relations(said)):
        yield from order.conflicts(said, _relations(source))


@functools.lru_cache(maxsize=1024)
def _relations(source: Source) -> tuple[order.Relation, ...]:
    pieces = pieces_of(source)
    found = [r for p in pieces if not p.is_row for r in order.relations(statement_of(p.text))]
    for block in {piece.unit.block for piece in pieces}:
        units = [p.unit for p in pieces if p.unit.block == block and p.unit.form is Form.STEP]
        found += order.relations_of_steps([statement_of(unit.text) for unit in units])
    return tuple(found)


def _of_other_row(sentence: str, piece: Piece, sources: Sequence[Source]) -> Iterator[Finding]:
    if piece.is_row:
        rows = [other.unit for other in pieces_of(source_of(piece, sources)) if other.is_row]
        yield from columns.names_other_row(statement_of(sentence), piece.unit, rows)


def known_to(piece: Piece) -> frozenset[str]:
    """The stems of its content words and of those above it."""
    return statement_of(piece.text).content | statement_of(piece.context).content


@functools.lru_cache(maxsize=1024)
def _known_to_source(source: Source) -> frozenset[str]:
    """The stems of all its content words, with title and headings."""
    return frozenset[str]().union(*map(known_to, pieces_of(source)))


def source_of(piece: Piece, sources: Sequence[Source]) -> Source:
    """The source that the piece is of."""
    return next(one for one in sources if one.number == piece.source)


def _denied_elsewhere(sentence: str, piece: Piece, sources: Sequence[Source]) -> list[Finding]:
    """What another place denies; the rows of a table are about other things."""
    source = source_of(piece, sources)
    others = [
        other
        for other in pieces_of(source)
        if other.position != piece.position and not (other.is_row and piece.is_row)
    ]
    return [finding for other in others for finding in denials_elsewhere(sentence, other.claims)]


def _denied_by_lead(sentence: str, piece: Piece) -> list[Finding]:
    """What leads a list denies each of its items: “we cannot take back: engraved tampers”."""
    units = [piece.unit, *([piece.beside] if piece.beside else [])]
    items = [
        statement_of(unit.text).content
        for unit in units
        if unit.lead and any(c.negated for c in statement_of(unit.lead).clauses[:1])
    ]
    return [
        Finding(FACT, "denied_by_lead", (clause.words[0].start, clause.words[-1].end))
        for clause in statement_of(sentence).clauses
        if not (clause.negated or clause.condition or clause.flips)
        and clause.words[0].low not in REASONS
        and any(clause.content & item for item in items)
    ]


def _unsaid_instruction(sentence: str, piece: Piece) -> list[Finding]:
    """What a sentence tells its reader to do must stand in its place: “unscrew the boiler”."""
    words = statement_of(sentence).words
    if not words[1:] or words[1].low not in _OBJECTS or not words[0].is_content:
        return []
    known = known_to(piece)
    first = words[0]
    if first.stem in known or first.low in _NO_INSTRUCTIONS:
        return []
    return [Finding(FACT, "instruction_not_in_source", (first.start, first.end))]


# Documents have many words for these: “bring it back” is “return it”.
_VERBS_OF_MANY_WORDS = frozenset(
    [
        *("ask", "bring", "call", "check", "choose", "contact", "follow", "get", "give", "include"),
        *("make", "see", "send", "show", "take", "tell", "use", "visit"),
    ]
)
_NO_INSTRUCTIONS = (
    _VERBS_OF_MANY_WORDS
    | SUBORDINATORS
    | REASONS
    | PREPOSITIONS
    | {"after", "before", "during", "while", "until", "outside", "inside", "under", "over"}
)
_OBJECTS = frozenset(["the", "a", "an", "your", "our", "it", "them", "this", "that", "one", "all"])


def _links(sentence: str, piece: Piece, sources: Sequence[Source]) -> list[Finding]:
    """An address may be shown only if the passage it is taken from has it."""
    source = source_of(piece, sources)
    known = links_in(f"{source.context}\n{source.text}")
    return [Finding(FACT, "link_not_in_source") for link in links_in(sentence) - known]


def _words_of_another_place(
    sentence: str, piece: Piece, sources: Sequence[Source]
) -> list[Finding]:
    """Words that the place lacks and that stand in another place of its source: “the fabric is
    guaranteed for ten years” where ten years are those of the frame."""
    source = source_of(piece, sources)
    here = known_to(piece)
    there = frozenset[str]().union(
        *(
            clause.topic
            for other in pieces_of(source)
            for clause in statement_of(other.text).clauses
        )
    )
    about = frozenset[str]().union(*(clause.topic for clause in statement_of(sentence).clauses))
    if _keeps_subject(sentence, piece):
        about &= _joined_by_and(sentence)
    return [
        Finding(FACT, "word_of_another_place", (word.start, word.end))
        for word in statement_of(sentence).words
        if word.is_content and word.stem in (there & about) - here
    ]


def _keeps_subject(sentence: str, piece: Piece) -> bool:
    """Whether the sentence names what the place speaks of, so that a word more is no other
    subject."""
    first = next((w.stem for w in statement_of(piece.claims).words if w.is_content), "")
    return first in statement_of(sentence).content


def _joined_by_and(sentence: str) -> frozenset[str]:
    """The stems beside an “and” or “or”: “the frame and the fabric are guaranteed”."""
    words = statement_of(sentence).words
    places = [at for at, word in enumerate(words) if word.low in COORDINATORS]
    return frozenset(
        word.stem for at in places for word in words[max(0, at - 2) : at + 3] if word.is_content
    )


@functools.lru_cache(maxsize=1024)
def links_in(text: str) -> set[str]:
    """Addresses of pages and mailboxes, also without a scheme: “shop.example/returns”."""
    return {found.rstrip(".,;:!?").lower() for found in _LINK.findall(plain(text))}

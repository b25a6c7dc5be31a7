"""May this sentence be shown, given these sources?

A sentence passes if one place of one source supports it and no fact of it is against that place.
Which source a model cites is a hint only: the place that supports a sentence best is found here.
The check is strict. A false alarm costs fluency, because the source's own sentence can take the
place of the one that was stopped (Verdict.SOFTEN); a miss would cost the customer.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from knowledge.text.plain import plain
from supportbot.guardrails.facts import conflicts, denials_elsewhere
from supportbot.guardrails.pieces import coverage, pairs_of, pieces_of
from supportbot.guardrails.promises import promises_in
from supportbot.guardrails.statements import statement_of
from supportbot.guardrails.support import THRESHOLD, support_scores
from supportbot.guardrails.types import FACT, SUPPORT, Finding, Piece, Source, Verdict

READ = 12  # pieces that are scored for a sentence; the others share too little with it
NEAR_BEST = 0.05  # of support: pieces that are as good as the best one
HINT = 0.05  # what a model's citation adds when pieces are chosen
LEAST_CONTENT = 2  # words of a part of a sentence that is judged by itself
# Share of a sentence that stands in the place that supports it, whatever the score: of a short one
# nearly all, because one word decides.
COVERED, COVERED_OF_SHORT, SHORT = 0.6, 0.75, 4
NEAREST = 0.34  # coverage from which a piece may take the place of a sentence
_LINK = re.compile(
    r"(?:https?://|www\.|[\w.+-]+@|(?:[\w-]+\.)+[a-z]{2,}\b)[^\s<>()\[\]\"'`*|]*", re.IGNORECASE
)


@dataclass(frozen=True)
class Judgement:
    """`piece` supports the sentence (KEEP) or may take its place (SOFTEN). `pieces` are all that
    the parts of a kept sentence rest on. `score` is the support of the piece."""

    verdict: Verdict
    reason: str
    findings: tuple[Finding, ...] = ()
    pieces: tuple[Piece, ...] = ()
    score: float | None = None

    @property
    def piece(self) -> Piece | None:
        return self.pieces[0] if self.pieces else None

    @property
    def wants_only_support(self) -> bool:
        """Whether the sentence was stopped though no fact speaks against it."""
        stopped = self.verdict in {Verdict.SOFTEN, Verdict.DROP} and bool(self.findings)
        return stopped and all(finding.check == SUPPORT for finding in self.findings)


def judge(sentence: str, sources: Sequence[Source], hints: Collection[int] = ()) -> Judgement:
    """The verdict on one sentence. `hints` are numbers of the sources that its writer named."""
    if promised := promises_in(sentence):
        return Judgement(Verdict.DROP, "promise", tuple(promised))
    if not statement_of(sentence).content or sentence.rstrip().endswith(":"):
        return Judgement(Verdict.DROP, "no_substance")
    if (own := _own_words(sentence, sources)) is not None:
        return Judgement(Verdict.KEEP, "supported", (), (own,), 1.0)
    found = _judge_whole(sentence, sources, hints)
    if found.verdict is Verdict.KEEP:
        return found
    parts = parts_of(sentence)
    if len(parts) > 1:
        judged = [_judge_whole(part, sources, hints) for part in parts]
        if all(one.verdict is Verdict.KEEP for one in judged):
            pieces = tuple(dict.fromkeys(piece for one in judged for piece in one.pieces))
            lowest = min(one.score or 0.0 for one in judged)
            return Judgement(Verdict.KEEP, "supported", (), pieces, lowest)
    return found


def _own_words(sentence: str, sources: Sequence[Source]) -> Piece | None:
    """The piece that the sentence repeats word for word."""
    words = _plain(sentence)
    pieces = (piece for one in sources for piece in pieces_of(one))
    return next((piece for piece in pieces if _plain(piece.text) == words), None)


def _plain(text: str) -> str:
    return " ".join(text.lower().split()).rstrip(".!")


def parts_of(sentence: str) -> list[str]:
    """The statements of a sentence that can stand alone: “A, but B”, “A; B”. One if it has one."""
    parts = [part.strip(" ,;") for part in _JOINT.split(sentence)]
    whole = all(len(statement_of(part).content) >= LEAST_CONTENT for part in parts)
    return parts if whole else [sentence]


_JOINT = re.compile(
    r";\s+|,\s+(?:but|while|whereas|and|so)\s+(?=(?:we|you|it|they|the|there|a|an|our|your|for)\b)",
    re.IGNORECASE,
)


def _judge_whole(sentence: str, sources: Sequence[Source], hints: Collection[int]) -> Judgement:
    single = _nearest(sentence, (piece for one in sources for piece in pieces_of(one)), hints)
    if not single:
        return Judgement(Verdict.DROP, "not_in_source")
    first = _best(sentence, single, sources)
    if first.verdict is Verdict.KEEP or not {one.reason for one in first.findings} <= _INCOMPLETE:
        return first
    places = {(piece.source, piece.position) for piece in first.pieces}
    pairs = [
        pair
        for one in sources
        for pair in pairs_of(one)
        if {(pair.source, pair.position), (pair.source, pair.position + 1)} & places
    ]
    second = _best(sentence, pairs, sources) if pairs else first
    return second if second.verdict is Verdict.KEEP else first


# What a place lacks, its neighbour may have. What it denies, it denies.
_INCOMPLETE = frozenset(
    {"not_in_source", "number_not_in_source", "name_not_in_source", "word_of_another_place"}
)


def _nearest(sentence: str, pieces: Iterable[Piece], hints: Collection[int]) -> list[Piece]:
    """The pieces that share most with the sentence, best first; none that share nothing."""
    scored = [
        (coverage(sentence, piece) + HINT * (piece.source in hints), piece) for piece in pieces
    ]
    scored = [(score, piece) for score, piece in scored if score > HINT]
    scored.sort(key=lambda one: one[0], reverse=True)
    return [piece for _, piece in scored[:READ]]


def _best(sentence: str, pieces: Sequence[Piece], sources: Sequence[Source]) -> Judgement:
    """The verdict by the piece that supports the sentence best, and others as good."""
    scores = support_scores(sentence, pieces)
    ranked = sorted(zip(scores, pieces, strict=True), key=lambda one: one[0], reverse=True)
    best, nearest = ranked[0]
    findings: tuple[Finding, ...] = ()
    is_short = len(statement_of(sentence).content) <= SHORT
    needed = COVERED_OF_SHORT if is_short else COVERED
    for score, piece in ranked:
        if score < max(best - NEAR_BEST, THRESHOLD) or coverage(sentence, piece) < needed:
            continue
        against = _against(sentence, piece, sources)
        if not against:
            return Judgement(Verdict.KEEP, "supported", (), (piece,), score)
        findings = findings or tuple(against)
    if not findings:  # it stops for want of support; a fact may say why
        unsupported = Finding(SUPPORT, "not_in_source", score=best)
        findings = (*_against(sentence, nearest, sources), unsupported)
    likely = coverage(sentence, nearest) >= NEAREST
    verdict = Verdict.SOFTEN if likely else Verdict.DROP
    return Judgement(verdict, findings[0].reason, findings, (nearest,), best)


def _against(sentence: str, piece: Piece, sources: Sequence[Source]) -> list[Finding]:
    return [
        *conflicts(sentence, piece.claims, piece.context),
        *_links(sentence, piece, sources),
        *_borrowed(sentence, piece, sources),
        *_denied(sentence, piece, sources),
        *_denied_by_lead(sentence, piece),
        *_unsaid_instruction(sentence, piece),
    ]


def _source_of(piece: Piece, sources: Sequence[Source]) -> Source:
    return next(one for one in sources if one.number == piece.source)


def _denied(sentence: str, piece: Piece, sources: Sequence[Source]) -> list[Finding]:
    source = _source_of(piece, sources)
    others = [other for other in pieces_of(source) if other.position != piece.position]
    return [finding for other in others for finding in denials_elsewhere(sentence, other.claims)]


def _denied_by_lead(sentence: str, piece: Piece) -> list[Finding]:
    """What leads a list denies each of its items: “we cannot take back: engraved tampers”."""
    units = [piece.unit, *([piece.following] if piece.following else [])]
    items = [
        statement_of(unit.text).content
        for unit in units
        if unit.lead and statement_of(unit.lead).clauses[0].negated
    ]
    return [
        Finding(FACT, "denied_by_lead", (clause.words[0].start, clause.words[-1].end))
        for clause in statement_of(sentence).clauses
        if not (clause.negated or clause.condition or clause.flips)
        and any(clause.content & item for item in items)
    ]


def _unsaid_instruction(sentence: str, piece: Piece) -> list[Finding]:
    """What a sentence tells its reader to do must stand in its place: “unscrew the boiler”."""
    words = statement_of(sentence).words
    if len(words) < LEAST_CONTENT or words[1].low not in _OBJECTS or not words[0].is_content:
        return []
    known = statement_of(piece.text).content | statement_of(piece.context).content
    first = words[0]
    if first.stem in known or first.low in _VERBS_OF_MANY_WORDS:
        return []
    return [Finding(FACT, "instruction_not_in_source", (first.start, first.end))]


# Documents have many words for these: “bring it back” is “return it”.
_VERBS_OF_MANY_WORDS = frozenset(
    [
        *("ask", "bring", "call", "check", "choose", "contact", "follow", "get", "give", "include"),
        *("make", "see", "send", "show", "take", "tell", "use", "visit"),
    ]
)
_OBJECTS = frozenset(["the", "a", "an", "your", "our", "it", "them", "this", "that", "one", "all"])


def _links(sentence: str, piece: Piece, sources: Sequence[Source]) -> list[Finding]:
    """An address may be shown only if the passage it is taken from has it."""
    source = _source_of(piece, sources)
    known = links_in(f"{source.context}\n{source.text}")
    return [Finding(FACT, "link_not_in_source") for link in links_in(sentence) - known]


def _borrowed(sentence: str, piece: Piece, sources: Sequence[Source]) -> list[Finding]:
    """Words that the place lacks and that stand in another place of its source: “the fabric is
    guaranteed for ten years” where ten years are those of the frame."""
    source = _source_of(piece, sources)
    here = statement_of(piece.text).content | statement_of(piece.context).content
    there = frozenset[str]().union(
        *(
            clause.topic
            for other in pieces_of(source)
            for clause in statement_of(other.text).clauses
        )
    )
    about = frozenset[str]().union(*(clause.topic for clause in statement_of(sentence).clauses))
    return [
        Finding(FACT, "word_of_another_place", (word.start, word.end))
        for word in statement_of(sentence).words
        if word.is_content and word.stem in (there & about) - here
    ]


def links_in(text: str) -> set[str]:
    """Addresses of pages and mailboxes, also without a scheme: “shop.example/returns”."""
    return {found.rstrip(".,;:!?").lower() for found in _LINK.findall(plain(text))}

"""May this sentence be shown, given these sources?

A sentence passes if one place of one source supports it and no fact of it is against that place.
Which source a model cites is a hint only: the place that supports a sentence best is found here.
The check is strict. A false alarm costs fluency, because the source's own sentence can take the
place of the one that was stopped (Verdict.SOFTEN); a miss would cost the customer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from supportbot.guardrails.against import known_to, other_order, source_of, speaks_against
from supportbot.guardrails.facts import conflicts
from supportbot.guardrails.pieces import coverage, own_share, pairs_of, pieces_of
from supportbot.guardrails.promises import promises_in
from supportbot.guardrails.sentence_parts import LEAST_CONTENT, parts_of
from supportbot.guardrails.statements import statement_of
from supportbot.guardrails.support import THRESHOLD, support_scores
from supportbot.guardrails.types import SUPPORT, Finding, Piece, Source, Verdict

READ = 12  # pieces that are scored for a sentence; the others share too little with it
NEAR_BEST = 0.05  # of support: pieces that are as good as the best one
HINT = 0.05  # what a model's citation adds when pieces are chosen
# Share of a sentence that stands in the place that supports it, whatever the score: of a short one
# more, because one word decides.
COVERED, COVERED_OF_SHORT, SHORT = 0.6, 0.75, 4
HALF = 0.5  # of a part of a sentence that is kept as a whole
NEAREST = 0.34  # coverage from which a piece may take the place of a sentence


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
    if not statement_of(sentence).content or sentence.rstrip().endswith((":", "?")):
        return Judgement(Verdict.DROP, "no_substance")
    if (own := _own_words(sentence, sources)) is not None:
        return Judgement(Verdict.KEEP, "supported", (), (own,), 1.0)
    found = _judge_whole(sentence, sources, hints)
    if found.verdict is Verdict.KEEP:
        return _with_all_its_parts(sentence, found, sources)
    return _judge_parts(sentence, sources, hints) or found


def _judge_parts(
    sentence: str, sources: Sequence[Source], hints: Collection[int]
) -> Judgement | None:
    """KEEP if each statement of the sentence has its own place, and no source has two of its acts
    the other way round; else None."""
    parts = parts_of(sentence)
    judged = [_judge_whole(part, sources, hints) for part in parts] if len(parts) > 1 else []
    if not judged or any(one.verdict is not Verdict.KEEP for one in judged):
        return None
    pieces = tuple(dict.fromkeys(piece for one in judged for piece in one.pieces))
    if any(any(other_order(sentence, source_of(piece, sources))) for piece in pieces):
        return None
    lowest = min(one.score or 0.0 for one in judged)
    return Judgement(Verdict.KEEP, "supported", (), pieces, lowest)


def _with_all_its_parts(sentence: str, found: Judgement, sources: Sequence[Source]) -> Judgement:
    """A kept sentence, if its source says at least half of each part, and if no part of which its
    place says little is against another place."""
    parts = parts_of(sentence)
    if len(parts) > 1 and (added := _added_part(parts, found.pieces, sources)):
        start = sentence.index(added)
        finding = Finding(SUPPORT, "added_to_source", (start, start + len(added)))
        return Judgement(Verdict.SOFTEN, finding.reason, (finding,), found.pieces, found.score)
    known = frozenset[str]().union(*map(known_to, found.pieces))
    clauses = statement_of(sentence).clauses
    texts = [sentence[one.words[0].start : one.words[-1].end] for one in clauses]
    for text in dict.fromkeys([*texts, *parts]):
        content = statement_of(text).content
        if len(content) < LEAST_CONTENT or len(content & known) >= HALF * len(content):
            continue
        for piece in _nearest(text, (p for one in sources for p in pieces_of(one)), ())[:1]:
            if findings := conflicts(text, piece.claims, piece.context, piece.unit.cells):
                reason = findings[0].reason
                return Judgement(Verdict.SOFTEN, reason, tuple(findings), (piece,), found.score)
    return found


def _added_part(parts: Sequence[str], pieces: Sequence[Piece], sources: Sequence[Source]) -> str:
    """The first part of which no place in the source of these pieces says half; "" without one."""
    places = [place for piece in pieces for place in pieces_of(source_of(piece, sources))]
    return next(
        (p for p in parts if max(coverage(p, place) for place in [*pieces, *places]) < HALF), ""
    )


def _own_words(sentence: str, sources: Sequence[Source]) -> Piece | None:
    """The piece that the sentence repeats word for word."""
    words = _plain(sentence)
    pieces = (piece for one in sources for piece in pieces_of(one))
    return next((piece for piece in pieces if _plain(piece.text) == words), None)


def _plain(text: str) -> str:
    return " ".join(text.lower().split()).rstrip(".!")


def _judge_whole(sentence: str, sources: Sequence[Source], hints: Collection[int]) -> Judgement:
    single = _nearest(sentence, (piece for one in sources for piece in pieces_of(one)), hints)
    if not single:
        return Judgement(Verdict.DROP, "not_in_source")
    first = _best(sentence, single, sources)
    if first.verdict is Verdict.KEEP or not {one.reason for one in first.findings} <= _INCOMPLETE:
        return first
    pairs = [
        pair
        for piece in first.pieces
        for pair in pairs_of(source_of(piece, sources))
        if piece.position in {pair.position, pair.beside_position}
    ]
    pairs = _nearest(sentence, pairs, hints)
    second = _best(sentence, pairs, sources) if pairs else first
    return second if second.verdict is Verdict.KEEP else first


# What a place lacks, its neighbour may have. What it denies, it denies.
_INCOMPLETE = frozenset(
    {
        "not_in_source",
        "number_not_in_source",
        "name_not_in_source",
        "word_of_another_place",
        "unit_not_in_source",
        "actor_not_in_source",
    }
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
        if is_short and own_share(sentence, piece) <= HALF:
            continue  # a heading alone says nothing
        against = speaks_against(sentence, piece, sources)
        if not against:
            return Judgement(Verdict.KEEP, "supported", (), (piece,), score)
        findings = findings or tuple(against)
    if not findings:  # it stops for want of support; a fact may say why
        unsupported = Finding(SUPPORT, "not_in_source", score=best)
        against = speaks_against(sentence, nearest, sources)
        findings = (*sorted([unsupported, *against], key=lambda one: one.check == SUPPORT),)
    likely = coverage(sentence, nearest) >= NEAREST
    verdict = Verdict.SOFTEN if likely else Verdict.DROP
    return Judgement(verdict, findings[0].reason, findings, (nearest,), best)

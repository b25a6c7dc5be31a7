"""Check: may this sentence be shown? The verdicts come from supportbot.guardrails.

A sentence that a route took from a source, and says so, must stand there. A sentence that a model
wrote is attributed to the place that supports it best, whatever it cites. If no place supports it,
the source's own sentence that comes nearest takes its place, if it answers the question.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from typing import Any

from knowledge.text.quantities import quantities_in
from knowledge.text.stop_words import ANSWER_STOP_WORDS, content_stems
from supportbot.answers.second_opinion import SecondOpinion, reconsidered
from supportbot.answers.sources import citation_to_wire, sources_of
from supportbot.answers.threads import in_search_thread
from supportbot.answers.types import Checked, CuratedText, Evidence, Proposed
from supportbot.answers.wording import Composing, proposed, says_something
from supportbot.guardrails.against import links_in
from supportbot.guardrails.check import Judgement, judge
from supportbot.guardrails.types import Finding, Piece, Source, Verdict
from supportbot.manners.replies import REGRET
from supportbot.retrieval.search import RankedPassage

FRAME = "frame"
# The fixed wording that an answer may have without a citation.
TOO_LITTLE = "That is all I can say for certain from our documents. A person can tell you more."
DOUBT = "I am not sure that our documents answer this. The nearest I found:"
FRAMES = frozenset({REGRET, TOO_LITTLE, DOUBT})
SAID_BEFORE = "said_before"
MIN_SHARED = 0.5  # share of a quoted sentence's words that stand in its passage
ANSWERS = 8  # the best units by the reader: only these may take the place of a sentence


async def check(
    sentences: AsyncGenerator[Proposed], evidence: Evidence, opinion: SecondOpinion | None = None
) -> AsyncGenerator[Checked]:
    """Each proposed sentence with its verdict, in order. A source's own sentence that takes the
    place of several is shown once. The second opinion is asked where only support is wanting."""
    sources, shown = sources_of(evidence), set[tuple[int, str]]()
    async with aclosing(sentences):
        async for sentence in sentences:
            if sentence.form == FRAME or sentence.quotes:
                checked = check_sentence(sentence, evidence, sources)
            else:
                judgement = await in_search_thread(judge)(sentence.text, sources, sentence.cited)
                if opinion is not None:
                    judgement = await reconsidered(judgement, sentence.text, sources, opinion)
                checked = _decided(sentence, judgement, evidence, shown)
            shown.update((c["n"] - 1, c["quote"]) for c in checked.citations)
            yield checked


def checked_frame(text: str) -> Checked:
    """One of FRAMES as a checked sentence."""
    return Checked(Proposed(text, (), form=FRAME), Verdict.KEEP, "fixed_wording")


def check_sentence(
    sentence: Proposed, evidence: Evidence, sources: tuple[Source, ...] | None = None
) -> Checked:
    """The verdict on one sentence; a kept one carries its citations in wire form."""
    if sentence.form == FRAME and sentence.text in FRAMES:
        return checked_frame(sentence.text)
    if sentence.quotes:
        return _check_quoted(sentence, evidence)
    sources = sources_of(evidence) if sources is None else sources
    return _decided(sentence, judge(sentence.text, sources, sentence.cited), evidence)


def _decided(
    sentence: Proposed,
    judgement: Judgement,
    evidence: Evidence,
    shown: Collection[tuple[int, str]] = (),
) -> Checked:
    """The verdict by a judgement. `shown` are the quotes of the answer so far."""
    if judgement.verdict is Verdict.KEEP:
        citations = tuple(_citation(piece, sentence, evidence) for piece in judgement.pieces)
        return Checked(sentence, Verdict.KEEP, judgement.reason, citations, (), judgement.score)
    return _softened(sentence, judgement, evidence, shown)


def _softened(
    sentence: Proposed, judgement: Judgement, evidence: Evidence, shown: Collection[tuple[int, str]]
) -> Checked:
    """The sentence's stand-in from the source that comes nearest; dropped if nothing answers."""
    stand_in = None
    if judgement.verdict is Verdict.SOFTEN and judgement.piece is not None:
        stand_in = own_words(judgement.piece, evidence)
    found = (judgement.findings, judgement.score)
    if stand_in is None:
        return Checked(sentence, Verdict.DROP, judgement.reason, (), *found)
    if (stand_in.cited[0], stand_in.quotes[0]) in shown:
        return Checked(sentence, Verdict.DROP, SAID_BEFORE, (), *found)
    checked = _check_quoted(stand_in, evidence)
    return Checked(
        stand_in, Verdict.SOFTEN, judgement.reason, checked.citations, *found, sentence.text
    )


def own_words(piece: Piece, evidence: Evidence) -> Proposed | None:
    """The sentence, item or row of a source as the extractive route would say it; None if the
    reader does not find that it answers the question."""
    ranking = evidence.ranking
    work = Composing(
        ranking.searched_text, ranking.searched_text, ranking.passages, ranking.reading
    )
    place = (piece.source, piece.position)
    for unit in ranking.reading.best_first[:ANSWERS]:
        if (unit.passage, unit.position) == place and says_something(unit.unit, work):
            return proposed(unit, work)
    return None


def _check_quoted(sentence: Proposed, evidence: Evidence) -> Checked:
    reason = _missing_citation(sentence, evidence) or _not_as_quoted(sentence, evidence)
    if reason:
        return Checked(sentence, Verdict.DROP, reason, (), (Finding("citation", reason),))
    citations = tuple(
        citation_to_wire(evidence.sources[number], number + 1, quote, sentence.cells)
        for number, quote in zip(sentence.cited, sentence.quotes, strict=True)
    )
    return Checked(sentence, Verdict.KEEP, "supported", citations)


def _missing_citation(sentence: Proposed, evidence: Evidence) -> str:
    if not sentence.cited:
        return "no_citation"
    if any(not 0 <= number < len(evidence.sources) for number in sentence.cited):
        return "unknown_citation"
    return ""


def _not_as_quoted(sentence: Proposed, evidence: Evidence) -> str:
    """Why a sentence that claims to be the source's own is not."""
    cited = [evidence.sources[number] for number in sentence.cited]
    if any(quote not in one.text for quote, one in zip(sentence.quotes, cited, strict=False)):
        return "quote_not_in_source"
    if any(_wrote(one, sentence) for one in cited):
        return ""
    source = "\n".join(f"{passage.context}\n{passage.text}" for passage in cited)
    if links_in(sentence.text) - links_in(source):
        return "link_not_in_source"
    known = list(quantities_in(source))
    if not all(any(q.equals(other) for other in known) for q in quantities_in(sentence.text)):
        return "number_not_in_source"
    stems = set(content_stems(sentence.text, ANSWER_STOP_WORDS))
    if not stems:
        return "no_substance"
    shared = len(stems & set(content_stems(source, ANSWER_STOP_WORDS))) / len(stems)
    return "" if shared >= MIN_SHARED else "not_in_source"


def _wrote(source: RankedPassage | CuratedText, sentence: Proposed) -> bool:
    """Whether a person wrote the sentence so in a curated answer."""
    return isinstance(source, CuratedText) and sentence.text in source.text


def _citation(piece: Piece, sentence: Proposed, evidence: Evidence) -> dict[str, Any]:
    said = list(quantities_in(sentence.text))
    low = sentence.text.lower()
    cells = [
        cell.text
        for cell in piece.unit.cells
        if cell.text.lower() in low
        or any(q.equals(own) for q in said for own in quantities_in(cell.text))
    ]
    return citation_to_wire(evidence.sources[piece.source], piece.source + 1, piece.quote, cells)

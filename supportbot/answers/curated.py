"""The curated route: what a person wrote for this question, while its sources are in effect."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterator

from knowledge.models import CuratedAnswer
from knowledge.services.curated import find_curated, passages_of
from knowledge.text.sentences import split_sentences
from knowledge.text.units import units_of
from supportbot.answers.enrich import ids_of_collections, snapshot
from supportbot.answers.known import Known, evidence_of, ranked
from supportbot.answers.routes import Route
from supportbot.answers.threads import in_thread
from supportbot.answers.types import CuratedText, Evidence, Proposed, Question
from supportbot.configuration.content import Configuration, RouteKind

NAME = "curated"
MOST_SOURCES = 3  # cited with each sentence, besides the answer itself
_ITEM, _STEP = re.compile(r"\s*[-*•]\s+(.+)"), re.compile(r"\s*(\d{1,3})[.)]\s+(.+)")


@in_thread
def find(question: Question, configuration: Configuration) -> Known | None:
    """The curated answer to the question, if there is one."""
    if question.preview is not None:
        return None
    answer = find_curated(
        question.text,
        day=question.as_of,
        reader=question.reader,
        stands_alone=not question.history,
        collections=(
            ids_of_collections(configuration.collections)
            if question.collections is None
            else question.collections
        ),
    )
    return _known(question, answer) if answer is not None else None


def _known(question: Question, answer: CuratedAnswer) -> Known:
    sources = passages_of(answer)[:MOST_SOURCES]
    curated = CuratedText(answer.pk, answer.text, answer.effective_from, answer.updated_at)
    evidence = evidence_of(
        question, [ranked(passage) for passage, _ in sources], curated=(curated,)
    )
    # The answer first, then what it rests on. Without words of its own, a source is quoted by its
    # beginning.
    cited = (len(sources), *range(len(sources)))
    quotes = [quote or _beginning(passage.text) for passage, quote in sources]

    async def generate(evidence: Evidence) -> AsyncGenerator[Proposed]:
        for text, form, number in sentences_of(answer.text):
            yield Proposed(text, cited, (text, *quotes), form=form, number=number)

    return Known(
        route=Route(NAME, RouteKind.CURATED, generate),
        evidence=evidence,
        reason="a curated answer is for this question",
        columns={
            "passages": snapshot(evidence).passages,
            "retrieval": {"known": NAME, "curated_answer": answer.pk},
        },
    )


def sentences_of(text: str) -> Iterator[tuple[str, str, int | None]]:
    """All that is written, in order: words, form and number of each sentence, item and step."""
    for line in text.splitlines():
        if step := _STEP.fullmatch(line):
            yield step[2].strip(), "step", int(step[1])
        elif item := _ITEM.fullmatch(line):
            yield item[1].strip(), "item", None
        else:
            for sentence in split_sentences(line):
                yield sentence, "text", None


def _beginning(text: str) -> str:
    units = units_of(text)
    return units[0].quote if units else text

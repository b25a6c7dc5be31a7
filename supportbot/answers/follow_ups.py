"""What a customer may ask next: questions that sections near the cited ones answer.

They come from the headings of the documents that an answer cites. One is offered only if a search
for it finds that very section, and it says what the conversation does not have yet. Computed when
the widget asks, once the answer stands there, so that no answer waits for it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from knowledge.models import Audience
from knowledge.text.same_question import question_key
from knowledge.text.units import units_of
from supportbot.answers.composer import compose
from supportbot.answers.enrich import NEIGHBOURS, PASSAGES, ids_of_collections
from supportbot.answers.heading_questions import question_of
from supportbot.answers.models import AnswerRun
from supportbot.answers.types import Choice
from supportbot.configuration.content import Configuration
from supportbot.configuration.current import configuration, current_content
from supportbot.retrieval.scope import Scope, audience_array, execute
from supportbot.retrieval.search import search
from supportbot.retrieval.settings import RetrievalSettings
from tickets.models import Conversation, Message

MOST = 3
MOST_SEARCHED = 6  # candidates; a search takes about 20 ms
MIN_COSINE = 0.25  # of a topic to the question; a heading that asks something may be further off
_ROW, _WORD = re.compile(r"\s*\|"), re.compile(r"\w+")
# Of the documents that are cited, what the reader may be served, in reading order.
_SECTIONS = """
SELECT p.id, d.id AS document_id, d.title, d.locale, p.heading, p.text
FROM knowledge_passage p
JOIN knowledge_documentversion v ON v.id = p.version_id
JOIN knowledge_document d ON d.id = v.document_id
WHERE d.id = ANY(%(documents)s) AND p.published AND p.effective @> %(day)s::date
  AND p.audience = ANY(%(audiences)s)
ORDER BY d.id, p.position
LIMIT 400
"""


@dataclass(frozen=True)
class Said:
    """What the conversation has already: keys of questions, quotes, and the ids of the documents
    that the answer cites."""

    asked: frozenset[str]
    documents: tuple[int, ...]
    quotes: frozenset[str]


@dataclass(frozen=True)
class Section:
    """What stands below a heading, as units quote it, and the question that it answers. A passage
    may have several sections, and a section several passages."""

    question: str
    passages: frozenset[int]
    quotes: frozenset[str]

    @property
    def is_topic(self) -> bool:
        return not self.question.endswith("?")


def follow_ups(message: Message, *, reader: Audience) -> list[Choice]:
    """Up to MOST questions that may come next after an answer of the bot; none after any other
    message."""
    if message.run_id is None or message.conversation.state != Conversation.State.BOT:
        return []
    run = AnswerRun.objects.filter(pk=message.run_id, outcome=AnswerRun.Outcome.ANSWERED).first()
    if run is None:
        return []
    content = (
        configuration(run.configuration_id).content if run.configuration_id else current_content()
    )
    near = {int(one["passage_id"]): float(one["dense"]) for one in run.passages}
    return next_questions(said_in(message), near, content, reader)


def next_questions(
    said: Said, near: Mapping[int, float], content: Configuration, reader: Audience
) -> list[Choice]:
    """`near` are ids of passages with their cosine to the question, the best first."""
    scope = Scope(
        as_of=timezone.localdate(),
        reader=reader,
        collections=ids_of_collections(content.collections),
    )
    place = {pk: number for number, pk in enumerate(near)}

    def order(one: Section) -> tuple[bool, int]:
        return one.is_topic, min(place.get(pk, len(place)) for pk in one.passages)

    candidates = [
        one
        for one in sections(said, scope)
        if question_key(one.question) not in said.asked
        and (not one.is_topic or max(near.get(pk, 0.0) for pk in one.passages) >= MIN_COSINE)
    ]
    chosen: dict[str, Choice] = {}
    for section in sorted(candidates, key=order)[:MOST_SEARCHED]:
        key = question_key(section.question)
        if key not in chosen and _is_answered(section, said, scope, content):
            chosen[key] = Choice(section.question, section.question)
        if len(chosen) == MOST:
            break
    return list(chosen.values())


def sections(said: Said, scope: Scope) -> Iterator[Section]:
    """Those of the cited documents of which nothing was quoted yet."""
    values = {
        "documents": list(said.documents),
        "day": scope.as_of,
        "audiences": audience_array(scope),
    }
    rows = execute(_SECTIONS, values) if said.documents else []
    for _, of_document in itertools.groupby(rows, key=lambda row: row.document_id):
        passages = list(of_document)
        words = {word for one in passages for word in re.findall(r"[A-Za-z]+", one.text)}
        title, locale = passages[0].title, passages[0].locale
        for heading, units in _by_heading(passages).items():
            section = Section(
                question=""
                if _is_name(heading, title)
                else question_of(heading, title, words, locale),
                passages=frozenset(passage for passage, _ in units),
                quotes=frozenset(quote for _, quote in units),
            )
            if section.question and not section.quotes & said.quotes:
                yield section


def _by_heading(passages: Iterable[Any]) -> dict[str, list[tuple[int, str]]]:
    """(passage, quote) of the units below each heading, in reading order."""
    found: dict[str, list[tuple[int, str]]] = {}
    for passage in passages:
        above = passage.heading[-1] if passage.heading else ""
        for unit in units_of(passage.text):
            found.setdefault(unit.heading or above, []).append((passage.id, unit.quote))
    return found


def _is_name(heading: str, title: str) -> bool:
    """Whether all of its words are in the title, as “Cobble 40” in “Cobble 40 and 64: manual”."""
    return set(_WORD.findall(title.casefold())).issuperset(_WORD.findall(heading.casefold()))


def _is_answered(section: Section, said: Said, scope: Scope, content: Configuration) -> bool:
    """Whether the question is answered by its section, in words that were not said."""
    ranking = search(
        section.question,
        scope=scope,
        limit=PASSAGES,
        settings=RetrievalSettings(neighbours=NEIGHBOURS),
    )
    if not ranking.passages or ranking.answerability < content.answerability_min:
        return False
    answer = compose(ranking)
    if not answer or not answer[0].quotes:
        return False
    quotes = [quote for one in answer for quote in one.quotes]
    is_of_rows = all(_ROW.match(quote) for quote in quotes)  # rows say little to a mere topic
    return quotes[0] in section.quotes and not (section.is_topic and is_of_rows)


def said_in(answer: Message) -> Said:
    """Of the last messages of its conversation, and the documents that the answer itself cites: a
    customer who has gone on from deliveries to a subscription has done with deliveries."""
    messages = list(answer.conversation.messages.order_by("-seq")[:20])
    asked = (one.text for one in messages if one.author == Message.Author.CUSTOMER)
    quoted = (citation for one in messages for citation in _citations(one))
    return Said(
        asked=frozenset(question_key(text) for text in asked),
        documents=tuple({int(one["document_id"]) for one in _citations(answer)}),
        quotes=frozenset(one["quote"] for one in quoted),
    )


def _citations(message: Message) -> Iterator[dict[str, Any]]:
    for sentence in message.sentences:
        for citation in sentence.get("citations", []):
            if citation.get("kind") == "passage":
                yield citation

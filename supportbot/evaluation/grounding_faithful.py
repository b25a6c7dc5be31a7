"""Sentences that their sources support, and the same with one fact changed.

Of a folder of judged questions (supportbot.evaluation.answer_datasets): sentences as they stand in
its documents, and those of answers that people wrote, with the documents that hold the answer.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from knowledge.text.units import Form, Unit, units_of
from supportbot.evaluation.answer_questions import AnswerDataset
from supportbot.evaluation.corruptions import Corruption, Kind, corruptions_of
from supportbot.evaluation.grounding_arms import source_of
from supportbot.evaluation.questions import Text
from supportbot.evaluation.words import words_of
from supportbot.guardrails.types import Source

SEED = "1"
OTHERS = 4  # documents that stand beside a sentence's own, as a search would have them
LEAST_WORDS, MOST_WORDS = 6, 40
LEAST_OF_ANSWER = 3  # words of a sentence that says something
_LAYOUT = frozenset("|[]{}<>")


@dataclass(frozen=True)
class Faithful:
    """A sentence that its `sources` support, with the corruptions that can be made of it."""

    id: str
    sentence: str
    sources: tuple[Source, ...]
    corruptions: tuple[Corruption, ...] = ()


def document_sentences(dataset: AnswerDataset, wanted: int) -> list[Faithful]:
    """`wanted` sentences as they stand in the documents, the same in every run. Those that allow a
    rare kind of corruption come first, so that every kind is measured."""
    documents = [document for document in dataset.documents if isinstance(document, Text)]
    order = [(document, unit) for document in documents for unit in _sentences(document)]
    random.Random(SEED).shuffle(order)  # noqa: S311  the same in every run
    by_kind: dict[Kind, list[Faithful]] = {kind: [] for kind in Kind}
    for document, unit in order:
        made = tuple(corruptions_of(unit.text, document.text, SEED))
        for one in made:
            if len(by_kind[one.kind]) < wanted:
                by_kind[one.kind].append(_beside_others(document, unit, made, documents))
    return _in_turn(list(by_kind.values()), wanted)


def answer_sentences(dataset: AnswerDataset) -> list[Faithful]:
    """Every sentence of every answer that people wrote from documents; empty without any."""
    texts = {document.id: document for document in dataset.documents if isinstance(document, Text)}
    found = []
    for question in dataset.questions:
        gold = [texts[id_] for id_ in question.documents if id_ in texts]
        if not (question.answer and question.answerable and gold):
            continue
        document = "\n\n".join(text.text for text in gold)
        sources = tuple(source_of(text.text, n, text.title) for n, text in enumerate(gold))
        for number, unit in enumerate(units_of(question.answer)):
            if len(unit.text.split()) >= LEAST_OF_ANSWER:
                made = tuple(corruptions_of(unit.text, document, SEED))
                found.append(Faithful(f"{question.id}.{number}", unit.text, sources, made))
    return found


def is_nearest(quote: str, faithful: Faithful) -> bool:
    """Whether no other sentence of the sources shares more words with the sentence: the harmonic
    mean of both shares, as ROUGE-1 has it (Lin, 2004)."""
    if not quote:
        return False
    words = set(words_of(faithful.sentence))
    units = [unit.quote for source in faithful.sources for unit in units_of(source.text)]
    return _shared(words, quote) >= max(_shared(words, other) for other in [quote, *units])


def _shared(words: set[str], text: str) -> float:
    others = set(words_of(text))
    return 2 * len(words & others) / max(1, len(words) + len(others))


def _sentences(document: Text) -> Iterator[Unit]:
    """Whole sentences that can be read alone, without addresses and remains of layout."""
    for unit in units_of(document.text):
        words = len(unit.text.split())
        is_whole = unit.text.endswith(".") and unit.text[0].isupper() and not _LAYOUT & {*unit.text}
        if unit.form is Form.SENTENCE and is_whole and LEAST_WORDS <= words <= MOST_WORDS:
            yield unit


def _beside_others(
    document: Text, unit: Unit, made: tuple[Corruption, ...], documents: Sequence[Text]
) -> Faithful:
    chance = random.Random(f"{SEED}\n{document.id}")  # noqa: S311  the same in every run
    others = chance.sample(documents, min(OTHERS, len(documents)))
    beside = [document, *(other for other in others if other.id != document.id)]
    sources = tuple(source_of(text.text, n, text.title) for n, text in enumerate(beside))
    return Faithful(f"{document.id}: {unit.text}", unit.text, sources, made)


def _in_turn(kinds: Sequence[list[Faithful]], wanted: int) -> list[Faithful]:
    """One of each kind after the other, until there are enough or none is left."""
    chosen: dict[str, Faithful] = {}
    queues = [iter(found) for found in kinds]
    while queues and len(chosen) < wanted:
        for queue in list(queues):
            new = next((one for one in queue if one.id not in chosen), None)
            if new is None:
                queues.remove(queue)
            elif len(chosen) < wanted:
                chosen[new.id] = new
    return list(chosen.values())

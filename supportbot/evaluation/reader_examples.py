"""What the reader is trained on: questions through the search, with the units that answer."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from asgiref.sync import async_to_sync

from knowledge.progress import Line, Rate
from supportbot.answers.enrich import enrich
from supportbot.answers.spending import Payer
from supportbot.answers.types import Evidence
from supportbot.configuration.current import current_content
from supportbot.evaluation import answer_datasets
from supportbot.evaluation.answer_questions import AskedQuestion, question_to_ask
from supportbot.evaluation.answer_words import LEAST_SHARE, says, share_covered
from supportbot.evaluation.scratch import scratch_collection
from supportbot.evaluation.words import words_of
from supportbot.reader.features import Floats
from supportbot.reader.reading import ReadUnit

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ReaderExample:
    """One question. `features`: (units that were read, UNIT_FEATURES); `answers`: which of them
    answer; `in_document`: which stand in a document that holds the answer."""

    id: str
    features: Floats
    answers: Bools
    in_document: Bools


def examples_of(data: Path, limit: int, say: Callable[[str], None]) -> list[ReaderExample]:
    """The answerable questions of a folder whose answer was among what was read.

    Raises BadDatasetError and EvaluationError.
    """
    dataset = answer_datasets.load(data, limit)
    asked = [one for one in dataset.questions if one.answerable and (one.gold or one.must)]
    say(f"{data.name}: {len(asked)} questions, {len(dataset.documents)} documents")
    line, rate, found = Line(sys.stderr), Rate(), []
    with scratch_collection(dataset.documents, say=say) as scratch:
        for number, question in enumerate(asked, start=1):
            evidence = async_to_sync(enrich)(
                question_to_ask(question, scratch.collection), current_content(), Payer()
            )
            found.append(_example(question, evidence))
            rate.note(number)
            left = rate.describe(len(asked) - number, "questions")
            line.show(f"{number}/{len(asked)} questions{left}", number / len(asked))
    line.end()
    return [example for example in found if example.answers.any()]


def _example(asked: AskedQuestion, evidence: Evidence) -> ReaderExample:
    reading = evidence.ranking.reading
    holds = [evidence.passages[u.passage].external_id in asked.documents for u in reading.units]
    gold = [words_of(text) for alternative in asked.gold for text in alternative]
    answers = [
        held and _answers(unit, asked, gold)
        for unit, held in zip(reading.units, holds, strict=True)
    ]
    return ReaderExample(
        asked.id, reading.features, np.array(answers, dtype=bool), np.array(holds, dtype=bool)
    )


def _answers(unit: ReadUnit, asked: AskedQuestion, gold: list[list[str]]) -> bool:
    if asked.must:
        text = f"{unit.unit.text} {unit.unit.quote}"
        return any(says(text, phrase) for entry in asked.must for phrase in entry)
    words = words_of(unit.unit.quote)
    return share_covered(words, gold) >= LEAST_SHARE

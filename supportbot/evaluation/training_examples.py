"""What the learned order is trained on: questions, features of their candidates, which were right.

Judged data sets give them today. Whatever else judges passages, such as an agent who picks another
one or a customer who says that an answer helped, can give the same.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from django.utils import timezone

from knowledge.models import Audience
from knowledge.progress import Line, Rate
from supportbot.evaluation.judged_dataset import JudgedDataset, JudgedQuestion
from supportbot.evaluation.scratch import scratch_collection
from supportbot.retrieval.features import FEATURES, NOT_TOLD, SIGNALS, Floats
from supportbot.retrieval.search import Scope, search
from supportbot.retrieval.settings import RetrievalSettings

EVERY_CANDIDATE = 1000
CANDIDATES = 40  # of either kind: a third more than a search takes, to learn more from
STRANGE_SHARE = 0.25  # of a set's own questions
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Example:
    """One question. `features`: a row for each candidate, a column for each of FEATURES;
    `documents`: the number of each one's document, from 0; `grades`: of each document. `ideal` are
    the grades of all relevant documents, found or not. `answerable` is None where nobody says."""

    group: str
    features: Floats
    documents: Ints
    grades: Floats
    ideal: tuple[int, ...]
    signals: Floats
    answerable: bool | None
    is_strange: bool = False


def examples_of(
    dataset: JudgedDataset, others: Sequence[JudgedDataset], say: Callable[[str], None]
) -> list[Example]:
    """Every question of a data set through the search, over its own documents; and some of the
    other sets' questions. Sets hold unanswerable questions that are nearly answerable; customers
    also ask what has nothing to do with the documents at all."""
    say(f"{dataset.name}: {len(dataset.questions)} questions, {len(dataset.documents)} documents")
    with scratch_collection(dataset.documents, say=say) as scratch:
        line, rate = Line(sys.stderr), Rate()
        examples = []
        asked = [(question, False) for question in dataset.questions]
        asked += [(question, True) for question in _strange_questions(dataset, others)]
        for number, (question, is_strange) in enumerate(asked, start=1):
            example = _example(question, scratch.collection)
            if is_strange:
                example = replace(example, ideal=(), answerable=False, is_strange=True)
            examples.append(example)
            rate.note(number)
            left = rate.describe(len(asked) - number, "questions")
            line.show(f"{number}/{len(asked)} questions{left}", number / len(asked))
        line.end()
    return examples


def _strange_questions(
    dataset: JudgedDataset, others: Sequence[JudgedDataset]
) -> list[JudgedQuestion]:
    """As many from each other set; those that stand alone."""
    wanted = int(STRANGE_SHARE * len(dataset.questions) / max(1, len(others)))
    chance = random.Random(dataset.name)  # noqa: S311  the same in every run
    strange: list[JudgedQuestion] = []
    for other in others:
        alone = [question for question in other.questions if not question.history]
        strange += chance.sample(alone, min(wanted, len(alone)))
    return strange


def _example(question: JudgedQuestion, collection: int) -> Example:
    ranking = search(
        question.text,
        scope=Scope(timezone.localdate(), Audience.INTERNAL, [collection]),
        history=question.turns,
        limit=EVERY_CANDIDATE,
        settings=RetrievalSettings(rerank=False, diversify=False, candidates=CANDIDATES),
    )
    ids = list(dict.fromkeys(passage.external_id for passage in ranking.passages))
    number = {external_id: at for at, external_id in enumerate(ids)}
    features = [[p.features[name] for name in FEATURES] for p in ranking.passages]
    # Questions of one conversation are alike: they are trained on, or tested on, together.
    group = question.history[0].text if question.history else question.text
    return Example(
        group=group,
        features=np.array(features).reshape(-1, len(FEATURES)),
        documents=np.array([number[p.external_id] for p in ranking.passages], dtype=np.int64),
        grades=np.array([float(question.grades.get(external_id, 0)) for external_id in ids]),
        ideal=tuple(sorted((g for g in question.grades.values() if g > 0), reverse=True)),
        signals=np.array([ranking.trace.signals.get(name, NOT_TOLD) for name in SIGNALS]),
        answerable=question.answerable,
    )


def ndcg(example: Example, ranking: Floats, depth: int = 10) -> float:
    """nDCG of the documents by their best candidate under these weights."""
    best = _best_scores(example, ranking)
    order = np.argsort(-best, kind="stable")[:depth]
    gains = np.maximum(example.grades[order], 0) / np.log2(np.arange(len(order)) + 2)
    ideal = sum(g / np.log2(place + 2) for place, g in enumerate(example.ideal[:depth]))
    return float(gains.sum() / ideal) if ideal else 0.0


def _best_scores(example: Example, ranking: Floats) -> Floats:
    scores = example.features @ ranking
    best = np.full(len(example.grades), -np.inf)
    np.maximum.at(best, example.documents, scores)
    return best


def judged(examples: Sequence[Example]) -> list[Example]:
    return [example for example in examples if example.ideal]

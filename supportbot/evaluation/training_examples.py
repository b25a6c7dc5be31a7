"""What the learned order is trained on: questions, features of their candidates, which were right.

Judged data sets give them today. Whatever else judges passages, such as an agent who picks another
one or a customer who says that an answer helped, can give the same.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from django.utils import timezone

from knowledge.models import Audience
from knowledge.progress import Line, Rate
from supportbot.evaluation.judged_dataset import JudgedDataset, JudgedQuestion, Said
from supportbot.evaluation.scratch import scratch_collection
from supportbot.retrieval.features import FEATURES, MISSING, SIGNALS, Floats
from supportbot.retrieval.search import Scope, search
from supportbot.retrieval.settings import RetrievalSettings

EVERY_CANDIDATE = 1000
CANDIDATES = 40  # of either kind: a third more than a search takes, to learn more from
STRANGE_SHARE = 0.25  # of a set's own questions
ANSWER_CHARACTERS = 500  # of a document that stands for an answer, where nobody has given one
Ints = npt.NDArray[np.int64]
Chance = random.Random


class Kind(StrEnum):
    """What a question has to do with the documents and with the turns before it."""

    OWN = "its own"
    NEW_SUBJECT = "its own, after turns on another subject"
    STRANGE = "of other sets"
    STRANGE_SUBJECT = "of other sets, after turns on its own"

    @property
    def is_strange(self) -> bool:
        return self in {Kind.STRANGE, Kind.STRANGE_SUBJECT}

    @property
    def is_new_subject(self) -> bool:
        return self in {Kind.NEW_SUBJECT, Kind.STRANGE_SUBJECT}


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
    kind: Kind = Kind.OWN
    length: float = 0.0

    @property
    def spread(self) -> Floats:
        """The features twice: weighted by how short the question is, and by how long."""
        return np.hstack([(1 - self.length) * self.features, self.length * self.features])


def examples_of(
    dataset: JudgedDataset, others: Sequence[JudgedDataset], say: Callable[[str], None]
) -> list[Example]:
    """Every question of a data set through the search, over its own documents; and some that the
    sets have none of. Sets hold unanswerable questions that are nearly answerable; customers also
    ask what has nothing to do with the documents at all, and change the subject."""
    say(f"{dataset.name}: {len(dataset.questions)} questions, {len(dataset.documents)} documents")
    with scratch_collection(dataset.documents, say=say) as scratch:
        line, rate = Line(sys.stderr), Rate()
        examples = []
        asked = _asked(dataset, others)
        for number, (question, kind) in enumerate(asked, start=1):
            examples.append(_example(question, kind, scratch.collection))
            rate.note(number)
            left = rate.describe(len(asked) - number, "questions")
            line.show(f"{number}/{len(asked)} questions{left}", number / len(asked))
        line.end()
    return examples


def _asked(
    dataset: JudgedDataset, others: Sequence[JudgedDataset]
) -> list[tuple[JudgedQuestion, Kind]]:
    chance = random.Random(dataset.name)  # noqa: S311  the same in every run
    wanted = int(STRANGE_SHARE * len(dataset.questions))
    strange: list[JudgedQuestion] = []
    for other in others:  # as many from each
        strange += _some(_alone(other), wanted // len(others), chance)
    conversations = _conversations(dataset)
    new = _some(_alone(dataset), wanted, chance)
    return [
        *((question, Kind.OWN) for question in dataset.questions),
        *((question, Kind.STRANGE) for question in strange),
        *((_after(question, conversations, chance), Kind.NEW_SUBJECT) for question in new),
        *((_after(question, conversations, chance), Kind.STRANGE_SUBJECT) for question in strange),
    ]


def _alone(dataset: JudgedDataset) -> list[JudgedQuestion]:
    return [question for question in dataset.questions if not question.history]


def _some(questions: Sequence[JudgedQuestion], wanted: int, chance: Chance) -> list[JudgedQuestion]:
    return chance.sample(questions, min(wanted, len(questions)))


def _conversations(dataset: JudgedDataset) -> list[tuple[Said, ...]]:
    """The set's own; of one without any, each question and what its best document begins with."""
    if dataset.has_history:
        return [question.history for question in dataset.questions if question.history]
    texts = {document.id: document.text for document in dataset.documents}
    return [
        (
            Said("customer", question.text),
            Said("bot", texts[max(question.grades, key=question.grades.__getitem__)]),
        )
        for question in dataset.questions
        if question.is_judged
    ]


def _after(
    question: JudgedQuestion, conversations: Sequence[tuple[Said, ...]], chance: Chance
) -> JudgedQuestion:
    """The question in a conversation that was about something else; alone where there is none."""
    elsewhere = [turns for turns in conversations if turns[0].text != question.text] or [()]
    said = [replace(turn, text=turn.text[:ANSWER_CHARACTERS]) for turn in chance.choice(elsewhere)]
    return replace(question, history=tuple(said))


def _example(question: JudgedQuestion, kind: Kind, collection: int) -> Example:
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
    begins = question.history and not kind.is_new_subject
    group = question.history[0].text if begins else question.text
    grades = {} if kind.is_strange else question.grades
    return Example(
        group=group,
        features=np.array(features).reshape(-1, len(FEATURES)),
        documents=np.array([number[p.external_id] for p in ranking.passages], dtype=np.int64),
        grades=np.array([float(grades.get(external_id, 0)) for external_id in ids]),
        ideal=tuple(sorted((g for g in grades.values() if g > 0), reverse=True)),
        signals=np.array([ranking.trace.signals.get(name, MISSING) for name in SIGNALS]),
        answerable=False if kind.is_strange else question.answerable,
        kind=kind,
        length=ranking.trace.length,
    )


def ndcg(example: Example, ranking: Floats, depth: int = 10) -> float:
    """nDCG of the documents by their best candidate under these weights, of shape (2, FEATURES)."""
    best = _best_scores(example, ranking)
    order = np.argsort(-best, kind="stable")[:depth]
    gains = np.maximum(example.grades[order], 0) / np.log2(np.arange(len(order)) + 2)
    ideal = sum(g / np.log2(place + 2) for place, g in enumerate(example.ideal[:depth]))
    return float(gains.sum() / ideal) if ideal else 0.0


def _best_scores(example: Example, ranking: Floats) -> Floats:
    scores = example.spread @ ranking.ravel()
    best = np.full(len(example.grades), -np.inf)
    np.maximum.at(best, example.documents, scores)
    return best


def judged(examples: Sequence[Example]) -> list[Example]:
    return [example for example in examples if example.ideal and example.kind == Kind.OWN]

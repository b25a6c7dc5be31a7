"""A question with what is known of its right answer, and the documents that it is asked against."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from django.utils import timezone

from knowledge.models import Audience
from supportbot.answers.types import Question
from supportbot.evaluation.questions import Text
from supportbot.evaluation.scratch import StoredFile
from supportbot.retrieval.query import Turn

SEED = 10
T = TypeVar("T")


@dataclass(frozen=True)
class AskedQuestion:
    """`answerable` is None where the data does not say. `documents` are the ids of those that hold
    the answer.

    `gold`: alternatives, each the sentences of one right answer. `answer` is one that a person
    wrote. `must` and `must_not`: what an answer has to say and has not to, each entry a list of
    alternative wordings.
    """

    id: str
    text: str
    history: tuple[Turn, ...] = ()
    answerable: bool | None = None
    documents: tuple[str, ...] = ()
    gold: tuple[tuple[str, ...], ...] = ()
    answer: str = ""
    must: tuple[tuple[str, ...], ...] = ()
    must_not: tuple[tuple[str, ...], ...] = ()

    def about(self, documents: tuple[str, ...]) -> AskedQuestion:
        return replace(self, documents=documents)

    def judged_by(self, gold: tuple[tuple[str, ...], ...]) -> AskedQuestion:
        return replace(self, gold=gold)


def question_to_ask(asked: AskedQuestion, collection: int) -> Question:
    """The question as the pipeline takes it, asked today of this collection alone."""
    return Question(
        message_id=uuid.uuid4(),
        conversation_id=uuid.uuid4(),
        text=asked.text,
        history=asked.history,
        as_of=timezone.localdate(),
        reader=Audience.INTERNAL,
        collections=(collection,),
    )


@dataclass(frozen=True)
class AnswerDataset:
    """`total`: questions of the folder, of which `questions` are a sample."""

    documents: Sequence[Text | StoredFile]
    questions: Sequence[AskedQuestion]
    total: int


def sampled(items: Sequence[T], count: int) -> list[T]:
    """`count` of the items in their order, the same in every run; all of them for 0."""
    if not 0 < count < len(items):
        return list(items)
    numbers = random.Random(SEED).sample(range(len(items)), count)  # noqa: S311
    return [items[number] for number in sorted(numbers)]

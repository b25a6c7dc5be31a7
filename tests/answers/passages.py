"""Evidence made by hand, for checks that need no search."""

from __future__ import annotations

import datetime as dt
import uuid

import numpy as np

from supportbot.answers.types import Evidence, Question
from supportbot.retrieval.search import RankedPassage, Ranking

UPDATED_AT = dt.datetime(2026, 2, 20, 9, tzinfo=dt.UTC)


def passage(text: str, number: int = 1, context: str = "Returns policy") -> RankedPassage:
    return RankedPassage(
        id=100 + number,
        document_id=number,
        external_id="",
        title="Returns policy",
        version=3,
        heading=("Returns policy",),
        page=None,
        text=text,
        context=context,
        effective_from=dt.date(2026, 3, 1),
        updated_at=UPDATED_AT,
        position=0,
        dense=0.5,
        lexical=0.1,
        score=1.0,
    )


def evidence(*texts: str, question: str = "May I?") -> Evidence:
    asked = Question(uuid.uuid4(), uuid.uuid4(), question, (), dt.date(2026, 11, 21))
    passages = tuple(passage(text, number) for number, text in enumerate(texts, start=1))
    vector = np.zeros(384, dtype=np.float32)
    return Evidence(asked, Ranking(passages, vector, "bundled", answerability=0.9))

"""Every question through an arm: documents ranked by their best passage, and how long it took."""

from __future__ import annotations

import importlib.util
import logging
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import Stemmer
from django.utils import timezone

from knowledge.embedding.questions import forget
from knowledge.models import Audience, Passage
from knowledge.progress import Line, Rate
from knowledge.services.indexes.embedding_indexes import embed_questions, index_for_questions
from knowledge.services.ingestion.embeddings import embedded_text
from supportbot.answers.enrich import PASSAGES
from supportbot.evaluation.judged_dataset import JudgedQuestion
from supportbot.evaluation.names import BM25S
from supportbot.evaluation.retrieval_arms import Arm
from supportbot.retrieval import caches
from supportbot.retrieval.query import Turn, analyse
from supportbot.retrieval.search import Ranking, Scope, search

LIMIT = 100  # passages that are ranked
TIMED = 200  # questions of an arm, or a little fewer


@dataclass(frozen=True)
class Answered:
    """One question's: corpus ids, best first. `answerability` and `milliseconds` are None where
    nothing is said, and where nothing was timed."""

    documents: tuple[str, ...]
    answerability: float | None
    milliseconds: float | None


def ask_all(
    arms: Sequence[Arm], questions: Sequence[JudgedQuestion], collection: int
) -> dict[str, list[Answered]]:
    """By arm, in the order of the questions; with progress on the terminal."""
    line, rate = Line(sys.stderr), Rate()
    answered: dict[str, list[Answered]] = {}
    done, total = 0, len(arms) * len(questions)
    for arm in arms:
        found = answered[arm.name] = list[Answered]()
        for answer in _ask(arm, questions, collection):
            found.append(answer)
            done += 1
            rate.note(done)
            left = rate.describe(total - done, "questions")
            line.show(f"{done}/{total} questions, now {arm.name}{left}", done / total)
    line.end()
    return answered


def _ask(arm: Arm, questions: Sequence[JudgedQuestion], collection: int) -> Iterator[Answered]:
    """One question after the other, as one client would; up to TIMED of them are timed."""
    scope = Scope(as_of=timezone.localdate(), reader=Audience.INTERNAL, collections=[collection])
    search(questions[0].text, scope=scope, settings=arm.settings)  # loads the models
    every = math.ceil(len(questions) / TIMED)
    for number, question in enumerate(questions):
        history = question.turns if arm.settings.history else ()
        ask = partial(search, question.text, scope=scope, history=history, settings=arm.settings)
        milliseconds = None if number % every else _time(ask, history)
        ranking = ask(limit=LIMIT)
        documents = _first_of_each(passage.external_id for passage in ranking.passages)
        yield Answered(documents, ranking.answerability, milliseconds)


def _time(ask: Callable[..., Ranking], history: Sequence[Turn]) -> float:
    """A question that was not asked before, in a conversation that is under way: the questions
    before it have their vectors. As many passages as an answer is made of."""
    forget(index_for_questions().model)
    caches.rankings.clear()
    asked = [turn for turn in history if turn.author == "customer"]
    if asked:
        earlier = analyse("", asked, ())[0].history
        embed_questions([text for text, _ in earlier])
    started = time.perf_counter()
    ask(limit=PASSAGES)
    return 1000 * (time.perf_counter() - started)


def is_bm25s_installed() -> bool:
    return importlib.util.find_spec(BM25S) is not None


def ask_bm25s(questions: Sequence[JudgedQuestion], collection: int) -> list[Answered]:
    """The same passages in bm25s (Lù, 2024), stemmed, k1 1.2, b 0.75; the last question alone."""
    import bm25s

    logging.getLogger(BM25S).setLevel(logging.WARNING)
    stemmer = Stemmer.Stemmer("english")

    def words(texts: Sequence[str]) -> list[list[str]]:
        found: list[list[str]] = bm25s.tokenize(
            list(texts), stopwords="en", stemmer=stemmer, return_ids=False, show_progress=False
        )
        return found

    rows = list(
        Passage.objects.filter(collection=collection, published=True)
        .order_by("pk")
        .values_list("version__document__external_id", "context", "text")
    )
    engine = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    engine.index(
        words([embedded_text(context, text) for _, context, text in rows]), show_progress=False
    )
    answered = []
    for question in questions:
        started = time.perf_counter()
        [asked] = words([question.text])
        scores = engine.get_scores(asked) if asked else np.zeros(len(rows))
        best = [at for at in np.argsort(-scores, kind="stable")[:LIMIT] if scores[at] > 0]
        milliseconds = 1000 * (time.perf_counter() - started)
        documents = _first_of_each(rows[at][0] for at in best)
        answered.append(Answered(documents, None, milliseconds))
    return answered


def _first_of_each(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))

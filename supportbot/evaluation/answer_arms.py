"""Every question through the whole pipeline, and through two baselines over what it retrieved."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from knowledge.embedding.encoder import get_encoder
from knowledge.embedding.questions import forget
from knowledge.embedding.vectors import Vectors
from knowledge.models import Document
from knowledge.progress import Line, Rate
from knowledge.services.indexes.embedding_indexes import embed_questions, index_for_questions
from supportbot.answers.enrich import enrich
from supportbot.answers.errors import ValidateError
from supportbot.answers.spending import Payer
from supportbot.answers.threads import in_thread
from supportbot.answers.trial import Trial, try_question
from supportbot.answers.types import Evidence
from supportbot.configuration.current import current_content
from supportbot.evaluation.answer_datasets import UNTITLED
from supportbot.evaluation.answer_questions import AskedQuestion, question_to_ask
from supportbot.evaluation.answer_words import Sentence, sentences_of
from supportbot.evaluation.names import ANSWERS, BEST_THREE, FIRST_THREE
from supportbot.retrieval import caches
from supportbot.retrieval.search import RankedPassage

SENTENCES = 3  # that a baseline says
ANSWERED, ASKED_BACK = "answered", "asked_back"  # of AnswerRun.Outcome
REFUSED = "refused"


@dataclass(frozen=True)
class Given:
    """What came back: `text` as the customer reads it, the `quotes` and `documents` (corpus ids)
    it rests on. `outcome` is one of AnswerRun.Outcome or REFUSED; only the product is timed."""

    text: str
    quotes: tuple[str, ...]
    documents: tuple[str, ...]
    outcome: str = ANSWERED
    milliseconds: float | None = None

    @property
    def answered(self) -> bool:
        return self.outcome == ANSWERED


Answers = dict[str, list[Given]]


def ask_all(questions: Sequence[AskedQuestion], collection: int) -> Answers:
    """By arm, in the order of the questions; with progress on the terminal."""
    rows = Document.objects.filter(collection=collection).values_list("pk", "external_id")
    asking = _Asking(collection, {str(pk): id_ for pk, id_ in rows})
    return asyncio.run(asking.ask_all(questions))


class _Asking:
    """One question after the other, as one client would. Vectors of sentences are kept: questions
    on one document share them."""

    def __init__(self, collection: int, ids: Mapping[str, str]) -> None:
        self._collection = collection
        self._ids = ids
        self._vectors: dict[tuple[str, str], Vectors] = {}

    async def ask_all(self, questions: Sequence[AskedQuestion]) -> Answers:
        answers: Answers = {ANSWERS: [], FIRST_THREE: [], BEST_THREE: []}
        line, rate = Line(sys.stderr), Rate()
        await self._ask(questions[0])  # loads the models
        for number, asked in enumerate(questions, start=1):
            for arm, given in (await self._ask(asked)).items():
                answers[arm].append(given)
            rate.note(number)
            left = rate.describe(len(questions) - number, "questions")
            line.show(
                f"{number}/{len(questions)} questions answered{left}", number / len(questions)
            )
        line.end()
        return answers

    async def _ask(self, asked: AskedQuestion) -> dict[str, Given]:
        question = question_to_ask(asked, self._collection)
        await in_thread(_forget_all_but)([turn.text for turn in asked.history])
        started = time.perf_counter()
        try:
            trial = await try_question(question)
        except ValidateError as error:
            nothing = Given("", (), ())
            refused = Given(error.text, (), (), REFUSED)
            return {ANSWERS: refused, FIRST_THREE: nothing, BEST_THREE: nothing}
        milliseconds = 1000 * (time.perf_counter() - started)
        # Small talk is recognised before the search, which the baselines need all the same.
        evidence = trial.evidence
        if evidence is None or not evidence.passages:
            evidence = await enrich(question, await in_thread(current_content)(), Payer())
        return {
            ANSWERS: self._given(trial, milliseconds),
            FIRST_THREE: _first_three(evidence),
            BEST_THREE: self._best_three(evidence),
        }

    def _given(self, trial: Trial, milliseconds: float) -> Given:
        citations = [citation for said in trial.sentences for citation in said.citations]
        quotes = (
            sentence.quote for cited in citations for sentence in sentences_of(cited["quote"])
        )
        documents = (
            self._ids[cited["document_id"]]
            for cited in citations
            if cited.get("document_id") in self._ids
        )
        return Given(
            text=trial.text,
            quotes=tuple(dict.fromkeys(quotes)),
            documents=tuple(dict.fromkeys(documents)),
            outcome=str(trial.outcome),
            milliseconds=milliseconds,
        )

    def _best_three(self, evidence: Evidence) -> Given:
        """By the cosine of “title: sentence” and the question, over all passages."""
        found = {
            sentence.quote: (passage, sentence)
            for passage in reversed(evidence.passages)  # the best passage's stays
            for sentence in sentences_of(passage.text)
        }
        pairs = list(found.values())
        if not pairs:
            return Given("", (), ())
        cosines = self._encoded(pairs, evidence.ranking.model) @ evidence.ranking.vector
        best = np.argsort(-cosines, kind="stable")[:SENTENCES]
        return _baseline([pairs[number] for number in best])

    def _encoded(self, pairs: Sequence[tuple[RankedPassage, Sentence]], model: str) -> Vectors:
        texts = [_titled(passage, sentence) for passage, sentence in pairs]
        missing = [text for text in dict.fromkeys(texts) if (model, text) not in self._vectors]
        if missing:
            vectors = get_encoder(model).encode_passages(missing)
            keys = [(model, text) for text in missing]
            self._vectors.update(zip(keys, vectors, strict=True))
        return np.stack([self._vectors[model, text] for text in texts])


def _titled(passage: RankedPassage, sentence: Sentence) -> str:
    return sentence.text if passage.title == UNTITLED else f"{passage.title}: {sentence.text}"


def _first_three(evidence: Evidence) -> Given:
    """Of the best passage."""
    return _baseline(
        [
            (passage, sentence)
            for passage in evidence.passages[:1]
            for sentence in sentences_of(passage.text)[:SENTENCES]
        ]
    )


def _baseline(pairs: Sequence[tuple[RankedPassage, Sentence]]) -> Given:
    """A baseline always answers."""
    return Given(
        text=" ".join(sentence.text for _, sentence in pairs),
        quotes=tuple(sentence.quote for _, sentence in pairs),
        documents=tuple(dict.fromkeys(passage.external_id for passage, _ in pairs)),
    )


def _forget_all_but(earlier: Sequence[str]) -> None:
    """So that the question is timed as one that was not asked before, in a conversation that is
    under way: the questions before it have their vectors."""
    forget(index_for_questions().model)
    caches.rankings.clear()
    if earlier:
        embed_questions(earlier)

"""`manage.py evaluate answers`: the whole pipeline over judged questions, beside two baselines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from knowledge.services.indexes.embedding_indexes import get_active_index
from supportbot.configuration.current import current_content
from supportbot.evaluation import answer_datasets
from supportbot.evaluation.answer_arms import Answers, Given, ask_all
from supportbot.evaluation.answer_figures import AnswerScores, faults
from supportbot.evaluation.answer_questions import AnswerDataset, AskedQuestion
from supportbot.evaluation.names import (
    ANSWER_MEASURES,
    ANSWERED_RIGHT,
    ANSWERS,
    BEST_THREE,
    FIRST_THREE,
)
from supportbot.evaluation.questions import BadDatasetError
from supportbot.evaluation.report import Figure, Record, Report, Table
from supportbot.evaluation.scratch import Scratch, scratch_collection

LIMIT = 300  # questions
LEAST_QUESTIONS = 2  # for an interval
NAMED = 5  # documents that could not be read and are named

Say = Callable[[str], None]
Scores = Mapping[str, AnswerScores]


def evaluate(data: Path, *, say: Say, limit: int = LIMIT) -> Report:
    """Over at most `limit` questions, 0 for all. Raises BadDatasetError and EvaluationError."""
    dataset = answer_datasets.load(data, limit)
    if len(dataset.questions) < LEAST_QUESTIONS:
        raise BadDatasetError(f"{data} needs {LEAST_QUESTIONS} questions or more.")
    model = get_active_index().model
    say(
        f"{len(dataset.questions)} of {dataset.total} questions, "
        f"{len(dataset.documents)} documents, {model}"
    )
    with scratch_collection(dataset.documents, say=say) as scratch:
        answers = ask_all(dataset.questions, scratch.collection)
    scores = {arm: AnswerScores(dataset.questions, given) for arm, given in answers.items()}
    return Report(
        tables=list(_tables(dataset.questions, answers, scores)),
        notes=_notes(dataset, scratch, answers[ANSWERS]),
        predictions=[
            _prediction(*pair) for pair in zip(dataset.questions, answers[ANSWERS], strict=True)
        ],
        record=_record(dataset, scratch, scores, model),
    )


def _tables(
    questions: Sequence[AskedQuestion], answers: Answers, scores: Scores
) -> Iterable[Table]:
    yield _arms_table(scores)
    yield _intervals_table(scores)
    for base in (FIRST_THREE, BEST_THREE):
        yield _comparison_table(scores, base)
    if ANSWERED_RIGHT in scores[ANSWERS].estimates:
        yield _faults_table(questions, answers[ANSWERS])


def _measured(scores: Scores) -> list[str]:
    """What the data allows to measure, in the order of the tables."""
    known = [found.estimates for found in scores.values()]
    return [name for name in ANSWER_MEASURES if any(name in found for found in known)]


def _arms_table(scores: Scores) -> Table:
    names = _measured(scores)
    rows: list[list[Figure]] = []
    for arm, found in scores.items():
        figures = [found.estimates.get(name) for name in names]
        row: list[Figure] = [arm, *(None if one is None else one.value for one in figures)]
        rows.append([*row, found.words_p50, found.words_p90, found.p50_ms, found.p95_ms])
    columns = ["arm", *names, "words p50", "words p90", "p50 ms", "p95 ms"]
    return Table("by arm", columns, rows)


def _intervals_table(scores: Scores) -> Table:
    rows: list[list[Figure]] = []
    for arm, found in scores.items():
        rows += [
            [arm, name, one.value, one.low, one.high, len(found.of(name))]
            for name, one in found.estimates.items()
        ]
    return Table("95% intervals", ["arm", "measure", "value", "from", "to", "questions"], rows)


def _comparison_table(scores: Scores, base: str) -> Table:
    rows: list[list[Figure]] = [
        [measure, difference.value, difference.low, difference.high]
        for measure, difference in scores[ANSWERS].less(scores[base]).items()
    ]
    return Table(f"{ANSWERS} less {base}", ["measure", "difference", "from", "to"], rows)


def _faults_table(questions: Sequence[AskedQuestion], given: Sequence[Given]) -> Table:
    rows: list[list[Figure]] = []
    for question, one in zip(questions, given, strict=True):
        found = faults(question, one)
        is_judged = question.answerable is not False and (question.must or question.must_not)
        if is_judged and (found or not one.answered):
            rows.append([question.id, one.outcome, "; ".join(found)])
    return Table("not right", ["question", "outcome", "why"], rows)


def _notes(dataset: AnswerDataset, scratch: Scratch, given: Sequence[Given]) -> list[str]:
    questions = dataset.questions
    answerable = sum(question.answerable is True for question in questions)
    other = sum(question.answerable is False for question in questions)
    outcomes = Counter(one.outcome for one in given)
    notes = [
        f"{len(dataset.documents)} documents, {scratch.passages} passages. {len(questions)} of "
        f"{dataset.total} questions: {answerable} answerable, {other} not. From, to: 95% bootstrap "
        "intervals over questions.",
        "Outcomes: " + ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items())),
    ]
    for id_, reason in scratch.unread[:NAMED]:
        notes.append(f"{id_} could not be read: {reason}")
    if len(scratch.unread) > NAMED:
        notes.append(f"{len(scratch.unread)} documents could not be read.")
    return notes


def _prediction(question: AskedQuestion, given: Given) -> dict[str, Any]:
    return {
        "id": question.id,
        "text": given.text,
        "citations": list(given.documents),
        "abstained": not given.answered,
    }


def _record(dataset: AnswerDataset, scratch: Scratch, scores: Scores, model: str) -> Record:
    product = scores[ANSWERS]
    return Record(
        questions=len(dataset.questions),
        settings={ANSWERS: {"answerability": current_content().answerability_min}},
        figures={
            "arms": {arm: found.to_json() for arm, found in scores.items()},
            "differences": {
                base: {name: asdict(one) for name, one in product.less(scores[base]).items()}
                for base in (FIRST_THREE, BEST_THREE)
            },
            "documents": len(dataset.documents),
            "passages": scratch.passages,
        },
        index_model=model,
    )

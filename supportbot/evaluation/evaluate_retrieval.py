"""`manage.py evaluate retrieval`: what the form of the folder allows to measure."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.services.indexes.embedding_indexes import get_active_index
from supportbot.evaluation import judged_dataset, spans
from supportbot.evaluation.judged_dataset import CORPUS, JudgedDataset
from supportbot.evaluation.names import ALONE, BM25S, FUSED, LEXICAL, RERANKED
from supportbot.evaluation.questions import BadDatasetError
from supportbot.evaluation.rankings import Answered, ask_all, ask_bm25s, is_bm25s_installed
from supportbot.evaluation.report import Record, Report
from supportbot.evaluation.retrieval_arms import Arm, arms, parse_arm
from supportbot.evaluation.retrieval_figures import (
    Scores,
    calibration_error,
    reliability,
    score,
    to_json,
)
from supportbot.evaluation.retrieval_tables import (
    arms_table,
    comparison_table,
    intervals_table,
    reliability_table,
)
from supportbot.evaluation.scratch import Scratch, scratch_collection
from supportbot.evaluation.span_dataset import CORPORA
from supportbot.retrieval import rerank

PREDICTED = 50  # documents of each question's ranking in the predictions
NAMED = 5  # documents that could not be read and are named

Say = Callable[[str], None]


@dataclass(frozen=True)
class Comparison:
    """Settings in words: each of `compared` is compared with `base`, the product's unless given."""

    compared: Sequence[str] = ()
    base: str = ""


@dataclass(frozen=True)
class _Run:
    """Arms that were asked, by name and in the order of the tables; bm25s has no settings."""

    dataset: JudgedDataset
    scratch: Scratch
    arms: Sequence[Arm]
    answered: dict[str, list[Answered]]
    scores: dict[str, Scores]


def evaluate(data: Path, *, say: Say, comparison: Comparison = Comparison()) -> Report:
    """Answer spans in `corpora/` judge the splitter; a corpus with judged documents judges the
    search. Raises BadDatasetError and EvaluationError."""
    if (data / CORPORA).is_dir():
        return spans.evaluate(data, say=say)
    if (data / CORPUS).is_file():
        return _evaluate_search(data, say, comparison)
    raise BadDatasetError(
        f"{data} has neither a file {CORPUS} nor a folder “{CORPORA}”. Name a folder with "
        f"{CORPUS}, queries.jsonl and qrels.tsv, or with {CORPORA}/*.md and queries.jsonl."
    )


def _evaluate_search(data: Path, say: Say, comparison: Comparison) -> Report:
    compared = [parse_arm(words) for words in comparison.compared]
    base = parse_arm(comparison.base) if comparison.base else None
    dataset = judged_dataset.load(data)
    asked = arms(history=dataset.has_history, reranker=rerank.is_configured())
    asked += [arm for arm in (base, *compared) if arm is not None]
    model = get_active_index().model
    say(f"{len(dataset.questions)} questions, {len(dataset.documents)} documents, {model}")
    with scratch_collection(dataset.documents, say=say) as scratch:
        run = _ask_all(dataset, scratch, asked)
    default = _default_arm(asked)
    against = base.name if base is not None else default
    pairs = [(arm.name, against) for arm in compared]
    if BM25S in run.scores:
        pairs.append((_lexical_arm(dataset), BM25S))
    return _report(run, default, pairs, model)


def _ask_all(dataset: JudgedDataset, scratch: Scratch, asked: Sequence[Arm]) -> _Run:
    answered = ask_all(asked, dataset.questions, scratch.collection)
    if is_bm25s_installed():
        answered[BM25S] = ask_bm25s(dataset.questions, scratch.collection)
    scores = {name: score(dataset.questions, answers) for name, answers in answered.items()}
    return _Run(dataset, scratch, asked, answered, scores)


def _default_arm(asked: Sequence[Arm]) -> str:
    """What the product does."""
    return RERANKED if any(arm.name == RERANKED for arm in asked) else FUSED


def _lexical_arm(dataset: JudgedDataset) -> str:
    """The one that is asked what bm25s is asked."""
    return ALONE.format(LEXICAL) if dataset.has_history else LEXICAL


def _report(run: _Run, default: str, pairs: Sequence[tuple[str, str]], model: str) -> Report:
    calibrated = run.scores[default].answerability
    bins = reliability(calibrated) if calibrated is not None else []
    judged = sum(question.is_judged for question in run.dataset.questions)
    tables = [arms_table(run.scores), intervals_table(run.scores)]
    tables += [comparison_table(run.scores, *pair) for pair in pairs]
    if bins:
        tables.append(reliability_table(default, bins))
    return Report(
        tables=tables,
        notes=_notes(run, judged, calibration_error(bins) if bins else None),
        predictions=_predictions(run, default),
        record=Record(
            questions=judged,
            settings={arm.name: dataclasses.asdict(arm.settings) for arm in run.arms},
            figures={
                **to_json(run.scores, bins),
                "documents": len(run.dataset.documents),
                "passages": run.scratch.passages,
            },
            index_model=model,
        ),
    )


def _notes(run: _Run, judged: int, error: float | None) -> list[str]:
    dataset, unread = run.dataset, run.scratch.unread
    answerable = sum(question.answerable is True for question in dataset.questions)
    other = sum(question.answerable is False for question in dataset.questions)
    notes = [
        f"{len(dataset.documents)} documents, {run.scratch.passages} passages. Rankings: {judged} "
        f"questions with a relevant document. Answerability: {answerable} answerable questions "
        f"against {other}. From, to: 95% bootstrap intervals over questions.",
    ]
    if error is not None:
        notes.append(f"Expected calibration error: {error:.3f}")
    if not is_bm25s_installed():
        notes.append(
            "bm25s is not installed: pip install 'supportbot[rivals]' to see it beside ours."
        )
    for id_, reason in unread[:NAMED]:
        notes.append(f"{id_} could not be read: {reason}")
    if len(unread) > NAMED:
        notes.append(f"{len(unread)} documents could not be read.")
    return notes


def _predictions(run: _Run, default: str) -> list[dict[str, Any]]:
    return [
        {
            "id": question.id,
            "ranking": list(answer.documents[:PREDICTED]),
            "answerable": answer.answerability,
        }
        for question, answer in zip(run.dataset.questions, run.answered[default], strict=True)
    ]

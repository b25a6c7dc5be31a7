"""Passages against exact answer spans: how well a splitter cuts.

Every question is asked over the passages of all files together, and its best five are compared
with the reference characters, as Smith and Troynikov do ("Evaluating Chunking Strategies for
Retrieval", Chroma, 2024):

    recall     covered reference characters / all reference characters
    precision  covered reference characters / characters of the five passages
    IoU        covered / (characters of the five passages + reference characters not covered)

The retrieval is the same for every splitter: the active embedding model and exact cosine, nothing
else. An approximate index, search by words or a reranker would make up for bad cuts, or blur them;
here the splitter alone is judged. What is embedded is what the product embeds: the document's
title, the headings where the splitter knows them, and the passage.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from django.conf import settings
from tokenizers import Tokenizer

from knowledge.embedding.encoder import Encoder, get_encoder, get_tokenizer
from knowledge.services.indexes.embedding_indexes import get_active_index
from knowledge.services.ingestion.embeddings import embedded_text
from knowledge.services.ingestion.pipeline import context_of
from knowledge.splitting import Piece, split_markdown
from supportbot.evaluation.intervals import mean_interval
from supportbot.evaluation.report import Figure, Report, Table
from supportbot.evaluation.span_dataset import (
    Question,
    Stretch,
    load_corpora,
    load_questions,
    merged,
)

TOP = 5
BATCH = 64
PLAIN_TOKENS = 200
OTHER_CHARACTERS = 1200
OURS, PLAIN, OTHER = (
    "ours",
    f"plain {PLAIN_TOKENS} tokens",
    f"recursive {OTHER_CHARACTERS} characters",
)
MEASURES = ("recall", "precision", "IoU")
MUST_BE_BETTER = ("recall", "IoU")

Split = Callable[[str, Tokenizer], Sequence[Piece]]
Floats = npt.NDArray[np.float64]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Passage:
    corpus: str
    start: int
    end: int
    tokens: int
    embedded: str


@dataclass(frozen=True)
class Result:
    """Of one splitter: `best[q]` are the numbers of question q's passages, best first; `scores` has
    a row for each question and a column for each measure."""

    passages: Sequence[Passage]
    best: npt.NDArray[np.int64]
    scores: Floats
    seconds: float
    truncated: int

    def mean(self, measure: str) -> float:
        return float(self.scores[:, MEASURES.index(measure)].mean())


def evaluate(data: Path, *, say: Say) -> Report:
    """Raises BadDatasetError."""
    corpora = load_corpora(data)
    questions = load_questions(data, corpora)
    model = get_active_index().model
    encoder, tokenizer = get_encoder(model), get_tokenizer(model)
    say(f"{len(questions)} questions, {len(corpora)} texts, {model}")
    vectors = np.stack([encoder.encode_question(question.text) for question in questions])
    results: dict[str, Result] = {}
    for name, split in _splitters().items():
        passages, seconds = _split_all(corpora, split, tokenizer)
        best = _best(vectors, _embed(name, passages, encoder, say))
        scores = np.array(
            [
                measure(q, [passages[number] for number in numbers])
                for q, numbers in zip(questions, best, strict=True)
            ]
        )
        truncated = _count_truncated(passages, encoder.max_tokens, tokenizer)
        results[name] = Result(passages, best, scores, seconds, truncated)
    return _report(questions, corpora, results)


def _splitters() -> dict[str, Split]:
    splitters: dict[str, Split] = {
        OURS: lambda text, tokenizer: split_markdown(text, tokenizer, settings.PASSAGE_TOKENS),
        PLAIN: _split_plainly,
    }
    if importlib.util.find_spec("semantic_text_splitter") is not None:
        splitters[OTHER] = _split_recursively
    return splitters


def _split_plainly(text: str, tokenizer: Tokenizer) -> list[Piece]:
    """Every so many tokens, whatever stands there; no overlap."""
    offsets = tokenizer.encode(text, add_special_tokens=False).offsets
    groups = [offsets[at : at + PLAIN_TOKENS] for at in range(0, len(offsets), PLAIN_TOKENS)]
    stretches = [(group[0][0], group[-1][1]) for group in groups]
    return [Piece(text[start:end], (), start, end) for start, end in stretches]


def _split_recursively(text: str, _: Tokenizer) -> list[Piece]:
    from semantic_text_splitter import TextSplitter

    found = TextSplitter(OTHER_CHARACTERS).chunk_indices(text)
    return [Piece(chunk, (), start, start + len(chunk)) for start, chunk in found]


def _split_all(
    corpora: Mapping[str, str], split: Split, tokenizer: Tokenizer
) -> tuple[list[Passage], float]:
    """The passages of all texts, and the seconds that cutting took."""
    passages: list[Passage] = []
    seconds = 0.0
    for corpus, text in corpora.items():
        started = time.perf_counter()
        pieces = split(text, tokenizer)
        seconds += time.perf_counter() - started
        title = corpus.replace("_", " ")
        for piece in pieces:
            tokens = len(tokenizer.encode(piece.text, add_special_tokens=False).ids)
            embedded = embedded_text(context_of(title, piece.heading), piece.text)
            passages.append(Passage(corpus, piece.char_start, piece.char_end, tokens, embedded))
    return passages, seconds


def _count_truncated(passages: Sequence[Passage], most: int | None, tokenizer: Tokenizer) -> int:
    """How many passages, with what stands above them, are longer than the model reads."""
    if most is None:
        return 0
    encodings = tokenizer.encode_batch([passage.embedded for passage in passages])
    return sum(len(encoding.ids) > most for encoding in encodings)


def _embed(
    name: str, passages: Sequence[Passage], encoder: Encoder, say: Say
) -> npt.NDArray[np.float32]:
    vectors = []
    for start in range(0, len(passages), BATCH):
        batch = passages[start : start + BATCH]
        vectors.append(encoder.encode_passages([passage.embedded for passage in batch]))
        say(f"{name}: {start + len(batch)} of {len(passages)} passages")
    return np.concatenate(vectors)


def _best(
    questions: npt.NDArray[np.float32], passages: npt.NDArray[np.float32]
) -> npt.NDArray[np.int64]:
    """For each question the numbers of its TOP passages by cosine; the vectors have length 1."""
    return np.argsort(-(questions @ passages.T), axis=1, kind="stable")[:, :TOP]


def measure(question: Question, passages: Sequence[Passage]) -> tuple[float, float, float]:
    """(recall, precision, IoU) of the passages retrieved for a question."""
    covered = _overlap(
        question.references,
        merged([(p.start, p.end) for p in passages if p.corpus == question.corpus]),
    )
    wanted = sum(end - start for start, end in question.references)
    retrieved = sum(passage.end - passage.start for passage in passages)
    return covered / wanted, covered / retrieved, covered / (retrieved + wanted - covered)


def _overlap(some: Iterable[Stretch], others: Sequence[Stretch]) -> int:
    return sum(
        max(0, min(end, other_end) - max(start, other_start))
        for start, end in some
        for other_start, other_end in others
    )


def _report(
    questions: Sequence[Question], corpora: Mapping[str, str], results: Mapping[str, Result]
) -> Report:
    worse = [
        name for name in MUST_BE_BETTER if results[OURS].mean(name) <= results[PLAIN].mean(name)
    ]
    notes = [
        f"Ours: at most {settings.PASSAGE_TOKENS} tokens. Truncated: longer than the model reads. "
        f"From, to: 95% bootstrap intervals over {len(questions)} questions; differences paired.",
        *(f"Ours is not better than the plain splitter in {name}." for name in worse),
    ]
    return Report(
        tables=[
            _splitters_table(corpora, results),
            _differences(results),
            _by_corpus(questions, corpora, results),
        ],
        notes=notes,
        passed=not worse,
        predictions=[_prediction(number, q, results) for number, q in enumerate(questions)],
    )


def _splitters_table(corpora: Mapping[str, str], results: Mapping[str, Result]) -> Table:
    megabytes = sum(len(text.encode()) for text in corpora.values()) / 1e6
    columns = ["splitter", "passages", "tokens", "truncated", "MB/s"]
    for name in MEASURES:
        columns += [name, f"{name} from", f"{name} to"]
    rows: list[list[Figure]] = []
    for name, result in results.items():
        tokens = float(np.mean([passage.tokens for passage in result.passages]))
        row: list[Figure] = [name, len(result.passages), tokens, result.truncated]
        row.append(megabytes / result.seconds)
        for column in result.scores.T:
            row += [float(column.mean()), *mean_interval(column)]
        rows.append(row)
    return Table(f"top {TOP} passages against the answers' characters", columns, rows)


def _differences(results: Mapping[str, Result]) -> Table:
    differences = results[OURS].scores - results[PLAIN].scores
    rows: list[list[Figure]] = [
        [name, float(column.mean()), *mean_interval(column)]
        for name, column in zip(MEASURES, differences.T, strict=True)
    ]
    return Table(f"{OURS} less {PLAIN}", ["measure", "difference", "from", "to"], rows)


def _by_corpus(
    questions: Sequence[Question], corpora: Mapping[str, str], results: Mapping[str, Result]
) -> Table:
    columns = ["text", "questions"]
    columns += [f"{measure}, {name}" for measure in MUST_BE_BETTER for name in results]
    rows: list[list[Figure]] = []
    for corpus in corpora:
        asked = [number for number, q in enumerate(questions) if q.corpus == corpus]
        if asked:
            means = {name: result.scores[asked].mean(axis=0) for name, result in results.items()}
            figures = [
                float(means[name][MEASURES.index(m)]) for m in MUST_BE_BETTER for name in results
            ]
            rows.append([corpus, len(asked), *figures])
    return Table("by text", columns, rows)


def _prediction(number: int, question: Question, results: Mapping[str, Result]) -> dict[str, Any]:
    found = {
        name: [result.passages[at] for at in result.best[number]]
        for name, result in results.items()
    }
    return {
        "id": question.id,
        "passages": {
            name: [
                {"corpus": p.corpus, "start_index": p.start, "end_index": p.end} for p in passages
            ]
            for name, passages in found.items()
        },
    }

"""Retrieval beside LangChain's, LlamaIndex's and Haystack's pgvector stores, in one run.

    pip install -e ".[local,peers]" && pip install --no-deps "langchain-postgres>=0.0.19"
    python -m tests.bench.peers --data FOLDER [--data FOLDER …] [--only NAME] [--json FILE]

Everybody gets the same documents and questions, the same embedding model in the same runtime and
the same PostgreSQL server, which is started for the run with the product's own settings; each has
a database and a process of its own. A folder is in the product's form for judged retrieval data
(`corpus.jsonl`, `queries.jsonl`, `qrels.tsv`). nDCG@10 is over the questions that have a relevant
document, with documents ranked by their best passage; the times are of all questions, asked one
after the other, with the systems taking turns.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import django
import numpy as np

from supportbot.evaluation.report import Report, Table
from tests.bench.contenders import CONTENDERS, Document, Question
from tests.bench.running import FailedError, Running, running
from tests.servers import TestServers, start_test_servers

# So many questions one is asked before it is the next one's turn: whatever else the machine does
# then slows all of them alike.
TURN = 20
COLUMNS = [
    "system",
    "nDCG@10",
    "passages",
    "documents/s",
    "passages/s",
    "p50 ms",
    "p95 ms",
    "embedding p50 ms",
    "peak MB",
]
INSTALL = (
    'Install them: pip install -e ".[local,peers]", then pip install --no-deps '
    '"langchain-postgres>=0.0.19" (it asks for a pgvector adapter older than the product\'s, and '
    "works with this one)."
)
NOTES = [
    "Questions with a history: the peers get the last turn alone, as their documented retrieval "
    "knows no history.",
    f"Times are of one question after the other, its embedding included; every {TURN} questions "
    "it is the next system's turn. “Embedding” is what a question's alone takes in that process.",
    "Memory is the peak of the process that runs the system, the embedding model included, "
    "without PostgreSQL. Every database was vacuumed and analyzed before the questions.",
]


@dataclass(frozen=True)
class Corpus:
    """`grades`: question id → document id → grade; questions without an answer have none."""

    name: str
    documents: Sequence[Document]
    questions: Sequence[Question]
    grades: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Machinery:
    """What the contenders share. `folder` is for files and goes away with the run."""

    servers: TestServers
    folder: Path


def main() -> None:
    """Ends with 1 when a contender failed, and with 2 when one is not installed."""
    options = _options()
    names = options.only or list(CONTENDERS)
    if missing := _missing(names):
        print(f"Not installed: {', '.join(missing)}. {INSTALL}", file=sys.stderr)
        sys.exit(2)
    with _machinery() as machinery:
        django.setup()
        corpora = [
            _load(data, documents=options.limit_documents, questions=options.limit_questions)
            for data in options.data
        ]
        tables = [_compare(corpus, names, machinery) for corpus in corpora]
    failed = any(row[1] is None for table in tables for row in table.rows)
    report = Report(tables=tables, notes=_notes(names), passed=not failed)
    print(report.as_text())
    if options.json is not None:
        options.json.write_text(report.as_json() + "\n", encoding="utf-8")
    sys.exit(1 if failed else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, action="append", required=True, metavar="FOLDER")
    parser.add_argument("--only", action="append", choices=list(CONTENDERS))
    parser.add_argument("--limit-documents", type=int, metavar="N", help="the first N, as a trial")
    parser.add_argument("--limit-questions", type=int, metavar="N", help="the first N, as a trial")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the same figures for a program")
    return parser.parse_args()


def _missing(names: Sequence[str]) -> list[str]:
    wanted = [package for name in names for package in CONTENDERS[name].distributions]
    return [package for package in ["ir-measures", *wanted] if not _version(package)]


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _notes(names: Sequence[str]) -> list[str]:
    notes = [*NOTES, f"{platform.platform()}, {os.cpu_count()} cores."]
    for name in names:
        contender = CONTENDERS[name]
        versions = [f"{package} {_version(package)}" for package in contender.distributions]
        notes.append(" ".join([f"{name}:", *contender.notes, ", ".join(versions)]).rstrip())
    return notes


# -- the data ---------------------------------------------------------------------------------
def _load(data: Path, *, documents: int | None, questions: int | None) -> Corpus:
    """With `documents`, only questions that those answer, or that nothing answers. Ends the program
    when there is nothing to ask."""
    from supportbot.evaluation.judged_dataset import load
    from supportbot.evaluation.questions import BadDatasetError

    try:
        judged = load(data)
    except BadDatasetError as error:
        sys.exit(str(error))
    kept = [Document(text.id, text.title, text.text) for text in judged.documents][:documents]
    ids = {document.id for document in kept}
    asked = [question for question in judged.questions if ids.issuperset(question.grades)]
    asked = asked[:questions]
    if not any(question.is_judged for question in asked):
        sys.exit(f"None of these questions of {data} has a relevant document. Raise the limits.")
    return Corpus(
        name=judged.name,
        documents=kept,
        questions=[
            Question(each.id, each.text, [(said.role, said.text) for said in each.history])
            for each in asked
        ],
        grades={question.id: question.grades for question in asked if question.is_judged},
    )


# -- the measurements -------------------------------------------------------------------------
@contextmanager
def _machinery() -> Iterator[Machinery]:
    """Servers with the settings of the embedded stack, and an environment that names them."""
    folder = Path(tempfile.mkdtemp(prefix="supportbot-peers-"))
    models = Path(tempfile.gettempdir()) / "supportbot-test-models"
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "SUPPORTBOT_MODEL"):
        os.environ.pop(name, None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "supportbot.settings"
    os.environ["SUPPORTBOT_DATA_DIR"] = str(folder)
    os.environ.setdefault("SUPPORTBOT_MODELS_DIR", str(models))
    os.environ["SUPPORTBOT_LOG_LEVEL"] = "WARNING"
    try:
        servers = start_test_servers(postgres={})
        try:
            os.environ["REDIS_URL"] = servers.redis_url
            yield Machinery(servers, folder)
        finally:
            servers.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _compare(corpus: Corpus, names: Sequence[str], machinery: Machinery) -> Table:
    given = machinery.folder / "given.json"
    data = {
        "documents": [asdict(document) for document in corpus.documents],
        "questions": [asdict(question) for question in corpus.questions],
    }
    given.write_text(json.dumps(data), encoding="utf-8")
    results: dict[str, list[Any]] = {}
    with ExitStack() as stack:
        contestants: dict[str, Running] = {}
        for name in names:
            print(f"{corpus.name}: {name} …", file=sys.stderr, flush=True)
            contestants[name] = stack.enter_context(running(name, given, machinery.servers))
            _note(name, contestants, results, lambda each: each.receive())
        print(f"{corpus.name}: {len(corpus.questions)} questions …", file=sys.stderr, flush=True)
        for start in range(0, len(corpus.questions), TURN):
            for name in list(contestants):
                ask = partial(Running.ask, start=start, end=start + TURN)
                _note(name, contestants, results, ask)
    none = [None] * (len(COLUMNS) - 1)
    rows = [
        [name, *(_figures(corpus, results[name]) if name in contestants else none)]
        for name in names
    ]
    documents, asked = len(corpus.documents), len(corpus.questions)
    counts = f"{documents} documents, {asked} questions, {len(corpus.grades)} of them judged"
    return Table(f"{corpus.name} ({counts})", COLUMNS, rows)


def _note(
    name: str,
    contestants: dict[str, Running],
    results: dict[str, list[Any]],
    step: Callable[[Running], Any],
) -> None:
    """The step's answer goes to the results; one that fails is out."""
    try:
        results.setdefault(name, []).append(step(contestants[name]))
    except FailedError:
        print(f"{name} failed; see above.", file=sys.stderr)
        del contestants[name]


def _figures(corpus: Corpus, results: Sequence[Any]) -> list[float | int | None]:
    """`results`: what came of putting in, then of each turn."""
    (ingested, *turns), documents = results, len(corpus.documents)
    passages, seconds = ingested["passages"], ingested["seconds"]
    rankings = {key: ranking for turn in turns for key, ranking in turn["rankings"].items()}
    p50, p95 = np.percentile([each for turn in turns for each in turn["milliseconds"]], [50, 95])
    return [
        _ndcg(corpus, rankings),
        passages,
        documents / seconds,
        passages / seconds,
        float(p50),
        float(p95),
        float(np.median([each for turn in turns for each in turn["embedding"]])),
        turns[-1]["peak_mb"],
    ]


def _ndcg(corpus: Corpus, rankings: Mapping[str, Sequence[str]]) -> float:
    """The mean over the judged questions; one with nothing found counts as 0."""
    import ir_measures

    ndcg = ir_measures.nDCG @ 10
    found = {
        question: {document: -float(rank) for rank, document in enumerate(rankings[question])}
        for question in corpus.grades
    }
    return float(ir_measures.calc_aggregate([ndcg], corpus.grades, found)[ndcg])


if __name__ == "__main__":
    main()

"""One contender with one corpus, in this process: `python -m tests.bench.measure NAME FILE`.

The JSON file holds documents and questions, DATABASE_URL names an empty database. The documents are
put in and the figures written as a line of JSON; then every line `[start, end]` that is read asks
those questions, and is answered with a line. Nothing is loaded here that the contender does not
need, because this process's memory is one of the figures.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import psycopg
from django.conf import settings

from knowledge.embedding.encoder import get_encoder
from tests.bench.contenders import CONTENDERS, Document, Question

# Asked first and not measured: connections are opened and plans are made.
WARM_UP = ("How do I change my password?", "Why was my card refused?", "opening hours")
_MEBIBYTE = 2**20
Given = TypeVar("Given")
Result = TypeVar("Result")


class _WithoutTorch(MetaPathFinder):
    """The product installs torch to convert models, in a process of its own; a peer that finds it
    loads it, which would be counted as the peer's memory."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "torch":
            raise ModuleNotFoundError(f"{fullname} is not loaded here", name=fullname)
        return None


class Measurement:
    """A contender over its database, and the model that everybody has."""

    def __init__(self, name: str) -> None:
        self._url = os.environ["DATABASE_URL"]
        self._encoder = get_encoder(settings.EMBEDDING_MODEL)
        self._encoder.encode_passages(WARM_UP)
        self._system = CONTENDERS[name].open(self._url, self._encoder)

    def ingest(self, documents: Sequence[Document]) -> Mapping[str, float]:
        """`passages` and `seconds` of all documents."""
        milliseconds, passages = _timed(self._system.ingest, documents)
        # What autovacuum does a minute later, for everybody now.
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")
        for text in WARM_UP:
            self._system.rank(Question("", text, ()))
        return {"passages": passages, "seconds": milliseconds / 1000}

    def ask(self, questions: Sequence[Question]) -> Mapping[str, Any]:
        """`rankings` by question, `milliseconds` for each (its embedding included), `embedding` in
        milliseconds for each question's embedding alone, `peak_mb` of this process until now."""
        asked = [_timed(self._system.rank, question) for question in questions]
        peak_mb = _peak_mb()
        return {
            "milliseconds": [milliseconds for milliseconds, _ in asked],
            # A document stands where its best passage does.
            "rankings": {
                question.id: list(dict.fromkeys(found))
                for question, (_, found) in zip(questions, asked, strict=True)
            },
            "embedding": [
                _timed(self._encoder.encode_question, question.text)[0] for question in questions
            ],
            "peak_mb": peak_mb,
        }


def _timed(function: Callable[[Given], Result], given: Given) -> tuple[float, Result]:
    """(milliseconds, what came of it)"""
    started = time.perf_counter()
    result = function(given)
    return (time.perf_counter() - started) * 1000, result


def _peak_mb() -> float:
    """The most memory that was resident at a time."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not ru_maxrss: on Linux that is never less than the parent's was.
        values = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(values["VmHWM"].split()[0]) * 1024 / _MEBIBYTE
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / _MEBIBYTE


def main() -> None:
    name, path = sys.argv[1:]
    sys.meta_path.insert(0, _WithoutTorch())
    # What a library prints must not come between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    data = json.loads(Path(path).read_text(encoding="utf-8"))
    documents = [Document(**entry) for entry in data["documents"]]
    questions = [Question(**entry) for entry in data["questions"]]
    measurement = Measurement(name)
    print(json.dumps(measurement.ingest(documents)), file=answers, flush=True)
    for line in sys.stdin:
        start, end = json.loads(line)
        print(json.dumps(measurement.ask(questions[start:end])), file=answers, flush=True)
    # A peer's threads and loops must not keep a finished measurement waiting.
    os._exit(0)


if __name__ == "__main__":
    main()

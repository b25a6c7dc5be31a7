"""`manage.py bench NAME [--json]`: how fast the hot paths are here, as medians and ratios."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from supportbot.evaluation import bench_chat, bench_ingest, bench_retrieval
from supportbot.evaluation.questions import BadDatasetError
from supportbot.evaluation.report import EvaluationError, Report

INTERRUPTED = 130  # what a shell gives a program that Ctrl-C has ended
Figures = dict[str, float | int | str]

BENCHES: dict[str, Callable[[dict[str, Any]], Figures | Report]] = {
    "ingest": lambda options: bench_ingest.run(options["data"], options["documents"]),
    "retrieval": lambda options: _bench_retrieval(options["data"], options["passages"]),
    "chat": lambda options: bench_chat.run(options["data"], options["url"]),
}


class Command(BaseCommand):
    help = (
        "Measure ingestion, retrieval or chat. Compare ratios within one run: absolute times "
        "say as much about the machine as about the code."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=sorted(BENCHES))
        parser.add_argument("--json", action="store_true", help="print the figures as JSON")
        parser.add_argument(
            "--data",
            type=Path,
            help="a folder with corpus.jsonl and queries.jsonl; for ingest and retrieval also one "
            "with several such below it; the demo's texts unless given",
        )
        parser.add_argument(
            "--passages",
            type=int,
            nargs="+",
            help="retrieval with --data only: how many passages to make of the texts, in a "
            f"database of their own (default: {' '.join(map(str, bench_retrieval.PASSAGES))})",
        )
        parser.add_argument(
            "--documents",
            type=int,
            help="ingest only: how many documents to make of the texts in --data "
            f"(default: a dataset's own, or {bench_ingest.DOCUMENTS} of several)",
        )
        parser.add_argument(
            "--url", default="http://127.0.0.1:8000", help="the running product (chat only)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            figures = BENCHES[options["name"]](options)
        except (BadDatasetError, EvaluationError, bench_chat.NotRunningError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped.", returncode=INTERRUPTED) from None
        if isinstance(figures, Report):
            self.stdout.write(figures.as_json() if options["json"] else figures.as_text())
            return
        if options["json"]:
            self.stdout.write(json.dumps(figures))
            return
        width = max(map(len, figures))
        for name, value in figures.items():
            shown = f"{value:.2f}" if isinstance(value, float) else str(value)
            self.stdout.write(f"{name.replace('_', ' '):<{width}}  {shown}")


def _bench_retrieval(data: Path | None, passages: list[int] | None) -> Figures | Report:
    if data is not None:
        return bench_retrieval.run(data, passages or bench_retrieval.PASSAGES, say=_say)
    if passages:
        raise EvaluationError("--passages are made of the texts in --data. Name a folder.")
    return bench_retrieval.run_here()


def _say(text: str) -> None:
    """Progress goes to stderr, so that stdout holds the figures alone."""
    sys.stderr.write(text + "\n")

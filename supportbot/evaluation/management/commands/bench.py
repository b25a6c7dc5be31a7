"""`manage.py bench NAME [--json]`: how fast the hot paths are here, as medians and ratios."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from supportbot.evaluation import (
    bench_answers,
    bench_chat,
    bench_desk,
    bench_ingest,
    bench_model,
    bench_retrieval,
    bench_sockets,
)
from supportbot.evaluation.questions import BadDatasetError, load_questions
from supportbot.evaluation.report import EvaluationError, Report, write_predictions

INTERRUPTED = 130  # what a shell gives a program that Ctrl-C has ended
PRODUCT = "http://127.0.0.1:8000"
Figures = dict[str, float | int | str]

BENCHES: dict[str, Callable[[dict[str, Any]], Figures | Report]] = {
    "ingest": lambda options: bench_ingest.run(options["data"], options["documents"]),
    "retrieval": lambda options: _bench_retrieval(options["data"], options["passages"]),
    "chat": lambda options: _bench_chat(options["data"], options),
    "desk": lambda options: bench_desk.run(_say),
    "model": lambda options: _bench_model(options["data"], options["predictions"], options),
}


class Command(BaseCommand):
    help = (
        "Measure ingestion, retrieval, chat, the desk or a model. Compare ratios within one run: "
        "absolute times say as much about the machine as about the code."
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
            help="retrieval and chat with --data only: how many passages to make of the texts, in "
            f"a database of their own (default: {' '.join(map(str, bench_retrieval.PASSAGES))}; "
            f"chat: {bench_answers.PASSAGES})",
        )
        parser.add_argument(
            "--documents",
            type=int,
            help="ingest only: how many documents to make of the texts in --data "
            f"(default: a dataset's own, or {bench_ingest.DOCUMENTS} of several)",
        )
        parser.add_argument(
            "--url",
            help=f"chat: the running product (default: {PRODUCT}); model: a server of the OpenAI "
            "protocol (default: the first route of the configuration)",
        )
        parser.add_argument(
            "--rivals",
            type=Path,
            metavar="PYTHON",
            help="chat with --data only: the Python of an environment with other pipelines "
            "(tests/bench/chat_rivals.txt)",
        )
        parser.add_argument(
            "--sockets",
            type=int,
            help="chat only: open so many sockets and measure what they cost, beside a bare "
            f"Channels consumer (such as {bench_sockets.SOCKETS})",
        )
        parser.add_argument(
            "--streaming",
            type=int,
            help="chat with --sockets only: how many of them are answered all the time (default: "
            f"{bench_sockets.STREAMING}, or all where there are fewer)",
        )
        parser.add_argument("--model", default="", help="model only: its name at --url")
        parser.add_argument(
            "--answers",
            type=int,
            default=bench_model.ANSWERS,
            help="model only: how many questions to ask (default: %(default)s)",
        )
        parser.add_argument(
            "--predictions",
            type=Path,
            metavar="OUT.jsonl",
            help="model only: each answer's sentences with their verdicts and quotes",
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


def _bench_chat(data: Path | None, options: dict[str, Any]) -> Figures | Report:
    """With --url the product that runs there; with --data or --sockets one made for the
    measurement."""
    if options["sockets"] is not None:
        streaming = options["streaming"] or min(bench_sockets.STREAMING, options["sockets"])
        return bench_sockets.run(data, bench_sockets.Plan(options["sockets"], streaming), _say)
    if data is not None and options["url"] is None:
        passages = max(options["passages"] or [bench_answers.PASSAGES])
        return bench_answers.run(data, passages, say=_say, rivals=options["rivals"])
    return bench_chat.run(data, options["url"] or PRODUCT)


def _bench_model(data: Path | None, predictions: Path | None, options: dict[str, Any]) -> Report:
    report = bench_model.run(
        load_questions(data),
        url=options["url"] or "",
        model=options["model"],
        most=options["answers"],
        say=_say,
    )
    if predictions is not None:
        write_predictions(report, predictions)
    return report


def _say(text: str) -> None:
    """Progress goes to stderr, so that stdout holds the figures alone."""
    sys.stderr.write(text + "\n")

"""`manage.py bench NAME [--json]`: how fast the hot paths are here, as medians and ratios."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from supportbot.evaluation import bench_chat, bench_ingest, bench_retrieval
from supportbot.evaluation.questions import BadDatasetError

Figures = dict[str, float | int | str]

BENCHES: dict[str, Callable[[dict[str, Any]], Figures]] = {
    "ingest": lambda options: bench_ingest.run(options["data"], options["documents"]),
    "retrieval": lambda options: bench_retrieval.run(options["data"]),
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
            help="a folder with corpus.jsonl and queries.jsonl; for ingest also one with several "
            "such below it; the demo's texts unless given",
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
        except (BadDatasetError, bench_chat.NotRunningError) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(figures))
            return
        width = max(map(len, figures))
        for name, value in figures.items():
            shown = f"{value:.2f}" if isinstance(value, float) else str(value)
            self.stdout.write(f"{name.replace('_', ' '):<{width}}  {shown}")

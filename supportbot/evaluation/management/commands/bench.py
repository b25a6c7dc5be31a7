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

BENCHES: dict[str, Callable[[Path | None, str], Figures]] = {
    "ingest": lambda data, _: bench_ingest.run(data),
    "retrieval": lambda data, _: bench_retrieval.run(data),
    "chat": bench_chat.run,
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
            help="a folder with corpus.jsonl and queries.jsonl; the demo's texts unless given",
        )
        parser.add_argument(
            "--url", default="http://127.0.0.1:8000", help="the running product (chat only)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            figures = BENCHES[options["name"]](options["data"], options["url"])
        except (BadDatasetError, bench_chat.NotRunningError) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(figures))
            return
        width = max(map(len, figures))
        for name, value in figures.items():
            shown = f"{value:.2f}" if isinstance(value, float) else str(value)
            self.stdout.write(f"{name.replace('_', ' '):<{width}}  {shown}")

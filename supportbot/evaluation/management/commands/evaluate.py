"""`manage.py evaluate NAME --data PATH`: how good the product is on a folder of judged data."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from supportbot.evaluation.questions import BadDatasetError
from supportbot.evaluation.report import Report, write_predictions

# Each module has `evaluate(data: Path, *, say: Callable[[str], None]) -> Report`. They are imported
# when they are run: some need libraries that only evaluation needs.
EVALUATIONS = {
    "parsing": "supportbot.evaluation.evaluate_parsing",
    "retrieval": "supportbot.evaluation.evaluate_retrieval",
}


class Command(BaseCommand):
    help = "Measure the quality of the product on judged data; exits 1 when a check fails."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=sorted(EVALUATIONS))
        parser.add_argument("--data", type=Path, required=True, help="the folder of judged data")
        parser.add_argument("--json", action="store_true", help="print the figures as JSON")
        parser.add_argument(
            "--predictions", type=Path, help="write one raw record per input to this file (JSONL)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        module = importlib.import_module(EVALUATIONS[options["name"]])
        try:
            report: Report = module.evaluate(options["data"], say=_say)
        except BadDatasetError as error:
            raise CommandError(str(error)) from error
        if options["predictions"]:
            write_predictions(report, options["predictions"])
        self.stdout.write(report.as_json() if options["json"] else report.as_text())
        if not report.passed:
            sys.exit(1)


def _say(text: str) -> None:
    """Progress goes to stderr, so that stdout holds the report alone."""
    sys.stderr.write(text + "\n")

"""`manage.py train_reader --data FOLDER …`: fit the reader anew."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from supportbot.evaluation.questions import BadDatasetError
from supportbot.evaluation.reader_examples import examples_of
from supportbot.evaluation.report import EvaluationError
from supportbot.evaluation.train_reader import fit, report
from supportbot.reader.reader_model import FILE, render

LIMIT = 200  # questions of a set


class Command(BaseCommand):
    help = (
        "Fit how likely each sentence, item and row belongs to an answer to judged data sets; "
        "shows for each set how well weights do that never saw it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--data", type=Path, action="append", required=True, help="a folder; give several"
        )
        parser.add_argument("--limit", type=int, default=LIMIT, help="questions of each set")
        parser.add_argument(
            "--licence",
            action="append",
            default=[],
            metavar="SET=LICENCE",
            help="kept with the weights; may be given several times",
        )
        parser.add_argument("--json", action="store_true", help="print the figures as JSON")
        parser.add_argument(
            "--write", action="store_true", help=f"put the weights into {FILE.name}"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        licences = dict(entry.partition("=")[::2] for entry in options["licence"])
        try:
            sets = {
                folder.name: examples_of(folder, options["limit"], _say)
                for folder in options["data"]
            }
        except (BadDatasetError, EvaluationError) as error:
            raise CommandError(str(error)) from error
        sets = {name: examples for name, examples in sets.items() if examples}
        if not sets:
            raise CommandError("None of the questions has an answer among what was read.")
        if all(one.answers.all() for examples in sets.values() for one in examples):
            raise CommandError(
                "Every sentence that was read answers: give passages with sentences that do not."
            )
        model = fit(list(sets.values()))
        sources = {name: licences.get(name, "licence not given") for name in sets}
        found = report(sets, model, sources)
        self.stdout.write(found.as_json() if options["json"] else found.as_text())
        if options["write"]:
            FILE.write_text(render(model, sources), encoding="utf-8")
            self.stdout.write(f"Written to {FILE.name}. Processes that run read it when started.")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")

"""`manage.py train_ranking --data FOLDER …`: fit the learned order and the answerability anew."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from supportbot.evaluation import judged_dataset
from supportbot.evaluation.questions import BadDatasetError
from supportbot.evaluation.report import EvaluationError
from supportbot.evaluation.train_ranking import fit, report
from supportbot.evaluation.training_examples import examples_of
from supportbot.retrieval.ranking_model import FILE, parse, render

EVERYTHING, ANSWERABILITY = "everything", "answerability"


class Command(BaseCommand):
    help = (
        "Fit how candidates are ordered, and how likely an answer is, to judged data sets; shows "
        "for each set how well weights do that never saw it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--data", type=Path, action="append", required=True, help="a folder; give several"
        )
        parser.add_argument("--json", action="store_true", help="print the figures as JSON")
        parser.add_argument(
            "--write",
            nargs="?",
            const=EVERYTHING,
            choices=[EVERYTHING, ANSWERABILITY],
            help=f"put the weights into {FILE.name}; “{ANSWERABILITY}” leaves the order as it is",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            datasets = [judged_dataset.load(folder) for folder in options["data"]]
            sets = {
                dataset.name: examples_of(dataset, [o for o in datasets if o != dataset], _say)
                for dataset in datasets
            }
        except (BadDatasetError, EvaluationError) as error:
            raise CommandError(str(error)) from error
        model = fit(list(sets.values()))
        found = report(sets, model)
        self.stdout.write(found.as_json() if options["json"] else found.as_text())
        if options["write"] == ANSWERABILITY:
            model = replace(model, ranking=parse(FILE.read_text(encoding="utf-8")).ranking)
        if options["write"]:
            FILE.write_text(render(model), encoding="utf-8")
            self.stdout.write(f"Written to {FILE.name}. Processes that run read it when started.")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")

"""`manage.py train_triage --data FOLDER`: fit the head that tells a message's sentiment anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from supportbot.manners.head import render
from supportbot.manners.training import BadTrainingDataError
from supportbot.triage.sentiment import EXAMPLES, FILE
from supportbot.triage.training import LICENCE, figures, fit, goemotions, own_examples


class Command(BaseCommand):
    help = "Fit the head that tells a message's sentiment to GoEmotions and our own examples."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--data", type=Path, required=True, help="the folder of goemotions: train and test"
        )
        parser.add_argument(
            "--write", action="store_true", help=f"put the weights into {FILE.name}"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        data: Path = options["data"]
        try:
            rows = [*goemotions(data / "train.jsonl"), *own_examples()]
            test = list(goemotions(data / "test.jsonl"))
        except BadTrainingDataError as error:
            raise CommandError(str(error)) from error
        found = fit(rows)
        told = figures(found, test)
        for name, value in told.items():
            self.stdout.write(f"{name} on {len(test)} comments of test.jsonl: {value:.3f}")
        if options["write"]:
            about: dict[str, object] = {
                "command": "manage.py train_triage --write",
                "fitted_to": {"goemotions": LICENCE, EXAMPLES.name: "ours"},
                "figures": {name: round(value, 4) for name, value in told.items()},
            }
            FILE.write_text(render(found, about), encoding="utf-8")
            self.stdout.write(f"Written to {FILE.name}.")

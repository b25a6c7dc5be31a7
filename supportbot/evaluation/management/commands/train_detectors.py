"""`manage.py train_detectors --data FOLDER`: fits the heads of moderation and scope."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from supportbot.evaluation.questions import BadDatasetError
from supportbot.evaluation.train_detectors import NAMES, embed, fit, ordinary_questions, write


class Command(BaseCommand):
    help = "Fit the heads of the moderation and scope detectors to their examples."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--data",
            type=Path,
            required=True,
            help="a folder with banking77, clinc150 and bitext, each with train.jsonl",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            questions = ordinary_questions(options["data"])
        except BadDatasetError as error:
            raise CommandError(str(error)) from error
        vectors = embed(questions)
        for name in NAMES:
            self.stdout.write(f"Wrote {write(name, fit(name, questions, vectors))}.")

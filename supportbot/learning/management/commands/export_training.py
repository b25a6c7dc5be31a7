"""`manage.py export_training FOLDER`: what agents decided, to train the reader and the ranking."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from supportbot.learning.training import RANKING, READER, export


class Command(BaseCommand):
    help = (
        "Write what agents decided as data sets: FOLDER/reader for train_reader, FOLDER/ranking "
        "for train_ranking. Personal data in questions is masked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="is made if it is not there")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        try:
            written = export(folder)
        except OSError as error:
            raise CommandError(f"{folder} cannot be written: {error}") from error
        self.stdout.write(
            f"{written.answered} questions with an answer of agents, "
            f"{written.unanswered} without an answer: {folder / READER}, {folder / RANKING}"
        )

"""`manage.py train_manners --data FOLDER`: fit the head that recognises manners anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from supportbot.manners.head import FILE, render
from supportbot.manners.training import (
    HELD_OUT,
    LICENCES,
    SEED,
    BadTrainingDataError,
    fit,
    held_out_small_talk,
    read_rows,
    sample,
    share_answered_as_manners,
    training_rows,
)


class Command(BaseCommand):
    help = "Fit the head that recognises greetings, thanks, the wish for a person and so on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--data",
            type=Path,
            required=True,
            help="the folder of chitchat, bitext, clinc150 and banking77",
        )
        parser.add_argument(
            "--more-questions",
            type=Path,
            action="append",
            default=[],
            help="a .jsonl of further ordinary questions to fit it to; may be given several times",
        )
        parser.add_argument(
            "--questions",
            type=Path,
            action="append",
            default=[],
            help="a queries.jsonl of ordinary questions to try it on; may be given several times",
        )
        parser.add_argument(
            "--write", action="store_true", help=f"put the weights into {FILE.name}"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = fit(training_rows(options["data"], options["more_questions"]))
            share = share_answered_as_manners(found, held_out_small_talk(options["data"]))
            told = {"small talk of chitchat, held out, treated as small talk": share}
            for path in options["questions"]:
                asked = [row["text"] for row in sample(read_rows(path), HELD_OUT)]
                name = f"questions of {path.parent.name}, never trained on, treated as questions"
                told[name] = 1 - share_answered_as_manners(found, asked)
        except BadTrainingDataError as error:
            raise CommandError(str(error)) from error
        for name, value in told.items():
            self.stdout.write(f"{name}: {value:.3f}")
        if options["write"]:
            names = ("chitchat", "bitext", "clinc150", "banking77")
            sets = [*names, *(path.parent.name for path in options["more_questions"])]
            about = {
                "command": "manage.py train_manners --write, with the sets below in this order",
                "fitted_to": {name: LICENCES.get(name, "not known") for name in sets},
                "seed": SEED,
                "figures": {name: round(value, 4) for name, value in told.items()},
            }
            FILE.write_text(render(found, about), encoding="utf-8")
            self.stdout.write(f"Written to {FILE.name}.")

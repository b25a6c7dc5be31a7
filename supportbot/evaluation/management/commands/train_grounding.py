"""`manage.py train_grounding --data PATH …`: fit the support check anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from supportbot.evaluation.questions import BadDatasetError
from supportbot.evaluation.report import EvaluationError
from supportbot.evaluation.train_grounding import examples_of, fit, report
from supportbot.guardrails.support_model import FILE, render

LIMIT = 2600  # sentences of each data set


class Command(BaseCommand):
    help = (
        "Fit the check whether sources support a sentence, to judged responses and to sentences of "
        "documents and answers, as written and corrupted; shows for each data set how well weights "
        "do that never saw it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--data",
            type=Path,
            action="append",
            required=True,
            help="judged responses, or a folder of judged questions; give several",
        )
        parser.add_argument("--limit", type=int, default=LIMIT, help="sentences of each data set")
        parser.add_argument(
            "--licence",
            action="append",
            default=[],
            metavar="SET=LICENCE",
            help="kept with the weights; may be given several times",
        )
        parser.add_argument("--json", action="store_true", help="print the figures as JSON")
        parser.add_argument("--write", action="store_true", help="put the weights into the product")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._fit(options)
        except (BadDatasetError, EvaluationError) as error:
            raise CommandError(str(error)) from error

    def _fit(self, options: dict[str, Any]) -> None:
        sets = {_name(data): examples_of(data, options["limit"]) for data in options["data"]}
        sets = {name: examples for name, examples in sets.items() if examples}
        if not sets:
            raise CommandError("No sentence of these data sets can be compared with a source.")
        licences = dict(entry.partition("=")[::2] for entry in options["licence"])
        sources = {name: licences.get(name, "licence not given") for name in sets}
        model = fit(list(sets.values()))
        found = report(sets, model, sources)
        self.stdout.write(found.as_json() if options["json"] else found.as_text())
        if options["write"]:
            FILE.write_text(render(model, sources), encoding="utf-8")
            self.stdout.write(f"Written to {FILE.name}. Processes that run read it when started.")


def _name(path: Path) -> str:
    return path.resolve().name if path.is_dir() else path.stem

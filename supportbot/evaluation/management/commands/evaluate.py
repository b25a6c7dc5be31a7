"""`manage.py evaluate NAME --data PATH`: how good the product is on a folder of judged data."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from supportbot.evaluation.questions import BadDatasetError
from supportbot.evaluation.report import EvaluationError, Report, write_predictions
from supportbot.evaluation.stored_runs import store_run

# Each module has `evaluate(data: Path, *, say: Callable[[str], None]) -> Report`. They are imported
# when they are run: some need libraries that only evaluation needs.
EVALUATIONS = {
    "answers": "supportbot.evaluation.evaluate_answers",
    "grounding": "supportbot.evaluation.evaluate_grounding",
    "guardrails": "supportbot.evaluation.evaluate_guardrails",
    "injection": "supportbot.evaluation.evaluate_injection",
    "parsing": "supportbot.evaluation.evaluate_parsing",
    "pii": "supportbot.evaluation.evaluate_pii",
    "retrieval": "supportbot.evaluation.evaluate_retrieval",
    "triage": "supportbot.evaluation.evaluate_triage",
}
ANSWERS, GROUNDING, GUARDRAILS = "answers", "grounding", "guardrails"
PII, RETRIEVAL = "pii", "retrieval"
# Options → the evaluations that take them.
_OWNERS = {
    "also": (GUARDRAILS,),
    "corruptions": (GROUNDING,),
    "limit": (ANSWERS, GUARDRAILS),
    "ordinary": (PII,),
}
INTERRUPTED = 130  # what a shell gives a program that Ctrl-C has ended


class Command(BaseCommand):
    help = "Measure the quality of the product on judged data; exits 1 when a check fails."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=sorted(EVALUATIONS))
        parser.add_argument("--data", type=Path, required=True, help="the folder of judged data")
        parser.add_argument("--json", action="store_true", help="print the figures as JSON")
        parser.add_argument(
            "--predictions", type=Path, help="write one raw record per input to this file (JSONL)"
        )
        parser.add_argument(
            "--no-store", action="store_true", help="do not keep the figures for the admin"
        )
        parser.add_argument(
            "--compare",
            action="append",
            default=[],
            metavar="SETTINGS",
            help="retrieval only: other settings, such as history=false,candidates=100, question "
            "by question against the product's; may be given several times",
        )
        parser.add_argument(
            "--against",
            default="",
            metavar="SETTINGS",
            help="retrieval only: what --compare is compared with instead",
        )

        parser.add_argument(
            "--limit",
            type=int,
            metavar="N",
            help="answers and guardrails: take a sample of so many questions, the same every "
            "time; 0 for all",
        )
        parser.add_argument(
            "--also",
            type=Path,
            action="append",
            metavar="FOLDER",
            help="guardrails only: ordinary messages of this folder, too; may be given several "
            "times",
        )
        parser.add_argument(
            "--corruptions",
            type=int,
            metavar="N",
            help="grounding only: instead of judged responses, take N faithful sentences of the "
            "documents and answers in --data, and change one fact in each, in twelve ways",
        )
        parser.add_argument(
            "--ordinary",
            type=Path,
            action="append",
            metavar="FILE",
            help="pii only: questions without personal data (JSONL with text); all that is found "
            "in them is listed; may be given several times",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name, data = options["name"], options["data"]
        _check_folder_for(options["predictions"])
        try:
            report = _evaluate(name, data, options)
        except (BadDatasetError, EvaluationError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped.", returncode=INTERRUPTED) from None
        if options["predictions"]:
            write_predictions(report, options["predictions"])
        if report.record is not None and not options["no_store"]:
            store_run(name=name, data=data.resolve().name, record=report.record)
        self.stdout.write(report.as_json() if options["json"] else report.as_text())
        if not report.passed:
            sys.exit(1)


def _evaluate(name: str, data: Path, options: dict[str, Any]) -> Report:
    module = _module(name)
    compare, against = options["compare"], options["against"]
    if (compare or against) and name != RETRIEVAL:
        raise EvaluationError(f"--compare and --against are for {RETRIEVAL}.")
    if against and not compare:
        raise EvaluationError("--against needs --compare.")
    more = {"comparison": module.Comparison(compare, against)} if compare else {}
    for option, owners in _OWNERS.items():
        if options[option] is not None:
            if name not in owners:
                raise EvaluationError(f"--{option} is for {' and '.join(owners)}.")
            more[option] = options[option]
    if (options["limit"] or 0) < 0:
        raise EvaluationError("--limit is a number of questions, or 0 for all.")
    if options["corruptions"] is not None and options["corruptions"] < 1:
        raise EvaluationError("--corruptions is a number of sentences, 1 or more.")
    report: Report = module.evaluate(data, say=_say, **more)
    return report


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(EVALUATIONS[name])
    except ModuleNotFoundError as error:
        raise EvaluationError(
            f"{error.name} is not installed: pip install 'supportbot[evaluation]' adds what "
            "evaluation needs."
        ) from error


def _check_folder_for(predictions: Path | None) -> None:
    """Before minutes of work rather than after."""
    if predictions is not None and not predictions.resolve().parent.is_dir():
        raise CommandError(f"There is no folder {predictions.resolve().parent}. Make it first.")


def _say(text: str) -> None:
    """Progress goes to stderr, so that stdout holds the report alone."""
    sys.stderr.write(text + "\n")

"""`manage.py redteam`: our own attacks through the whole pipeline; exits 1 if one gets through."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from supportbot.answers.routing import EXTRACTIVE
from supportbot.evaluation import answer_demo
from supportbot.evaluation.questions import BadDatasetError
from supportbot.evaluation.redteam.replay import OBEDIENT, replay
from supportbot.evaluation.redteam.reports import report_of, write_junit
from supportbot.evaluation.redteam.suite import Case, load_cases
from supportbot.evaluation.report import EvaluationError
from supportbot.local.seeding import DEMO_FOLDER

INTERRUPTED = 130  # what a shell gives a program that Ctrl-C has ended


class Command(BaseCommand):
    help = "Replay our own attacks through the whole pipeline; exits 1 when one gets through."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--route",
            action="append",
            metavar="ROUTE",
            help=f"{EXTRACTIVE}, {OBEDIENT} (a scripted model that does whatever it is told), or a "
            "configured route, whose model is asked for real; may be given several times; without "
            "it, the first two",
        )
        parser.add_argument(
            "--class", dest="classes", action="append", metavar="CLASS", help="only these classes"
        )
        parser.add_argument(
            "--unscreened",
            action="store_true",
            help="leave out the rules for messages, so that every attack meets what is behind them",
        )
        parser.add_argument("--json", action="store_true", help="print the report as JSON")
        parser.add_argument("--junit", type=Path, metavar="FILE", help="write a report for CI")
        parser.add_argument("--list", action="store_true", help="list the attacks, and stop")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            cases = _chosen(options["classes"])
            if options["list"]:
                self.stdout.write("\n".join(map(_line, cases)))
                return
            with _quiet_logs():
                replayed = replay(
                    cases,
                    options["route"] or [EXTRACTIVE, OBEDIENT],
                    answer_demo.documents(DEMO_FOLDER),
                    screened=not options["unscreened"],
                    say=_say,
                )
        except (BadDatasetError, EvaluationError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped.", returncode=INTERRUPTED) from None
        if options["junit"]:
            write_junit(replayed, options["junit"])
        report = report_of(replayed)
        self.stdout.write(report.as_json() if options["json"] else report.as_text())
        if not report.passed:
            sys.exit(1)


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """Without warnings, such as that nothing of a model's answer was kept: here that is wanted."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _chosen(classes: list[str] | None) -> list[Case]:
    """Raises EvaluationError for a class that is none."""
    cases = load_cases()
    known = sorted({case.attack_class for case in cases})
    if unknown := sorted(set(classes or ()) - set(known)):
        raise EvaluationError(f"There is no class {unknown[0]}. The classes: {', '.join(known)}.")
    return [case for case in cases if not classes or case.attack_class in classes]


def _line(case: Case) -> str:
    last = " ".join(case.turns[-1].split())
    return f"{case.id}  {case.language}  {last[:100]}"


def _say(text: str) -> None:
    """Progress goes to stderr, so that stdout holds the report alone."""
    sys.stderr.write(text + "\n")

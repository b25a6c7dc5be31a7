"""`manage.py freshness`: prove that nothing stale is served, or name what is; 1 when it is."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from knowledge.services.lifecycle.freshness import FreshnessReport, record_check, repair

SHOWN_PROBLEMS = 50


class Command(BaseCommand):
    help = (
        "Prove that every served passage, vector and search entry belongs to a version in effect, "
        "and that every version in effect is served whole. Ends with 1 and names the rows when not."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the report as JSON")
        parser.add_argument(
            "--repair",
            action="store_true",
            help="put right what needs no file to be read again, then prove it; a worker embeds "
            "what has no vector",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        report = record_check(every_entry=True)
        if options["repair"] and not report.ok:
            repair(report)
            report = record_check(every_entry=True)
        if options["json"]:
            self.stdout.write(json.dumps(report.as_dict()))
        else:
            self._print(report)
        if not report.ok:
            sys.exit(1)

    def _print(self, report: FreshnessReport) -> None:
        for line in proven(report):
            self.stdout.write(line)
        if report.ok:
            self.stdout.write(
                "Everything served is in effect, and everything in effect is served whole."
            )
            return
        for problem in report.problems[:SHOWN_PROBLEMS]:
            ids = ", ".join(map(str, problem.passages))
            more = " …" if len(problem.passages) < problem.rows else ""
            self.stdout.write(f"\n{problem.text}")
            if problem.document_id is not None:
                self.stdout.write(f"  document {problem.document_id}, passages {ids}{more}")
            self.stdout.write(f"  {problem.remedy}")
        if len(report.problems) > SHOWN_PROBLEMS:
            more_problems = len(report.problems) - SHOWN_PROBLEMS
            self.stdout.write(f"\nAnd {more_problems:,} more; --json lists them all.")
        self.stdout.write(f"\nNot fresh: {report.problem_rows:,} rows are wrong.")


def proven(report: FreshnessReport) -> list[str]:
    """What was looked at, line by line, with its counts."""
    figures = report.figures
    return [
        f"Served: {_count(figures.documents, 'document')}, {_count(figures.versions, 'version')}, "
        f"{_count(figures.passages, 'passage')}. Looked at in {report.duration_ms / 1000:.1f} s:",
        "  their versions, days, audiences and collections",
        "  that each version is there whole, in order, its text as it was embedded",
        "  that no day has two versions of one document",
        "  that their search entries are those of their texts",
        *(f"  {_count(n, 'vector')} in {index}" for index, n in figures.vectors.items()),
        f"  {_count(figures.orphans, 'vector')} of texts in no passage, which no search reaches",
    ]


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number:,} {noun}s"

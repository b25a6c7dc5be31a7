"""`manage.py audit verify` proves that the log was not rewritten; `audit export` prints it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from tickets.models import AuditEntry
from tickets.services.audit_chain import verify_chain
from tickets.services.audit_export import FORMATS, export_parts


class Command(BaseCommand):
    help = "Verify the audit log's chain, or export the log."

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="what", required=True)
        verify = commands.add_parser("verify", help="name the first broken link; exit 1 if any")
        verify.add_argument(
            "--head", default="", help="NUMBER:HASH, as an earlier verify printed it"
        )
        export = commands.add_parser("export", help="print entries, oldest first")
        export.add_argument("--format", choices=FORMATS, default="jsonl")
        export.add_argument("--since", type=dt.date.fromisoformat, help="a day, such as 2026-11-01")
        export.add_argument("--until", type=dt.date.fromisoformat, help="a day, included")
        export.add_argument("--action", help="such as draft.approved")
        export.add_argument("--actor", help="a name to log in with")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["what"] == "verify":
            self._verify(options["head"])
        else:
            self._export(options)

    def _verify(self, head: str) -> None:
        try:
            verdict = verify_chain(kept_head=head)
        except ValueError as error:
            raise CommandError(str(error)) from error
        if verdict.problem:
            raise CommandError(f"The audit log was changed. {verdict.problem}")
        erased = f", the values of {verdict.erased:,} erased" if verdict.erased else ""
        count = "1 entry" if verdict.entries == 1 else f"{verdict.entries:,} entries"
        self.stdout.write(f"The audit log is whole: {count}{erased}.")
        self.stdout.write(f"Head: {verdict.head}")

    def _export(self, options: dict[str, Any]) -> None:
        entries = AuditEntry.objects.all()
        if options["since"]:
            entries = entries.filter(created_at__gte=_midnight(options["since"]))
        if options["until"]:
            after = options["until"] + dt.timedelta(days=1)
            entries = entries.filter(created_at__lt=_midnight(after))
        if options["action"]:
            entries = entries.filter(action=options["action"])
        if options["actor"]:
            entries = entries.filter(actor_name=options["actor"])
        for part in export_parts(entries, options["format"]):
            self.stdout.write(part, ending="")


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))

"""`manage.py permissions`: what access.yaml lacks; with --write, its page in the documents."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from supportbot.accounts.permissions import DOCUMENT, addresses, document, table


class Command(BaseCommand):
    help = "Compare the table of permissions with the addresses there are, or write its page."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true", help="write docs/permissions.md")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["write"]:
            DOCUMENT.write_text(document(), "utf-8")
            self.stdout.write(f"Wrote {DOCUMENT.name}.")
        there = {address for address, _ in addresses()}
        if missing := sorted(there - set(table())):
            raise CommandError("access.yaml says nothing of " + ", ".join(missing))
        self.stdout.write(f"access.yaml lists all {len(there)} addresses.")

"""`manage.py policy check`: can every rule be used, do its examples hold, and what would change?"""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from supportbot.answers.policy_check import compare, last_messages
from supportbot.configuration.current import current_content
from supportbot.configuration.models import AnswerConfiguration
from supportbot.guardrails.policy.library import rules_with
from supportbot.guardrails.policy.rules import PolicyError

SHOWN = 120  # characters of a message


class Command(BaseCommand):
    help = "Rules of policies: check them, and compare their outcomes over stored messages."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        check = commands.add_parser("check", help="Read every rule and run its examples.")
        check.add_argument("--file", type=Path, help="Rules to add, as in a draft.")
        check.add_argument("--version", type=int, help="Compare what is in effect with this one.")
        check.add_argument("--messages", type=int, default=200, help="How many stored ones (200).")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            edited = options["file"].read_text(encoding="utf-8") if options["file"] else ""
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['file']} cannot be read: {error}.") from error
        try:
            rules = rules_with(edited)
        except PolicyError as error:
            raise CommandError(f"{error}.") from error
        examples = sum(len(rule.examples) for rule in rules)
        self.stdout.write(f"{len(rules)} rules can be used, and their {examples} examples hold.")
        if options["version"] is not None or options["file"]:
            self._compare(edited, options)

    def _compare(self, edited: str, options: dict[str, Any]) -> None:
        old = current_content()
        new = old.model_copy(update={"policy": edited}) if edited else old
        if options["version"] is not None:
            row = AnswerConfiguration.objects.filter(pk=options["version"]).first()
            if row is None:
                raise CommandError(f"There is no version {options['version']}.")
            new = row.parsed
        messages = asyncio.run(last_messages(options["messages"]))
        changed = asyncio.run(compare(old, new, messages))
        self.stdout.write(f"Of the last {len(messages)} messages, {len(changed)} would change:")
        counted = Counter((one.before.outcome, one.after.outcome) for one in changed)
        for (before, after), count in counted.most_common():
            self.stdout.write(f"  {before.value} → {after.value}: {count}")
        for one in changed:
            rule = one.after.decisive or one.before.decisive
            shown = " ".join(one.text.split())[:SHOWN]
            self.stdout.write(f"  [{rule.id if rule else 'no rule'}] {shown}")

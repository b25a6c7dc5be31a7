"""`manage.py seed_demo`: the demo documents, if the database has none, and what customers asked."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from knowledge.progress import wait_for
from supportbot.learning.proposing import propose
from supportbot.local.demo_desk import seed_desk
from supportbot.local.seeding import seed_demo


class Command(BaseCommand):
    help = "Load the demo company's documents and conversations into an empty database."

    def handle(self, *args: Any, **options: Any) -> None:
        versions = seed_demo()
        if not versions:
            self.stdout.write("There are documents already; nothing was added.")
            return
        progress = wait_for([version.pk for version in versions], self.stdout)
        self.stdout.write(f"{progress.live} demo documents are live, {progress.failed} failed.")
        if stories := seed_desk():
            proposals = propose()
            self.stdout.write(
                f"{stories} demo conversations are on the desk, and {proposals} proposals for the "
                "documents came from what agents wrote in them."
            )

"""`manage.py up`: the whole application on this machine, in the foreground."""

import os
import secrets
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from supportbot.local import stack
from supportbot.local.errors import StackError
from supportbot.local.paths import DATA_DIR_VARIABLE, StackPaths, data_dir
from supportbot.local.plan import up_plan


class Command(BaseCommand):
    """Runs PostgreSQL, Redis, web, worker and beat until Ctrl-C."""

    help = (
        "Run everything on this machine: PostgreSQL, Redis, web, worker and beat. "
        "Ctrl-C stops it all. DATABASE_URL and REDIS_URL name other servers."
    )
    # The database is not there yet.
    requires_system_checks: list[str] = []  # noqa: RUF012  a class attribute by Django's contract

    def add_arguments(self, parser: CommandParser) -> None:
        """Describe the options of `up`."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on")
        parser.add_argument(
            "--data-dir", help=f"folder for all data (default: {DATA_DIR_VARIABLE}, or .local)"
        )
        parser.add_argument("--no-demo", action="store_true", help="do not load the demo documents")

    def handle(self, *args: Any, **options: Any) -> None:
        """Stay until stopped; a problem is one plain sentence and exit code 1."""
        if options["data_dir"]:
            os.environ[DATA_DIR_VARIABLE] = options["data_dir"]
        paths = StackPaths(data_dir())
        host, port = options["host"], options["port"]
        try:
            stack.run(
                lambda: up_plan(
                    paths,
                    host=host,
                    port=port,
                    demo=not options["no_demo"],
                    generated_password=secrets.token_urlsafe(12),
                ),
                paths,
                host,
                port,
                self._say,
            )
        except StackError as error:
            self.stderr.write(str(error))
            sys.exit(1)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

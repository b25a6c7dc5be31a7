"""`manage.py prepare_stack`: everything `up` needs before web and worker start, in one process."""

import json
import os
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand

from supportbot.local.plan import ADMIN_PASSWORD_VARIABLE

ADMIN = "admin"


class Command(BaseCommand):
    """Migrates, prepares the embedding model and makes the first admin.

    The last line of the output is a JSON object: `admin_created`, `documents` (their number).
    """

    help = "Bring the database up to date, prepare the model, make the first admin (run by `up`)."
    requires_system_checks: list[str] = []  # noqa: RUF012  a class attribute by Django's contract

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it all; each step does nothing when it was done before."""
        call_command("migrate", verbosity=0, interactive=False)
        call_command("prepare_model", stdout=self.stdout)
        report = {
            "admin_created": _create_admin(os.environ.get(ADMIN_PASSWORD_VARIABLE, "")),
            "documents": apps.get_model("knowledge", "Document")._default_manager.count(),
        }
        self.stdout.write(json.dumps(report))


def _create_admin(password: str) -> bool:
    """Whether the first admin was made; one that exists is left as it is."""
    users = get_user_model()._default_manager
    if not password or users.filter(username=ADMIN).exists():
        return False
    get_user_model().objects.create_superuser(username=ADMIN, email="", password=password)
    return True

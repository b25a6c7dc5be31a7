"""`manage.py token USER`: print a staff member's API token, made if there is none."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rest_framework.authtoken.models import Token


class Command(BaseCommand):
    help = "Print a staff API token: curl -H 'Authorization: Token …'."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", metavar="USER")

    def handle(self, *args: Any, **options: Any) -> None:
        user = get_user_model().objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no user “{options['user']}”.")
        if not user.is_staff:
            raise CommandError(f"“{options['user']}” is not staff. Give them staff status first.")
        token, _ = Token.objects.get_or_create(user=user)
        self.stdout.write(token.key)

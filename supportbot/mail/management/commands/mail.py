"""`manage.py mail check|poll`: whether e-mail works, and fetching it now."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.mail import get_connection
from django.core.management.base import BaseCommand, CommandParser

from supportbot.mail import imap, receiving
from supportbot.mail.sending import in_words


class Command(BaseCommand):
    help = "check: log in to the mail servers and say what works. poll: fetch new e-mail now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["check", "poll"])

    def handle(self, *args: Any, **options: Any) -> None:
        works = self._check() if options["what"] == "check" else self._poll()
        if not works:
            sys.exit(1)

    def _check(self) -> bool:
        results = [self._check_sending(), self._check_mailbox(), self._check_webhook()]
        return all(results)

    def _check_sending(self) -> bool:
        if not settings.MAIL.sends:
            self.stdout.write(
                "Out: off. Set SUPPORTBOT_MAIL_FROM, and SUPPORTBOT_SMTP_URL or "
                "SUPPORTBOT_MAIL_BACKEND."
            )
            return True
        try:
            with get_connection():
                pass
        except Exception as error:  # noqa: BLE001  (of whatever back end is configured)
            self.stdout.write(f"Out: does not work. {in_words(error)}")
            return False
        where = settings.EMAIL_HOST or settings.EMAIL_BACKEND
        self.stdout.write(f"Out: works, from {settings.MAIL.from_address} through {where}.")
        return True

    def _check_mailbox(self) -> bool:
        server = settings.MAIL.imap
        if server is None:
            self.stdout.write("Mailbox: off. Set SUPPORTBOT_IMAP_URL.")
            return True
        try:
            with imap.connected(server) as box:
                count = box.folder.status(server.folder)["MESSAGES"]
        except imap.MailboxError as error:
            self.stdout.write(f"Mailbox: does not work. {error}")
            return False
        noun = "e-mail" if count == 1 else "e-mails"
        self.stdout.write(f"Mailbox: works, {imap.address_of(server)} has {count} {noun}.")
        return True

    def _check_webhook(self) -> bool:
        on = bool(settings.MAIL.webhook_secret)
        said = (
            "on, at /api/v1/mail/incoming/." if on else "off. Set SUPPORTBOT_MAIL_WEBHOOK_SECRET."
        )
        self.stdout.write(f"Webhook: {said}")
        return True

    def _poll(self) -> bool:
        try:
            fetched = imap.poll() or 0
        except imap.MailboxError as error:
            self.stdout.write(str(error))
            return False
        dealt_with = receiving.process_waiting()
        self.stdout.write(f"{fetched} fetched, {dealt_with} dealt with.")
        return True

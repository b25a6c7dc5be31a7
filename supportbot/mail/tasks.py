"""Background jobs of e-mail. The rows in PostgreSQL say what is due."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.conf import settings

from supportbot.mail import imap, receiving, sending

log = structlog.get_logger(__name__)


@shared_task
def send_emails() -> None:
    """Send what is due."""
    if settings.MAIL.sends and (sent := sending.send_due()):
        log.info("emails_sent", count=sent)


@shared_task
def poll_mailbox() -> None:
    """Fetch what is new in the mailbox, and deal with it and with what waits from before."""
    try:
        if fetched := imap.poll():
            log.info("emails_fetched", count=fetched)
    except imap.MailboxError as error:
        log.warning("mailbox_not_read", error=str(error))
    receiving.process_waiting()

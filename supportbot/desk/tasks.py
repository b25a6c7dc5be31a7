"""Background jobs of the desk."""

from __future__ import annotations

from celery import shared_task

from supportbot.desk.outgoing import send_due


@shared_task(expires=4)  # the next one is 2 seconds away
def send_outgoing() -> None:
    """Send the replies whose time has come."""
    send_due()

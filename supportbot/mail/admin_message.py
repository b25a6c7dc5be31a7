"""What the pages of agents show below a message: how it came or went by e-mail, and its files."""

from __future__ import annotations

from tickets.admin.parts import MessagePart, register_message_part


def show_mail() -> None:
    """On every page with messages."""
    related = ("emailed__email", "incoming_email")
    register_message_part(MessagePart("mail/admin/message.html", related, lambda: None))

"""The admin of support agents: the queue, the page where a ticket is worked on, the records."""

from tickets.admin.conversations import ConversationAdmin
from tickets.admin.records import AuditEntryAdmin, CustomerAdmin, DraftAdmin
from tickets.admin.settings import BusinessCalendarAdmin
from tickets.admin.tickets import TicketAdmin

__all__ = [
    "AuditEntryAdmin",
    "BusinessCalendarAdmin",
    "ConversationAdmin",
    "CustomerAdmin",
    "DraftAdmin",
    "TicketAdmin",
]

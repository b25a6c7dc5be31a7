"""The admin of support agents: the queue, the page where a ticket is worked on, the records."""

from tickets.admin.agents import AgentProfileAdmin
from tickets.admin.conversations import ConversationAdmin
from tickets.admin.modes import ChannelModeAdmin
from tickets.admin.records import AuditEntryAdmin, CustomerAdmin, DraftAdmin
from tickets.admin.tickets import TicketAdmin
from tickets.admin.workshop import (
    AgentNoticeAdmin,
    BusinessCalendarAdmin,
    MacroAdmin,
    SavedReplyAdmin,
    SlaPolicyAdmin,
)

__all__ = [
    "AgentNoticeAdmin",
    "AgentProfileAdmin",
    "AuditEntryAdmin",
    "BusinessCalendarAdmin",
    "ChannelModeAdmin",
    "ConversationAdmin",
    "CustomerAdmin",
    "DraftAdmin",
    "MacroAdmin",
    "SavedReplyAdmin",
    "SlaPolicyAdmin",
    "TicketAdmin",
]

"""Customers, their conversations, and what agents work with: tickets, drafts, the audit log."""

from tickets.models.agents import AgentProfile, Wait
from tickets.models.attachments import Attachment
from tickets.models.audit import AuditEntry, AuditHead, AuditLink
from tickets.models.calendars import BusinessCalendar, BusinessHours, ClosedDay
from tickets.models.conversations import Conversation, ConversationFact, Event, Feedback, Message
from tickets.models.custom_fields import CustomField
from tickets.models.customers import Customer
from tickets.models.drafts import Draft
from tickets.models.links import TicketLink
from tickets.models.macros import Macro, MacroStep, SavedReply
from tickets.models.modes import ChannelMode
from tickets.models.notes import AgentNotice, Note
from tickets.models.outbox import EmailedMessage, IdempotentRequest, OutgoingEmail
from tickets.models.ratings import Rating
from tickets.models.search import TicketSearch
from tickets.models.sla import SlaClock, SlaPolicy
from tickets.models.teams import Team
from tickets.models.tickets import Category, Tag, Ticket
from tickets.models.timers import Timer

__all__ = [
    "AgentNotice",
    "AgentProfile",
    "Attachment",
    "AuditEntry",
    "AuditHead",
    "AuditLink",
    "BusinessCalendar",
    "BusinessHours",
    "Category",
    "ChannelMode",
    "ClosedDay",
    "Conversation",
    "ConversationFact",
    "CustomField",
    "Customer",
    "Draft",
    "EmailedMessage",
    "Event",
    "Feedback",
    "IdempotentRequest",
    "Macro",
    "MacroStep",
    "Message",
    "Note",
    "OutgoingEmail",
    "Rating",
    "SavedReply",
    "SlaClock",
    "SlaPolicy",
    "Tag",
    "Team",
    "Ticket",
    "TicketLink",
    "TicketSearch",
    "Timer",
    "Wait",
]

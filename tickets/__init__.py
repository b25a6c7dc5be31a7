"""Customers, conversations, messages, tickets, drafts and the audit log."""

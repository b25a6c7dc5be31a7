"""Accounts of staff: their roles, and the audit trail of who logged in and who changed accounts."""

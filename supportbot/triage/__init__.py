"""Triage of every customer message: intent, sentiment, urgency, sensitive topics, language."""

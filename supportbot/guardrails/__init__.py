"""Guardrails: checks of each sentence before a customer reads it. No model decides alone."""

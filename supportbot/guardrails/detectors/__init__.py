"""Detectors: neighbours with one interface. Each reads a text and says what it finds."""

"""Webhooks: other systems are told of what happens, signed, once and again until they hear it."""

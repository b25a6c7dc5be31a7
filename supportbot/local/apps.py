"""Registers the embedded stack, so that Django finds its commands. It has no models."""

from django.apps import AppConfig


class LocalConfig(AppConfig):
    """`manage.py up` and `manage.py prepare_stack`."""

    name = "supportbot.local"
    label = "local"
    verbose_name = "Embedded stack"

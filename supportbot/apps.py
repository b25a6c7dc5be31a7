"""App configuration of the project package: commands, templates and system checks."""

from django.apps import AppConfig


class SupportbotConfig(AppConfig):
    name = "supportbot"
    verbose_name = "supportbot"

    def ready(self) -> None:
        from supportbot import checks  # noqa: F401  (registers the checks)

"""The Django app of automation."""

from django.apps import AppConfig


class AutomationConfig(AppConfig):
    name = "supportbot.automation"
    label = "automation"
    verbose_name = "Automation"

    def ready(self) -> None:
        from supportbot.automation.happened import note_happening
        from tickets.services.happenings import register_listener

        register_listener(note_happening)

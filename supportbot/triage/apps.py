"""The Django app of triage."""

from django.apps import AppConfig


class TriageConfig(AppConfig):
    name = "supportbot.triage"
    label = "triage"
    verbose_name = "Triage"

    def ready(self) -> None:
        from supportbot.triage.admin_message import show_triage

        show_triage()

"""App configuration of the project package: commands, templates and system checks."""

from contextlib import suppress

from django.apps import AppConfig
from django.conf import settings


class SupportbotConfig(AppConfig):
    name = "supportbot"
    verbose_name = "supportbot"

    def ready(self) -> None:
        # WhiteNoise warns about a missing folder; files are served from the apps' own without it.
        with suppress(OSError):
            settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
        from supportbot import checks, owner  # noqa: F401  (register the checks)
        from supportbot.guardrails.detectors import injection_documents

        injection_documents.register()

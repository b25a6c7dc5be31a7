"""App configuration of the answer configuration."""

from django.apps import AppConfig


class ConfigurationConfig(AppConfig):
    name = "supportbot.configuration"
    label = "configuration"
    verbose_name = "Configuration"

    def ready(self) -> None:
        from supportbot.configuration.current import current_content
        from tickets.services.modes import set_default_mode

        set_default_mode(lambda: str(current_content().mode))

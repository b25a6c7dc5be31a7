"""The Django app of the sites."""

from django.apps import AppConfig


class WidgetConfig(AppConfig):
    name = "supportbot.widget"
    label = "widget"
    verbose_name = "Chat widget"

    def ready(self) -> None:
        from supportbot.widget import origins  # noqa: F401  connects itself

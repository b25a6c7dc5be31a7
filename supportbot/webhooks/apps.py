"""The Django app of webhooks."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "supportbot.webhooks"
    label = "webhooks"
    verbose_name = "Webhooks"

    def ready(self) -> None:
        from supportbot.webhooks import outbox  # noqa: F401  connects itself
        from supportbot.webhooks.notices import webhook_notices
        from tickets.admin.notices import register_notices

        register_notices(webhook_notices)

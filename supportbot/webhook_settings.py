"""Settings of webhooks, read by settings.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from supportbot.env import env_float, env_list


@dataclass(frozen=True)
class WebhookSettings:
    """`private_hosts` may have addresses that are not on the public internet."""

    disable_days: float
    private_hosts: list[str]


WEBHOOKS = WebhookSettings(
    disable_days=env_float("SUPPORTBOT_WEBHOOK_DISABLE_DAYS", 5.0),
    private_hosts=[host.lower() for host in env_list("SUPPORTBOT_WEBHOOK_PRIVATE_HOSTS")],
)
WEBHOOK_SCHEDULE: dict[str, Any] = {
    "send-webhooks": {
        "task": "supportbot.webhooks.tasks.send_webhooks",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
}

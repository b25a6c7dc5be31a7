"""What the desk is told of webhooks that were switched off."""

from __future__ import annotations

from django.contrib.auth.models import User

from supportbot.webhooks.models import WebhookEndpoint


def webhook_notices(user: User) -> list[str]:
    """A sentence for each endpoint that takes nothing any more."""
    dead = WebhookEndpoint.objects.filter(is_on=False).exclude(disabled_reason="")
    return [
        f"The webhook “{endpoint}” is switched off, because it has failed for days: "
        f"{endpoint.disabled_reason} Whoever administers it can switch it on again."
        for endpoint in dead
    ]

"""Settings of the admin's look, read by settings.py."""

from __future__ import annotations

from typing import Any

from django.urls import reverse_lazy


def unfold(static_url: str) -> dict[str, Any]:
    return {
        "SITE_TITLE": "supportbot",
        "SITE_HEADER": "supportbot",
        "SITE_SYMBOL": "support_agent",
        "SITE_FAVICONS": [
            {
                "rel": "icon",
                "type": "image/svg+xml",
                "href": f"{static_url}supportbot/icon.svg",
            }
        ],
        "SHOW_VIEW_ON_SITE": False,
        "STYLES": [f"{static_url}supportbot/admin.css"],
        "SCRIPTS": [f"{static_url}tickets/local-time.js", f"{static_url}tickets/live.js"],
        "SIDEBAR": {"navigation": "supportbot.admin.navigation"},
        "ACCOUNT": {
            "navigation": [{"title": "Your account", "link": reverse_lazy("account:home")}]
        },
        "DASHBOARD_CALLBACK": "supportbot.desk.dashboard.dashboard",
    }

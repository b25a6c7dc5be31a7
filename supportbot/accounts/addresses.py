"""The address a request of staff comes from: that of the limits, behind SUPPORTBOT_PROXIES too."""

from __future__ import annotations

import ipaddress
from typing import Any, cast

from django.http import HttpRequest
from rest_framework.throttling import BaseThrottle


def client_address(request: HttpRequest | None) -> str:
    """Empty for what no request brought about, such as a command."""
    if request is None or "REMOTE_ADDR" not in request.META:
        return ""
    return str(BaseThrottle().get_ident(cast(Any, request)) or "")


def valid_address(request: HttpRequest) -> str | None:
    """The address, or None if a proxy wrote something else."""
    try:
        return str(ipaddress.ip_address(client_address(request)))
    except ValueError:
        return None

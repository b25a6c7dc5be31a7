"""API keys by name: an environment variable, or a file among the deployment's secrets.

Who edits the configuration names a key and the server it is sent to. So that no other secret can be
sent away, only variables named …_API_KEY that are not this product's own can be named, and only
files in the folder of secrets.
"""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

from supportbot.env import env_secret

_VARIABLE = re.compile(r"(?!SUPPORTBOT_)[A-Z][A-Z0-9_]{0,80}_API_KEY")
_FILE = re.compile(r"file:([A-Za-z0-9][A-Za-z0-9._-]{0,80})")
_OF_SETTINGS = "OPENAI_API_KEY"


def check_key_name(name: str) -> str:
    """The name itself. Raises ValueError in words if it names no key."""
    if not name or _VARIABLE.fullmatch(name) or _FILE.fullmatch(name):
        return name
    raise ValueError(
        "name an environment variable that ends in _API_KEY, or file:NAME for a file in the folder "
        "of secrets; never write the key itself here"
    )


def read_key(name: str) -> str:
    """The key; "" if the route needs none or there is none by that name."""
    if not name or name == _OF_SETTINGS:
        return settings.OPENAI_API_KEY if name else ""
    try:
        if found := _FILE.fullmatch(name):
            path = Path(settings.SECRETS_DIR) / found[1]
            return path.read_text(encoding="utf-8").strip()
        return env_secret(check_key_name(name))
    except (OSError, ValueError):
        return ""

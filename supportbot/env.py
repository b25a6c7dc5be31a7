"""Tiny, typed readers of environment variables, used by settings.py alone.

A secret may come from a file: `NAME_FILE=/run/secrets/name` wins over `NAME`.
"""

import os
from pathlib import Path


def env_str(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def env_bool(name: str, *, default: bool = False) -> bool:
    value = env_str(name).lower()
    return default if not value else value in {"1", "true", "yes", "on"}


def env_int(name: str, default: int) -> int:
    return int(env_str(name) or default)


def env_float(name: str, default: float) -> float:
    return float(env_str(name) or default)


def env_list(name: str) -> list[str]:
    return [item.strip() for item in env_str(name).split(",") if item.strip()]


def env_secret(name: str, default: str = "") -> str:
    path = env_str(f"{name}_FILE")
    return Path(path).read_text(encoding="utf-8").strip() if path else env_str(name, default)


def answer_mode(value: str) -> str:
    """The mode by its name today: “reply” was called “auto”."""
    return "reply" if value == "auto" else value

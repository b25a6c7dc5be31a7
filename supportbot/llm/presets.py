"""Presets: the OpenAI-compatible endpoints of well-known providers and servers (presets.toml)."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path

from supportbot.llm.routes import ModelRoute


@dataclass(frozen=True)
class Preset:
    """A route to begin with. `note` says what to look at before it is used."""

    title: str
    note: str
    route: ModelRoute


@functools.cache
def presets() -> dict[str, Preset]:
    """By key, in the order of the file."""
    file = Path(__file__).with_name("presets.toml")
    return {
        key: Preset(entry.pop("title"), entry.pop("note", ""), ModelRoute(name=key, **entry))
        for key, entry in tomllib.loads(file.read_text(encoding="utf-8")).items()
    }

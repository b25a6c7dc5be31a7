"""Prompts, loaded by name from the .md files here. Their hash tells a run which text it used."""

from __future__ import annotations

import functools
import hashlib
import string
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Prompt:
    name: str
    text: str

    @property
    def hash(self) -> str:
        """SHA-256 of the template, hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def fill(self, **variables: str) -> str:
        """The text with its variables filled in. Raises KeyError if one is missing or unknown."""
        wanted = {name for _, name, _, _ in string.Formatter().parse(self.text) if name}
        if wanted != variables.keys():
            raise KeyError(f"prompt {self.name!r} takes {sorted(wanted)}, got {sorted(variables)}")
        return self.text.format(**variables)


@functools.cache
def load_prompt(name: str) -> Prompt:
    """The prompt in `name`.md."""
    return Prompt(name=name, text=(_FOLDER / f"{name}.md").read_text(encoding="utf-8"))

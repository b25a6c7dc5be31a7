"""Examples of each manner in a shop's chat, written for training, from examples.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

FILE = Path(__file__).with_name("examples.toml")


def examples() -> Mapping[str, Sequence[str]]:
    """Class of the head → messages. Questions to the documents have the class QUESTION."""
    return tomllib.loads(FILE.read_text("utf-8"))

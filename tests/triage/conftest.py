"""The product's intents in the database; what the process keeps of them is read anew each time."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from supportbot.triage import intents as module
from supportbot.triage.intents import forget
from supportbot.triage.models import Intent, IntentExample

SHIPPED = tomllib.loads((Path(module.__file__).parent / "intents.toml").read_text("utf-8"))


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.fixture
def intents(db: None) -> None:
    """As the migration makes them; a test with real transactions may have emptied the tables."""
    for name, parts in SHIPPED.items():
        intent, _ = Intent.objects.get_or_create(name=name, defaults={"about": parts["about"]})
        for text in parts["examples"]:
            IntentExample.objects.get_or_create(
                text=text, defaults={"intent": intent, "source": "product"}
            )

"""Every detector of the product. To add one, write a neighbour and name it here."""

from __future__ import annotations

from supportbot.guardrails.detectors import (
    heads,
    injection,
    injection_text,
    links,
    moderation,
    scope,
    secrets,
    tone,
)
from supportbot.guardrails.detectors.personal_data import detector as personal_data
from supportbot.guardrails.detectors.types import Detector

DETECTORS: tuple[Detector, ...] = (
    injection.DETECTOR,
    links.DETECTOR,
    personal_data.DETECTOR,
    moderation.DETECTOR,
    scope.DETECTOR,
    secrets.DETECTOR,
    tone.DETECTOR,
)


def thresholds(changed: dict[str, float]) -> dict[str, float]:
    """The score from which each kind counts: the detectors' own, or as the configuration has it."""
    own = {kind: value for one in DETECTORS for kind, value in one.thresholds.items()}
    return own | {kind: value for kind, value in changed.items() if kind in own}


def texts_to_embed(message: str) -> list[str]:
    """What detectors will ask the vectors of: together they take less time than one by one."""
    readable = message.encode("utf-8", "replace").decode()
    units = [unit.words for unit in injection_text.units_of(readable)]
    return [*heads.parts_of(readable), *units]

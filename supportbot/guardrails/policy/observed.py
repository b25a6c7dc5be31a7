"""What detectors found → the facts that conditions are over."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from knowledge.text.plain import squeezed
from knowledge.text.quantities import largest_amount
from supportbot.guardrails.detectors.types import Context, Detected
from supportbot.guardrails.policy.facts import TYPES, Facts

SCORES = tuple(name.removeprefix("is_") for name in TYPES if name.startswith("is_"))
PERSONAL, SECRETS, LINKS, SCOPE, BRAND = "personal_data", "secrets", "links", "scope", "tone"
HIDDEN = "hidden_text"
FOREIGN = "foreign_link"


def observed(
    base: Facts, text: str, detected: Detected, context: Context, limits: Mapping[str, float]
) -> Facts:
    """The base facts (who asks, where, how often) with what was found in the text. `limits` are
    the scores from which a kind counts."""
    scores = {kind: detected.score(kind) for kind in SCORES}
    reached = {f"is_{kind}": 0 < limits.get(kind, 1.0) <= scores[kind] for kind in SCORES}
    links = detected.of(LINKS)
    changed: dict[str, Any] = {
        **scores,
        **reached,
        "text": text,
        "amount": largest_amount(text),
        "hidden_text": any(found.reason == HIDDEN for found in detected.findings),
        "personal_data": _kinds(detected, PERSONAL),
        "others_data": _of_others(text, detected, context),
        "secrets": _kinds(detected, SECRETS),
        "foreign_links": _unique(f.source_words for f in links if f.reason == FOREIGN),
        "pictures": sum(found.reason != FOREIGN for found in links),
        "out_of_scope": _kinds(detected, SCOPE, limits),
        "brand": _kinds(detected, BRAND),
        "failed": tuple(sorted(detected.failed)),
    }
    return dataclasses.replace(base, **changed)


def _kinds(
    detected: Detected, check: str, limits: Mapping[str, float] | None = None
) -> tuple[str, ...]:
    """With `limits`, only those that reach theirs."""
    return _unique(
        found.reason
        for found in detected.of(check)
        if found.score is None or found.score >= (limits or {}).get(found.reason, 0.0)
    )


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def _of_others(text: str, detected: Detected, context: Context) -> tuple[str, ...]:
    """Kinds of personal data in the text that no source has, and that the customer did not
    write."""
    given = squeezed(" ".join([*context.sources, *context.own]))
    return _unique(
        found.reason
        for found in detected.of(PERSONAL)
        if found.span is not None and squeezed(text[slice(*found.span)]) not in given
    )

"""The fields of guardrails in the form of a draft: which detectors run, from which score a finding
counts, and rules of the company's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from supportbot.configuration.content import Configuration
from supportbot.guardrails.detectors.registry import DETECTORS, thresholds
from supportbot.guardrails.policy.library import EDITED, rules_with
from supportbot.guardrails.policy.rules import PolicyError

DETECTOR, THRESHOLD = "detector_", "threshold_"
KINDS = {kind: one.name for one in DETECTORS for kind in one.thresholds}


def guardrail_fields() -> dict[str, forms.Field]:
    """A switch for each detector, a number for each of its thresholds, and the rules."""
    fields: dict[str, forms.Field] = {}
    for one in DETECTORS:
        fields[DETECTOR + one.name] = forms.BooleanField(
            label=f"Detector {one.name}", required=False, help_text=one.card.about
        )
    for kind, name in KINDS.items():
        fields[THRESHOLD + kind] = forms.FloatField(
            label=f"{kind.replace('_', ' ').capitalize()} counts from",
            min_value=0.01,
            max_value=1,
            help_text=f"A score between 0 and 1, found by the detector {name}.",
        )
    fields["policy"] = forms.CharField(
        label="Rules of your own",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"class": "sb-text", "rows": 14, "spellcheck": "false"}),
        help_text="YAML: name, about, rules, and without for rules that do not apply. "
        "A rule with the id of one of the product's takes its place. A rule's text is one text, or "
        "texts by language, such as {en: No., de: Nein.}.",
    )
    return fields


def guardrails_of(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """Cleaned fields → values of a Configuration. Only thresholds that were changed are kept.
    Raises ValidationError."""
    own = thresholds({})
    chosen = {kind: cleaned.get(THRESHOLD + kind) for kind in KINDS}
    policy = cleaned.get("policy", "").replace("\r\n", "\n").strip("\n")
    if policy.strip():
        try:
            rules_with(policy)
        except PolicyError as error:
            said = str(error).removeprefix(f"{EDITED}, ").removeprefix(f"{EDITED}: ")
            raise forms.ValidationError(
                {"policy": f"These rules cannot be used: {said}."}
            ) from error
    return {
        "detectors_off": [one.name for one in DETECTORS if not cleaned.get(DETECTOR + one.name)],
        "thresholds": {
            kind: value for kind, value in chosen.items() if value not in {None, own[kind]}
        },
        "policy": policy.strip(),
    }


def initial_guardrails(content: Configuration) -> dict[str, Any]:
    """What the fields show at first."""
    counts = thresholds(content.thresholds)
    return {
        **{DETECTOR + one.name: one.name not in content.detectors_off for one in DETECTORS},
        **{THRESHOLD + kind: counts[kind] for kind in KINDS},
        "policy": content.policy,
    }

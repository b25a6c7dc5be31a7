"""What an editor is warned of before a document is published: passages, or a name of the file,
that speak to the assistant instead of the reader."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from textwrap import shorten

from knowledge.models import DocumentVersion, Passage
from knowledge.services.lifecycle.text_checks import Objection, register_text_check
from supportbot.configuration.current import current_content
from supportbot.guardrails.detectors import injection
from supportbot.guardrails.detectors.injection_address import addresses_an_assistant
from supportbot.guardrails.detectors.injection_text import hidden
from supportbot.guardrails.detectors.registry import thresholds
from supportbot.guardrails.detectors.types import Context, Detected, Stage
from supportbot.guardrails.policy.decide import decide
from supportbot.guardrails.policy.facts import Facts
from supportbot.guardrails.policy.library import rules_for
from supportbot.guardrails.policy.observed import observed
from supportbot.guardrails.policy.rules import Outcome
from supportbot.guardrails.types import Finding

CODE = "speaks_to_assistant"
PASSAGE = Context(Stage.RETRIEVAL)
_QUOTED = 160  # characters


def register() -> None:
    register_text_check(CODE, objections)


def objections(version: DocumentVersion, passages: Sequence[Passage]) -> list[Objection]:
    return [*_to_names(version), *(o for p in passages for o in _to_passage(p))]


def _to_names(version: DocumentVersion) -> list[Objection]:
    names = {
        "name of the file": PurePath(version.file_name).stem.replace("_", " ").replace("-", " "),
        "title": version.document.title,
    }
    return [
        Objection(
            f"The {what} speaks to the assistant instead of the reader: “{_short(name)}”. Change "
            "it, unless you know why it is called so."
        )
        for what, name in names.items()
        if _steering(name, _of_name(name))
    ]


def _to_passage(passage: Passage) -> list[Objection]:
    return [
        Objection(
            f"This passage{_place(passage)} speaks to the assistant instead of the reader: "
            f"“{_short(said)}”. Somebody may want to change what the assistant answers. Remove it "
            "and upload the document again; or dismiss this if it is meant for readers.",
            passage,
        )
        for said in _steering(passage.text, injection.detect(passage.text, PASSAGE))[:1]
    ]


def _of_name(name: str) -> list[Finding]:
    """A name is too short for the classifier, and no honest one addresses an assistant."""
    whole = (0, len(name))
    found = [Finding(injection.NAME, injection.HIDDEN, span) for span in hidden(name)]
    if addresses_an_assistant(name):
        found.append(Finding(injection.NAME, injection.INJECTION, whole, 1.0))
    return found


def _steering(text: str, found: Sequence[Finding]) -> list[str]:
    """What was found in the text, the surest first, where a rule of the stage retrieval blocks
    it."""
    content = current_content()
    if injection.NAME in content.detectors_off:
        return []
    limits = thresholds(content.thresholds)
    facts = observed(Facts(), text, Detected(tuple(found)), PASSAGE, limits)
    if decide(rules_for(content.policy).rules, Stage.RETRIEVAL, facts).outcome != Outcome.BLOCK:
        return []
    surest = sorted(found, key=lambda one: -(one.score or 1.0))
    return [f.source_words or text[slice(*(f.span or (0, len(text))))] for f in surest]


def _place(passage: Passage) -> str:
    """“ on page 3, under “Returns””, as far as it is known."""
    page = f" on page {passage.page}" if passage.page else ""
    heading = f" under “{passage.heading[-1]}”" if passage.heading else ""
    return page + heading


def _short(text: str) -> str:
    """Without characters that would hide, or turn round, what the editor reads."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    return shorten(shown, width=_QUOTED, placeholder=" …")

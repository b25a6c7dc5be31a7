"""What would change: stored messages before two configurations' detectors, thresholds and rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from supportbot.answers.guard import embedded
from supportbot.answers.threads import in_search_thread
from supportbot.answers.triage import facts_of
from supportbot.configuration.content import Configuration
from supportbot.guardrails.detectors.registry import DETECTORS, thresholds
from supportbot.guardrails.detectors.runner import run_detectors
from supportbot.guardrails.detectors.types import Context, Detected, Stage
from supportbot.guardrails.policy.decide import Decision, decide
from supportbot.guardrails.policy.facts import Facts
from supportbot.guardrails.policy.library import rules_for
from supportbot.guardrails.policy.observed import observed
from supportbot.triage.find import triage
from tickets.models import Message

MOST_MESSAGES = 1000


@dataclass(frozen=True)
class Tried:
    """A text, what the detectors found in it, and the decision."""

    text: str
    detected: Detected
    decision: Decision


@dataclass(frozen=True)
class Changed:
    """A stored message with another outcome."""

    text: str
    before: Decision
    after: Decision


async def try_message(text: str, content: Configuration) -> Tried:
    """As the first message of somebody who is not signed in. Raises EmbeddingModelError."""
    detected, asked = await _read(text)
    return Tried(text, detected, _decided(text, detected, asked, content))


async def compare(
    old: Configuration, new: Configuration, messages: Sequence[str]
) -> tuple[Changed, ...]:
    """Those with another outcome. Each is read once, whichever detectors are off. Raises
    EmbeddingModelError."""
    changed = []
    for text in messages:
        detected, asked = await _read(text)
        before, after = (_decided(text, detected, asked, content) for content in (old, new))
        if (before.outcome, before.beside) != (after.outcome, after.beside):
            changed.append(Changed(text, before, after))
    return tuple(changed)


@sync_to_async
def last_messages(count: int, user: User | None = None) -> list[str]:
    """The last messages of customers, newest first; of those that the user may see, if given."""
    seen = Message.objects.visible_to(user) if user is not None else Message.objects.all()
    asked = seen.filter(author=Message.Author.CUSTOMER).order_by("-created_at")
    return list(asked.values_list("text", flat=True)[: min(count, MOST_MESSAGES)])


async def _read(text: str) -> tuple[Detected, Facts]:
    """What detectors and triage find in it, as when it is answered."""
    await embedded(text)
    found = await in_search_thread(triage)(text)
    return await run_detectors(DETECTORS, text, _context(text)), Facts(**facts_of(found))


def _context(text: str) -> Context:
    return Context(Stage.MESSAGE, own=(text,))


def _decided(text: str, detected: Detected, asked: Facts, content: Configuration) -> Decision:
    off = set(content.detectors_off)
    seen = Detected(
        tuple(found for found in detected.findings if found.check not in off),
        tuple(name for name in detected.failed if name not in off),
    )
    facts = observed(asked, text, seen, _context(text), thresholds(content.thresholds))
    return decide(rules_for(content.policy).rules, Stage.MESSAGE, facts, seen.findings)

"""What a language model does for agents: summarises a conversation, and rewords their own text.

Neither reaches a customer by itself. What a model reads stands between marks that are drawn anew
for every call, so that no message can end it early. Personal data is masked before a model reads
it, and of these calls only tokens and cost are kept, not the words.
"""

from __future__ import annotations

import asyncio
import functools
import re
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from asgiref.sync import async_to_sync

from supportbot.answers.model_calls import OVER_BUDGET, Bill, stream_metered
from supportbot.answers.models import ModelCall
from supportbot.answers.prompts import Prompt, parse_prompt
from supportbot.answers.spending import Payer
from supportbot.configuration.content import Configuration
from supportbot.configuration.current import current_content
from supportbot.guardrails.masking import Masking
from supportbot.llm.client import Call, ModelError
from supportbot.llm.routes import ModelRoute, Purpose, estimate_tokens
from tickets.models import Conversation, Message
from tickets.services.erasure import Erasing

log = structlog.get_logger(__name__)

SUMMARY = ModelCall.Operation.SUMMARY.value
REWORD = ModelCall.Operation.REWORD.value
LEAST_MESSAGES = 6  # fewer are read as fast as their summary
SECONDS = 30.0  # an agent waits for it, however many routes are tried
LONGEST_TEXT = 6000  # characters to reword
WISHES = {
    "correct": "Correct spelling, grammar and punctuation; change nothing else.",
    "friendly": "Make it warm and friendly, and correct its grammar.",
    "formal": "Make it polite and formal, and correct its grammar.",
    "short": "Make it shorter and clearer, and correct its grammar.",
}
WISHES_IN_WORDS = {
    "correct": "Grammar and spelling",
    "friendly": "Friendlier",
    "formal": "More formal",
    "short": "Shorter",
}
_AUTHORS = {
    Message.Author.CUSTOMER: "Customer",
    Message.Author.BOT: "Bot",
    Message.Author.AGENT: "Agent",
}
_EXACT = re.compile(r"https?://\S+|[\w.+-]+@[\w-]+\.\w+|\d[\d.,:/-]*\d|\d")


Fill = Callable[[ModelRoute], list[dict[str, str]]]  # the messages for a route


class AssistError(Exception):
    """No model has written anything; the text is a sentence for the agent."""


@dataclass(frozen=True)
class Summary:
    """`left_out` is how many of the oldest messages the model had no room for."""

    text: str
    left_out: int


@dataclass(frozen=True)
class Reworded:
    """`lost` and `new` are numbers, links and addresses that are not in both texts."""

    text: str
    lost: tuple[str, ...]
    new: tuple[str, ...]


def is_available() -> bool:
    """Whether a model is configured."""
    return bool(_routes(current_content()))


def may_summarise(conversation: Conversation) -> bool:
    said = Message.objects.filter(conversation=conversation, author__in=_AUTHORS)
    return is_available() and len(said.values("pk")[:LEAST_MESSAGES]) == LEAST_MESSAGES


def summarise(conversation: Conversation) -> Summary:
    """Raises AssistError."""
    said = Message.objects.filter(conversation=conversation, author__in=_AUTHORS).order_by("seq")
    lines = [f"{_AUTHORS[Message.Author(one.author)]}: {one.text}" for one in said]
    if not lines:
        raise AssistError("Nothing has been said yet.")
    prompt, masking = _prompt(SUMMARY), Masking(own=lines)
    masked = [masking.mask(line) for line in lines]
    kept = 0

    def fill(route: ModelRoute) -> list[dict[str, str]]:
        nonlocal kept
        room = route.context_tokens - route.answer_tokens - estimate_tokens(prompt.text)
        newest = _newest_within(masked, room)
        kept = len(newest)
        return _messages(prompt, conversation="\n".join(newest), mark=secrets.token_hex(4))

    text = _ask(prompt, fill)
    return Summary(masking.unmask(text), len(lines) - kept)


def reword(text: str, wish: str) -> Reworded:
    """Raises AssistError, and ValueError for a text or a wish that cannot be reworded."""
    if wish not in WISHES:
        raise ValueError("Choose how the text should be reworded.")
    if not text.strip():
        raise ValueError("Write something to reword first.")
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"Shorten the text to {LONGEST_TEXT:,} characters to have it reworded.")
    prompt, masking = _prompt(REWORD), Masking(own=[text])
    mark = secrets.token_hex(4)
    filled = _messages(prompt, wish=WISHES[wish], text=masking.mask(text), mark=mark)
    result = masking.unmask(_ask(prompt, lambda _: filled))
    before, after = Counter(_EXACT.findall(text)), Counter(_EXACT.findall(result))
    return Reworded(result, tuple(before - after), tuple(after - before))


def _routes(configuration: Configuration) -> tuple[ModelRoute, ...]:
    return configuration.routes_for(Purpose.SMALL) + configuration.routes_for(Purpose.LARGE)


@functools.cache
def _prompt(name: str) -> Prompt:
    path = Path(__file__).parent / "prompts" / f"{name}.md"
    return parse_prompt(name, path.read_text(encoding="utf-8"))


def _messages(prompt: Prompt, **variables: str) -> list[dict[str, str]]:
    return [
        {"role": "system", "content": prompt.fill("system", **variables)},
        {"role": "user", "content": prompt.fill("question", **variables)},
    ]


def _newest_within(lines: Sequence[str], tokens: int) -> list[str]:
    """As many as fit, oldest first; the newest one is cut if not even that does."""
    kept = list[str]()
    for line in reversed(lines):
        tokens -= estimate_tokens(line) + 1
        if tokens < 0:
            break
        kept.insert(0, line)
    return kept or [lines[-1][:1000]]


def _ask(prompt: Prompt, fill: Fill) -> str:
    try:
        return async_to_sync(_first_answer)(prompt, fill, current_content())
    finally:
        forget_words()


async def _first_answer(prompt: Prompt, fill: Fill, configuration: Configuration) -> str:
    problem = "No language model is configured."
    try:
        async with asyncio.timeout(SECONDS):
            for route in _routes(configuration):
                call = Call(route, prompt.name, fill(route), prompt.name, prompt.hash)
                payer = Payer(budgets=configuration.budgets)
                try:
                    deltas = [one async for one in stream_metered(call, payer, Bill())]
                except ModelError as error:
                    log.warning("desk_model_failed", route=route.name, error=error.code)
                    is_spent = error.code == OVER_BUDGET
                    problem = (
                        "The budget for language models is used up."
                        if is_spent
                        else "The language model does not answer. Try again in a moment."
                    )
                    continue
                if text := "".join(deltas).strip():
                    return text
                problem = "The language model wrote nothing. Try again."
    except TimeoutError:
        problem = "The language model takes too long. Try again in a moment."
    raise AssistError(problem)


def forget_words() -> int:
    """Of calls that have ended keep tokens and cost alone; returns how many had words."""
    ended = ModelCall.objects.filter(operation__in=[SUMMARY, REWORD]).exclude(outcome="")
    return ended.exclude(messages=[], text="").update(messages=[], text="")


def erase_words(_: Erasing) -> int:
    """Also of calls that a process has left behind: nobody knows whose words they have."""
    left = ModelCall.objects.filter(operation__in=[SUMMARY, REWORD])
    return left.exclude(messages=[], text="").update(messages=[], text="")

"""Tries a model route for real: its key, its list of models, a short answer, the token counts;
of one that writes down speech, a second of silence.

What is wrong is said in words, for the person who set the route up. A trial is paid for and stored
like any call; that the server rests for customers does not stop it.
"""

from __future__ import annotations

import asyncio
import io
import time
import wave
from collections.abc import Sequence
from dataclasses import dataclass

from supportbot.answers.model_calls import Bill, stream_paid
from supportbot.answers.spending import Payer
from supportbot.answers.voice import transcribe_paid
from supportbot.configuration.content import Budgets
from supportbot.llm.client import Call, ModelError, as_model_error, client_of
from supportbot.llm.keys import read_key
from supportbot.llm.routes import OPENAI_URL, ModelRoute, Purpose
from supportbot.llm.transcription import Recording

LIST_SECONDS = 10.0
MOST_NAMED = 5
SAMPLES_A_SECOND = 16_000
QUESTION = [{"role": "user", "content": "Reply with the one word: ready"}]
WORDS = {
    "unauthorised": "The server refuses the key.",
    "no_such_model": "The server knows no such model, or has no such address: check both.",
    "rate_limited": "The server is busy, or the account has no credit left.",
    "refused": "The server refuses the request; some refuse a temperature: leave it empty.",
    "unavailable": "Nothing usable answers at the address: is the server running?",
    "slow": "The server took too long.",
    "broken_off": "The server broke off in mid-answer.",
    "garbled": "What came is no answer of the OpenAI protocol: does the address end in /v1?",
    "too_long": "The answer was cut at the server's length limit.",
    "filtered": "The provider withheld the answer.",
    "over_budget": "The budget does not hold even a trial.",
}


@dataclass(frozen=True)
class Step:
    """`is_good` is None for something to know that stops nothing."""

    name: str
    is_good: bool | None
    text: str


@dataclass(frozen=True)
class RouteTrial:
    route: ModelRoute
    steps: tuple[Step, ...]

    @property
    def is_good(self) -> bool:
        return all(step.is_good is not False for step in self.steps)


async def try_route(route: ModelRoute, budgets: Budgets) -> RouteTrial:
    """Every step, in order; those behind one that fails for good are left out."""
    steps = [_key(route)]
    if steps[-1].is_good is not False:
        steps.append(await _models(route))
        is_for_speech = route.purpose == Purpose.TRANSCRIBE
        steps += await (_speech if is_for_speech else _answer)(route, budgets)
    return RouteTrial(route, tuple(steps))


def _key(route: ModelRoute) -> Step:
    if not route.key:
        return Step("Key", None, "None is sent.")
    if read_key(route.key):
        return Step("Key", True, f"Found as {route.key}.")
    place = (
        f"Put a file {route.key.removeprefix('file:')} into the folder of secrets"
        if route.key.startswith("file:")
        else f"Set the environment variable {route.key}"
    )
    return Step("Key", False, f"{place} for every process, and start them anew.")


async def _models(route: ModelRoute) -> Step:
    import openai

    try:
        async with asyncio.timeout(LIST_SECONDS):
            listed = [model.id async for model in client_of(route).models.list()]
    except (TimeoutError, openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
        found = as_model_error(error)
        if found.code in {"no_such_model", "garbled", "refused"}:
            return Step("List of models", None, "The server has none, as some do.")
        return Step("List of models", False, words_for(found, route))
    if any(_is(route.model, name) for name in listed):
        return Step("List of models", True, f"Names {route.model}.")
    named = ", ".join(listed[:MOST_NAMED]) or "nothing"
    # Some servers answer for models that they do not list.
    return Step("List of models", None, f"Does not name {route.model}; it names {named}.")


def _is(wanted: str, listed: str) -> bool:
    """Gemini lists models/NAME, Ollama NAME:TAG."""
    return listed == wanted or listed.endswith(f"/{wanted}") or listed.startswith(f"{wanted}:")


async def _answer(route: ModelRoute, budgets: Budgets) -> list[Step]:
    call, bill = Call(route, "trial", list(QUESTION)), Bill()
    try:
        async for _ in stream_paid(call, Payer(budgets=budgets), bill):
            pass
    except ModelError as error:
        return [Step("Answer", False, words_for(error, route))]
    if not call.text.strip():
        return [Step("Answer", False, "The server ended without a word.")]
    first, total = call.first_token_ms or 0, call.total_ms or 0
    times = f"First word after {first:,} ms, whole after {total:,} ms."
    return [Step("Answer", True, times), _usage(call, bill, budgets.currency)]


async def _speech(route: ModelRoute, budgets: Budgets) -> list[Step]:
    began = time.monotonic()
    try:
        await transcribe_paid(route, Recording(silence(), "audio/wav"), Payer(budgets=budgets))
    except ModelError as error:
        return [Step("Speech", False, words_for(error, route))]
    milliseconds = (time.monotonic() - began) * 1000
    return [Step("Speech", True, f"A second of silence was read in {milliseconds:,.0f} ms.")]


def silence() -> bytes:
    """A second of it, as a WAV file of 16 kHz."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(SAMPLES_A_SECOND)
        written.writeframes(bytes(2 * SAMPLES_A_SECOND))
    return file.getvalue()


def _usage(call: Call, bill: Bill, currency: str) -> Step:
    if call.is_estimate:
        return Step("Token counts", None, "The server does not count them; costs are estimated.")
    counted = f"{bill.tokens_in} in, {bill.tokens_out} out, {bill.cost:.6f} {currency}."
    return Step("Token counts", True, counted)


def words_for(error: ModelError, route: ModelRoute) -> str:
    """A sentence on what is wrong, with the server's address."""
    address = route.base_url or OPENAI_URL
    return f"{WORDS.get(error.code, error.code)} ({address}: {error.detail})"


async def try_routes(routes: Sequence[ModelRoute], budgets: Budgets) -> list[RouteTrial]:
    """All at once; each for itself."""
    return list(await asyncio.gather(*(try_route(route, budgets) for route in routes)))

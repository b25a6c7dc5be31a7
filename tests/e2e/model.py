"""A language model that speaks the OpenAI protocol and says sentences at the pace of a test."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.openai_server import MODEL, Request, Wire, begin, end, run_server, speak

_PASSAGE = re.compile(r"^\[(\d+)\] (.*?)(?=^\[\d+\] |\Z)", re.MULTILINE | re.DOTALL)
PACE_SECONDS = 240  # a pace that nobody quickens ends the test, not the night
BEGUN = 3  # characters of the next sentence, which make the end of the last one certain


@dataclass
class Script:
    """What the model says to one question, and how many of the sentences it may end by now."""

    sentences: Sequence[str]
    allowed: int = 10**6
    begun: int = 0

    def let(self, sentences: int) -> None:
        """Allow so many sentences in all."""
        self.allowed = sentences

    def finish(self) -> None:
        """Allow the rest."""
        self.allowed = 10**6

    async def until_allowed(self, number: int) -> None:
        deadline = time.monotonic() + PACE_SECONDS
        while self.allowed < number:
            if time.monotonic() > deadline:
                raise AssertionError(f"sentence {number} was never allowed")
            await asyncio.sleep(0.02)


@dataclass
class SlowModel:
    """The server's address and what it says, by question; to any other it finds no answer."""

    base_url: str = ""
    scripts: dict[str, Script] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def answers(self, question: str, sentences: Sequence[str], *, allowed: int = 10**6) -> Script:
        script = Script(sentences, allowed)
        self.scripts[question] = script
        return script

    @property
    def environment(self) -> dict[str, str]:
        """Settings of a stack that uses it, patient ones."""
        return {
            "OPENAI_BASE_URL": self.base_url,
            "SUPPORTBOT_MODEL": MODEL,
            "SUPPORTBOT_TRANSCRIBE_MODEL": MODEL,  # so the widget has a microphone
            "SUPPORTBOT_MODEL_FIRST_TOKEN_SECONDS": "100",
            "SUPPORTBOT_MODEL_IDLE_SECONDS": "100",
            "SUPPORTBOT_MODEL_TOTAL_SECONDS": "110",
            "SUPPORTBOT_FIRST_SENTENCE_SECONDS": "100",
        }

    async def reply(self, wire: Wire, request: Request) -> None:
        script = self.scripts.get(request.messages[-1]["content"])
        await begin(wire)
        if script is None:
            await speak(wire, "NO_ANSWER")
        else:
            script.begun += 1
            await _say(wire, script, cited(script.sentences, request.messages[0]["content"]))
        await end(wire)


async def _say(wire: Wire, script: Script, texts: Sequence[str]) -> None:
    for number, text in enumerate(texts, start=1):
        await speak(wire, text[:BEGUN])
        await script.until_allowed(number)
        await speak(wire, text[BEGUN:] + " ")


def cited(sentences: Sequence[str], prompt: str) -> list[str]:
    """Each sentence with the number of the passage in the prompt that holds it."""
    passages = {number: " ".join(text.split()) for number, text in _PASSAGE.findall(prompt)}
    result = []
    for sentence in sentences:
        found = [number for number, text in passages.items() if sentence in text]
        assert found, f"not retrieved: {sentence!r} among {list(passages.values())}"
        result.append(f"{sentence} [{found[0]}]")
    return result


@contextmanager
def slow_model() -> Iterator[SlowModel]:
    """A model server for the duration of the block."""
    model = SlowModel()
    with run_server() as server:
        server.says(model.reply)
        model.base_url = server.base_url
        model.requests = server.requests
        yield model
        for script in model.scripts.values():
            script.finish()

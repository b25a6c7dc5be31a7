"""A scripted model behind the OpenAI protocol, in a process of its own: `python -m
supportbot.evaluation.scripted_model` prints its port.

It says the first sentence of the first passage it is given, at the pace of a quick hosted model,
and `GET /asked` tells when it was asked what. Only the standard library is loaded, and a server
takes next to nothing of the machine that it shares with what is measured. Whoever serves it in a
process of their own gives it words and a pace.

With a number behind its name it says the sentences of all passages, up to so many words.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

FIRST_SECONDS, WORD_SECONDS = 0.3, 0.05
MOST_WORDS = 30
# A passage as the product's prompt shows it, and else whatever comes first.
_PASSAGE = re.compile(r"\[1\] <\w+> [^\n]*\n(.*?)\n</", re.DOTALL)
_PASSAGES = re.compile(r"\[\d+\] <\w+> [^\n]*\n(.*?)\n</", re.DOTALL)
_HEAD = (
    "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nConnection: close\r\nCache-Control: no-cache\r\n\r\n"
)


class ScriptedModel:
    """`says`: a request's body → the reply. `asked`: {"at": time.time() of each request, "text":
    what the user said last}."""

    def __init__(
        self,
        says: Callable[[dict[str, Any]], str] | None = None,
        *,
        first_seconds: float = FIRST_SECONDS,
        word_seconds: float = WORD_SECONDS,
    ) -> None:
        self._says = says or (lambda body: answer_to("\n".join(said_in(body))))
        self._first_seconds, self._word_seconds = first_seconds, word_seconds
        self.asked: list[dict[str, Any]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            at = time.time()
            if head.startswith("GET"):
                writer.write(_HEAD.format("application/json").encode())
                writer.write(json.dumps(self.asked).encode())
            else:
                length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
                body = json.loads(await reader.readexactly(int(length[1]) if length else 0))
                await self._answer(writer, body, at)
            await writer.drain()
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, body: dict[str, Any], at: float) -> None:
        self.asked.append({"at": at, "text": said_in(body)[-1]})
        writer.write(_HEAD.format("text/event-stream").encode())
        await asyncio.sleep(self._first_seconds)
        for word in re.findall(r"\S+\s*", self._says(body)):
            await _send(writer, _chunk({"content": word}))
            await asyncio.sleep(self._word_seconds)
        await _send(writer, _chunk({}, "stop"))
        usage = {"prompt_tokens": 800, "completion_tokens": 30, "total_tokens": 830}
        await _send(writer, {**_chunk({}), "choices": [], "usage": usage})
        writer.write(b"data: [DONE]\n\n")


def answer_to(prompt: str) -> str:
    """Words that are the first passage's own."""
    found = _PASSAGE.search(prompt)
    text = re.sub(r"[|*#_>\s]+", " ", found[1] if found else prompt).strip()
    sentence = re.split(r"(?<=[.!?])\s", text)[0]
    return " ".join(sentence.split()[:MOST_WORDS])


def said_in(body: dict[str, Any]) -> list[str]:
    """The texts of a request's messages."""
    return [_text_of(message) for message in body["messages"]]


def _text_of(message: dict[str, Any]) -> str:
    """Content is a text, or a list of parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", "")) for part in content)


def _chunk(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "scripted",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    }


async def _send(writer: asyncio.StreamWriter, event: dict[str, Any]) -> None:
    writer.write(f"data: {json.dumps(event)}\n\n".encode())
    await writer.drain()


def long_answer_to(prompt: str, words: int) -> str:
    """The sentences of all passages, up to so many words."""
    sentences: list[str] = []
    for text in _PASSAGES.findall(prompt):
        plain = re.sub(r"[|*#_>\s]+", " ", text).strip()
        sentences += re.findall(r"[^.!?]+[.!?]", plain)
    said: list[str] = []
    for sentence in dict.fromkeys(map(str.strip, sentences)):
        if len(said) + len(sentence.split()) > words:
            break
        said += sentence.split()
    return " ".join(said) or answer_to(prompt)


async def main(words: int | None) -> None:
    def says(body: dict[str, Any]) -> str:
        prompt = "\n".join(said_in(body))
        return answer_to(prompt) if words is None else long_answer_to(prompt, words)

    listener = await asyncio.start_server(ScriptedModel(says).serve, "127.0.0.1", 0)
    sys.stdout.write(f"{listener.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await listener.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else None))

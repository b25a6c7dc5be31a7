"""Answers in OpenAI's form. What that form has no place for stands in the field `supportbot` of the
message, or of a chunk's delta: run, outcome, citations, sources."""

from __future__ import annotations

from typing import Any

from supportbot.answers.deliver import lead_of
from supportbot.answers.models import AnswerRun

# A stream cannot take back what it said. Every sentence in it was checked.
STARTS_AGAIN = "\n\n(That answer could not be finished. Here is a complete one.)\n\n"


class Marked:
    """Sentences (wire form) as text with marks such as [1], numbered as they first appear.
    `sources` has one entry for each number."""

    def __init__(self) -> None:
        self.sources: list[dict[str, Any]] = []
        self._numbers: dict[tuple[str, str], int] = {}
        self._is_empty = True

    def add(self, sentence: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
        """The text of the next sentence with its lead and marks, and its numbered citations."""
        citations = [
            {**citation, "n": self._number(citation)} for citation in sentence["citations"]
        ]
        marks = "".join(f"[{n}]" for n in dict.fromkeys(citation["n"] for citation in citations))
        text = lead_of(sentence) + sentence["text"] + (f" {marks}" if marks else "")
        if self._is_empty:
            text = text.lstrip()
        self._is_empty = False
        return text, citations

    def start_again(self) -> str:
        """What to say where the sentences so far are replaced by others."""
        was_empty, self._is_empty = self._is_empty, True
        self.sources, self._numbers = [], {}
        return "" if was_empty else STARTS_AGAIN

    def _number(self, citation: dict[str, Any]) -> int:
        source = (citation["document_id"], citation["passage_id"])
        if source not in self._numbers:
            self._numbers[source] = len(self._numbers) + 1
            shown = {key: citation[key] for key in citation if key not in {"quote", "cells"}}
            self.sources.append({**shown, "n": self._numbers[source]})
        return self._numbers[source]


def extension(answer: dict[str, Any], marked: Marked) -> dict[str, Any]:
    """The field `supportbot` of a whole answer."""
    return {
        "run_id": answer["run_id"],
        "outcome": answer["outcome"],
        "offer_handover": answer["offer_handover"],
        "choices": answer["choices"],
        "sources": marked.sources,
    }


def completion(row: AnswerRun, model: str, answer: dict[str, Any]) -> dict[str, Any]:
    marked = Marked()
    citations = []
    text = ""
    for sentence in answer["sentences"]:
        words, cited = marked.add(sentence)
        text += words
        citations += cited
    message = {
        "role": "assistant",
        "content": text or answer["text"],
        "refusal": None,
        "supportbot": {**extension(answer, marked), "citations": citations},
    }
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {**_head(row, model, "chat.completion"), "choices": [choice], "usage": usage_of(row)}


def chunk(
    row: AnswerRun, model: str, delta: dict[str, Any], finish_reason: str | None = None
) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
    return {**_head(row, model, "chat.completion.chunk"), "choices": [choice]}


def usage_chunk(row: AnswerRun, model: str) -> dict[str, Any]:
    return {
        **_head(row, model, "chat.completion.chunk"),
        "choices": [],
        "usage": usage_of(row),
    }


def usage_of(row: AnswerRun) -> dict[str, int]:
    """The tokens of language models that the run paid for; 0 where none was asked."""
    return {
        "prompt_tokens": row.tokens_in,
        "completion_tokens": row.tokens_out,
        "total_tokens": row.tokens_in + row.tokens_out,
    }


def model_entry(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "supportbot"}


def _head(row: AnswerRun, model: str, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{row.pk.hex}",
        "object": kind,
        "created": int(row.created_at.timestamp()),
        "model": model,
    }

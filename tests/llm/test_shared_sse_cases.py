"""The framing of other people's Server-Sent Events, through a real connection."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from supportbot.llm.client import Call, ModelError, stream_completion
from tests.llm.fixtures import route_to
from tests.openai_server import ModelServer, Request, Scenario, Wire, begin, chunk, end

JSON_CASES = {
    "basic",
    "data_missing_event",
    "multiple_data_lines",
    "multiple_data_lines_with_empty_line",
    "data_json_escaped_double_new_line",
    "special_new_line_character_u2028",
    "multi_byte_character_multiple_chunks",
}


def cases(shared_data: Path) -> list[dict[str, Any]]:
    file = shared_data / "streaming" / "sse_cases.jsonl"
    with file.open(encoding="utf-8") as lines:  # one of them holds a line separator
        return [json.loads(line) for line in lines]


def playing(case: dict[str, Any], *, good_end: bool) -> Scenario:
    """A word, then the case's bytes in the case's pieces, then a good end or none."""

    async def scenario(wire: Wire, request: Request) -> None:
        await begin(wire)
        await wire.event(chunk({"content": "One."}))
        for piece in case["chunks_b64"]:
            await wire.send(base64.b64decode(piece))
        if good_end:
            await end(wire)

    return scenario


async def read(server: ModelServer, deltas: list[str]) -> None:
    messages = [{"role": "user", "content": "Hi"}]
    async for delta in stream_completion(Call(route_to(server), "answer", messages)):
        deltas.append(delta)  # noqa: PERF401  (what came before an error counts too)


async def test_foreign_events_never_become_words_or_a_finished_answer(
    shared_data: Path, model_server: ModelServer, subtests: pytest.Subtests
) -> None:
    found = cases(shared_data)
    assert len(found) == 12
    for case in found:
        with subtests.test(case["id"]):
            deltas: list[str] = []
            model_server.says(playing(case, good_end=False))
            with pytest.raises(ModelError, match=r"^(broken_off|garbled):"):
                await read(model_server, deltas)
            assert deltas == ["One."]


def as_content(case: dict[str, Any]) -> tuple[Scenario, str]:
    """The case with its bytes' line framing kept, but with a completion chunk for its JSON."""
    data = b"".join(base64.b64decode(piece) for piece in case["chunks_b64"])
    said = "".join(json.dumps(e["json"], ensure_ascii=False) for e in case["expect"] if "json" in e)

    async def scenario(wire: Wire, request: Request) -> None:
        await begin(wire)
        for number, event in enumerate(e for e in case["expect"] if "json" in e):
            text = json.dumps(event["json"], ensure_ascii=False)
            payload = json.dumps(chunk({"content": text}), ensure_ascii=False, indent=1)
            name = event["event"]
            lines = [f"event: {name}"] if name else []
            lines += [f"data: {line}" for line in payload.split("\n")]
            if b"data: \n" in data:  # empty data lines, as the case has them
                lines.insert(-1, "data: ")
                lines.insert(-1, "data:")
            for byte in ("\n".join(lines) + "\n\n").encode():
                await wire.send(bytes([byte]))
            assert number < 10
        await end(wire)

    return scenario, said


async def test_the_same_framing_around_a_completion_gives_its_words(
    shared_data: Path, model_server: ModelServer, subtests: pytest.Subtests
) -> None:
    for case in cases(shared_data):
        if case["id"] in JSON_CASES:
            with subtests.test(case["id"]):
                scenario, said = as_content(case)
                model_server.says(scenario)
                deltas: list[str] = []
                await read(model_server, deltas)
                assert "".join(deltas) == said

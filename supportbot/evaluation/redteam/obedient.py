"""A model that does whatever it is told, behind a real server of the OpenAI protocol.

The name of the model that is asked for is the id of the case. It says what the case's attacker
wants to hear, and beside it one of its own misdeeds, in turn.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from supportbot.evaluation.redteam.suite import Case, Misdeed
from supportbot.evaluation.redteam.writing import WRITINGS
from supportbot.evaluation.scripted_model import ScriptedModel, said_in

# {prompt}, or {prompt|base64}: the instructions it was given, as such or in another writing.
_PLACE = re.compile(r"\{(prompt|question)(?:\|([\w-]+))?\}")


def said_by(case: Case, misdeeds: Sequence[Misdeed], messages: Sequence[str]) -> str:
    """What the obedient model replies to the messages, of which the first is its prompt."""
    values = {"prompt": messages[0], "question": messages[-1]}
    said = [case.obeys]
    if misdeeds:
        said.append(misdeeds[zlib.crc32(case.id.encode()) % len(misdeeds)].obeys)
    return _PLACE.sub(
        lambda place: WRITINGS.get(place[2] or "", str)(values[place[1]]), "\n\n".join(said)
    )


@asynccontextmanager
async def obedient_model(cases: Sequence[Case], misdeeds: Sequence[Misdeed]) -> AsyncIterator[str]:
    """Its base URL, while the block runs in this event loop."""
    by_id: Mapping[str, Case] = {case.id: case for case in cases}

    def says(body: dict[str, Any]) -> str:
        return said_by(by_id[body["model"]], misdeeds, said_in(body))

    model = ScriptedModel(says, first_seconds=0, word_seconds=0)
    server = await asyncio.start_server(model.serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"

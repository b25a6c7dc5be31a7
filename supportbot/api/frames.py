"""What the widget sends over its WebSocket: JSON objects with a type."""

from __future__ import annotations

import json
from typing import Any

from tickets.services.history import MOST_MESSAGES

MAX_FRAME_CHARACTERS = 100_000


class FrameError(Exception):
    """A frame that cannot be served. Told to its sender; the socket stays open."""

    def __init__(self, code: str, text: str, *, retryable: bool = False) -> None:
        super().__init__(text)
        self.code, self.text, self.retryable = code, text, retryable


def read_frame(text: str | None) -> dict[str, Any]:
    """Raises FrameError."""
    if text is None or len(text) > MAX_FRAME_CHARACTERS:
        raise FrameError("bad_frame", "A frame is a JSON object of at most 100,000 characters.")
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FrameError("bad_frame", "The frame is not JSON.") from error
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise FrameError("bad_frame", "A frame is a JSON object with a type.")
    return frame


def messages_wanted(frame: dict[str, Any]) -> int | None:
    """How many messages the widget wants to begin with; None for the log after a number."""
    last = frame.get("last")
    if last is None:
        return None
    if not isinstance(last, int) or isinstance(last, bool) or not 1 <= last <= MOST_MESSAGES:
        raise FrameError("bad_last", f"“last” is a number of messages from 1 to {MOST_MESSAGES}.")
    return last

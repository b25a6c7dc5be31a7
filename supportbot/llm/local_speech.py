"""Speech to text on this machine: a Whisper model in a folder, run by faster-whisper (the extra
`voice`). No weights come with the product, and none are downloaded."""

from __future__ import annotations

import functools
import importlib.util
import io
import threading
from pathlib import Path
from typing import Any

from django.conf import settings

WEIGHTS = "model.bin"
WAIT_SECONDS = 60.0  # for those who speak at the same time
_turn = threading.Lock()


class SpeechModelError(Exception):
    """The model cannot be used, or it cannot read the recording. The text is for the operator."""


def is_there() -> bool:
    """Whether a folder with a model is named, and what runs it is installed."""
    return why_missing() == ""


def why_missing() -> str:
    """In words for the operator; "" if nothing is missing, or no folder is named."""
    folder = settings.SPEECH_FOLDER
    if not folder:
        return "No folder is named."
    if not (Path(folder) / WEIGHTS).is_file():
        return f"There is no {WEIGHTS} in {folder}: give the folder of a model for faster-whisper."
    if importlib.util.find_spec("faster_whisper") is None:
        return "faster-whisper is not installed: pip install 'supportbot[voice]'."
    return ""


def transcribe(content: bytes) -> str:
    """The words, which may be none; one recording after the other. Raises SpeechModelError."""
    if not _turn.acquire(timeout=WAIT_SECONDS):
        raise SpeechModelError("The model is busy with other recordings.")
    try:
        segments, _ = load(settings.SPEECH_FOLDER).transcribe(io.BytesIO(content), beam_size=1)
        return " ".join(segment.text.strip() for segment in segments).strip()
    except SpeechModelError:
        raise
    except Exception as error:  # the library, its decoder and its runtime each raise their own
        raise SpeechModelError(f"{type(error).__name__}: {error}") from error
    finally:
        _turn.release()


@functools.lru_cache(maxsize=1)
def load(folder: str) -> Any:
    """The model, which every later recording uses. Raises SpeechModelError."""
    if missing := why_missing():
        raise SpeechModelError(missing)
    from faster_whisper import WhisperModel

    try:
        return WhisperModel(folder, device="cpu", compute_type="int8", local_files_only=True)
    except Exception as error:  # unreadable weights, missing files, too little memory
        raise SpeechModelError(f"The model in {folder} cannot be loaded: {error}") from error

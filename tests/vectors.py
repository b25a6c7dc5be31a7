"""The embedding model's real vectors, computed once for each text of a test run: a thousand tests
put the same few documents in, and ask the same questions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from knowledge.embedding.onnx import OnnxEncoder
from knowledge.embedding.vectors import Vectors

MOST = 20_000
_compute = OnnxEncoder.encode
_known: dict[tuple[str, str], Vectors] = {}


def install() -> None:
    """Take the place of the encoder's own."""
    OnnxEncoder.encode = _encode  # type: ignore[method-assign]


def _encode(self: OnnxEncoder, texts: Sequence[str]) -> Vectors:
    keys = [(str(self.model.onnx_path), text) for text in texts]
    found = {key: _known[key] for key in keys if key in _known}
    new = [key for key in dict.fromkeys(keys) if key not in found]
    found.update(zip(new, _compute(self, [text for _, text in new]), strict=True))
    if len(_known) > MOST:
        _known.clear()
    _known.update((key, found[key]) for key in new)
    return np.array([found[key] for key in keys], np.float32).reshape(-1, self.dimensions)


@pytest.fixture(autouse=True)
def computed_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of the encoder itself, and of how long it takes."""
    monkeypatch.setattr(OnnxEncoder, "encode", _compute)

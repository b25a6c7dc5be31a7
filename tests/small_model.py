"""A second embedding model, with other dimensions: the bundled one and a layer that projects its
vectors to 128 numbers, without bias and at random, which keeps distances roughly (Johnson and
Lindenstrauss, 1984). Made without a network, once per machine.

`python -m tests.small_model FOLDER` writes it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

DIMENSIONS = 128
ROOT = Path(__file__).parents[1]


def small_model() -> str:
    """The folder of the model, for `start_index` or SUPPORTBOT_EMBEDDING_MODEL."""
    folder = Path(tempfile.gettempdir()) / "supportbot-test-small-model-1"
    if not folder.exists():
        # In a process of its own: torch must not get into the one of the tests.
        subprocess.run(
            [sys.executable, "-m", "tests.small_model", str(folder)],
            cwd=ROOT,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "supportbot.settings"},
            check=True,
            capture_output=True,
        )
    return str(folder)


def _write(folder: Path) -> None:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize

    from knowledge.embedding.model import BUNDLED, source_of

    base = SentenceTransformer(source_of(BUNDLED), device="cpu")
    size = int(base.get_embedding_dimension() or 0)
    chance = torch.Generator().manual_seed(1)
    directions, _ = torch.linalg.qr(torch.randn(size, DIMENSIONS, generator=chance))
    dense = Dense(
        size,
        DIMENSIONS,
        bias=False,
        activation_function=torch.nn.Identity(),
        init_weight=directions.T.contiguous(),
    )
    model = SentenceTransformer(modules=[*base, dense, Normalize()], device="cpu")
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent))
    model.save(str(unfinished))
    try:
        unfinished.rename(folder)
    except OSError:  # another run was first
        if not folder.exists():
            raise


if __name__ == "__main__":
    _write(Path(sys.argv[1]))

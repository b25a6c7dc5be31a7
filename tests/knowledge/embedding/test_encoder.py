"""knowledge.embedding.encoder: texts → unit vectors, the same ones sentence-transformers gives."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from knowledge.embedding.encoder import Vectors, get_encoder, get_tokenizer
from knowledge.embedding.model import BUNDLED, prepare_model, source_of
from knowledge.embedding.onnx import OnnxEncoder

SENTENCES = [
    "Can I return opened coffee beans?",
    "We refund the price to the card you paid with within 5 working days.",
    "| Country | Standard | Express |\n| --- | --- | --- |\n| France | £12.40 | £24.00 |",
    "Fehler E04: Die Maschine heizt nicht auf – was nun?",
    "a",
    "The warranty covers parts and labour for 24 months. " * 60,  # longer than the model reads
]
ORIGINAL = """
import json, sys
from sentence_transformers import SentenceTransformer
model = SentenceTransformer(sys.argv[1], device="cpu")
print(json.dumps(model.encode(json.load(sys.stdin), normalize_embeddings=True).tolist()))
"""


@pytest.fixture(scope="module")
def encoder() -> OnnxEncoder:
    return OnnxEncoder(prepare_model(BUNDLED))


def test_vectors_are_those_of_sentence_transformers(encoder: OnnxEncoder) -> None:
    # In a process of its own: torch must not get into this one.
    result = subprocess.run(
        [sys.executable, "-c", ORIGINAL, source_of(BUNDLED)],
        input=json.dumps(SENTENCES),
        capture_output=True,
        text=True,
        check=True,
    )
    expected = np.array(json.loads(result.stdout), dtype=np.float32)
    cosines = (encoder.encode(SENTENCES) * expected).sum(axis=1)
    assert cosines.min() >= 0.9999


def test_every_vector_has_length_one(encoder: OnnxEncoder) -> None:
    lengths = np.linalg.norm(encoder.encode([*SENTENCES, ""]), axis=1)
    assert np.allclose(lengths, 1, atol=1e-5)


def test_a_batch_keeps_its_order(encoder: OnnxEncoder) -> None:
    mixed = [SENTENCES[5], SENTENCES[4], SENTENCES[0], SENTENCES[2], SENTENCES[4]]
    one_by_one = np.stack([encoder.encode([text])[0] for text in mixed])
    assert np.allclose(encoder.encode(mixed), one_by_one, atol=1e-4)


def test_a_batch_larger_than_one_run_is_encoded_whole(encoder: OnnxEncoder) -> None:
    texts = [f"Section {number}. " + "Text of the section. " * 20 for number in range(50)]
    vectors = encoder.encode(texts)
    assert vectors.shape == (50, encoder.model.dimensions)
    assert np.allclose(vectors[37], encoder.encode([texts[37]])[0], atol=1e-4)


def test_no_texts_give_no_vectors(encoder: OnnxEncoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.model.dimensions)


def test_threads_get_the_vectors_that_one_thread_gets(encoder: OnnxEncoder) -> None:
    texts = [f"{sentence} {number}" for number in range(6) for sentence in SENTENCES[:5]]
    alone = [encoder.encode_question(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        together: list[Vectors] = list(pool.map(encoder.encode_question, texts))
    assert np.allclose(np.stack(together), np.stack(alone), atol=1e-5)


def test_like_meanings_lie_closer_than_unlike_ones(encoder: OnnxEncoder) -> None:
    question = encoder.encode_question("How long may I take to send goods back?")
    near, far = encoder.encode_passages(
        ["Unopened goods can be returned within 30 days.", "The kettle holds 1.2 litres."]
    )
    assert question @ near > question @ far + 0.2


def test_a_process_loads_a_model_once() -> None:
    assert get_encoder(BUNDLED) is get_encoder(BUNDLED)


def test_the_counting_tokenizer_neither_cuts_nor_pads() -> None:
    encoding = get_tokenizer(BUNDLED).encode("word " * 2000, add_special_tokens=False)
    assert len(encoding.ids) == 2000

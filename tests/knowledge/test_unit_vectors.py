"""knowledge.unit_vectors: vectors of units in 8 bits a number, and whose they are."""

from __future__ import annotations

import numpy as np
import pytest

from knowledge.embedding.vectors import Vectors, with_length_one
from knowledge.unit_vectors import CHECKSUM_BYTES, is_of, pack, unpack

DIMENSIONS = 384
CHANCE = np.random.default_rng(11)


def vectors(rows: int, dimensions: int = DIMENSIONS) -> Vectors:
    return with_length_one(CHANCE.normal(size=(rows, dimensions)).astype(np.float32))


def texts(rows: int) -> list[str]:
    return [f"Sentence {row}." for row in range(rows)]


def test_cosines_stay_as_they_were() -> None:
    given, asked = vectors(200), vectors(50)
    near = with_length_one(asked + 0.3 * vectors(50))  # where cosines are large, too
    given = np.vstack([given, near])
    read = unpack(pack(texts(250), given), DIMENSIONS)
    assert read.shape == given.shape
    assert (given @ asked.T).max() > 0.9
    assert np.abs(read @ asked.T - given @ asked.T).max() < 0.005


def test_what_is_read_has_length_one() -> None:
    read = unpack(pack(texts(20), 7 * vectors(20)), DIMENSIONS)
    assert np.linalg.norm(read, axis=1) == pytest.approx(np.ones(20), abs=1e-5)
    assert read.dtype == np.float32


def test_a_number_takes_a_byte() -> None:
    assert len(pack(texts(3), vectors(3))) == CHECKSUM_BYTES + 3 * DIMENSIONS


def test_the_largest_number_of_either_sign_does_not_wrap_around() -> None:
    given = np.array([[-1.0, 0.5], [1.0, -0.5]], dtype=np.float32)
    read = unpack(pack(texts(2), given), 2)
    assert np.sign(read).tolist() == [[-1, 1], [1, -1]]


def test_a_vector_of_zeros_stays_one() -> None:
    given = np.zeros((2, DIMENSIONS), dtype=np.float32)
    given[1, 5] = 1
    read = unpack(pack(texts(2), given), DIMENSIONS)
    assert np.isfinite(read).all()
    assert not read[0].any()
    assert read[1, 5] == 1


def test_no_texts_have_no_vectors() -> None:
    stored = pack([], np.zeros((0, DIMENSIONS), dtype=np.float32).reshape(0, DIMENSIONS))
    assert unpack(stored, DIMENSIONS).shape == (0, DIMENSIONS)
    assert is_of(stored, [])


@pytest.mark.parametrize(
    "others",
    [
        ["One.", "Three."],
        ["One."],
        ["Two.", "One."],
        ["One.", "Two.", "Three."],
        ["One. Two."],
        [],
    ],
)
def test_vectors_are_known_by_their_texts(others: list[str]) -> None:
    stored = pack(["One.", "Two."], vectors(2))
    assert is_of(stored, ["One.", "Two."])
    assert is_of(memoryview(stored), ["One.", "Two."])  # type: ignore[arg-type]
    assert not is_of(stored, others)


def test_a_wrong_checksum_is_noticed() -> None:
    stored = pack(texts(2), vectors(2))
    wrong = bytes([stored[0] ^ 1]) + stored[1:]
    assert not is_of(wrong, texts(2))
    assert not is_of(b"", texts(2))

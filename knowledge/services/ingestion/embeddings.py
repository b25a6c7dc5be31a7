"""The vectors of texts: which are missing in an index, and putting them there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection, transaction
from pgvector import HalfVector

from knowledge import unit_vectors
from knowledge.embedding.encoder import Encoder, Vectors, get_encoder
from knowledge.models import EmbeddingIndex
from knowledge.services.lifecycle import serving
from knowledge.splitting import say_tables
from knowledge.text.units import unit_texts

BATCH = 32  # texts that are embedded and stored at a time: two or three seconds of one core

_MISSING = """
SELECT DISTINCT ON (p.text_hash) p.text_hash, p.context, p.text
FROM knowledge_passage p
WHERE p.version_id = ANY(%s)
  AND NOT EXISTS (
      SELECT FROM knowledge_embedding e WHERE e.index_id = %s AND e.text_hash = p.text_hash
  )
LIMIT %s
"""
_COUNT_MISSING = """
SELECT count(DISTINCT p.text_hash) FROM knowledge_passage p
WHERE p.version_id = %s
  AND NOT EXISTS (
      SELECT FROM knowledge_embedding e WHERE e.index_id = %s AND e.text_hash = p.text_hash
  )
"""
_INCOMING = """
CREATE TEMPORARY TABLE IF NOT EXISTS incoming_embedding
    (text_hash bytea, vector halfvec, units bytea)
ON COMMIT DELETE ROWS;
DELETE FROM incoming_embedding
"""
_COPY = "COPY incoming_embedding (text_hash, vector, units) FROM STDIN WITH (FORMAT BINARY)"
# Nothing is put into an index that was dropped, nor for a text whose document was deleted, while
# its vector was computed.
_STORE = """
INSERT INTO knowledge_embedding (index_id, text_hash, vector, units)
SELECT i.id, incoming.text_hash, incoming.vector, incoming.units
FROM incoming_embedding incoming
JOIN knowledge_embeddingindex i ON i.id = %s AND i.state <> 'retired'
WHERE EXISTS (SELECT FROM knowledge_passage p WHERE p.text_hash = incoming.text_hash)
ON CONFLICT (index_id, text_hash) DO UPDATE SET units = EXCLUDED.units
    WHERE knowledge_embedding.units IS NULL
RETURNING (xmax = 0)
"""
_STORE_UNITS = """
UPDATE knowledge_embedding SET units = %s
WHERE index_id = %s AND text_hash = %s AND units IS NULL
"""


@dataclass(frozen=True)
class Text:
    """What is embedded of a passage, whole and in units, and the hash that passages find its
    vectors by."""

    key: bytes
    text: str
    units: tuple[str, ...] = ()


@dataclass(frozen=True)
class Embedded:
    """The vectors of one text; `units` as knowledge.unit_vectors stores them."""

    key: bytes
    vector: Vectors
    units: bytes | None = None


def embedded_text(context: str, text: str) -> str:
    """What is embedded of a passage: what stands above it, too, and tables row by row."""
    return f"{context}\n{say_tables(text)}"


def text_hash(context: str, text: str) -> bytes:
    """Identifies what is embedded: two passages with equal context and text share a vector."""
    return hashlib.sha256(embedded_text(context, text).encode()).digest()


def said_text(key: bytes, context: str, text: str) -> str | None:
    """The text of a passage as its hash has it; None if it was altered since. Tables of passages
    put in by an earlier version are embedded as they stand."""
    for said in (say_tables(text), text):
        if hashlib.sha256(f"{context}\n{said}".encode()).digest() == key:
            return said
    return None


def missing_texts(
    index: EmbeddingIndex, version_ids: Sequence[int], *, limit: int = 10_000
) -> list[Text]:
    """Texts of these versions that have no vector in the index, each once; at most `limit`."""
    with connection.cursor() as cursor:
        cursor.execute(_MISSING, [list(version_ids), index.pk, limit])
        return texts_of(cursor.fetchall())


def count_missing(index: EmbeddingIndex, version_id: int) -> int:
    """How many texts of the version have no vector in the index."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_MISSING, [version_id, index.pk])
        return int(cursor.fetchone()[0])


def texts_of(rows: Sequence[tuple[bytes, str, str]]) -> list[Text]:
    """Rows of (hash, context, text) as texts."""
    return [
        Text(bytes(key), embedded_text(context, text), tuple(unit_texts(context, text)))
        for key, context, text in rows
    ]


def embed(index: EmbeddingIndex, texts: Sequence[Text]) -> Iterator[tuple[int, int]]:
    """Embed and store texts in batches; yields each batch's (texts, vectors not there before).

    Raises EmbeddingModelError and TextRefusedError; what was added stays.
    """
    encoder = get_encoder(index.model)
    # Texts of like length together, so that little of what the model computes is padding.
    ordered = sorted(texts, key=lambda text: len(text.text))
    for start in range(0, len(ordered), BATCH):
        batch = ordered[start : start + BATCH]
        yield len(batch), store(index, encode(encoder, batch))


def encode(encoder: Encoder, texts: Sequence[Text]) -> list[Embedded]:
    """The vectors of texts and of their units; a unit that several have is embedded once."""
    rows = _encode_once(encoder, [part for text in texts for part in (text.text, *text.units)])
    return [Embedded(text.key, rows[text.text], _packed(text, rows)) for text in texts]


def _encode_once(encoder: Encoder, parts: Sequence[str]) -> dict[str, Vectors]:
    different = list(dict.fromkeys(parts))
    return dict(zip(different, encoder.encode_passages(different), strict=True))


def _packed(text: Text, rows: Mapping[str, Vectors]) -> bytes | None:
    if not text.units:
        return None
    return unit_vectors.pack(text.units, np.stack([rows[unit] for unit in text.units]))


def store_units(index: EmbeddingIndex, encoder: Encoder, texts: Sequence[Text]) -> int:
    """Embed the units of texts whose own vectors are stored, and add them; of how many texts they
    were not there before. Raises EmbeddingModelError and TextRefusedError."""
    rows = _encode_once(encoder, [unit for text in texts for unit in text.units])
    with transaction.atomic(), connection.cursor() as cursor:
        serving.hold_indexes()
        stored = 0
        for text in texts:
            cursor.execute(_STORE_UNITS, [_packed(text, rows), index.pk, text.key])
            stored += cursor.rowcount
    return stored


def store(index: EmbeddingIndex, embedded: Sequence[Embedded]) -> int:
    """Add the vectors of texts by their hashes; returns how many were not there before."""
    with transaction.atomic(), connection.cursor() as cursor:
        serving.hold_indexes()  # no document is deleted, and no index dropped, in between
        cursor.execute(_INCOMING)
        # Binary COPY: as text, numbers take ten times as long to write and to read.
        with cursor.copy(_COPY) as copy:
            copy.set_types(["bytea", "bytea", "bytea"])
            for one in embedded:
                copy.write_row((one.key, HalfVector(one.vector).to_binary(), one.units))
        cursor.execute(_STORE, [index.pk])
        return sum(is_new for (is_new,) in cursor.fetchall())

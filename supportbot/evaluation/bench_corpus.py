"""As many passages as wanted: real ones with their vectors, then ones that are put together of two
real ones each, text and vector alike.

Such a passage stands under its own headings and holds parts of its own text and of another one's;
its vector is the mean of both, weighed, with noise. So a question finds it by words and by meaning
for the same reason, no two have the same text or vector, and common words are common.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from knowledge import unit_vectors
from knowledge.embedding.encoder import get_encoder
from knowledge.embedding.vectors import Vectors, with_length_one
from knowledge.models import Document, DocumentVersion
from knowledge.services.ingestion.embeddings import BATCH, embedded_text, text_hash
from knowledge.services.ingestion.pipeline import cut
from knowledge.terms import passage_weights, sparse_vector
from knowledge.text.units import unit_texts
from supportbot.evaluation.questions import BadDatasetError, Text, load_questions
from supportbot.evaluation.recombine import load_texts, paragraphs_of
from supportbot.local.seeding import DEMO_FOLDER

OWN_SHARE = (0.5, 0.8)  # of the vector: from, to
NOISE = 0.3  # its length beside that of the vector

Show = Callable[[str, float], None]


@dataclass(frozen=True)
class RealPassage:
    heading: tuple[str, ...]
    context: str
    text: str


@dataclass(frozen=True)
class RealDocument:
    title: str
    passages: Sequence[RealPassage]


@dataclass(frozen=True)
class NewPassage:
    """A passage to put in; `key` is the hash that it finds its vector by."""

    heading: tuple[str, ...]
    context: str
    text: str
    key: bytes
    vector: Vectors


@dataclass(frozen=True)
class NewDocument:
    title: str
    passages: Sequence[NewPassage]


@dataclass(frozen=True)
class Corpus:
    """Real documents; `vectors` has a row for each of their passages, in order."""

    documents: Sequence[RealDocument]
    vectors: Vectors

    def __len__(self) -> int:
        return len(self.vectors)


def load_all_questions(data: Path) -> list[str]:
    """Those of a dataset, or of all below the folder, each once and always in the same mixed order.
    Raises BadDatasetError."""
    folders = [data]
    if not (data / "queries.jsonl").is_file():
        folders = [path.parent for path in sorted(data.rglob("queries.jsonl"))] or [data]
    questions = [question for folder in folders for question in load_questions(folder)]
    distinct = list(dict.fromkeys(question for question in questions if question.strip()))
    if not distinct:
        raise BadDatasetError(f"There is no question in {data}.")
    random.Random(1).shuffle(distinct)  # noqa: S311  (no secret)
    return distinct


def load_documents(data: Path, passages: int) -> list[RealDocument]:
    """Documents of the corpora below a folder, cut as the product cuts them: any of them, until
    they have so many passages. Raises BadDatasetError."""
    texts = load_texts(data)
    random.Random(1).shuffle(texts)  # noqa: S311  (no secret)
    documents: list[RealDocument] = []
    count = 0
    for text in texts:
        if count >= passages:
            break
        if (document := _cut(text)).passages:
            documents.append(document)
            count += len(document.passages)
    if not documents:
        raise BadDatasetError(f"There is no text in the corpora below {data}.")
    return documents


def demo_documents() -> list[RealDocument]:
    """The demo's texts in Markdown."""
    paths = sorted((DEMO_FOLDER / "documents").glob("*.md"))
    return [_cut(Text(path.stem, path.stem, path.read_text("utf-8"))) for path in paths]


def _cut(text: Text) -> RealDocument:
    version = DocumentVersion(document=Document(title=text.title[:300]), markdown=text.text)
    found = [RealPassage(tuple(p.heading), p.context, p.text) for p in cut(version)]
    return RealDocument(text.title[:300], found)


def embed_documents(documents: Sequence[RealDocument], model: str, show: Show) -> Corpus:
    """With their vectors, by the model."""
    texts = [embedded_text(p.context, p.text) for d in documents for p in d.passages]
    encoder = get_encoder(model)
    vectors = np.zeros((len(texts), encoder.dimensions), dtype=np.float32)
    ordered = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    for start in range(0, len(ordered), BATCH):
        rows = ordered[start : start + BATCH]
        vectors[rows] = encoder.encode_passages([texts[row] for row in rows])
        done = start + len(rows)
        show(f"{done}/{len(texts)} real passages embedded", done / len(texts))
    return Corpus(documents, vectors)


class Maker:
    """Makes documents, the real ones first, the same ones each time; no two passages have the same
    text. Raises BadDatasetError when the corpora have too little of it."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._passages = [p for document in corpus.documents for p in document.passages]
        self._parts = [_parts(passage.text) for passage in self._passages]
        self._chance = random.Random(2)  # noqa: S311  (no secret)
        self._noise = np.random.default_rng(2)
        self._seen: set[bytes] = set()
        self._documents = self._make()

    def take(self, passages: int) -> Iterator[NewDocument]:
        """The next documents, with just so many passages."""
        left = passages
        while left > 0:
            document = next(self._documents)
            document = NewDocument(document.title, document.passages[:left])
            left -= len(document.passages)
            yield document

    def _make(self) -> Iterator[NewDocument]:
        is_real, before = True, -1
        while before < len(self._seen):
            row, before = 0, len(self._seen)
            for document in self._corpus.documents:
                rows = range(row, row + len(document.passages))
                row = rows.stop
                made = [self._real(at) if is_real else self._recombined(at) for at in rows]
                new = [passage for passage in made if passage.key not in self._seen]
                new = list({passage.key: passage for passage in new}.values())
                self._seen.update(passage.key for passage in new)
                if new:
                    yield NewDocument(document.title, new)
            is_real = False
        raise BadDatasetError("The corpora have too little text for so many passages.")

    def _real(self, row: int) -> NewPassage:
        return self._new(row, self._passages[row].text, self._corpus.vectors[row])

    def _recombined(self, row: int) -> NewPassage:
        other = self._chance.randrange(len(self._passages))
        parts = [*self._half(row), *self._half(other)]
        self._chance.shuffle(parts)
        share = self._chance.uniform(*OWN_SHARE)
        vectors = self._corpus.vectors
        noise = self._noise.standard_normal((vectors.shape[1],), dtype=np.float32)
        vector = share * vectors[row] + (1 - share) * vectors[other] + NOISE * _unit(noise)
        return self._new(row, "\n\n".join(parts), _unit(vector))

    def _half(self, row: int) -> list[str]:
        parts = self._parts[row]
        return self._chance.sample(parts, (len(parts) + 1) // 2)

    def _new(self, row: int, text: str, vector: Vectors) -> NewPassage:
        real = self._passages[row]
        key = text_hash(real.context, text)
        return NewPassage(real.heading, real.context, text, key, vector)


def unit_entry(passage: NewPassage) -> bytes:
    """Vectors of the passage's units as the product stores them; each is the passage's own with
    noise, so that the reader has as much to read as in real passages."""
    texts = unit_texts(passage.context, passage.text)
    noise = np.random.default_rng(len(passage.text)).standard_normal(
        (len(texts), len(passage.vector)), dtype=np.float32
    )
    vectors = passage.vector + noise / np.sqrt(len(passage.vector))
    return unit_vectors.pack(texts, with_length_one(vectors))


def _unit(vector: Vectors) -> Vectors:
    unit: Vectors = vector / np.linalg.norm(vector)
    return unit


def _parts(text: str) -> list[str]:
    """Lines and paragraphs, at least two of any length of text."""
    parts = paragraphs_of(text) or [text]
    if len(parts) > 1:
        return parts
    middle = text.find(" ", len(text) // 2)
    return [text[:middle], text[middle + 1 :]] if middle > 0 else [text]


def search_entries(passages: Sequence[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """(context, text, locale) of passages → terms and weights, as PostgreSQL reads them."""
    entries = []
    for context, text, locale in passages:
        weights = passage_weights(context, text, locale)
        terms = "{" + ",".join(map(str, weights)) + "}"
        entries.append((terms, sparse_vector(weights).to_text()))
    return entries

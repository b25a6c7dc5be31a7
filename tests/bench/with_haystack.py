"""Haystack's pgvector store with both retrievers joined, as the integration's example does it."""

# Haystack reads the annotations of a component's `run`, so they must not be strings here.
import os
from collections.abc import Sequence
from dataclasses import replace

os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"  # read when it is imported

from haystack import Document as Passage
from haystack import Pipeline, component
from haystack.components.joiners import DocumentJoiner
from haystack.components.preprocessors import DocumentSplitter
from haystack.components.writers import DocumentWriter
from haystack.utils import Secret
from haystack_integrations.components.retrievers.pgvector import (
    PgvectorEmbeddingRetriever,
    PgvectorKeywordRetriever,
)
from haystack_integrations.document_stores.pgvector import PgvectorDocumentStore

from knowledge.embedding.encoder import Encoder
from tests.bench.contenders import EMBEDDING_BATCH, PASSAGES, Document, Question

ID = "external_id"


@component
class SameDocumentEmbedder:
    """The product's encoder as a component for documents."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    @component.output_types(documents=list[Passage])
    def run(self, documents: list[Passage]) -> dict[str, list[Passage]]:
        embedded: list[Passage] = []
        for start in range(0, len(documents), EMBEDDING_BATCH):
            batch = documents[start : start + EMBEDDING_BATCH]
            vectors = self._encoder.encode_passages([passage.content or "" for passage in batch])
            embedded += [
                replace(passage, embedding=vector.tolist())
                for passage, vector in zip(batch, vectors, strict=True)
            ]
        return {"documents": embedded}


@component
class SameTextEmbedder:
    """The product's encoder as a component for questions."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    @component.output_types(embedding=list[float])
    def run(self, text: str) -> dict[str, list[float]]:
        return {"embedding": self._encoder.encode_question(text).tolist()}


class Haystack:
    """The two pipelines over one store."""

    def __init__(self, store: PgvectorDocumentStore, encoder: Encoder) -> None:
        self._indexing = _indexing(store, encoder)
        self._querying = _querying(store, encoder)

    def ingest(self, documents: Sequence[Document]) -> int:
        passages = [
            Passage(content=document.whole, meta={ID: document.id}) for document in documents
        ]
        result = self._indexing.run({"splitter": {"documents": passages}})
        return int(result["writer"]["documents_written"])

    def rank(self, question: Question) -> Sequence[str]:
        result = self._querying.run(
            {
                "text_embedder": {"text": question.text},
                "keyword_retriever": {"query": question.text},
            }
        )
        return [str(passage.meta[ID]) for passage in result["joiner"]["documents"]]


def _indexing(store: PgvectorDocumentStore, encoder: Encoder) -> Pipeline:
    pipeline = Pipeline()
    pipeline.add_component("splitter", DocumentSplitter())
    pipeline.add_component("embedder", SameDocumentEmbedder(encoder))
    pipeline.add_component("writer", DocumentWriter(store))
    pipeline.connect("splitter", "embedder")
    pipeline.connect("embedder", "writer")
    return pipeline


def _querying(store: PgvectorDocumentStore, encoder: Encoder) -> Pipeline:
    pipeline = Pipeline()
    pipeline.add_component("text_embedder", SameTextEmbedder(encoder))
    pipeline.add_component(
        "retriever", PgvectorEmbeddingRetriever(document_store=store, top_k=PASSAGES)
    )
    pipeline.add_component(
        "keyword_retriever", PgvectorKeywordRetriever(document_store=store, top_k=PASSAGES)
    )
    pipeline.add_component(
        "joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=PASSAGES)
    )
    pipeline.connect("text_embedder", "retriever")
    pipeline.connect("keyword_retriever", "joiner")
    pipeline.connect("retriever", "joiner")
    return pipeline


def open_system(database_url: str, encoder: Encoder) -> Haystack:
    store = PgvectorDocumentStore(
        connection_string=Secret.from_token(database_url),
        table_name="documents",
        embedding_dimension=encoder.dimensions,
        vector_function="cosine_similarity",
        recreate_table=True,
        search_strategy="hnsw",
    )
    return Haystack(store, encoder)

"""LlamaIndex's hybrid PGVectorStore with a QueryFusionRetriever, as its own page sets it up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core import Document as IndexedDocument
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.vector_stores.postgres import PGVectorStore

from knowledge.embedding.encoder import Encoder
from tests.bench.contenders import EMBEDDING_BATCH, PASSAGES, Document, Question

ID = "external_id"
HNSW = {
    "hnsw_m": 16,
    "hnsw_ef_construction": 64,
    "hnsw_ef_search": 40,
    "hnsw_dist_method": "vector_cosine_ops",
}


class SameEmbedding(BaseEmbedding):
    """The product's encoder behind LlamaIndex's interface."""

    _encoder: Encoder = PrivateAttr()

    def __init__(self, encoder: Encoder) -> None:
        super().__init__(model_name="the product's", embed_batch_size=EMBEDDING_BATCH)
        self._encoder = encoder

    def _get_query_embedding(self, query: str) -> list[float]:
        vector: list[float] = self._encoder.encode_question(query).tolist()
        return vector

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return [vector.tolist() for vector in self._encoder.encode_passages(texts)]


class LlamaIndex:
    """A store, its index and, once there is something in it, its retriever."""

    def __init__(self, store: PGVectorStore, embedding: SameEmbedding) -> None:
        self._store, self._embedding = store, embedding

    def ingest(self, documents: Sequence[Document]) -> int:
        splitter = SentenceSplitter()
        passages = splitter.get_nodes_from_documents([_indexed(each) for each in documents])
        index = VectorStoreIndex(
            passages,
            storage_context=StorageContext.from_defaults(vector_store=self._store),
            embed_model=self._embedding,
        )
        self._retriever = QueryFusionRetriever(
            [
                index.as_retriever(vector_store_query_mode=mode, similarity_top_k=PASSAGES)
                for mode in ("default", "sparse")
            ],
            # Wanted by the constructor; with one query there is nothing for it to write.
            llm=MockLLM(),
            similarity_top_k=PASSAGES,
            num_queries=1,
            mode="relative_score",
            use_async=False,
        )
        return len(passages)

    def rank(self, question: Question) -> Sequence[str]:
        found: Sequence[Any] = self._retriever.retrieve(question.text)
        return [str(passage.node.metadata[ID]) for passage in found]


def _indexed(document: Document) -> IndexedDocument:
    # Metadata is embedded with every passage; an id would only be noise there.
    return IndexedDocument(
        text=document.whole,
        metadata={ID: document.id, **({"title": document.title} if document.title else {})},
        excluded_embed_metadata_keys=[ID],
        excluded_llm_metadata_keys=[ID],
    )


def open_system(database_url: str, encoder: Encoder) -> LlamaIndex:
    store = PGVectorStore.from_params(
        connection_string=database_url.replace("postgresql://", "postgresql+psycopg2://", 1),
        async_connection_string=database_url.replace("postgresql://", "postgresql+asyncpg://", 1),
        table_name="documents",
        embed_dim=encoder.dimensions,
        hybrid_search=True,
        text_search_config="english",
        hnsw_kwargs=HNSW,
    )
    return LlamaIndex(store, SameEmbedding(encoder))

"""LangChain's PGVectorStore with hybrid search, as the how-to of langchain-postgres sets it up."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.documents import Document as Passage
from langchain_core.embeddings import Embeddings
from langchain_postgres import PGEngine, PGVectorStore
from langchain_postgres.v2.hybrid_search_config import HybridSearchConfig, reciprocal_rank_fusion
from langchain_postgres.v2.indexes import HNSWIndex
from langchain_text_splitters import RecursiveCharacterTextSplitter

from knowledge.embedding.encoder import Encoder
from tests.bench.contenders import PASSAGES, Document, Question

TABLE = "vectorstore"


class SameEmbeddings(Embeddings):
    """The product's encoder behind LangChain's interface."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [vector.tolist() for vector in self._encoder.encode_passages(texts)]

    def embed_query(self, text: str) -> list[float]:
        vector: list[float] = self._encoder.encode_question(text).tolist()
        return vector


class LangChain:
    """A store and its splitter."""

    def __init__(self, store: PGVectorStore) -> None:
        self._store = store
        self._splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)

    def ingest(self, documents: Sequence[Document]) -> int:
        passages = self._splitter.split_documents(
            [
                Passage(page_content=document.whole, metadata={"source": document.id})
                for document in documents
            ]
        )
        self._store.add_documents(passages)
        self._store.apply_vector_index(HNSWIndex())
        self._store.apply_hybrid_search_index()
        return len(passages)

    def rank(self, question: Question) -> Sequence[str]:
        found = self._store.similarity_search(
            question.text, k=PASSAGES, hybrid_search_config=_hybrid_search()
        )
        return [str(passage.metadata["source"]) for passage in found]


def _hybrid_search() -> HybridSearchConfig:
    return HybridSearchConfig(
        tsv_column="content_tsv",
        tsv_lang="pg_catalog.english",
        fusion_function=reciprocal_rank_fusion,
        fusion_function_parameters={"rrf_k": 60, "fetch_top_k": PASSAGES},
        primary_top_k=PASSAGES,
        secondary_top_k=PASSAGES,
    )


def open_system(database_url: str, encoder: Encoder) -> LangChain:
    url = database_url.replace("postgresql://", "postgresql+asyncpg://", 1)
    engine = PGEngine.from_connection_string(url=url)
    engine.init_vectorstore_table(
        table_name=TABLE,
        vector_size=encoder.dimensions,
        hybrid_search_config=_hybrid_search(),
    )
    store = PGVectorStore.create_sync(
        engine=engine,
        table_name=TABLE,
        embedding_service=SameEmbeddings(encoder),
        hybrid_search_config=_hybrid_search(),
    )
    return LangChain(store)

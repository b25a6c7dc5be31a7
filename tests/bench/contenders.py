"""Who is compared, in which configuration, and what each must be able to do."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from knowledge.embedding.encoder import Encoder

# So many passages everybody is asked for, from each arm and in all: enough to fill ten documents.
PASSAGES = 50
# Texts that are embedded at a time where that can be set; as many as the product takes.
EMBEDDING_BATCH = 64


@dataclass(frozen=True)
class Document:
    """A document of a corpus; `title` may be empty."""

    id: str
    title: str
    text: str

    @property
    def whole(self) -> str:
        """The text under its title, unless the text begins with it: what a file would hold."""
        start = self.text[: len(self.title) + 20]
        return self.text if self.title in start else f"{self.title}\n\n{self.text}"


@dataclass(frozen=True)
class Question:
    """`history`: (role, text) of what was said before, oldest first; the role is "user" or not."""

    id: str
    text: str
    history: Sequence[tuple[str, str]]


class System(Protocol):
    """One way to store documents and to find them again, over an empty database of its own."""

    def ingest(self, documents: Sequence[Document]) -> int:
        """Put the documents in, indexes included → how many passages they became."""

    def rank(self, question: Question) -> Sequence[str]:
        """The documents' ids of the PASSAGES best passages, best first; ids come repeatedly."""


@dataclass(frozen=True)
class Contender:
    """`module` has `open_system(database_url, encoder) -> System`; `distributions` are the Python
    packages it needs, whose versions are reported."""

    module: str
    distributions: Sequence[str] = ()
    notes: Sequence[str] = ()

    def open(self, database_url: str, encoder: Encoder) -> System:
        """Ready for `ingest`; what is opened ends with the process."""
        module = importlib.import_module(f"tests.bench.{self.module}")
        return cast(System, module.open_system(database_url, encoder))


CONTENDERS: Mapping[str, Contender] = {
    "supportbot": Contender(
        module="with_supportbot",
        notes=["The product's own services with default settings, one process, no model."],
    ),
    "langchain": Contender(
        module="with_langchain",
        distributions=["langchain-postgres", "langchain-core", "langchain-text-splitters"],
        notes=[
            "PGVectorStore (PGVector is deprecated since 0.0.14) by its how-to: a hybrid search "
            "table, HNSWIndex() and the hybrid search index, reciprocal_rank_fusion with rrf_k 60; "
            "RecursiveCharacterTextSplitter 1000/200.",
            "The search configuration is made anew for every question: the store keeps the first "
            "question's words in the one it is given and would search for them ever after.",
            "Its keyword arm wants every word of the question in a passage (plainto_tsquery).",
        ],
    ),
    "llama_index": Contender(
        module="with_llama_index",
        distributions=["llama-index-core", "llama-index-vector-stores-postgres"],
        notes=[
            "PGVectorStore(hybrid_search=True) with the page's HNSW settings, QueryFusionRetriever "
            "over its “default” and “sparse” retrievers (relative_score, num_queries=1); "
            "SentenceSplitter with defaults (1,024 tokens, overlap 200; a small embedding model "
            "reads only the beginning of so long a passage).",
            "The title is in every passage's metadata, which is embedded with the passage.",
        ],
    ),
    "haystack": Contender(
        module="with_haystack",
        distributions=["haystack-ai", "pgvector-haystack"],
        notes=[
            "PgvectorDocumentStore(search_strategy=hnsw), PgvectorEmbeddingRetriever and "
            "PgvectorKeywordRetriever joined by DocumentJoiner(reciprocal_rank_fusion) as in the "
            "integration's example; DocumentSplitter with defaults (200 words).",
            "Its keyword arm wants every word of the question in a passage (plainto_tsquery).",
        ],
    ),
}

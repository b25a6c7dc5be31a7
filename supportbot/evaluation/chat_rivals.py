"""LangChain's and LlamaIndex's usual chat over the product's passages, for comparison, each in a
process of its own: `python -m supportbot.evaluation.chat_rivals NAME MODEL_URL`; without a name it
prints those that are installed.

DATABASE_URL names the product's database, whose passages and vectors are copied into the library's
own table. Each line that is read, `{"clients": N, "questions": […]}`, is answered with a line of
[question, sent, first] (time.time() when asked, seconds until the first word). Everybody embeds
with the same model in the same runtime, asks the same PostgreSQL and the same model server. The
pipelines are those of the libraries' own pages on chat with retrieval, with their own numbers of
passages: four and two.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import psycopg
from django.conf import settings

from knowledge.embedding.encoder import Encoder, get_encoder

Stream = Callable[[str], AsyncIterator[str]]
RIVALS = {
    "langchain": ("langchain-core", "langchain-openai", "langchain-postgres"),
    "llama_index": (
        *("llama-index-core", "llama-index-llms-openai-like"),
        "llama-index-vector-stores-postgres",
    ),
}
PROMPT = (
    "You are an assistant for question-answering tasks. Use the following pieces of retrieved "
    "context to answer the question. If you don't know the answer, say that you don't know.\n\n"
    "{context}"
)
_LANGCHAIN_ROWS = """
INSERT INTO rival_langchain (langchain_id, content, embedding, langchain_metadata)
SELECT gen_random_uuid(), p.context || E'\\n' || p.text, e.vector::vector, '{}'
FROM knowledge_passage p JOIN knowledge_embedding e USING (text_hash)
"""
# What the store itself writes for a node: everything but its text once more, as JSON.
_LLAMA_INDEX_ROWS = """
INSERT INTO data_rival (text, metadata_, node_id, embedding)
SELECT p.context || E'\\n' || p.text,
       (%(metadata)s::jsonb || jsonb_build_object('_node_content', jsonb_set(
            (%(metadata)s::jsonb ->> '_node_content')::jsonb, '{id_}', to_jsonb(p.id::text))::text)
       )::json,
       p.id::text, e.vector::vector
FROM knowledge_passage p JOIN knowledge_embedding e USING (text_hash)
"""
_HNSW = """
SELECT indexname, indexdef FROM pg_indexes
WHERE tablename = 'data_rival' AND indexdef LIKE '%USING hnsw%'
"""


def installed() -> Iterator[str]:
    """Names of the rivals that can be measured here."""
    for name, distributions in RIVALS.items():
        try:
            for distribution in distributions:
                version(distribution)
        except PackageNotFoundError:
            continue
        yield name


async def langchain(database: str, model_url: str, encoder: Encoder) -> Stream:
    """A retrieval chain in LCEL: retriever, prompt, chat model, parser."""
    from langchain_core.embeddings import Embeddings
    from langchain_core.output_parsers import StrOutputParser
    from langchain_core.prompts import ChatPromptTemplate
    from langchain_core.runnables import RunnablePassthrough
    from langchain_openai import ChatOpenAI
    from langchain_postgres import PGEngine, PGVectorStore
    from langchain_postgres.v2.indexes import HNSWIndex

    class SameEmbeddings(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return [vector.tolist() for vector in encoder.encode_passages(texts)]

        def embed_query(self, text: str) -> list[float]:
            vector: list[float] = encoder.encode_question(text).tolist()
            return vector

    url = database.replace("postgresql://", "postgresql+asyncpg://", 1)
    engine = PGEngine.from_connection_string(url=url)
    await engine.ainit_vectorstore_table(
        table_name="rival_langchain", vector_size=encoder.dimensions
    )
    store = await PGVectorStore.create(
        engine=engine, table_name="rival_langchain", embedding_service=SameEmbeddings()
    )
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(_LANGCHAIN_ROWS)
    await store.aapply_vector_index(HNSWIndex())
    prompt = ChatPromptTemplate.from_messages([("system", PROMPT), ("human", "{question}")])
    model = ChatOpenAI(base_url=model_url, api_key="none", model="scripted", temperature=0)
    join = lambda found: "\n\n".join(one.page_content for one in found)  # noqa: E731
    chain = (
        {"context": store.as_retriever() | join, "question": RunnablePassthrough()}
        | prompt
        | model
        | StrOutputParser()
    )
    stream: Stream = chain.astream
    return stream


async def llama_index(database: str, model_url: str, encoder: Encoder) -> Stream:
    """A context chat engine over a vector index; each question opens a conversation."""
    from llama_index.core import VectorStoreIndex
    from llama_index.core.bridge.pydantic import PrivateAttr
    from llama_index.core.embeddings import BaseEmbedding
    from llama_index.core.schema import TextNode
    from llama_index.core.vector_stores.utils import node_to_metadata_dict
    from llama_index.llms.openai_like import OpenAILike
    from llama_index.vector_stores.postgres import PGVectorStore

    class SameEmbedding(BaseEmbedding):
        _encoder: Encoder = PrivateAttr()

        def __init__(self) -> None:
            super().__init__(model_name="the product's")
            self._encoder = encoder

        def _get_query_embedding(self, query: str) -> list[float]:
            vector: list[float] = self._encoder.encode_question(query).tolist()
            return vector

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return await asyncio.to_thread(self._get_query_embedding, query)

        def _get_text_embedding(self, text: str) -> list[float]:
            return self._get_query_embedding(text)

    store = PGVectorStore.from_params(
        connection_string=database.replace("postgresql://", "postgresql+psycopg2://", 1),
        async_connection_string=database.replace("postgresql://", "postgresql+asyncpg://", 1),
        table_name="rival",
        embed_dim=encoder.dimensions,
        hnsw_kwargs={
            "hnsw_m": 16,
            "hnsw_ef_construction": 64,
            "hnsw_ef_search": 40,
            "hnsw_dist_method": "vector_cosine_ops",
        },
    )
    vector = encoder.encode_question("opening hours").tolist()
    node = TextNode(text="", id_="first", embedding=vector)
    store.add([node])  # makes the table and its index
    metadata = json.dumps(node_to_metadata_dict(node, remove_text=True))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DELETE FROM data_rival")
        # An HNSW index takes minutes to fill row by row.
        indexes = connection.execute(_HNSW).fetchall()
        for name, _ in indexes:
            connection.execute(f'DROP INDEX "{name}"')
        connection.execute(_LLAMA_INDEX_ROWS, {"metadata": metadata})
        for _, definition in indexes:
            connection.execute(definition)
    index = VectorStoreIndex.from_vector_store(store, embed_model=SameEmbedding())
    model = OpenAILike(
        model="scripted", api_base=model_url, api_key="none", is_chat_model=True, temperature=0
    )

    async def stream(question: str) -> AsyncIterator[str]:
        engine = index.as_chat_engine(chat_mode="context", llm=model)
        answer = await engine.astream_chat(question)
        async for token in answer.async_response_gen():
            yield token

    return stream


OPEN: dict[str, Callable[[str, str, Encoder], Awaitable[Stream]]] = {
    "langchain": langchain,
    "llama_index": llama_index,
}


async def _ask(stream: Stream, questions: list[str], clients: int) -> list[list[Any]]:
    """Each client asks its next question when it has its answer."""
    left, asked = iter(questions), list[list[Any]]()

    async def client() -> None:
        for question in left:
            sent, first = time.time(), None
            async for _ in stream(question):
                first = first or time.time() - sent
            asked.append([question, sent, first])

    await asyncio.gather(*(client() for _ in range(clients)))
    return asked


async def main(name: str, model_url: str) -> None:
    # What a library prints must not come between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    database = os.environ["DATABASE_URL"]
    stream = await OPEN[name](database, model_url, get_encoder(settings.EMBEDDING_MODEL))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    answers.write("[]\n")  # ready
    answers.flush()
    while line := await asyncio.to_thread(sys.stdin.readline):
        wanted = json.loads(line)
        asked = await _ask(stream, wanted["questions"], wanted["clients"])
        answers.write(json.dumps(asked) + "\n")
        answers.flush()
    os._exit(0)  # a library's threads must not keep it waiting


if __name__ == "__main__":
    if len(sys.argv) == 1:
        print(json.dumps(list(installed())))  # noqa: T201
    else:
        asyncio.run(main(*sys.argv[1:]))

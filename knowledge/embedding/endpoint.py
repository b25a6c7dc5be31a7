"""Embeddings from a server that speaks the OpenAI protocol (`POST /v1/embeddings`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import openai
from django.conf import settings

from knowledge.embedding.model import EmbeddingModelError, TextRefusedError
from knowledge.embedding.vectors import Vectors, with_length_one

BATCH = 64  # texts in one request; a server that takes fewer is asked for fewer
PASSAGE_SECONDS = 60.0
PASSAGE_RETRIES = 4  # the client waits between them, longer each time, or as the server says
QUESTION_SECONDS = 5.0  # a customer waits for it
QUESTION_RETRIES = 1
MATRIX = 2  # dimensions of an array with a row for each text
# Answers of servers that find a request too large, or a text not to their liking.
_TOO_LARGE = frozenset({400, 413, 422})
_REFUSED = frozenset({401, 403})
_UNKNOWN = 404


class EndpointEncoder:
    """Texts → unit vectors of a model behind SUPPORTBOT_EMBEDDING_BASE_URL.

    Making one embeds a word, to learn how many dimensions there are. Raises EmbeddingModelError.
    """

    def __init__(self, model: str) -> None:
        self.model = model
        self.max_tokens: int | None = None
        self._batch = BATCH
        try:
            self._client = openai.OpenAI(
                base_url=settings.EMBEDDING_BASE_URL or None,
                api_key=settings.EMBEDDING_API_KEY or "none",  # local servers want none; it insists
                timeout=openai.Timeout(PASSAGE_SECONDS, connect=5.0),
                max_retries=PASSAGE_RETRIES,
            )
        except openai.OpenAIError as error:
            raise self._explain(error) from error
        self._for_questions = self._client.with_options(
            timeout=QUESTION_SECONDS, max_retries=QUESTION_RETRIES
        )
        self.dimensions = 0
        self.dimensions = int(self._ask(self._client, ["dimensions"]).shape[1])

    def encode_question(self, text: str) -> Vectors:
        """One question → float32 of shape (dimensions,)."""
        vectors: Vectors = self.encode_questions([text])[0]
        return vectors

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """Questions → float32 of shape (len(texts), dimensions)."""
        return self._ask(self._for_questions, texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Passages → float32 of shape (len(texts), dimensions)."""
        parts = [np.zeros((0, self.dimensions), dtype=np.float32)] if not texts else []
        start = 0
        while start < len(texts):
            batch = texts[start : start + self._batch]
            try:
                parts.append(self._ask(self._client, batch))
            except TextRefusedError:
                if len(batch) == 1:
                    self._batch = BATCH  # it was this text, not their number
                    raise
                self._batch = len(batch) // 2
            else:
                start += len(batch)
        return np.concatenate(parts)

    def _ask(self, client: openai.OpenAI, texts: Sequence[str]) -> Vectors:
        # Some servers refuse a text of nothing.
        wanted = [text if text.strip() else "." for text in texts]
        try:
            answer = client.embeddings.create(
                model=self.model, input=wanted, encoding_format="float"
            )
            rows = [entry.embedding for entry in sorted(answer.data, key=lambda one: one.index)]
            vectors = np.array(rows, dtype=np.float32)
        except openai.APIStatusError as error:
            if self.dimensions and error.status_code in _TOO_LARGE:
                raise TextRefusedError(self.model, texts[0]) from error
            raise self._explain(error) from error
        except openai.OpenAIError as error:
            raise self._explain(error) from error
        except (ValueError, TypeError, AttributeError) as error:
            raise self._garbled() from error
        is_whole = vectors.ndim == MATRIX and len(vectors) == len(texts) and vectors.shape[1]
        if not is_whole or not np.isfinite(vectors).all():
            raise self._garbled()
        if self.dimensions and vectors.shape[1] != self.dimensions:
            raise EmbeddingModelError(
                f"The embedding model {self.model!r} gave {vectors.shape[1]} numbers for a text "
                f"and {self.dimensions} before. Build an index of the model as it is now: "
                "give it another name on the server, and use manage.py reindex."
            )
        return with_length_one(vectors)

    def _garbled(self) -> EmbeddingModelError:
        return EmbeddingModelError(
            f"The embedding server's answer for {self.model!r} cannot be read. "
            "Check SUPPORTBOT_EMBEDDING_BASE_URL: it has to end in front of /embeddings."
        )

    def _explain(self, error: openai.OpenAIError) -> EmbeddingModelError:
        server = settings.EMBEDDING_BASE_URL or "OpenAI"
        status = error.status_code if isinstance(error, openai.APIStatusError) else None
        if status in _REFUSED:
            what, todo = f"{server} refused the key", "Check SUPPORTBOT_EMBEDDING_API_KEY."
        elif status == _UNKNOWN:
            what = f"{server} knows no embedding model {self.model!r}"
            todo = "Check its name, and SUPPORTBOT_EMBEDDING_BASE_URL."
        elif status is not None:
            what, todo = f"{server} answered HTTP {status}", "It is tried again."
        elif isinstance(error, openai.APITimeoutError):
            what, todo = f"{server} did not answer in time", "It is tried again."
        else:
            what = f"{server} cannot be reached ({error})"
            todo = "Check SUPPORTBOT_EMBEDDING_BASE_URL."
        return EmbeddingModelError(f"No embeddings: {what}. {todo}")

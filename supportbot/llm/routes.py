"""Model routes: where a language model is, what it costs, and how long it may take.

A route never holds a key, only the name of the place that does (supportbot.llm.keys).
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from supportbot.llm.keys import check_key_name

OPENAI_URL = "https://api.openai.com/v1"
MILLION = Decimal(1_000_000)


class Purpose(StrEnum):
    """What a route is asked for. Answers come from the small and the large ones."""

    SMALL = "small"
    LARGE = "large"
    REWRITE = "rewrite"
    JUDGE = "judge"
    TRANSCRIBE = "transcribe"


class Timeouts(BaseModel):
    """Seconds. `first_token` counts from the request, `between_tokens` from the last token."""

    model_config = ConfigDict(frozen=True)

    connect: float = Field(default=3.0, gt=0, le=60)
    first_token: float = Field(default=8.0, gt=0, le=600)
    between_tokens: float = Field(default=8.0, gt=0, le=600)
    total: float = Field(default=60.0, gt=0, le=3600)


def _check_base_url(url: str) -> str:
    parts = urlsplit(url)
    if url and (parts.scheme not in {"http", "https"} or not parts.netloc):
        raise ValueError("give the address with its scheme, such as http://localhost:11434/v1")
    return url


class ModelRoute(BaseModel):
    """A model behind an endpoint of the OpenAI protocol."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$")
    purpose: Purpose = Purpose.SMALL
    base_url: Annotated[str, AfterValidator(_check_base_url)] = ""  # empty: OpenAI's own
    model: str = Field(min_length=1, max_length=200)
    key: Annotated[str, AfterValidator(check_key_name)] = ""
    context_tokens: int = Field(default=8192, ge=512, le=10_000_000)
    # Room for the answer in the context, and reserved of the budgets.
    answer_tokens: int = Field(default=700, ge=16, le=100_000)
    price_in: Decimal = Field(default=Decimal(0), ge=0)  # for a million tokens
    price_out: Decimal = Field(default=Decimal(0), ge=0)
    # None: not sent; some models refuse any but their own.
    temperature: float | None = Field(default=0.0, ge=0, le=2)
    timeouts: Timeouts = Timeouts()
    # Calls at once, of all processes; 0: no limit.
    concurrency: int = Field(default=0, ge=0, le=10_000)
    sees_images: bool = False  # it gets the customer's pictures with the question
    enabled: bool = True

    @property
    def server(self) -> str:
        """A short name of the server and model, the same in every process: two routes to the same
        model are up or down together."""
        return hashlib.sha256(f"{self.base_url} {self.model}".encode()).hexdigest()[:16]

    def cost(self, tokens_in: int, tokens_out: int) -> Decimal:
        """In the currency of the prices."""
        return (tokens_in * self.price_in + tokens_out * self.price_out) / MILLION


def estimate_tokens(text: str) -> int:
    """Rather too many: tokens of an unknown tokenizer hold about four bytes of English, three of
    other languages and of numbers."""
    return -(-len(text.encode()) // 3)

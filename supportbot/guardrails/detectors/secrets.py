"""Keys and tokens in a text, and words of a prompt in an answer.

Keys by a short list of patterns. A prompt by its own words: the canaries whole, and of longer texts
so many words in a row, however they are spaced, cased or encoded, unless a source has them, too.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import datetime as dt
import functools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

from supportbot.guardrails.detectors.types import Card, Context, Detector, Stage
from supportbot.guardrails.types import Finding

NAME = "secrets"
KEY, PROMPT = "key", "prompt"
WORDS_IN_A_ROW = 7
LEAST_CANARY = 6  # letters and digits; shorter ones would be found by chance
LEAST_ENTROPY = 3.0  # bits a character of a value after “password:” and the like
_KEYS = [
    re.compile(pattern)
    for pattern in (
        r"\b(?:AKIA|ASIA|AROA|AGPA)[A-Z0-9]{16}\b",  # AWS
        r"\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_[A-Za-z0-9_]{50,}\b",
        r"\bglpat-[A-Za-z0-9_-]{20,}\b",
        r"\bsk-(?:ant-|proj-|svcacct-)?[A-Za-z0-9_-]{20,}\b",  # OpenAI, Anthropic
        r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}\b|\bwhsec_[A-Za-z0-9]{24,}\b",  # Stripe
        r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}\b",  # Slack
        r"\bAIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])",  # Google
        r"\bya29\.[A-Za-z0-9_-]{20,}",
        r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",  # SendGrid
        r"\bnpm_[A-Za-z0-9]{36}\b|\bpypi-[A-Za-z0-9_-]{50,}|\bhf_[A-Za-z0-9]{30,}\b",
        r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",  # JWT
        r"\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b",  # Telegram
        r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
        r"\bAccountKey=[A-Za-z0-9+/]{40,}={0,2}",  # Azure
        r"\b[a-z][a-z0-9+]{2,}://[^\s:/@]+:(?![<{\[$*])[^\s:/@]{4,}@[\w.-]+",  # user:password@host
    )
]
_NAMED = re.compile(
    r"\b(?:api[ _-]?key|secret[ _-]?key|access[ _-]?token|auth[ _-]?token|client[ _-]?secret"
    r"|bearer|password|passwd|passphrase)\b[\"']?\s*(?:is|[:=]|\s)\s*[\"']?"
    r"(?P<value>(?=\S*\d)(?=\S*[A-Za-z])[A-Za-z0-9+/_.~!#$%^&*@-]{10,})",
    re.IGNORECASE,
)
# What people type for a password is shorter than a key, and no noise.
_PASSWORD = re.compile(
    r"\b(?:pass(?:word|wd|code|phrase)|passwort|kennwort|mot de passe|contraseña)\b[\"']?"
    r"\s*(?:is|ist|est|es|[:=])\s*[\"']?"
    r"(?P<value>(?=[\w+/.~!#$%^&*@-]*\d)(?=[\w+/.~!#$%^&*@-]*[A-Za-z])[\w+/.~!#$%^&*@-]{6,})",
    re.IGNORECASE,
)
_EXAMPLE = re.compile(r"example|your|xxx|\*\*\*|\.\.\.|placeholder|changeme|1234567", re.IGNORECASE)
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}[\s:]?){12,}")
_WORD = re.compile(r"\w+")


def detect(text: str, context: Context) -> Sequence[Finding]:
    """Keys, and what the text has of the context's secrets."""
    found = [Finding(NAME, KEY, span) for span in keys_in(text)]
    if context.secrets and _leaks(text, context):
        found.append(Finding(NAME, PROMPT))
    return found


def keys_in(text: str) -> Iterator[tuple[int, int]]:
    """The places of keys, tokens and passwords; they may overlap."""
    for pattern in _KEYS:
        for hit in pattern.finditer(text):
            if not _EXAMPLE.search(hit.group()):
                yield hit.span()
    for hit in _NAMED.finditer(text):
        value = hit["value"].rstrip(".,!?")
        if not _EXAMPLE.search(value) and _entropy(value) >= LEAST_ENTROPY:
            yield hit.span("value")
    for hit in _PASSWORD.finditer(text):
        if not _EXAMPLE.search(hit["value"]):
            yield hit.span("value")


def _entropy(value: str) -> float:
    """Bits a character."""
    shares = [count / len(value) for count in Counter(value).values()]
    return -sum(share * math.log2(share) for share in shares)


def _leaks(text: str, context: Context) -> bool:
    public = _squeezed(" ".join([*context.sources, *context.own]))
    rows = {row for secret in context.secrets for row in _rows_of(secret) if row not in public}
    return any(row in reading for reading in _readings(text) for row in rows)


@functools.lru_cache(maxsize=64)
def _rows_of(secret: str) -> frozenset[str]:
    """What must not be said, letters and digits alone: of a long text, every so many words."""
    words = [_squeezed(word) for word in _WORD.findall(secret)]
    if len(words) < WORDS_IN_A_ROW:
        whole = "".join(words)
        return frozenset({whole} if len(whole) >= LEAST_CANARY else ())
    return frozenset(
        "".join(words[at : at + WORDS_IN_A_ROW]) for at in range(len(words) - WORDS_IN_A_ROW + 1)
    )


def _readings(text: str) -> Iterator[str]:
    """The text as it may be meant: as it is, backwards, by rot13, and its parts in base64 and
    hexadecimal decoded."""
    for one in (text, text[::-1]):
        for plain in (one, *_decoded(one)):
            yield _squeezed(plain)
            yield _squeezed(plain[::-1])
            yield _squeezed(codecs.encode(plain, "rot13"))


def _decoded(text: str) -> Iterator[str]:
    for hit in _ENCODED.finditer(text):
        body = hit.group().rstrip("=").replace("-", "+").replace("_", "/")
        try:
            yield base64.b64decode(body + "=" * (-len(body) % 4)).decode("utf-8", "ignore")
        except (binascii.Error, ValueError):
            continue
    for hit in _HEX.finditer(text):
        digits = re.sub(r"[\s:]", "", hit.group())
        yield bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("utf-8", "ignore")


def _squeezed(text: str) -> str:
    """Letters and digits, without case and without what looks like them."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


DETECTOR = Detector(
    name=NAME,
    detect=detect,
    kinds=(KEY, PROMPT),
    stages=frozenset({Stage.MESSAGE, Stage.SENTENCE}),
    thresholds={},
    budget_ms=3000,
    card=Card(
        about="Keys and tokens; words of the prompt, its canary, also encoded.",
        data="30 kinds of keys and 30 texts that look like them; six parts of a prompt written in "
        "ten ways; questions of public sets and 4,000 sentences of their documents.",
        figures=(
            ("keys found", "30 of 30"),
            ("texts that look like keys stopped", "0 of 30"),
            ("parts of a prompt found", "60 of 60"),
            ("questions stopped", "0 of 10,326"),
            ("sentences of documents stopped", "0 of 4,000"),
            ("time, p50 and p95", "0.1 and 0.3 ms, on busy cores"),
        ),
        measured_on=dt.date(2026, 11, 28),
    ),
)

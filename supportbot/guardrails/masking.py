"""Personal data, keys and passwords → tokens such as <PHONE_1>, and back.

Applied to all that a customer wrote before a language model reads it, so that requests, stored
prompts and logs hold tokens only. What the model writes gets the values back, sentence by sentence:
only those that were masked in the same request, so nobody's but this conversation's. Document
passages are the company's own words; they are not masked, and neither is what stands in them.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from knowledge.text.plain import squeezed
from supportbot.guardrails.detectors.personal_data.detector import personal_data_in
from supportbot.guardrails.detectors.personal_data.types import (
    IP,
    KINDS,
    MAC,
    URL,
    Found,
)
from supportbot.guardrails.detectors.secrets import keys_in

_LEAST_KNOWN = 6  # characters; a shorter name or code may be a word of its own elsewhere
_LEAST_PUBLIC = 7  # characters; shorter values stand in many texts by chance
KEY = "SECRET"  # a key, a token, a password
_kinds = "|".join(sorted([*KINDS, KEY], key=len, reverse=True))
# Models write tokens in other brackets, in lower case, escaped, or without the brackets.
_TOKEN = re.compile(
    rf"(?:\\?<|&lt;|\[)\s?(?P<inside>(?i:{_kinds})_\d{{1,4}})\s?(?:\\?>|&gt;|\])"
    rf"|(?<![\w<])(?P<bare>(?:{_kinds})_\d{{1,4}})(?![\w>])"
)


class Masking:
    """The tokens of one request. `own` are all the texts that it will mask: what is personal data
    in one of them, such as a number after “my phone is”, is masked in the others too. Values that
    differ only in case, spaces and dashes have the same token. What stands in one of the `public`
    texts is not masked."""

    def __init__(self, own: Sequence[str], public: Sequence[str] = ()) -> None:
        self._public_texts = public
        self._public: str | None = None
        self._tokens: dict[tuple[str, str], str] = {}
        self._values: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        for text in own:
            self.mask(text)

    def __bool__(self) -> bool:
        """Whether anything was masked."""
        return bool(self._values)

    def mask(self, text: str) -> str:
        found = _private_in(text)
        masked = [(one, self._token(one, text)) for one in found]
        return _replaced(text, sorted([*masked, *self._known_in(text, found)]))

    def _known_in(self, text: str, found: Sequence[Found]) -> Iterator[tuple[Found, str]]:
        """Values of other texts, where they stand without what tells their kind."""
        for token, value in self._values.items():
            if len(value) < _LEAST_KNOWN or value not in text:
                continue
            for same in re.finditer(rf"(?<!\w){re.escape(value)}(?!\w)", text):
                one = Found(*same.span(), "")
                if all(one.end <= other.start or other.end <= one.start for other in found):
                    yield one, f"<{token}>"

    def unmask(self, text: str) -> str:
        """The text with the values of this request's tokens; other tokens stay as they are."""
        return _TOKEN.sub(self._value, text) if self._values else text

    def _token(self, found: Found, text: str) -> str:
        value = text[found.start : found.end]
        key = squeezed(value)
        if len(key) >= _LEAST_PUBLIC and key in self._squeezed_public():
            return value
        if (found.kind, key) not in self._tokens:
            self._counts[found.kind] += 1
            token = f"{found.kind}_{self._counts[found.kind]}"
            self._tokens[found.kind, key] = f"<{token}>"
            self._values[token] = value
        return self._tokens[found.kind, key]

    def _squeezed_public(self) -> str:
        if self._public is None:
            self._public = "\n".join(map(squeezed, self._public_texts))
        return self._public

    def _value(self, token: re.Match[str]) -> str:
        return self._values.get((token["inside"] or token["bare"]).upper(), token[0])


def without_personal_data(text: str) -> str:
    """The text with personal data and keys replaced by their kind, for good: “<EMAIL>”. Addresses
    of pages, and of machines in a private network, stay: operators need them."""
    found = [one for one in _private_in(text) if not _is_of_operators(one, text)]
    return _replaced(text, [(one, f"<{one.kind}>") for one in found])


def _private_in(text: str) -> list[Found]:
    """Keys, and the personal data that is no part of one; in order, without overlaps."""
    found: list[Found] = []
    keys = [Found(start, end, KEY) for start, end in keys_in(text)]
    for one in [*sorted(keys, key=lambda key: key.start - key.end), *personal_data_in(text)]:
        if all(one.end <= other.start or other.end <= one.start for other in found):
            found.append(one)
    return sorted(found)


def _is_of_operators(found: Found, text: str) -> bool:
    if found.kind == IP:
        return not ipaddress.ip_address(text[found.start : found.end]).is_global
    return found.kind in {URL, MAC}


def _replaced(text: str, found: Sequence[tuple[Found, str]]) -> str:
    parts, end = [], 0
    for one, words in found:
        parts += [text[end : one.start], words]
        end = one.end
    return "".join([*parts, text[end:]])

"""Ways to write an attack so that a filter for words does not see it."""

from __future__ import annotations

import base64
import codecs
import re
import urllib.parse
from collections.abc import Callable, Mapping

_LEET = str.maketrans("aeiostAEIOST", "431057431057")
# Cyrillic letters that look like Latin ones.
_ALIKE = str.maketrans(
    "aceiopxyABCEHIKMOPTX",
    "\u0430\u0441\u0435\u0456\u043e\u0440\u0445\u0443\u0410\u0412\u0421\u0415\u041d\u0406\u041a\u041c"
    "\u041e\u0420\u0422\u0425",
)
_ZERO_WIDTH = "\u200b"
_TAGS = 0xE0000  # Unicode's tag characters: copies of ASCII that nobody sees
_ASCII = 128
_MORSE = {
    code[0]: code[1:]
    for code in re.findall(
        r"[A-Z][.-]+",
        "A.- B-... C-.-. D-.. E. F..-. G--. H.... I.. J.--- K-.- L.-.. M-- N-. O--- P.--. Q--.- "
        "R.-. S... T- U..- V...- W.-- X-..- Y-.-- Z--..",
    )
}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _hex(text: str) -> str:
    return text.encode().hex()


def _rot13(text: str) -> str:
    return codecs.encode(text, "rot13")


def _spaced(text: str) -> str:
    return "   ".join(" ".join(word) for word in text.split())


def _morse(text: str) -> str:
    words = ([_MORSE[c] for c in word if c in _MORSE] for word in text.upper().split())
    return " / ".join(" ".join(word) for word in words)


def _tags(text: str) -> str:
    return "".join(chr(_TAGS + ord(c)) for c in text if ord(c) < _ASCII)


WRITINGS: Mapping[str, Callable[[str], str]] = {
    "base64": _base64,
    "hex": _hex,
    "rot13": _rot13,
    "leetspeak": lambda text: text.translate(_LEET),
    "spaced": _spaced,
    "homoglyphs": lambda text: text.translate(_ALIKE),
    "zero-width": _ZERO_WIDTH.join,
    "reversed": lambda text: text[::-1],
    "percent": urllib.parse.quote,
    "morse": _morse,
    "tags": _tags,
}

"""A text as the injection detector reads it: without what hides it, in units of about a sentence,
and with what is encoded in it decoded."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from knowledge.text.stop_words import SEARCH_STOP_WORDS

MOST_UNITS = 12  # of a text; longer texts have longer units
LEAST_WORDS = 4  # of a unit; shorter sentences are read with the next
LEAST_DECODED = 12  # characters
LEAST_LETTERS = 0.85  # of what is decoded, spaces and punctuation among them
LEAST_PLAIN = 3  # letters
PLAIN_WORDS = (
    2  # of so many letters, that a text turned round or in rot13 has more than as it stands
)

_ZERO_WIDTH = "\u200b\u2060\ufeff\u00ad\u180e"
_JOINERS = "\u200c\u200d"  # of scripts and emoji that need them
_BIDI = "\u200e\u200f\u202a-\u202e\u2066-\u2069"
_TAGS = "\U000e0000-\U000e007f"
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_INVISIBLE = re.compile(f"[{_ZERO_WIDTH}{_BIDI}{_TAGS}{_SELECTORS}]|(?<=[A-Za-z])[{_JOINERS}]")
# What has no honest use: orders turned round, tags (flags of regions aside), selectors in a row,
# and letters with something of no width between them.
_HIDING = re.compile(
    f"[\u202d\u202e]|(?<![\U0001f3f4{_TAGS}])[{_TAGS}]+"
    f"|[{_SELECTORS}]{{3,}}|(?:[A-Za-z][\u200b\u2060\ufeff{_JOINERS}]+){{3,}}"
)
_SPACED = re.compile(r"\b(?:[^\W\d_][ .\-_*]){4,}[^\W\d_]\b")
_SENTENCE_END = re.compile(r"(?<=[.!?…。！？])[\"'”’)\]]*\s+|(?<=[。！？])|\n+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX = re.compile(r"\b(?:(?:0x|\\x)?[0-9A-Fa-f]{2}[\s,:]?){12,}\b")
_REPEATED = re.compile(r"([!?])(?:\s*[!?])+")  # anger, and no form of an attack
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]+")
_WORD = re.compile(r"[a-z']+")
# Cyrillic and Greek letters that look like Latin ones, and digits that stand for letters.
_LOOKALIKE = str.maketrans(
    "\u0430\u0435\u0441\u043e\u0440\u0445\u0443\u0456\u0458\u0455\u04bb\u0501\u051b\u051d"
    "\u0415\u0410\u0412\u0421\u041d\u0406\u0408\u041a\u041c\u041e\u0420\u0405\u0422\u0425"
    "\u04ae\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf",
    "aecopxyijshdqwEABCHIJKMOPSTXYABEZHIKMNOPTYXo",
)
_LEET = str.maketrans("013457@$", "oieastas")
_MIXED = re.compile(r"\b(?=\w*[A-Za-z])(?=\w*[\u0370-\u03ff\u0400-\u04ff])\w+")
_LEET_WORD = re.compile(r"\b(?=[A-Za-z]*[013457@$])[013457@$]?[A-Za-z][A-Za-z013457@$]*[A-Za-z]\b")
LEAST_LEET, LEET_LETTERS = 4, 0.6  # letters and digits of a word, and the share of letters


@dataclass(frozen=True)
class Unit:
    """A part of the text: its words as they are read, and its place in the text as it was written.
    `encoded`: these words were decoded from that place."""

    words: str
    span: tuple[int, int]
    encoded: bool = False


def units_of(text: str) -> list[Unit]:
    """The text in order, at most MOST_UNITS, and what is encoded in it. [] of a blank text."""
    places = _packed(text, list(_sentences(text)))
    units = [Unit(readable(text[start:end]), (start, end)) for start, end in places]
    return [unit for unit in units if unit.words] + list(_decoded(text, units))


def readable(text: str) -> str:
    """The words that a reader, or a model, makes of it."""
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", _shown_tags(text)))
    text = _MIXED.sub(lambda found: found.group().translate(_LOOKALIKE), text)
    text = _LEET_WORD.sub(_as_letters, text)
    text = _REPEATED.sub(r"\1", _EMOJI.sub(" ", text))
    text = _SPACED.sub(lambda found: re.sub(r"[ .\-_*]", "", found.group()), text)
    return " ".join(text.split())


def _as_letters(found: re.Match[str]) -> str:
    """A word in which digits stand for letters; serial numbers have more of them."""
    word = found.group()
    letters = sum(c.isalpha() for c in word)
    is_word = len(word) >= LEAST_LEET and letters >= LEET_LETTERS * len(word)
    return word.translate(_LEET) if is_word else word


def hidden(text: str) -> list[tuple[int, int]]:
    """Where characters hide something from whoever looks at the text."""
    return [found.span() for found in _HIDING.finditer(text)]


def _shown_tags(text: str) -> str:
    """Characters of the block of tags are ASCII that no font shows."""
    return re.sub(
        f"[{_TAGS}]+",
        lambda run: "".join(chr(max(32, ord(c) - 0xE0000)) for c in run.group()),
        text,
    )


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """The places of sentences and lines; one of few words goes with the next."""
    start = 0
    for found in _SENTENCE_END.finditer(text):
        if len(text[start : found.start()].split()) >= LEAST_WORDS:
            yield start, found.start()
            start = found.end()
    if text[start:].strip():
        yield start, len(text)


def _packed(text: str, places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same in at most MOST_UNITS places of like length."""
    if len(places) <= MOST_UNITS:
        return places
    packed: list[tuple[int, int]] = []
    for start, end in places:
        full = len(packed) * len(text) / MOST_UNITS
        if packed and start < full:
            packed[-1] = packed[-1][0], end
        else:
            packed.append((start, end))
    return packed


def _decoded(text: str, units: list[Unit]) -> Iterator[Unit]:
    for pattern, decode in ((_BASE64, _from_base64), (_HEX, _from_hex)):
        for found in pattern.finditer(text):
            words = decode(found.group())
            if len(words) >= LEAST_DECODED and _is_language(words):
                yield Unit(readable(words), found.span(), encoded=True)
    for unit in units:
        for turned in (codecs.encode(unit.words, "rot13"), unit.words[::-1]):
            if _plain_words(turned) >= PLAIN_WORDS + _plain_words(unit.words):
                yield Unit(turned, unit.span, encoded=True)


def _from_base64(run: str) -> str:
    run = run.rstrip("=").replace("-", "+").replace("_", "/")
    return _text(lambda: base64.b64decode(run + "=" * (-len(run) % 4)))


def _from_hex(run: str) -> str:
    return _text(lambda: bytes.fromhex(re.sub(r"0x|\\x|[\s,:]", "", run)))


def _text(decode: Callable[[], bytes]) -> str:
    try:
        return decode().decode("utf-8")
    except (ValueError, binascii.Error):
        return ""


def _is_language(words: str) -> bool:
    written = sum(c.isalpha() or c in " .,!?'\"-:\n" for c in words)
    return " " in words.strip() and written >= LEAST_LETTERS * len(words)


def _plain_words(text: str) -> int:
    """How many of the commonest English words it has, the shortest aside."""
    return sum(
        len(word) >= LEAST_PLAIN and word in SEARCH_STOP_WORDS["en"]
        for word in _WORD.findall(text.lower())
    )

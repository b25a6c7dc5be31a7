"""Text → the terms that search by words compares: stems, parts of compounds, and codes whole.

“TW-P2041” is found as it is, and by “tw p2041”; “resetPassword” by “reset password”. A term is
known by a number, so that PostgreSQL can keep it in arrays and vectors.
"""

from __future__ import annotations

import functools
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import Stemmer
from pgvector import SparseVector

from knowledge.text.stop_words import SEARCH_STOP_WORDS

LAST_LETTER = 0x1FFFF  # of the scripts that have capitals or vowel signs


def _letters(*categories: str) -> str:
    """The characters of Unicode's categories, as ranges for a class of a regular expression."""
    wanted = [unicodedata.category(chr(code)) in categories for code in range(LAST_LETTER + 2)]
    starts = [code for code in range(128, LAST_LETTER) if wanted[code] and not wanted[code - 1]]
    ends = [code for code in range(128, LAST_LETTER) if wanted[code] and not wanted[code + 1]]
    return "".join(f"{chr(a)}-{chr(b)}" for a, b in zip(starts, ends, strict=True))


# A letter or digit with its vowel signs and accents: Hindi, Tamil or Thai fall apart without them.
_SIGN = re.compile(f"[{_letters('Mn', 'Mc')}]")
_LETTER = rf"(?:[^\W_]{_SIGN.pattern}*)"
_PART = re.compile(rf"{_LETTER}+")
# Parts with marks between them, such as a code, an address or a path.
_COMPOUND = re.compile(rf"(?<![^\W_]){_LETTER}++(?:[_.\-/:'’@+#]++{_LETTER}++)+")
# The same where there are no signs, which is four times as fast.
_PLAIN_PART = re.compile(r"[^\W_]+")
_PLAIN_COMPOUND = re.compile(r"(?<![^\W_])[^\W_]++(?:[_.\-/:'’@+#]++[^\W_]++)+")
_LARGE, _SMALL = f"[A-Z{_letters('Lu')}]", f"[a-z{_letters('Ll')}]"
_CAMEL = re.compile(rf"{_LARGE}+(?!{_SMALL})|{_LARGE}?{_SMALL}+|\d+|[^\W\d_]")
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")  # within words
_OTHER_HYPHENS = re.compile("[\u2010\u2011\u2212]")
# Scripts that are written without spaces: search compares pairs of their characters.
_UNSPACED = re.compile(
    r"[\u0e00-\u0edf\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+"
)
LONGEST_WHOLE = 60  # characters of a compound that is a term of its own
LONGEST = 64  # characters of a term; what is longer is told apart by its beginning

_STEMMERS = {
    **{"ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german"},
    **{"el": "greek", "en": "english", "es": "spanish", "et": "estonian", "eu": "basque"},
    **{"fa": "persian", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi"},
    **{"hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian"},
    **{"lt": "lithuanian", "nb": "norwegian", "ne": "nepali", "nl": "dutch", "nn": "norwegian"},
    **{"no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian"},
    **{"sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish"},
}
NUMBERS = 999_999_999  # terms are numbered from 1 to this: pgvector's sparsevec has so many places

# BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009). A passage's length
# is compared with a usual one that never changes, because its weights are stored: passages are all
# of about a length, and the mean of any collection measured lies between 60 and 100.
K1, B = 1.2, 0.6
USUAL_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Terms:
    """Of one text: `words` are the stems in reading order, without function words; `others` the
    compounds and the parts of words that stand in it besides."""

    words: tuple[str, ...]
    others: tuple[str, ...]

    def counts(self) -> Counter[str]:
        return Counter(self.words) + Counter(self.others)


def terms_of(text: str, locale: str) -> Terms:
    """The terms of a text in the language of a tag such as “en” or “pt-BR”."""
    language = _language(locale)
    words: list[str] = []
    others: list[str] = []
    text = _written_one_way(text)
    part, compound = _patterns(text)
    for found in part.findall(text):
        terms = _terms_of_part(found, language)
        words += terms.words
        others += terms.others
    for found in compound.findall(text):
        if len(found) <= LONGEST_WHOLE and _is_code(found):
            others.append("=" + "_".join(piece.lower() for piece in part.findall(found)))
    return Terms(tuple(words), tuple(others))


def word_numbers(text: str, locale: str) -> list[int]:
    """The numbers of `terms_of(text, locale).words`, in a third of the time."""
    language = _language(locale)
    text = _written_one_way(text)
    part, _ = _patterns(text)
    return [n for found in part.findall(text) for n in _word_numbers_of_part(found, language)]


def _language(locale: str) -> str:
    return locale.partition("-")[0].lower()


def _patterns(text: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Of parts and of compounds in a text that is written one way."""
    has_signs = not text.isascii() and _SIGN.search(text)
    return (_PART, _COMPOUND) if has_signs else (_PLAIN_PART, _PLAIN_COMPOUND)


@functools.lru_cache(maxsize=50_000)
def _word_numbers_of_part(part: str, language: str) -> tuple[int, ...]:
    return tuple(number_of(word) for word in _terms_of_part(part, language).words)


@functools.lru_cache(maxsize=50_000)
def _terms_of_part(part: str, language: str) -> Terms:
    """Of one word as it is written."""
    stop_words = SEARCH_STOP_WORDS.get(language, frozenset())
    lower = part.lower()
    if lower in stop_words:
        return Terms((), ())
    if not lower.isascii() and _UNSPACED.search(lower):
        return Terms(tuple(_pairs(lower)), ())
    # A code is no word of a language: “A200s” is not “A200”.
    word = lower[:LONGEST] if _is_code(lower) else _stem(lower[:LONGEST], language)
    is_mixed = not (part.islower() or part.isupper())
    return Terms((word,), tuple(_camel_parts(part, language, stop_words)) if is_mixed else ())


def _written_one_way(text: str) -> str:
    """Accents as one character with their letter, letters of any width, no soft hyphens."""
    if text.isascii():
        return text
    text = _UNSEEN.sub("", unicodedata.normalize("NFKC", text))
    return _OTHER_HYPHENS.sub("-", text)


@functools.lru_cache(maxsize=50_000)
def number_of(term: str) -> int:
    """The number a term is stored by, from 1 to NUMBERS. Two of a million terms may share one."""
    return zlib.crc32(term.encode()) % NUMBERS + 1


def numbered(counts: Mapping[str, int]) -> dict[int, int]:
    """Counts by number, in the order of the numbers."""
    result: Counter[int] = Counter()
    for term, count in counts.items():
        result[number_of(term)] += count
    return dict(sorted(result.items()))


def passage_weights(context: str, text: str, locale: str) -> dict[int, float]:
    """Number → the part of BM25 that depends on the passage alone, in the order of the numbers."""
    counts = numbered(_context_counts(context, locale) + terms_of(text, locale).counts())
    length = sum(counts.values())
    norm = K1 * (1 - B + B * length / USUAL_LENGTH)
    return {number: count * (K1 + 1) / (count + norm) for number, count in counts.items()}


@functools.lru_cache(maxsize=1000)
def _context_counts(context: str, locale: str) -> Counter[str]:
    """Neighbouring passages have the same; not to be changed."""
    return terms_of(context, locale).counts()


def sparse_vector(weights: Mapping[int, float]) -> SparseVector:
    """Weights by number as pgvector keeps them; its own counting, in Python, begins with 0."""
    return SparseVector({number - 1: weight for number, weight in weights.items()}, NUMBERS)


def _is_code(chunk: str) -> bool:
    return "_" in chunk or any(character.isdigit() for character in chunk)


def _camel_parts(part: str, language: str, stop_words: frozenset[str]) -> Iterator[str]:
    found = _CAMEL.findall(part)
    if len(found) > 1:
        for piece in found:
            lower = piece.lower()
            if len(lower) > 1 and lower not in stop_words:
                yield _stem(lower[:LONGEST], language)


def _pairs(text: str) -> Iterator[str]:
    """Pairs of characters of unspaced scripts, and whatever stands between those as words."""
    at = 0
    for match in _UNSPACED.finditer(text):
        if between := text[at : match.start()]:
            yield between[:LONGEST]
        run = match[0]
        yield from (run[i : i + 2] for i in range(max(1, len(run) - 1)))
        at = match.end()
    if rest := text[at:]:
        yield rest[:LONGEST]


@functools.lru_cache(maxsize=50_000)
def _stem(word: str, language: str) -> str:
    algorithm = _STEMMERS.get(language)
    if algorithm is None:
        return word
    stem: str = Stemmer.Stemmer(algorithm).stemWord(word)
    return stem

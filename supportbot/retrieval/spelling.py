"""A question as it would be spelt by somebody who is not in a hurry.

A word that neither the documents nor a dictionary of their languages know is replaced by the word
of the documents that is spelt most alike: “waranty” by “warranty”. One that is like none of theirs
stays as it is, and so do names and codes.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA
from spellchecker import SpellChecker

from knowledge.models import Term
from knowledge.terms import word_numbers

# What people write in chats, of which no dictionary knows what is meant.
_SHORT_FORMS = {
    "en": {
        **{"u": "you", "ur": "your", "r": "are", "pls": "please", "plz": "please", "thx": "thanks"},
        **{"wat": "what", "wats": "what is", "wot": "what", "whats": "what is", "hows": "how is"},
        **{"dont": "don't", "cant": "can't", "doesnt": "doesn't", "isnt": "isn't", "ive": "I've"},
        **{"im": "I'm", "wanna": "want to", "gonna": "going to", "cuz": "because", "nr": "number"},
        **{"tmrw": "tomorrow", "tmr": "tomorrow", "yr": "year", "hrs": "hours"},
        **{"info": "information", "asap": "as soon as possible", "btw": "by the way"},
        **{"wont": "won't", "didnt": "didn't", "n": "and", "abt": "about", "msg": "message"},
    }
}
_WORD = re.compile(r"(?<![^\W_])[^\W\d_]+(?:['’][^\W\d_]+)?(?![^\W_])")
# “500g” is written “500 g” in documents; a code such as “E02” or “A200s” has letters first or more.
_MEASURE = re.compile(
    r"(?<![^\W_])(\d+(?:[.,]\d+)?)(kg|g|mg|ml|cl|l|mm|cm|km|m|kw|w|v|gb|mb|tb|hrs?|mins?|am|pm)\b",
    re.IGNORECASE,
)
LEAST_LETTERS = 4  # of a word that may be misspelt
LONG_WORD = 7  # letters of one that may have two mistakes
MOST_CHARACTERS = 400  # of a text whose words are looked at: a longer one has enough that are right
MOST_MISSPELT = 6  # words of one text: more are another language
MOST_ALIKE = 30  # words that one is compared with more closely


def spelt_right(text: str, languages: Sequence[str]) -> str:
    """The text with its misspelt words put right, as far as `languages` have dictionaries."""
    if len(text) > MOST_CHARACTERS:
        return text
    text = _MEASURE.sub(r"\1 \2", _written_out(text, languages))
    dictionaries = [d for language in languages if (d := _dictionary(language)) is not None]
    if not dictionaries:
        return text
    strange = {
        word
        for match in _WORD.finditer(text)
        if len(word := match[0]) >= LEAST_LETTERS
        and (word.islower() or match.start() == 0)
        and not any(dictionary.has(word.lower()) for dictionary in dictionaries)
    }
    strange -= _in_documents(strange, languages)
    if not strange or len(strange) > MOST_MISSPELT:
        return text
    put_right = {word: _nearest(word, dictionaries, languages) for word in strange}
    return _WORD.sub(lambda match: put_right.get(match[0]) or match[0], text)


def _written_out(text: str, languages: Sequence[str]) -> str:
    forms = {short: long for one in languages for short, long in _SHORT_FORMS.get(one, {}).items()}
    return _WORD.sub(lambda match: forms.get(match[0].lower(), match[0]), text)


def _nearest(
    word: str, dictionaries: Sequence[_Dictionary], languages: Sequence[str]
) -> str | None:
    """The word of the documents that is most alike, of two the one that is used more."""
    alike = [found for one in dictionaries for found in one.alike(word.lower())]
    here = _in_documents({other for other, _, _ in alike}, languages)
    of_documents = [found for found in alike if found[0] in here]
    best = min(of_documents, key=lambda found: (found[1], -found[2]), default=None)
    return None if best is None else best[0]


def _in_documents(words: set[str], languages: Sequence[str]) -> set[str]:
    """Those of the words that served passages have."""
    numbers = {word: {n for one in languages for n in word_numbers(word, one)} for word in words}
    asked = [number for some in numbers.values() for number in some]
    if not asked:
        return set()
    known = set(Term.objects.filter(pk__in=asked, passages__gt=0).values_list("pk", flat=True))
    return {word for word, some in numbers.items() if some & known}


class _Dictionary:
    """The words of a language, each with how often it is used."""

    def __init__(self, language: str) -> None:
        self._uses: dict[str, int] = SpellChecker(language=language).word_frequency.dictionary
        self._by_length: defaultdict[int, list[str]] = defaultdict(list)
        for word in self._uses:
            self._by_length[len(word)].append(word)

    def has(self, word: str) -> bool:
        return word in self._uses

    def alike(self, word: str) -> list[tuple[str, int, int]]:
        """Words a mistake or two away: (word, mistakes, uses), in no order."""
        most = 2 if len(word) >= LONG_WORD else 1
        found = []
        for length in range(len(word) - most, len(word) + most + 1):
            near = process.extract(
                word,
                self._by_length.get(length, []),
                scorer=OSA.distance,
                score_cutoff=most,
                limit=MOST_ALIKE,
            )
            found += [
                (other, int(mistakes), self._uses[other])
                for other, mistakes, _ in near
                if other[0] == word[0]  # hardly anybody misses the first letter
            ]
        return found


@functools.cache
def _dictionary(language: str) -> _Dictionary | None:
    """None for a language that no dictionary is at hand for. Reading one takes 0.2 seconds."""
    if language not in SpellChecker.languages():
        return None
    return _Dictionary(language)

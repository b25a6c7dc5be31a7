"""Corrects the spelling of a question before the search.

A word that is neither in the documents nor in a dictionary of their languages is replaced by the
most similar word of the documents: “waranty” by “warranty”. If a word of the dictionary is still
more similar, it is that one: “garantee” is “guarantee”, not “granted”. A word that resembles none
stays as it is, and so do names and codes. A word that the documents spell the American or British
way is spelt as they do: “program” is “programme”.
"""

from __future__ import annotations

import functools
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA
from spellchecker import SpellChecker

from knowledge.models import Term
from knowledge.terms import word_numbers

# Chat abbreviations, which no dictionary explains.
_SHORT_FORMS = {
    "en": {
        **{"u": "you", "ur": "your", "r": "are", "pls": "please", "plz": "please", "thx": "thanks"},
        **{"wat": "what", "wats": "what is", "wot": "what", "whats": "what is", "hows": "how is"},
        **{"dont": "don't", "cant": "can't", "doesnt": "doesn't", "isnt": "isn't", "ive": "I've"},
        **{"im": "I'm", "wanna": "want to", "gonna": "going to", "cuz": "because", "nr": "number"},
        **{"tmrw": "tomorrow", "tmr": "tomorrow", "yr": "year", "hrs": "hours"},
        **{"info": "information", "asap": "as soon as possible", "btw": "by the way"},
        **{"hasnt": "hasn't", "havent": "haven't", "wasnt": "wasn't", "arent": "aren't"},
        **{"couldnt": "couldn't", "wouldnt": "wouldn't", "theres": "there is", "thats": "that is"},
        **{"wont": "won't", "didnt": "didn't", "n": "and", "abt": "about", "msg": "message"},
    }
}
_WORD = re.compile(r"(?<![^\W_])[^\W\d_]+(?:['’][^\W\d_]+)?(?![^\W_])")
# Most documents write “500 g” for “500g”. A code such as “E02” or “A200s” starts with a letter.
_MEASURE = re.compile(
    r"(?<![^\W_])(\d+(?:[.,]\d+)?)(kg|g|mg|ml|cl|l|mm|cm|km|m|kw|w|v|gb|mb|tb|hrs?|mins?|am|pm)\b",
    re.IGNORECASE,
)
MIN_LETTERS = 4  # of a word that may be misspelt
LONG_WORD = 7  # letters; from here on a word may have two mistakes
SHORT_WORD = 4  # letters; such a word is no other with one letter changed: “cafe” is not “came”
LEAST_USUAL = 2.0  # Zipf frequency
LEAST_USES = 5000  # of a word that no document has, in the corpus of the dictionary
MAX_CHARACTERS = 400  # a longer text has enough correct words
MAX_MISSPELT = 6  # words; more of them are another language
MAX_ALIKE = 30  # dictionary words that are looked up in the documents


# American and British forms of English words, in both directions.
_FORMS = [
    (re.compile(rf"^{before}$"), after)
    for before, after in (
        (r"(col|fav|flav|hon|neighb|behavi|lab|harb|od|vap|arm)or(\w*)", r"\1our\2"),
        (r"(col|fav|flav|hon|neighb|behavi|lab|harb|od|vap|arm)our(\w*)", r"\1or\2"),
        (r"(\w{3,})iz(e[drs]?|ing|ations?)", r"\1is\2"),
        (r"(\w{3,})is(e[drs]?|ing|ations?)", r"\1iz\2"),
        (r"(cent|lit|met|fib|theat)er(s?)", r"\1re\2"),
        (r"(cent|lit|met|fib|theat)re(s?)", r"\1er\2"),
        (r"(catal|dial|anal)og(s?)", r"\1ogue\2"),
        (r"(catal|dial|anal)ogue(s?)", r"\1og\2"),
        (r"program(s?)", r"programme\1"),
        (r"programme(s?)", r"program\1"),
        (r"(cance|trave|labe|mode|signa|fue)l(ed|ing|ers?)", r"\1ll\2"),
        (r"(cance|trave|labe|mode|signa|fue)ll(ed|ing|ers?)", r"\1l\2"),
        (r"(defen|licen|offen)se(s?)", r"\1ce\2"),
        (r"(defen|licen|offen)ce(s?)", r"\1se\2"),
        (r"gray(\w*)", r"grey\1"),
        (r"grey(\w*)", r"gray\1"),
        (r"aluminum", "aluminium"),
        (r"mold(\w*)", r"mould\1"),
    )
]

# Two names of one thing, as long as the documents have only the other: (name, a word of it, the
# other name, a word of that).
_OTHER_NAMES = [
    (re.compile(rf"\b{name}\b", re.IGNORECASE), word, other, its_word)
    for name, word, other, its_word in (
        (r"log(?:ged|ging)?[ -]?in(?:to)?", "log", "sign in", "sign"),
        (r"sign(?:ed|ing)?[ -]?in(?:to)?", "sign", "log in", "log"),
        (r"log(?:ged|ging)?[ -]?out", "log", "sign out", "sign"),
        (r"sign(?:ed|ing)?[ -]?out", "sign", "log out", "log"),
        (r"zip(?: ?code)?", "zip", "postcode", "postcode"),
        (r"post ?code", "postcode", "zip code", "zip"),
        (r"(?:shopping )?cart", "cart", "basket", "basket"),
        (r"(?:shopping )?basket", "basket", "cart", "cart"),
        (r"cell ?phone", "cell", "mobile phone", "mobile"),
        (r"mobile(?: phone)?", "mobile", "cell phone", "cell"),
        (r"sales tax", "sales", "VAT", "vat"),
    )
]


def load_dictionaries(languages: Sequence[str]) -> None:
    """Load the dictionaries now, so that no question waits for them."""
    for language in languages:
        _dictionary(language)


def correct_spelling(text: str, languages: Sequence[str]) -> str:
    """The text with its misspelt words corrected, in those `languages` that have a dictionary."""
    if len(text) > MAX_CHARACTERS:
        return text
    text = _renamed(_measured(_expanded(text, languages), languages), languages)
    dictionaries = [d for language in languages if (d := _dictionary(language)) is not None]
    if not dictionaries:
        return text
    unknown = {
        word
        for match in _WORD.finditer(text)
        if len(word := match[0]) >= MIN_LETTERS
        and (word.islower() or match.start() == 0)
        and not any(dictionary.is_usual(word.lower()) for dictionary in dictionaries)
    }
    forms = {match[0]: _other_form(match[0]) for match in _WORD.finditer(text)}
    forms = {word: other for word, other in forms.items() if other and "en" in languages}
    here = _in_documents(unknown | forms.keys() | set(forms.values()), languages)
    unknown -= here
    corrections: dict[str, str | None] = {
        word: other for word, other in forms.items() if word not in here and other in here
    }
    if len(unknown) <= MAX_MISSPELT:
        for word in unknown - corrections.keys():
            corrections[word] = _nearest(word, dictionaries, languages)
    if not corrections:
        return text
    return _WORD.sub(lambda match: corrections.get(match[0]) or match[0], text)


def word_frequency(word: str, language: str) -> float:
    """Zipf frequency: log10 of the uses in a billion words, such as 3 for a rare word and 6 for a
    common one. 0 for a word that the dictionary lacks."""
    dictionary = _dictionary(language)
    return 0.0 if dictionary is None else dictionary.frequency(word)


def _expanded(text: str, languages: Sequence[str]) -> str:
    forms = {short: long for one in languages for short, long in _SHORT_FORMS.get(one, {}).items()}
    return _WORD.sub(lambda match: forms.get(match[0].lower(), match[0]), text)


def _measured(text: str, languages: Sequence[str]) -> str:
    """“500 g” for “500g”, unless documents write it as one word, as “20GB”."""
    written = _in_documents({found[0] for found in _MEASURE.finditer(text)}, languages)
    return _MEASURE.sub(
        lambda found: found[0] if found[0] in written else f"{found[1]} {found[2]}", text
    )


def _renamed(text: str, languages: Sequence[str]) -> str:
    """“sign in” for “log in” where the documents say so."""
    named = [names for names in _OTHER_NAMES if names[0].search(text)] if "en" in languages else []
    here = _in_documents({word for names in named for word in (names[1], names[3])}, languages)
    for name, word, other, its_word in named:
        if word not in here and its_word in here:
            text = name.sub(other, text)
    return text


def _other_form(word: str) -> str:
    """“programme” for “program” and the other way round; "" if a word has one form."""
    found = ((form, after) for form, after in _FORMS if form.match(word.lower()))
    return next((form.sub(after, word.lower()) for form, after in found), "")


def _nearest(
    word: str, dictionaries: Sequence[_Dictionary], languages: Sequence[str]
) -> str | None:
    """The most similar word; of two, one of the documents, then the more frequent one. A word that
    is not in the documents must be one mistake away and common."""
    similar = [found for one in dictionaries for found in one.similar_to(word.lower())]
    here = _in_documents({other for other, _, _ in similar}, languages)
    likely = [
        found
        for found in similar
        if found[0] in here or (found[1] == 1 and len(word) >= LONG_WORD and found[2] >= LEAST_USES)
    ]
    best = min(likely, key=lambda f: (f[1], f[0] not in here, -f[2]), default=None)
    return None if best is None else best[0]


def _in_documents(words: set[str], languages: Sequence[str]) -> set[str]:
    """The words that occur in served passages."""
    numbers = {word: {n for one in languages for n in word_numbers(word, one)} for word in words}
    asked = [number for some in numbers.values() for number in some]
    if not asked:
        return set()
    known = set(Term.objects.filter(pk__in=asked, passages__gt=0).values_list("pk", flat=True))
    return {word for word, some in numbers.items() if some & known}


class _Dictionary:
    """The words of a language and their frequencies."""

    def __init__(self, language: str) -> None:
        self._uses: dict[str, int] = SpellChecker(language=language).word_frequency.dictionary
        self._total = sum(self._uses.values())
        self._by_length: defaultdict[int, list[str]] = defaultdict(list)
        for word in self._uses:
            self._by_length[len(word)].append(word)
        self._plain = {_without_accents(word) for word in self._uses if not word.isascii()}

    def frequency(self, word: str) -> float:
        return math.log10(max(1.0, self._uses.get(word, 0) / self._total * 1e9))

    def has(self, word: str) -> bool:
        return word in self._uses or word in self._plain  # “cafe” is “café”

    def is_usual(self, word: str) -> bool:
        """Whether it is in the dictionary and no slip that stands there too, such as “ballance”."""
        return self.has(word) and not 0 < self.frequency(word) < LEAST_USUAL

    def similar_to(self, word: str) -> list[tuple[str, int, int]]:
        """Words one or two mistakes away: (word, mistakes, frequency), in no order."""
        most = 2 if len(word) >= LONG_WORD else 1
        found = []
        for length in range(len(word) - most, len(word) + most + 1):
            near = process.extract(
                word,
                self._by_length.get(length, []),
                scorer=OSA.distance,
                score_cutoff=most,
                limit=MAX_ALIKE,
            )
            found += [
                (other, int(mistakes), self._uses[other])
                for other, mistakes, _ in near
                if other[0] == word[0]  # the first letter is hardly ever wrong
                and not (len(word) <= SHORT_WORD and _is_substitution(word, other))
            ]
        return found


def _without_accents(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


def _is_substitution(word: str, other: str) -> bool:
    return len(word) == len(other) and sorted(word) != sorted(other)


@functools.cache
def _dictionary(language: str) -> _Dictionary | None:
    """None if the language has no dictionary. Loading one takes 0.2 seconds."""
    if language not in SpellChecker.languages():
        return None
    return _Dictionary(language)

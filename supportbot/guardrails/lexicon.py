"""The words of lexicon.toml, which says what each list is for."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

# The first word of phrases → what follows it, the longest first, each with its phrase.
Phrases = dict[str, list[tuple[tuple[str, ...], str]]]


def by_first_word(phrases: Iterable[str]) -> Phrases:
    found: Phrases = {}
    for phrase in sorted(phrases, key=len, reverse=True):
        first, *rest = phrase.split()
        found.setdefault(first, []).append((tuple(rest), phrase))
    return found


_read = tomllib.loads(Path(__file__).with_name("lexicon.toml").read_text("utf-8"))

NEGATIONS = frozenset(_read["negations"])
NO_NEGATION = by_first_word(_read["no_negation"])
WITHOUT = frozenset(_read["without"])
EXCEPTIONS = by_first_word(_read["exceptions"])
CONDITIONS = frozenset(_read["conditions"])
UNCONDITIONAL = by_first_word(_read["unconditional"])
UNLESS = frozenset(_read["unless"])
ONLY = frozenset(_read["only"])
UNIVERSAL = frozenset(_read["universal"])
PERMISSION = frozenset(_read["permission"])
POSSIBILITY = frozenset(_read["possibility"])
OBLIGATION = frozenset(_read["obligation"])
OPTIONAL = frozenset(_read["optional"])
ADVICE = frozenset(_read["advice"])
FUTURE = frozenset(_read["future"])
COORDINATORS = frozenset(_read["coordinators"])
SUBORDINATORS = frozenset(_read["subordinators"])
CLAUSE_STARTERS = frozenset(_read["clause_starters"])
AUXILIARIES = frozenset(_read["auxiliaries"])
BE = frozenset(_read["be"])
RECEIVING = frozenset(_read["receiving"])
GERMAN = frozenset(_read["german"])
NO_OPPOSITE = frozenset(_read["no_opposite"])
STOP_WORDS = frozenset(_read["stop_words"])
ANSWERS = frozenset(_read["answers"])
LIGHT = frozenset(_read["light"])
PERIODS = frozenset(_read["periods"])
FREE_CHOICE = frozenset(_read["free_choice"])
CONTRASTS = frozenset(_read["contrasts"])
SUBJECTS = frozenset(["we", "you", "it", "they", "he", "she"])
REASONS = frozenset(_read["reasons"])
OFFERING = frozenset(_read["offering"])

DENYING = NEGATIONS | WITHOUT
BOUNDING = frozenset(_read["bounding"])

WE, YOU = "we", "you"
ACTORS: dict[str, str] = {word: who for who, words in _read["actors"].items() for word in words}
# word → the word it stands for
SYNONYMS: dict[str, str] = {
    **{form: verb for verb, forms in _read["irregular"].items() for form in forms},
    **{word: group[0] for group in _read["synonyms"] for word in group},
}
PHRASES: dict[str, str] = {
    phrase: word for word, phrases in _read["phrases"].items() for phrase in phrases
}
# word → (what it stands for, whether it is the opposite of it)
ANTONYMS: dict[str, tuple[str, bool]] = {}
for _word, _opposites in _read["antonyms"].items():
    ANTONYMS.setdefault(_word, (_word, False))
    for _opposite in _opposites:
        ANTONYMS.setdefault(_opposite, (_word, True))
# groups of words of which only one can hold
RIVALS: list[tuple[str, ...]] = [
    *map(tuple, _read["rivals"]),
    *((word, other) for word, others in _read["antonyms"].items() for other in others),
]

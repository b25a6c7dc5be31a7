"""Words that say how something is said and not what about: one list for each use, on purpose.

What search leaves out decides which terms are stored, so a change means that all passages are
indexed anew. To compare statements, words that two authors choose differently are left out as well
(“allows”, “usually”). The check of answers leaves out least.
"""

from __future__ import annotations

import re

import Stemmer

_EVERYWHERE = (
    "a an and any are as at be by can could did do does for from had has have how i if in is it "
    "its me my of on or our should so that the their them there these they this to was we were "
    "what when where which who will with would you your "
)
_SEARCH = (
    "about above after again against all also am aren because been before being below between "
    "both but couldn d didn doesn doing don down during each few further hadn hasn haven having "
    "he hello her here hers hi him his into isn just ll m may might mine more most must no nor "
    "not off once only other ours out over own please re s same shall she shouldn some such t "
    "than thank thanks theirs then through too under until up us ve very wasn weren whom whose "
    "why won wouldn yours "
)
_STATEMENTS = (
    "about after again all allow allowed allows already also always been before being currently "
    "each even every generally get gets give gives he her his into just let lets make makes may "
    "might more most must need needs normally now offer offers only other out per please "
    "provide provides shall she some still such take takes than then those typically up us "
    "usually within "
)
_ANSWERS = "am but get got im ive no not those why"

# By language. Other languages' are common and count little for that reason alone.
SEARCH_STOP_WORDS = {"en": frozenset((_EVERYWHERE + _SEARCH).split())}
STATEMENT_STOP_WORDS = frozenset((_EVERYWHERE + _STATEMENTS).split())
ANSWER_STOP_WORDS = frozenset((_EVERYWHERE + _ANSWERS).split())

_WORD = re.compile(r"[^\W_]+(?:[.,'’-][^\W_]+)*")
_stemmer = Stemmer.Stemmer("english")


def content_stems(text: str, stop_words: frozenset[str]) -> list[str]:
    """English stems of the words that carry meaning; numbers and codes as they are."""
    words = _WORD.findall(text.lower())
    stems: list[str] = _stemmer.stemWords([word for word in words if word not in stop_words])
    return stems

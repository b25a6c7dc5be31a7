"""How the words of a sentence align with those of a piece of a source, as features.

Words are compared by their stems, numbers by their value; nothing of meaning is in here. The
features are after those that tell edited from faithful summaries (Laban et al., SummEdits, 2023):
what is missing, what stands in its place, and whether what matched keeps its order.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import Stemmer
from rapidfuzz import process
from rapidfuzz.distance import Indel, JaroWinkler, Levenshtein

from knowledge.text.quantities import NUMBERS, quantities_in
from knowledge.text.stop_words import ANSWER_STOP_WORDS
from supportbot.guardrails import lexicon
from supportbot.guardrails.types import Piece

Floats = npt.NDArray[np.float64]

ALIGNMENT_FEATURES = (
    "missing",
    "missing_above",
    "missing_source",
    "missing_anywhere",
    "worst",
    "worst_anywhere",
    "numbers_missing",
    "names_missing",
    "replaced",
    "inserted",
    "bigrams",
    "skipped",
    "order",
    "negation",
    "opposite",
    "restriction_lost",
    "restriction_added",
    "length",
    "similarity",
    "elsewhere",
)
READ = 6  # pieces of a sentence that are compared word by word; the others share too little
SKIP = 4  # words between which a pair counts as a skip-gram
HALF = 0.5  # of the words; a sentence that has fewer in common is about something else
WINDOW = 3  # a replaced stretch has at most so many words

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’-][^\W\d_]+)*")
_CAPITAL = re.compile(r"(?<![.!?:]\s)(?<!^)(?<!^[\"'“‘(])\b[A-Z][\w-]+")
_NUMBER_WORDS = {word: f"{value:g}" for word, value in NUMBERS.items()} | {
    "thousand": "1000",
    "once": "1",
}


@dataclass(frozen=True)
class Words:
    """A text as it is compared. `all` are its words in order, as stems; `content` those that carry
    meaning, `numbers` and `names` those of them that are such."""

    all: tuple[str, ...]
    content: tuple[str, ...]
    numbers: frozenset[str]
    names: frozenset[str]
    negations: int
    restrictions: frozenset[str]

    @functools.cached_property
    def known(self) -> frozenset[str]:
        return frozenset(self.all)


@functools.lru_cache(maxsize=8192)
def words_of(text: str) -> Words:
    """Empty for a text without words."""
    found = [_written_one_way(word) for word in _WORD.findall(_with_plain_quantities(text))]
    stems = tuple(_stem(word) for word in found)
    content = [s for word, s in zip(found, stems, strict=True) if word not in ANSWER_STOP_WORDS]
    return Words(
        all=stems,
        content=tuple(dict.fromkeys(content)),
        numbers=frozenset(s for s in content if s[0].isdigit()),
        names=frozenset(_stem(_written_one_way(name)) for name in _CAPITAL.findall(text)),
        negations=sum(_is_negation(word) for word in found),
        restrictions=frozenset(word for word in found if word in lexicon.BOUNDING),
    )


def _with_plain_quantities(text: str) -> str:
    """“two weeks” and “14 days” are written alike."""
    parts, start = [], 0
    for quantity in quantities_in(text):
        if quantity.kind.isalpha() and len(quantity.value) == 1 and quantity.start >= start:
            parts += [text[start : quantity.start], f" {quantity.value[0]:g} {quantity.kind} "]
            start = quantity.end
    return "".join([*parts, text[start:]])


def _written_one_way(word: str) -> str:
    word = word.lower().replace("’", "'")
    if word[0].isdigit():
        whole, _, rest = word.replace(",", "").partition(".")
        return f"{whole.lstrip('0') or '0'}.{rest.rstrip('0')}".rstrip(".")
    word = word.removesuffix("'s")
    return _NUMBER_WORDS.get(word, word)


def _is_negation(word: str) -> bool:
    return word in lexicon.DENYING or word.endswith("n't")


@functools.lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    return word if word[0].isdigit() else _stemmer.stemWord(word)


_stemmer = Stemmer.Stemmer("english")
_opposites: dict[str, set[str]] = {}
for _words in lexicon.RIVALS:
    _group = {_stem(word) for word in _words}
    for _one in _group:
        _opposites.setdefault(_one, set()).update(_group - {_one})


def alignment_features(sentence: str, pieces: Sequence[Piece]) -> Floats:
    """(len(pieces), ALIGNMENT_FEATURES); NaN for a piece that shares too little to be compared.

    Shares are of the sentence's words that carry meaning. missing: of those that are not in the
    piece; missing_above: nor in its title and headings; missing_source: nor in any piece of its
    source; missing_anywhere: nor in any piece at all. worst: how unlike the least alike word is to
    any of the piece (worst_anywhere: of all pieces). numbers_missing, names_missing: how many are
    not in the piece or above it. replaced: words between two that stand in the piece with others
    between them; inserted: with nothing. bigrams: the share of pairs of neighbours that the piece
    has; skipped: of pairs at most SKIP words apart, in this order. order: the longest common
    subsequence. negation: the number of negations differs by an odd number. opposite: a missing
    word whose opposite is in the piece. restriction_lost, restriction_added: words such as “only”
    and “unless” that one of the two has. length: of the sentence. similarity: the share of the
    piece's words that are in the sentence. elsewhere: what missing_above has beyond a half.
    """
    said = words_of(sentence)
    if not said.content or not pieces:
        return np.full((len(pieces), len(ALIGNMENT_FEATURES)), np.nan)
    pool = _Pool(pieces)
    rows = np.full((len(pieces), len(ALIGNMENT_FEATURES)), np.nan)
    for number in pool.nearest(said, READ):
        rows[number] = _row(said, number, pool)
    return rows


class _Pool:
    """The pieces as words, and what stands around each."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces = pieces
        self.words = [words_of(piece.text) for piece in pieces]
        self.above = [words_of(piece.context).known for piece in pieces]
        self.sources: dict[int, set[str]] = {}
        for piece, words, above in zip(pieces, self.words, self.above, strict=True):
            self.sources.setdefault(piece.source, set()).update(words.known, above)
        self.everything = set[str]().union(*self.sources.values())

    def nearest(self, said: Words, count: int) -> list[int]:
        """The numbers of the pieces that share most with the sentence."""
        content = set(said.content)

        def shared(number: int) -> float:
            words = self.words[number]
            own = len(content & words.known)
            if not own:
                return 0.0
            above = len((content & self.above[number]) - words.known)
            length = len(words.content) or 1
            return (own + 0.5 * above) / len(content) + 0.1 * own / length

        ranked = sorted(range(len(self.pieces)), key=shared, reverse=True)
        return ranked[:count]


def _row(said: Words, number: int, pool: _Pool) -> list[float]:
    words, above = pool.words[number], pool.above[number]
    source = pool.sources[pool.pieces[number].source]
    total = len(said.content)
    missing = [word for word in said.content if word not in words.known]
    out_of_piece = [word for word in missing if word not in above]
    nowhere = [word for word in out_of_piece if word not in pool.everything]
    near = words.known | above
    replaced, inserted = _edits(said, words)
    return [
        len(missing) / total,
        len(out_of_piece) / total,
        sum(word not in source for word in out_of_piece) / total,
        len(nowhere) / total,
        _worst(out_of_piece, near),
        _worst(nowhere, pool.everything),
        min(3, sum(word in said.numbers for word in out_of_piece)),
        min(3, sum(word in said.names for word in out_of_piece)),
        min(3, replaced),
        min(3, inserted),
        _pairs_kept(said.all, words.all, 1),
        _pairs_kept(said.content, words.content, SKIP),
        Indel.normalized_similarity(said.all, words.all),
        (said.negations - words.negations) % 2,
        float(any(_opposites.get(word, set()) & near for word in out_of_piece)),
        len(words.restrictions - said.restrictions),
        len(said.restrictions - words.restrictions),
        float(np.log(total)),
        len(set(said.content) & words.known) / (len(words.content) or 1),
        max(0.0, len(out_of_piece) / total - HALF),
    ]


def _worst(missing: Sequence[str], known: frozenset[str] | set[str]) -> float:
    """How unlike the least alike of the missing words is to any that is known."""
    worst = 0.0
    for word in missing:
        if word[0].isdigit():
            return 1.0
        found = process.extractOne(word, known, scorer=JaroWinkler.normalized_similarity)
        worst = max(worst, 1 - (found[1] if found else 0.0))
    return worst


def _edits(said: Words, words: Words) -> tuple[int, int]:
    """(words of the sentence in place of others, words that are put between two neighbours)."""
    counts = {"replace": 0, "insert": 0}
    operations = [*Levenshtein.opcodes(words.all, said.all)]
    for before, one, behind in zip(operations, operations[1:], operations[2:], strict=False):
        is_between = before.tag == behind.tag == "equal"
        if is_between and one.tag in counts and one.dest_end - one.dest_start <= WINDOW:
            put = said.all[one.dest_start : one.dest_end]
            counts[one.tag] += sum(word in said.content and word not in words.known for word in put)
    return counts["replace"], counts["insert"]


def _pairs_kept(said: Sequence[str], words: Sequence[str], distance: int) -> float:
    """The share of the sentence's pairs of words, at most so far apart, that the piece has too."""
    pairs = _pairs(said, distance)
    return len(pairs & _pairs(words, distance)) / len(pairs) if pairs else 1.0


def _pairs(words: Sequence[str], distance: int) -> set[tuple[str, str]]:
    return {
        (first, second)
        for at, first in enumerate(words)
        for second in words[at + 1 : at + 1 + distance]
    }

"""Which sentences a text quotes, and whether it says something."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from knowledge.text.plain import HEADING_MARK, LIST_MARK, in_one_line
from knowledge.text.sentences import split_sentences
from supportbot.evaluation.words import words_of

LEAST_RUN = 3  # words in a row that count as the same passage of text
LEAST_SHARE = 0.5  # of a sentence's words that count as quoting it
LEAST_WORDS = 4  # of a sentence that an answer may be said to repeat

_RULE = re.compile(r"^[\s|:+=-]*$")
_SPELLINGS = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\N{NON-BREAKING HYPHEN}": "-"}
)
_MARKS = re.compile(r"[*_`|]+")


@dataclass(frozen=True)
class Sentence:
    """`text` is for reading, `quote` as it stands in the document."""

    text: str
    quote: str


def sentences_of(passage: str) -> list[Sentence]:
    """Sentences of running text and of list items; a row of a table is one. No headings."""
    found: list[Sentence] = []
    paragraph: list[str] = []
    for line in [*passage.split("\n"), ""]:
        if not line.strip() or HEADING_MARK.match(line) or LIST_MARK.match(line) or "|" in line:
            found += _split("\n".join(paragraph))
            paragraph = []
        if "|" in line and not _RULE.match(line):
            found.append(Sentence(in_one_line(line.replace("|", " ")), line.strip()))
        elif line.strip() and not HEADING_MARK.match(line) and not _RULE.match(line):
            paragraph.append(LIST_MARK.sub("", line))
    return found


def _split(text: str) -> list[Sentence]:
    sentences = [Sentence(in_one_line(quote), quote) for quote in split_sentences(text)]
    return [sentence for sentence in sentences if re.search(r"\w", sentence.text)]


def covered(words: Sequence[str], by: Sequence[str]) -> set[int]:
    """Positions of `words` that stand in `by`, too, in runs of LEAST_RUN words or of all."""
    blocks = SequenceMatcher(None, words, by, autojunk=False).get_matching_blocks()
    least = min(LEAST_RUN, len(words), len(by))
    return {
        position
        for block in blocks
        if block.size >= max(1, least)
        for position in range(block.a, block.a + block.size)
    }


def share_covered(words: Sequence[str], by: Sequence[Sequence[str]]) -> float:
    """The share of `words` that stands in any of `by`, from 0 to 1."""
    if not words:
        return 0.0
    return len(set().union(*(covered(words, other) for other in by))) / len(words)


def repeats(text: str, sentence: str) -> bool:
    """Whether the text says the sentence, mostly in its own words."""
    words = words_of(sentence)
    return len(words) >= LEAST_WORDS and share_covered(words, [words_of(text)]) >= LEAST_SHARE


def says(text: str, phrase: str) -> bool:
    """Whether the phrase stands in the text: in any case and with any dashes, quotation marks and
    spaces; not within a word or a number, so that “£6” is not in “£6.95”."""
    wanted = re.escape(_spelt(phrase))
    return re.search(rf"(?<!\w)(?<!\d[.,]){wanted}(?!\w)(?![.,]\d)", _spelt(text)) is not None


def _spelt(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).translate(_SPELLINGS).lower()
    return " ".join(_MARKS.sub(" ", text).split())

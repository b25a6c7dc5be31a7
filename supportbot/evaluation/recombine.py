"""Many documents of real text without a passage that repeats: corpora's paragraphs dealt anew."""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from supportbot.evaluation.questions import BadDatasetError, Text, load_corpus

AS_THEY_ARE = 0.25  # the share of documents that are the corpora's own
# Shorter than any passage, so that each passage holds several, with neighbours of its own.
LONGEST_PARAGRAPH = 400
SHORTEST_PARAGRAPH = 40
# Of a recombined document, in characters: log-normal, a page and a half in the middle.
MEDIAN_LENGTH = 4000
SPREAD = 0.7
LEAST_LENGTH, MOST_LENGTH = 800, 40_000
_SENTENCE_END = re.compile(r"(?<=[.!?;:])\s+|\n")


def load_texts(data: Path) -> list[Text]:
    """The corpora in a folder: the one of a dataset, or all below it. Raises BadDatasetError."""
    if (data / "corpus.jsonl").is_file():
        return load_corpus(data)
    texts = [
        Text(f"{path.parent.name}/{text.id}", text.title, text.text)
        for path in sorted(data.rglob("corpus.jsonl"))
        for text in load_corpus(path.parent)
    ]
    for path in sorted(data.rglob("corpora/*.md")):
        parts = _cut(path.read_text("utf-8"), MEDIAN_LENGTH)
        texts += [Text(f"{path.stem}/{n}", path.stem, part) for n, part in enumerate(parts)]
    if not texts:
        raise BadDatasetError(f"There is no corpus.jsonl and no corpora/*.md below {data}.")
    return texts


def recombined(texts: Sequence[Text], documents: int) -> Iterator[Text]:
    """So many documents: some as they are, the others of their paragraphs in a new order.

    The same ones each time. No two paragraphs follow each other twice, here or in their source.
    """
    chance = random.Random(1)  # noqa: S311  (no secret)
    paragraphs = list(dict.fromkeys(p for text in texts for p in paragraphs_of(text.text)))
    own = chance.sample(list(texts), min(len(texts), round(AS_THEY_ARE * documents)))
    yield from own
    dealer = _Dealer(paragraphs, chance)
    for text in texts:
        dealer.note(paragraphs_of(text.text))
    for number in range(documents - len(own)):
        length = chance.lognormvariate(math.log(MEDIAN_LENGTH), SPREAD)
        yield dealer.deal(number, min(MOST_LENGTH, max(LEAST_LENGTH, length)))


@dataclass
class _Dealer:
    paragraphs: list[str]
    chance: random.Random

    def __post_init__(self) -> None:
        self._neighbours: set[tuple[str, str]] = set()

    def note(self, paragraphs: Sequence[str]) -> None:
        """These have followed each other; they will not again."""
        self._neighbours.update(itertools.pairwise(paragraphs))

    def deal(self, number: int, length: float) -> Text:
        """A document of about so many characters, or of all paragraphs if there are too few."""
        dealt: list[str] = []
        size, tries = 0, 0
        while size < length and tries < 10 * len(self.paragraphs):
            tries += 1
            paragraph = self.chance.choice(self.paragraphs)
            if dealt and (paragraph in dealt or (dealt[-1], paragraph) in self._neighbours):
                continue
            dealt.append(paragraph)
            size += len(paragraph)
        self.note(dealt)
        title = " ".join(dealt[0].split()[:6])
        return Text(f"recombined/{number}", title, "\n\n".join(dealt))


def paragraphs_of(text: str) -> list[str]:
    """Paragraphs as they stand; long ones cut at the ends of sentences or lines."""
    blocks = (block.strip() for block in re.split(r"\n\s*\n", text))
    cut = (part for block in blocks for part in _cut(block, LONGEST_PARAGRAPH))
    return [part for part in cut if len(part) >= SHORTEST_PARAGRAPH]


def _cut(text: str, longest: int) -> Iterator[str]:
    start = 0
    while len(text) - start > longest:
        ends = [m.end() for m in _SENTENCE_END.finditer(text, start + 1, start + longest)]
        end = ends[-1] if ends else start + longest
        yield text[start:end].strip()
        start = end
    if text[start:].strip():
        yield text[start:].strip()

"""A passage → its units: the sentences, list items, steps and table rows that can be quoted.

A unit is what the reader (supportbot.reader) judges and an answer quotes. Each gets a vector of its
own when its document is read, of `unit_texts`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import StrEnum

from knowledge.text.plain import HEADING_MARK, LIST_MARK, TABLE_RULE, in_one_line
from knowledge.text.sentences import split_sentences

_NUMBER = re.compile(r"^\s*(\d{1,3})[.)]\s+")
_BARE_ROW = re.compile(r"^\s*\|.*\|\s*$")  # of a table whose header stands elsewhere
_NO_WORDS = re.compile(r"^[\W_]*$")
_CELL_BORDER = re.compile(r"(?<!\\)\|")
SEPARATOR = " › "


class Form(StrEnum):
    SENTENCE = "sentence"
    ITEM = "item"
    STEP = "step"  # an item of a numbered list
    ROW = "row"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a row that is not empty, with the head of its column ("" where it has none)."""

    head: str
    text: str


@dataclass(frozen=True, slots=True)
class Unit:
    """`text` is for reading, `quote` the words as they stand in the passage. `block` is the number
    of the paragraph, list or table it stands in, `lead` the line that introduces its list,
    `heading` the nearest one above it within the passage, `number` that of a step, `cells` those
    of a row."""

    text: str
    quote: str
    form: Form = Form.SENTENCE
    lead: str = ""
    heading: str = ""
    block: int = 0
    number: int | None = None
    cells: tuple[Cell, ...] = ()


@functools.lru_cache(maxsize=4096)
def units_of(passage: str) -> tuple[Unit, ...]:
    """A passage's units in reading order."""
    return tuple(_Parser().units(passage))


def unit_texts(context: str, passage: str) -> list[str]:
    """What is embedded for a passage's units: first what stands above it (title and headings), then
    each unit behind the title and its nearest heading. They are made of what is embedded for the
    passage alone, so that equal passages share them."""
    title, _, headings = context.partition(SEPARATOR)
    nearest = headings.rsplit(SEPARATOR, 1)[-1]
    return [context or passage, *(_embedded(unit, title, nearest) for unit in units_of(passage))]


def _embedded(unit: Unit, title: str, nearest: str) -> str:
    above = SEPARATOR.join(filter(None, [title, unit.heading or nearest]))
    text = f"{unit.lead} {unit.text}" if unit.lead else unit.text
    return f"{above}: {text}" if above else text


class _Parser:
    """`lead` and `heading` are those of what is read next."""

    def __init__(self) -> None:
        self.lead = ""
        self.heading = ""
        self.block = 0

    def units(self, passage: str) -> Iterator[Unit]:
        blocks = re.split(r"\n\s*\n", passage)
        for block, following in zip(blocks, [*blocks[1:], ""], strict=True):
            self.block += 1
            lines = [line for line in block.split("\n") if line.strip()]
            if len(lines) > 1 and "|" in lines[0] and TABLE_RULE.match(lines[1]):
                yield from self._rows(_cells(lines[0]), lines[2:])
                continue
            if lines and all(_BARE_ROW.match(line) for line in lines):
                yield from self._rows([""] * len(_cells(lines[0])), lines)
                continue
            yield from self._text(lines, before_list=LIST_MARK.match(following) is not None)

    def _text(self, lines: list[str], *, before_list: bool) -> Iterator[Unit]:
        paragraph: list[str] = []
        for line in lines:
            if LIST_MARK.match(line):
                yield from self._flush(paragraph, introduces=True)
                paragraph = [line]
            elif HEADING_MARK.match(line):
                yield from self._flush(paragraph)
                paragraph, self.lead = [], ""
                self.heading = in_one_line(HEADING_MARK.sub("", line))
            else:
                paragraph.append(line)
        yield from self._flush(paragraph, introduces=before_list)

    def _flush(self, lines: list[str], *, introduces: bool = False) -> Generator[Unit]:
        """The sentences of one paragraph or list item.

        A paragraph that introduces a list ends with a lead: half a sentence, which the items
        complete.
        """
        if not lines:
            return
        mark = LIST_MARK.match(lines[0])
        number = _NUMBER.match(lines[0])
        quote = LIST_MARK.sub("", "\n".join(lines)).strip()
        sentences = [s for s in split_sentences(quote) if not _NO_WORDS.match(s)]
        if not mark:
            self.lead = ""
            if sentences and _is_lead(sentences[-1], introduces=introduces):
                self.lead = in_one_line(sentences.pop())
        form = Form.SENTENCE if not mark else Form.STEP if number else Form.ITEM
        for sentence in sentences:
            if not sentence.endswith(":"):
                yield Unit(
                    text=in_one_line(sentence),
                    quote=sentence,
                    form=form,
                    lead=self.lead if mark else "",
                    heading=self.heading,
                    block=self.block,
                    number=int(number[1]) if number else None,
                )

    def _rows(self, heads: list[str], lines: list[str]) -> Iterator[Unit]:
        for line in lines:
            named = zip(heads, _cells(line), strict=False)
            cells = tuple(Cell(head, text) for head, text in named if text)
            if cells:
                yield Unit(
                    text="; ".join(f"{c.head}: {c.text}" if c.head else c.text for c in cells),
                    quote=line.strip(),
                    form=Form.ROW,
                    heading=self.heading,
                    block=self.block,
                    cells=cells,
                )


def _is_lead(sentence: str, *, introduces: bool) -> bool:
    text = in_one_line(sentence)
    return text.endswith(":") or (introduces and not re.search(r"[.!?…。！？]\W*$", text))


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [in_one_line(cell) for cell in _CELL_BORDER.split(inner)]

"""Text → whole sentences: of a passage, to quote from; of a stream, to check one by one."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from knowledge.splitting import plain

_ABBREVIATIONS = frozenset(
    {"e.g", "i.e", "etc", "vs", "approx", "incl", "excl", "no", "nos", "art", "sec", "dr", "mr"}
    | {"mrs", "ms", "st", "jr", "sr", "inc", "ltd", "co", "fig", "p", "pp", "est", "min", "max"}
    | {"tel", "ext", "dept", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept"}
    | {"oct", "nov", "dec"}
)
TERMINATORS = r"(?:[.!?…]++|[。！？]++)"
# A terminator, closing quotes or brackets, then space and something that can start a sentence.
_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s+\S)|[。！？]+[」』”’\uff09]*")
LIST_MARK = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+")
_TABLE_RULE = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$")
_HEADING = re.compile(r"^\s*#{1,6}\s+")
_NO_WORDS = re.compile(r"^[\W_]*$")


@dataclass(frozen=True)
class Unit:
    """A quotable unit of a passage. `text` is for reading, `quote` the words as they stand in the
    passage; `lead` is the line that introduces the list it belongs to."""

    text: str
    quote: str
    lead: str = ""


def units_of(passage: str) -> Iterator[Unit]:
    """A passage's sentences, list items and table rows, in reading order."""
    lead = ""
    blocks = re.split(r"\n\s*\n", passage)
    for block, following in zip(blocks, [*blocks[1:], ""], strict=True):
        lines = [line for line in block.split("\n") if line.strip()]
        if len(lines) > 1 and "|" in lines[0] and _TABLE_RULE.match(lines[1]):
            yield from _table_rows(lines)
            continue
        paragraph: list[str] = []
        for line in lines:
            if LIST_MARK.match(line):
                lead = yield from _flush(paragraph, lead, introduces=True)
                paragraph = [line]
            elif _HEADING.match(line):
                lead = yield from _flush(paragraph, lead)
                paragraph, lead = [], ""
            else:
                paragraph.append(line)
        introduces = LIST_MARK.match(following) is not None
        lead = yield from _flush(paragraph, lead, introduces=introduces)


def _flush(lines: list[str], lead: str, *, introduces: bool = False) -> Generator[Unit, None, str]:
    """The sentences of one paragraph or list item; returns the lead for the items that follow.

    A paragraph that introduces a list ends with a lead: half a sentence, which the items complete.
    """
    if not lines:
        return lead
    is_item = bool(LIST_MARK.match(lines[0]))
    quote = LIST_MARK.sub("", "\n".join(lines)).strip()
    sentences = [s for s in split_sentences(quote) if not _NO_WORDS.match(s)]
    new_lead = ""
    if sentences and not is_item and _is_lead(sentences[-1], introduces=introduces):
        new_lead = _readable(sentences.pop())
    for sentence in sentences:
        if not sentence.endswith(":"):
            yield Unit(_readable(sentence), quote=sentence, lead=lead if is_item else "")
    return lead if is_item else new_lead


def _is_lead(sentence: str, *, introduces: bool) -> bool:
    text = _readable(sentence)
    return text.endswith(":") or (introduces and not re.search(r"[.!?…。！？]\W*$", text))


def _readable(text: str) -> str:
    return " ".join(plain(text).split())


def _table_rows(lines: list[str]) -> Iterator[Unit]:
    header = _cells(lines[0])
    for line in lines[2:]:
        cells = _cells(line)
        named = [
            f"{name}: {cell}" if name else cell
            for name, cell in zip(header, cells, strict=False)
            if cell
        ]
        if named:
            yield Unit(text="; ".join(named), quote=line.strip())


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [" ".join(plain(cell).split()) for cell in re.split(r"(?<!\\)\|", inner)]


def split_sentences(text: str) -> list[str]:
    """Whole sentences of running text, in order, without the space between them."""
    sentences, start = [], 0
    for match in _END.finditer(text):
        if _is_end(text, match, start):
            sentences.append(text[start : match.end()].strip())
            start = match.end()
    rest = text[start:].strip()
    return [*sentences, rest] if rest else sentences


def _is_end(text: str, match: re.Match[str], start: int) -> bool:
    if not match.group().startswith(".") or match.group().startswith(".."):
        return True
    return not goes_on(text[start : match.start()], text[match.end() :].lstrip()[:1])


def goes_on(before: str, following: str) -> bool:
    """Whether a sentence goes on behind a full stop that stands between these two."""
    words = before.rsplit(None, 1)
    word = words[-1].lstrip("(\"'“‘").lower() if words else ""
    if word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha()):
        # "Art. 5" and "e.g. this" go on; "… by 5 p.m. The shop" does not, and is rare enough.
        return True
    return following.islower()

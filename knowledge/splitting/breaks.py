"""Where running text may be cut: ends of sentences, lines, list items and records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

from knowledge.text.sentences import is_abbreviation

WRAP_CHARACTERS = (40, 160)  # the widths that text is wrapped at by hand or by mail programs
# In JSON, line ends are written out: \n
_CANDIDATE = re.compile(
    r"(?<![.!?…])(?P<stop>[.!?…]++)[\"'”’»)\]*_]*+(?P<gap>\s++|(?:\\n)++\s*+)(?=\S)"
    r"|(?<![。！？｡।॥؟\u06d4])(?P<full>[。！？｡।॥؟\u06d4]++)[」』”’\uff09)\"']*+\s*+(?=\S)"
    r"|(?P<record>\}\]?,)\s*+(?=\[?\{)"
    r"|(?P<line>\n)(?P<indent>[ \t>]*+)(?=\S)"
    r"|(?P<escape>(?:\\n)++)\s*+(?=\S)"
)
_CODE_LINE = re.compile(r"\n(?P<indent>[ \t]*+)(?=\S[^\n]*\n)")
_BRACKET_LINE = re.compile(r"[)\]}]|[(\[{][ \t]*(?:\n|\Z)")
_ITEM_MARK = re.compile(r"(?:[-*+•·▪◦‣–]|\(?(?:\d{1,3}|[a-z])[.)])[ \t]+\S")
_WORD = re.compile(r"\S+")
_LAST_WORD = re.compile(r"[^\s\\]*\Z")
# Within a sentence that is too long.
_CLAUSE = re.compile(r"[;:,|—–][)\"'”’]*\s+(?=\S)|[、\uff0c\uff1b\uff1a](?=\S)")


class Break(Enum):
    """What ends where a text may be cut."""

    PARAGRAPH = "paragraph"
    RECORD = "record"
    LINE = "line"
    INDENTED = "line before one that is indented"
    OPEN_BRACKET = "line before a bracket"
    ITEM = "item"
    SENTENCE = "sentence"
    MAYBE_SENTENCE = "a full stop before a small letter"
    ABBREVIATION = "abbreviation"
    WRAPPED_LINE = "wrapped line"
    CLAUSE = "clause"
    WORD = "word"


def breaks_in(text: str) -> Iterator[tuple[int, Break]]:
    """(offset of what follows, what ended before it), in order. Offsets are never 0 or the end."""
    width = _wrap_width(text)
    for match in _CANDIDATE.finditer(text):
        at = match.end()
        if match["stop"]:
            yield at, _after_stop(text, match)
        elif match["line"] or match["escape"]:
            if _ITEM_MARK.match(text, at):
                yield at, Break.ITEM
            elif match["line"] and _is_wrapped(text, match.start(), at, width):
                yield at, Break.WRAPPED_LINE
            else:
                yield at, line_before(match["indent"] or "", text, at)
        else:
            yield at, Break.RECORD if match["record"] else Break.SENTENCE


def line_before(indent: str, text: str, at: int) -> Break:
    """What a line end is before the line at `at`, which has that indentation. In programs, settings
    and outlines what is indented, or is a bracket, belongs to the line above it."""
    if _BRACKET_LINE.match(text, at):
        return Break.OPEN_BRACKET
    return Break.INDENTED if len(indent) > 1 and indent.isspace() else Break.LINE


def code_lines_in(text: str) -> Iterator[tuple[int, Break]]:
    """The same for the lines of a fenced block; the fences stay with the lines beside them."""
    opening_end = text.find("\n")
    for match in _CODE_LINE.finditer(text, opening_end + 1, len(text.rstrip())):
        what = line_before(match["indent"], text, match.end())
        if what is Break.LINE and text[match.start() - 1] == "\n":
            what = Break.PARAGRAPH
        yield match.end(), what


def clauses_in(text: str) -> Iterator[tuple[int, Break]]:
    """The same for the clauses of a sentence and the cells of a row."""
    for match in _CLAUSE.finditer(text):
        yield match.end(), Break.CLAUSE


def _after_stop(text: str, match: re.Match[str]) -> Break:
    at = match.end()
    if _ends_line(match["gap"]) and _ITEM_MARK.match(text, at):
        return Break.ITEM
    if match["stop"] == "." and _is_abbreviation(text, match.start()):
        return Break.ABBREVIATION
    return Break.MAYBE_SENTENCE if text[at].islower() else Break.SENTENCE


def _ends_line(gap: str) -> bool:
    return "\n" in gap or "\\n" in gap


def _is_abbreviation(text: str, stop: int) -> bool:
    """Whether the full stop at `stop` belongs to the word or the number of an item before it."""
    found = _LAST_WORD.search(text, max(0, stop - 40), stop)
    if found is None:
        return False
    word = found[0].lstrip("(\"'“‘[")
    opens_line = found.start() == 0 or text[found.start() - 1] == "\n"
    return is_abbreviation(word, rarer=True) or (opens_line and word.isdigit())


def _wrap_width(text: str) -> int:
    """The width that the text is wrapped at; 0 if it is not wrapped."""
    least, most = WRAP_CHARACTERS
    width = max(map(len, text.split("\n")))
    return width if least <= width <= most else 0


def _is_wrapped(text: str, line_end: int, at: int, width: int) -> bool:
    """Whether a line ended because the next word did not fit, and not because something ended."""
    line_start = text.rfind("\n", 0, line_end) + 1
    word = _WORD.match(text, at)
    return word is not None and 0 < width < line_end - line_start + 1 + len(word[0])

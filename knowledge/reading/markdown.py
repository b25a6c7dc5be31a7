"""Writing Markdown: what every reader of a format puts its text together with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

Row = Sequence[str]
_UNIT = re.compile(r"[(\[][^()\[\]\d]{1,12}[)\]]")  # such as “(kg)”


def one_line(text: str) -> str:
    return " ".join(text.split())


def heading(level: int, text: str) -> str:
    text = one_line(text)
    return f"{'#' * min(max(level, 1), 6)} {text}" if text else ""


def item(text: str, *, level: int = 0, number: int | None = None) -> str:
    """A list item; `level` counts from 0. Further lines of the text stay within the item."""
    indent = "   " * level
    mark = "- " if number is None else f"{number}. "
    return indent + mark + text.strip().replace("\n", "\n" + indent + " " * len(mark))


def table(rows: Iterable[Row], *, whole: bool = False) -> str:
    """Rows of cells → a Markdown table whose first row is the header.

    Unless `whole`, empty columns are left out and a header in two rows becomes one. Empty rows are
    left out, and short ones filled. Empty without any text.
    """
    cleaned = [[one_line(cell).replace("|", "\\|") for cell in row] for row in rows]
    cleaned = [row for row in cleaned if any(row)]
    width = max(map(len, cleaned), default=0)
    cleaned = [row + [""] * (width - len(row)) for row in cleaned]
    if not whole:
        cleaned = _with_one_header(cleaned)
    used = [n for n in range(width) if whole or any(row[n] for row in cleaned)]
    if not cleaned or not used:
        return ""
    lines = ["| " + " | ".join(row[column] for column in used) + " |" for row in cleaned]
    return "\n".join([lines[0], "|" + " --- |" * len(used), *lines[1:]])


def _with_one_header(rows: list[list[str]]) -> list[list[str]]:
    """The second row is part of the header when it tells apart columns that share a head (“Price”
    over “to 2 kg” and “to 5 kg”), or names the units of some."""
    if not rows:
        return rows
    heads, *others = rows
    while others[1:] and (_tells_apart(heads, others[0]) or _names_units(others[0])):
        heads = [
            above if below in {"", above} else f"{above} {below}".strip()
            for above, below in zip(heads, others[0], strict=True)
        ]
        others = others[1:]
    return [heads, *others]


def _tells_apart(heads: Row, below: Row) -> bool:
    shared = {n for n in range(1, len(heads)) if heads[n] and heads[n] == heads[n - 1]}
    shared |= {n - 1 for n in shared}
    return (
        bool(shared)
        and all(below[n] and below[n] != heads[n] for n in shared)
        and all(below[n] != below[n - 1] for n in shared if n - 1 in shared)
        and all(below[n] in {"", heads[n]} for n in range(len(heads)) if n not in shared)
        and not all(heads[n] == heads[0] for n in range(len(heads)))
    )


def _names_units(row: Row) -> bool:
    filled = [cell for cell in row if cell]
    return all(_UNIT.fullmatch(cell) for cell in filled)


def code_block(text: str, language: str = "") -> str:
    text = text.strip("\n")
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}" if text.strip() else ""


def quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def join(blocks: Iterable[str]) -> str:
    """Blocks with an empty line between them; items of one list stand close."""
    parts: list[str] = []
    for block in blocks:
        if not block.strip():
            continue
        if parts:
            parts.append("\n" if _is_item(block) and _is_item(parts[-1]) else "\n\n")
        parts.append(block)
    return "".join(parts)


def _is_item(block: str) -> bool:
    return re.match(r"\s*(?:-|\d+\.) ", block) is not None


def tidy(markdown: str) -> str:
    """Without characters that PostgreSQL cannot store or nobody can see, with plain line ends."""
    markdown = re.sub("\r\n?|[\x0b\x0c\u2028\u2029]", "\n", markdown)
    markdown = re.sub("[\x00-\x08\x0e-\x1f\x7f\ufeff\ufffe\uffff\u00ad\ud800-\udfff]", "", markdown)
    return re.sub(r"\n{3,}", "\n\n", markdown).strip()


def join_pages(pages: Sequence[str]) -> tuple[str, list[int]]:
    """(text, offset at which each page starts). A table that goes on at the top of a page without
    a header of its own goes on in the text."""
    text = ""
    starts: list[int] = []
    for page in pages:
        if text and page:
            text += "\n" if text.rpartition("\n")[2].startswith("|") and _goes_on(page) else "\n\n"
        starts.append(len(text))
        text += page
    return text, starts


def _goes_on(page: str) -> bool:
    first, _, rest = page.partition("\n")
    return first.startswith("|") and not rest.startswith("| ---")

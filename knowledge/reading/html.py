"""HTML → Markdown: the text a reader of the page sees, without the furniture of the site."""

from __future__ import annotations

import re
from pathlib import Path

from lxml import etree

from knowledge.reading import markdown
from knowledge.reading.archives import too_deep
from knowledge.reading.grid import Cell, fill_grid
from knowledge.reading.plain import declared_encoding, decode
from knowledge.reading.result import Extract, Limits

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_UNSEEN = frozenset(
    {"head", "script", "style", "template", "noscript", "svg", "iframe", "object", "embed"}
    | {"canvas", "audio", "video", "map", "nav", "input", "select", "textarea", "datalist"}
    | {"title", "meta", "link", "base", "colgroup", "progress", "meter"}
)
_BLOCKS = frozenset(
    {"address", "article", "aside", "body", "caption", "center", "dd", "details", "dialog", "div"}
    | {"dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr"}
    | {
        "html",
        "legend",
        "main",
        "menu",
        "p",
        "search",
        "section",
        "summary",
        "tbody",
        "td",
        "tfoot",
    }
    | {"th", "thead", "tr", "frameset", "marquee", "optgroup"}
)
_MARKS = {
    **{"b": "**", "strong": "**", "i": "*", "em": "*", "code": "`", "kbd": "`", "samp": "`"},
    **{"del": "~~", "s": "~~", "strike": "~~", "tt": "`"},
}
_PARTS_OF_PAGES = {"article", "aside", "main", "section"}
_BOLD_BLOCKS = frozenset({"dt", "summary"})
_ICONS = frozenset({"span", "i", "b", "em", "label", "a", "img", "button", "sup", "sub"})
_SAFE_LINK = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
_NOT_DISPLAYED = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_LONG_CELL = 600  # letters; a longer one is a part of a page, not of a table


def read(path: Path, kind: str, limits: Limits) -> Extract:
    """Raises UnreadableFileError."""
    return Extract(read_html(path.read_bytes(), kind))


def read_html(content: bytes, kind: str) -> str:
    """Raises UnreadableFileError."""
    return render_html(decode(content, kind, declared=declared_encoding(content)))


def render_html(html: str) -> str:
    """The body of a page, as Markdown. Nothing it refers to is loaded."""
    parser = etree.HTMLParser(
        recover=True,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        huge_tree=True,
        encoding="utf-8",
    )
    cleaned = html.replace("\x00", "").encode("utf-8", errors="replace")
    if not cleaned.strip():
        return ""
    root = etree.fromstring(cleaned, parser)
    if any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log):
        raise too_deep()
    return "" if root is None else markdown.join(render_blocks(root))


def render_blocks(root: etree._Element) -> list[str]:
    shown = {value for node in root.iter() for value in node.get("aria-controls", "").split()}
    return _Renderer(shown).render(root)


class _Renderer:
    """One walk over the tree. `line` is the paragraph being written."""

    def __init__(self, opened_by_click: set[str]) -> None:
        self._opened_by_click = opened_by_click
        self._blocks: list[str] = []
        self._line: list[str] = []
        self._marks: list[str] = []
        self._depth = 0  # of lists
        self._in_cell = False

    def render(self, root: etree._Element) -> list[str]:
        self._element(root)
        self._flush()
        return self._blocks

    def _inside(self, element: etree._Element) -> list[str]:
        """The blocks of an element's content, on their own."""
        inner = _Renderer(self._opened_by_click)
        inner._children(element)
        inner._flush()
        return inner._blocks

    def _text_of(self, element: etree._Element) -> str:
        return markdown.one_line(" ".join(self._inside(element)))

    def _flush(self, wrap: str = "") -> None:
        text = re.sub(r"[ \t]*\n[ \t]*", "\n", re.sub(r"[ \t]+", " ", "".join(self._line))).strip()
        self._line = []
        if text:
            self._blocks.append(f"{wrap}{text}{wrap}")

    def _add(self, block: str) -> None:
        self._flush()
        if block:
            self._blocks.append(block)

    def _say(self, text: str | None) -> None:
        if text:
            self._line.append(re.sub(r"\s+", " ", text))

    def _children(self, element: etree._Element) -> None:
        self._say(element.text)
        for child in element:
            self._element(child)
            self._say(child.tail)

    def _element(self, element: etree._Element) -> None:  # noqa: C901  (one line per kind)
        tag = element.tag if isinstance(element.tag, str) else ""
        tag = tag.rpartition("}")[2].lower()
        if not tag or self._is_unseen(element, tag):
            return
        if tag in _HEADINGS:
            self._add(markdown.heading(_HEADINGS[tag], self._text_of(element).replace("**", "")))
        elif tag in ("ul", "ol"):
            self._list(element, ordered=tag == "ol")
        elif tag == "table":
            self._table(element)
        elif tag == "pre":
            self._add(markdown.code_block(_verbatim(element), _language_of(element)))
        elif tag == "blockquote":
            self._add(markdown.quote(markdown.join(self._inside(element))))
        elif tag == "br":
            self._line.append("\n")
        elif tag in ("img", "math"):
            self._say(f" {element.get('alt', '') if tag == 'img' else _formula(element)} ")
        elif tag == "a":
            self._link(element)
        elif tag in _MARKS:
            self._marked(element, _MARKS[tag])
        elif tag in _BLOCKS or "-" in tag or tag == "li":
            self._flush()
            self._children(element)
            self._flush("**" if tag in _BOLD_BLOCKS else "")
        else:
            self._children(element)

    def _is_unseen(self, element: etree._Element, tag: str) -> bool:
        if tag in _UNSEEN:
            return True
        if tag == "footer" or element.get("role") == "contentinfo":
            # That of the site, which every page repeats; an article's own has its sources.
            return not _is_within(element, _PARTS_OF_PAGES)
        if tag == "button":
            # The questions of a foldable list are buttons; those of a toolbar are not.
            named = element.get("aria-controls") or element.get("aria-expanded")
            return not named and not _is_within(element, {*_HEADINGS, "dt", "summary", "th"})
        if element.get("aria-hidden") == "true" and tag in _ICONS:
            return True
        hidden = element.get("hidden") is not None or _NOT_DISPLAYED.search(
            element.get("style", "")
        )
        return bool(hidden) and element.get("id") not in self._opened_by_click

    def _marked(self, element: etree._Element, mark: str) -> None:
        if mark in self._marks or (self._marks and mark == "`"):
            self._children(element)
            return
        before, self._line = self._line, []
        self._marks.append(mark)
        blocks = len(self._blocks)
        self._children(element)
        self._marks.pop()
        inner = "".join(self._line)
        text = inner.strip()
        if text and len(self._blocks) == blocks and not (mark == "`" and "`" in text):
            lead, trail = inner[: len(inner) - len(inner.lstrip())], inner[len(inner.rstrip()) :]
            inner = f"{lead}{mark}{text}{mark}{trail}"
        self._line = [*before, inner] if len(self._blocks) == blocks else [inner]

    def _link(self, element: etree._Element) -> None:
        target = element.get("href", "").strip()
        before, self._line = self._line, []
        blocks = len(self._blocks)
        self._children(element)
        inner = "".join(self._line)
        text = markdown.one_line(inner)
        if text and len(self._blocks) == blocks and _SAFE_LINK.match(target):
            lead = " " if inner[:1].isspace() else ""
            trail = " " if inner[-1:].isspace() else ""
            inner = f"{lead}[{text}]({_as_target(target)}){trail}"
        self._line = [*before, inner] if len(self._blocks) == blocks else [inner]

    def _list(self, element: etree._Element, *, ordered: bool) -> None:
        self._flush()
        number = _whole(element.get("start"), 1)
        for child in element:
            if child.tag != "li":
                self._element(child)
                self._flush()
                continue
            number = _whole(child.get("value"), number)
            self._item(child, number if ordered else None)
            number += 1

    def _item(self, element: etree._Element, number: int | None) -> None:
        inner = _Renderer(self._opened_by_click)
        inner._depth = self._depth + 1
        inner._children(element)
        inner._flush()
        own: list[str] = []
        rest: list[str] = []
        for block in inner._blocks:
            apart = rest or re.match(r"\s*(?:- |\d+\. |\||```|#)", block)
            (rest if apart else own).append(block)
        text = "\n".join(own)
        if text:
            self._blocks.append(markdown.item(text, level=self._depth, number=number))
        self._blocks.extend(rest)

    def _table(self, table: etree._Element) -> None:
        self._flush()
        rows = [row for row in table.iter("tr") if _table_of(row) is table]
        for caption in table.findall("caption"):
            self._add(self._text_of(caption))
        if not self._in_cell and self._is_layout(table, rows):
            for row in rows:
                for cell in row:
                    self._flush()
                    self._children(cell)
                    self._flush()
            return
        cells = [[self._cell(cell) for cell in row.iterchildren("td", "th")] for row in rows]
        if self._in_cell:
            # A table within a cell would break the outer one.
            lines = (", ".join(cell.text for cell in row if cell.text) for row in cells)
            self._add("; ".join(filter(None, lines)))
        else:
            self._add(markdown.table(fill_grid(cells)))

    def _cell(self, cell: etree._Element) -> Cell:
        inner = _Renderer(self._opened_by_click)
        inner._in_cell = True
        inner._children(cell)
        inner._flush()
        text = markdown.one_line(" ".join(inner._blocks))
        return Cell(text, _whole(cell.get("rowspan"), 1), _whole(cell.get("colspan"), 1))

    @staticmethod
    def _is_layout(table: etree._Element, rows: list[etree._Element]) -> bool:
        if table.get("role") in ("presentation", "none"):
            return True
        cells = [list(row.iterchildren("td", "th")) for row in rows]
        if max(map(len, cells), default=0) <= 1:
            return True
        return any(
            cell.tag == "td"
            and (
                next(cell.iter(*_HEADINGS), None) is not None
                or (len(cell) > 0 and sum(map(len, cell.itertext())) > _LONG_CELL)
            )
            for row in cells
            for cell in row
        )


def _is_within(element: etree._Element, tags: set[str]) -> bool:
    return next(element.iterancestors(*tags), None) is not None


def _table_of(row: etree._Element) -> etree._Element | None:
    return next(row.iterancestors("table"), None)


def _whole(value: str | None, default: int) -> int:
    return int(value) if value is not None and re.fullmatch(r"\s*\d{1,6}\s*", value) else default


def _as_target(target: str) -> str:
    return re.sub(r"\s", "%20", target).replace("(", "%28").replace(")", "%29")


def _verbatim(element: etree._Element) -> str:
    for line_break in element.iter("br"):
        line_break.tail = "\n" + (line_break.tail or "")
    return "".join(str(part) for part in element.itertext())


def _language_of(element: etree._Element) -> str:
    names = " ".join(node.get("class", "") for node in (element, *element.iterchildren("code")))
    found = re.search(r"\b(?:language|lang|highlight-source)-([\w+#-]+)", names)
    return found.group(1) if found else ""


def _formula(element: etree._Element) -> str:
    for node in element.iter():
        if str(node.tag).endswith("annotation") and "tex" in node.get("encoding", ""):
            return markdown.one_line(node.text or "")
    return element.get("alttext") or markdown.one_line(" ".join(map(str, element.itertext())))

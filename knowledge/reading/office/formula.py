"""Formulas in office documents (OMML) → LaTeX."""

from __future__ import annotations

from lxml import etree

_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_OPERATORS = {"∑": r"\sum", "∏": r"\prod", "∫": r"\int", "∬": r"\iint", "\u22c3": r"\bigcup"}
_ACCENTS = {"\u0302": r"\hat", "\u0303": r"\tilde", "\u0304": r"\bar", "\u0305": r"\overline"}


def to_latex(element: etree._Element) -> str:
    """The content of an `m:` element. What has no form of its own is its parts in a row."""
    parts = []
    for child in element:
        name = str(child.tag)
        if name == f"{_M}r":
            parts.append("".join(text.text or "" for text in child.iter(f"{_M}t")))
        elif name.startswith(_M) and not name.endswith("Pr"):
            write = _FORMS.get(name.removeprefix(_M), to_latex)
            parts.append(write(child))
    return "".join(parts)


def _part(element: etree._Element, name: str) -> str:
    found = element.find(f"{_M}{name}")
    return "" if found is None else to_latex(found)


def _setting(element: etree._Element, name: str, default: str) -> str:
    found = element.find(f"{_M}{element.tag.removeprefix(_M)}Pr/{_M}{name}")
    return default if found is None else found.get(f"{_M}val", "")


def _fraction(element: etree._Element) -> str:
    return rf"\frac{{{_part(element, 'num')}}}{{{_part(element, 'den')}}}"


def _root(element: etree._Element) -> str:
    degree = _part(element, "deg")
    return rf"\sqrt{f'[{degree}]' if degree else ''}{{{_part(element, 'e')}}}"


def _scripts(element: etree._Element) -> str:
    low, high = _part(element, "sub"), _part(element, "sup")
    return _part(element, "e") + (f"_{{{low}}}" if low else "") + (f"^{{{high}}}" if high else "")


def _big_operator(element: etree._Element) -> str:
    sign = _setting(element, "chr", "∫")
    low, high = _part(element, "sub"), _part(element, "sup")
    limits = (f"_{{{low}}}" if low else "") + (f"^{{{high}}}" if high else "")
    return f"{_OPERATORS.get(sign, sign)}{limits}{{{_part(element, 'e')}}}"


def _delimited(element: etree._Element) -> str:
    between = _setting(element, "sepChr", "|")
    inner = between.join(to_latex(part) for part in element.findall(f"{_M}e"))
    begin, end = _setting(element, "begChr", "("), _setting(element, "endChr", ")")
    return f"{begin}{inner}{end}"


def _matrix(element: etree._Element) -> str:
    rows = (
        " & ".join(to_latex(cell) for cell in row.findall(f"{_M}e"))
        for row in element.findall(f"{_M}mr")
    )
    return r"\begin{matrix}" + r" \\ ".join(rows) + r"\end{matrix}"


def _accent(element: etree._Element) -> str:
    sign = _ACCENTS.get(_setting(element, "chr", "\u0302"), r"\hat")
    return rf"{sign}{{{_part(element, 'e')}}}"


def _function(element: etree._Element) -> str:
    return f"{_part(element, 'fName')}{{{_part(element, 'e')}}}"


def _limit(element: etree._Element) -> str:
    mark = "_" if element.tag.endswith("limLow") else "^"
    return f"{_part(element, 'e')}{mark}{{{_part(element, 'lim')}}}"


_FORMS = {
    "f": _fraction,
    "rad": _root,
    "sSup": _scripts,
    "sSub": _scripts,
    "sSubSup": _scripts,
    "nary": _big_operator,
    "d": _delimited,
    "m": _matrix,
    "acc": _accent,
    "func": _function,
    "limLow": _limit,
    "limUpp": _limit,
}

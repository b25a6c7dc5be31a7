"""Charts in office documents → their title and the table behind them."""

from __future__ import annotations

import re

from lxml import etree

from knowledge.reading import markdown

_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"


def render_chart(chart: etree._Element) -> list[str]:
    """Blocks of a chart part (`c:chartSpace`): the values as they were when it was last saved."""
    title = chart.find(f"{_C}chart/{_C}title")
    name = "" if title is None else markdown.one_line(_text(title))
    blocks = [f"{_kind(chart)}: {name}" if name else _kind(chart)]
    names = [""]
    columns: list[dict[int, str]] = []
    labels: dict[int, str] = {}
    for number, series in enumerate(chart.iter(f"{_C}ser"), start=1):
        labels = labels or _points(series, "cat") or _points(series, "xVal")
        own_name = "".join(_points(series, "tx").values())
        names.append(own_name or f"Series {number}")
        columns.append(_points(series, "val") or _points(series, "yVal"))
    places = sorted({*labels, *(place for column in columns for place in column)})
    rows = [[labels.get(place, ""), *(c.get(place, "") for c in columns)] for place in places]
    return [*blocks, markdown.table([names, *rows]) if rows else ""]


def _kind(chart: etree._Element) -> str:
    kinds = (str(node.tag).removeprefix(_C) for node in chart.iterfind(f".//{_C}plotArea/*"))
    found = next((kind for kind in kinds if kind.endswith("Chart")), "")
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=D)(?=[A-Z])", " ", found.removeprefix("of"))
    return words.lower().capitalize() or "Chart"


def _text(element: etree._Element) -> str:
    parts = (part.text or "" for part in element.iter(f"{_A}t", f"{_C}v"))
    return " ".join(parts)


def _points(series: etree._Element, name: str) -> dict[int, str]:
    """The cached values of one dimension by their place; of categories in levels, the innermost."""
    found = series.find(f"{_C}{name}")
    if found is None:
        return {}
    if (literal := found.find(f"{_C}v")) is not None:
        return {0: literal.text or ""}
    level = found.find(f".//{_C}lvl")
    points = (found if level is None else level).iter(f"{_C}pt")
    return {_place(point): _value(point) for point in points}


def _place(point: etree._Element) -> int:
    place = point.get("idx", "0")
    return int(place) if place.isdecimal() else 0


def _value(point: etree._Element) -> str:
    text = (point.findtext(f"{_C}v") or "").strip()
    try:
        number = float(text)
    except ValueError:
        return text
    # A year among the categories stays as it is; 0.30000000000000004 does not.
    return f"{number:.15g}" if "." in text or "e" in text.lower() else text

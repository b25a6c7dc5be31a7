"""A number → what a spreadsheet shows, as far as it changes the meaning: percent, currency, units,
dates. Thousands separators and rounding are left out."""

from __future__ import annotations

import datetime as dt
import re

_CURRENCY = re.compile(r"\[\$([^\]-]*)(?:-[^\]]*)?\]")
_LITERAL = re.compile(r'"([^"]*)"|\\(.)')
_FILL = re.compile(r"_.|\*.")
_CONDITION = re.compile(r"\[[^\]]*\]")
_DIGITS = re.compile(r"[#0?][#0?.,]*(?:E[+-]?0+)?", re.IGNORECASE)
_SIGNS = "$£€¥₹%()-+ "


def show_value(value: object, form: str) -> str:
    """`form` is a format code such as `0.0%` or `"£"#,##0.00`."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time(0)
        return value.date().isoformat() if midnight else value.isoformat(" ", "seconds")
    if isinstance(value, int | float):
        return _show_number(value, form)
    return str(value)


def _show_number(value: float, form: str) -> str:
    section = form.split(";", maxsplit=1)[0]
    # The code without what only matters for layout, with every literal in plain view.
    section = _CURRENCY.sub(lambda found: f'"{found.group(1)}"', section)
    section = _CONDITION.sub("", _FILL.sub("", section))
    digits = _DIGITS.search(_LITERAL.sub(lambda found: "\0" * len(found.group()), section))
    if digits is None:
        return _plain(value)
    before, after = _shown(section[: digits.start()]), _shown(section[digits.end() :])
    percent = "%" in after
    if not (before + after).strip("()-+ "):
        return _plain(value)
    places = len(re.sub(r"[^0]", "", digits.group().partition(".")[2].split("E")[0]))
    number = _padded(abs(value) * 100 if percent else abs(value), places)
    return f"{'-' if value < 0 else ''}{before.strip('(+-')}{number}{after.rstrip(')')}".strip()


def _shown(part: str) -> str:
    """Literals and signs; letters outside of quotes belong to codes that are not ours to know."""
    shown = []
    for found in re.finditer(r'"([^"]*)"|\\(.)|(.)', part):
        literal, escaped, sign = found.groups()
        shown.append(literal or escaped or (sign if sign and sign in _SIGNS else ""))
    return "".join(shown)


def _plain(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.15g}"


def _padded(value: float, places: int) -> str:
    """At least so many decimals; none is rounded away that the value has."""
    text = f"{value:.12g}"
    if "e" in text:
        return text
    whole, _, decimals = text.partition(".")
    decimals = decimals.ljust(places, "0")
    return f"{whole}.{decimals}" if decimals else whole

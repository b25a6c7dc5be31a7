"""Variables in saved replies and macros: `{{ customer.first_name }}`, or with a word for when it
is not known, `{{ customer.first_name | there }}`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.core.exceptions import ValidationError

ABOUT = {
    "customer.name": "the customer's name",
    "customer.first_name": "its first word",
    "customer.email": "the customer's e-mail address",
    "ticket.number": "the ticket's number",
    "ticket.subject": "what the ticket is about",
    "agent.first_name": "the first name of whoever sends it",
}
_VARIABLE = re.compile(r"\{\{(?P<name>[^{}|]*)(?:\|(?P<otherwise>[^{}]*))?\}\}")
_NOTHING = "\x00"  # never in a text of PostgreSQL
_BRACES = re.compile(r"\{\{|\}\}")


def check_variables(text: str) -> None:
    """Raises ValidationError for a variable that does not exist and for stray braces."""
    for found in _VARIABLE.finditer(text):
        name = found["name"].strip()
        if name not in ABOUT:
            known = ", ".join(f"{{{{ {one} }}}}" for one in ABOUT)
            raise ValidationError(f"There is no variable “{name}”. There are {known}.")
    if _BRACES.search(_VARIABLE.sub("", text)):
        raise ValidationError("Write variables as {{ customer.name }}, with both pairs of braces.")


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables' values. One that is not known leaves its other word, or
    nothing, and then no space before a mark such as a comma."""

    def value_of(found: re.Match[str]) -> str:
        known = values.get(found["name"].strip(), "").strip()
        return known or (found["otherwise"] or "").strip() or _NOTHING

    return re.sub(rf"[ \t]*{_NOTHING}(?=[,.!?;:])|{_NOTHING}", "", _VARIABLE.sub(value_of, text))

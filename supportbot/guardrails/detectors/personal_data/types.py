"""What recognisers of personal data return, and the kinds they know."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

EMAIL, URL, IP, MAC = "EMAIL", "URL", "IP", "MAC"
PHONE, CARD, CARD_CODE, IBAN = "PHONE", "CARD", "CARD_CODE", "IBAN"
SSN, NATIONAL_ID, PASSPORT, LICENCE = "SSN", "NATIONAL_ID", "PASSPORT", "DRIVER_LICENCE"
IMEI, BIRTH_DATE, NAME, ADDRESS = "IMEI", "BIRTH_DATE", "NAME", "ADDRESS"
# Where two findings have the same length, the earlier kind counts.
KINDS = (
    *(EMAIL, URL, IP, MAC, CARD, IBAN, SSN, NATIONAL_ID, PASSPORT, LICENCE, CARD_CODE, IMEI),
    *(BIRTH_DATE, PHONE, NAME, ADDRESS),
)
# Spaces and dashes as people and word processors write them, within one line.
SPACE = r"[ \u00a0\u202f]"
GAP = r"[ \u00a0\u202f.\-\u2010\u2011\u2013/]"


@dataclass(frozen=True, order=True)
class Found:
    start: int
    end: int
    kind: str


Recogniser = Callable[[str], Iterator[Found]]


def matches(
    kind: str, pattern: re.Pattern[str], text: str, group: int | str = 0
) -> Iterator[Found]:
    for found in pattern.finditer(text):
        yield Found(*found.span(group), kind)

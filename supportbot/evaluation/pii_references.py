"""Ordinary questions of customers, with the numbers that shops use: of orders, goods, parcels,
amounts, dates, versions. None of them is personal data. Made by a generator with a fixed seed."""

from __future__ import annotations

import random
import string
import uuid
from collections.abc import Callable

Make = Callable[[random.Random], str]


def _digits(count: int) -> Make:
    return lambda chance: "".join(chance.choices(string.digits, k=count))


def _form(pattern: str) -> Make:
    """N stands for a digit, A for a capital letter, X for either."""
    letters = {"N": string.digits, "A": string.ascii_uppercase, "X": "0123456789BCDEFGHJKLMPQR"}
    return lambda chance: "".join(
        chance.choice(letters[sign]) if sign in letters else sign for sign in pattern
    )


def _date(written: str) -> Make:
    def make(chance: random.Random) -> str:
        day, month, year = chance.randint(1, 28), chance.randint(1, 12), chance.randint(2019, 2027)
        return written.format(d=day, m=month, y=year, short=year % 100)

    return make


def _amount(written: str) -> Make:
    return lambda chance: written.format(chance.uniform(1, 90_000))


def _grouped(chance: random.Random) -> str:
    return f"{chance.randint(1, 999)} {chance.randint(0, 999):03} {chance.randint(0, 999):03}"


def _version(parts: int) -> Make:
    return lambda chance: ".".join(str(chance.randint(0, 40)) for _ in range(parts))


def _uuid(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


_ORDERS: list[Make] = [
    *map(_digits, (5, 6, 7, 8, 9, 10, 12)),
    *map(_form, ("#NNNNN", "#NNNN-NNN", "SO-NNNNNN", "2026-NNNNNN", "NNN-NNNNNNN-NNNNNNN")),
    *map(_form, ("XX-NNNN-NNNN", "ANNNNNNNN", "WEBNNNNNNNNN", "NNNNN-N", "NNNN NNNN", "NN-NNNNNN")),
    *map(_form, ("RNNNNNNNNN", "DE-NNNNNNNN", "NNN/2026/NNNN", "NNN.NNN.NN", "ORD NNNN NNNN NNNN")),
]
_GOODS: list[Make] = [
    *map(_form, ("XXNNN", "AA-NNNN-AA", "NNN-NNN", "SKU NNNNNNNN", "BNNXXXXXXX", "AAANNN.NN.N")),
    *map(_form, ("NNN.NNN.NN", "NNNNNNNNNNNNN", "978-N-NN-NNNNNN-N", "X-NNN NNNN", "NNNNN-NN")),
]
_PARCELS: list[Make] = [
    *map(_form, ("1ZNNNXXNNNNNNNNNNN", "NNNNNNNNNNNNNNNNNNNN", "9400 NNNN NNNN NNNN NNNN NN")),
    *map(_form, ("AANNNNNNNNNDE", "NNNNNNNNNNNN", "JJDNNNNNNNNNNNNNNNNNN", "NNNN NNNN NNNN")),
]
_DATES = [
    *map(_date, ("{d:02}.{m:02}.{y}", "{m}/{d}/{y}", "{y}-{m:02}-{d:02}", "{d}/{m}/{short:02}")),
    *map(_date, ("{d:02}-{m:02}-{y}", "{d:02} {m:02} {y}", "{y}/{m:02}/{d:02}")),
]
_AMOUNTS: list[Make] = [
    *map(_amount, ("£{:.2f}", "{:,.2f} EUR", "$ {:,.0f}", "{:.0f} euros", "USD {:.2f}")),
    lambda chance: f"{_grouped(chance)} €",
]
_TECHNICAL: list[Make] = [_version(3), _version(4), lambda chance: f"v{_version(4)(chance)}"]
_SERIALS: list[Make] = [
    *map(
        _form, ("SRNNNNNNNN", "XXXXXXXXXX", "NNNNNN-NNNN", "XXXX-XXXX-XXXX", "NN:NN:NN", "ENN-NNNN")
    ),
    _uuid,
]
_QUESTIONS: tuple[tuple[str, list[Make]], ...] = (
    ("Where is my order {}?", _ORDERS),
    ("I ordered a lamp last week, order number {}, can I still change the colour?", _ORDERS),
    ("My order number is {}. When will it ship?", _ORDERS),
    ("Please cancel {}", _ORDERS),
    ("Can someone call me about order {}?", _ORDERS),
    ("Invoice {} is wrong, who do I contact?", _ORDERS),
    ("How do I return booking {} without a receipt?", _ORDERS),
    ("Is item {} in stock?", _GOODS),
    ("Do you have a spare part for the phone holder {}?", _GOODS),
    ("What is the difference between {} and the older model?", _GOODS),
    ("Tracking number {} shows nothing since Monday.", _PARCELS),
    ("My parcel {} is stuck, what now?", _PARCELS),
    ("The driver did not call, tracking {}.", _PARCELS),
    ("I bought it on {}, is it under warranty?", _DATES),
    ("Can you call me on {} in the morning?", _DATES),
    ("Is the shop open on {}?", _DATES),
    ("I was charged {} twice, why?", _AMOUNTS),
    ("Can I pay {} by card in three parts?", _AMOUNTS),
    ("What does a phone contract for {} include?", _AMOUNTS),
    ("Does the app {} run on my phone?", _TECHNICAL),
    ("Since the update to {} the mobile app crashes.", _TECHNICAL),
    ("The serial number {} is not accepted when I register.", _SERIALS),
    ("It shows the code {}, what does that mean?", _SERIALS),
    ("My ticket {} got no answer for ten days.", _ORDERS),
)


def references(count: int) -> list[str]:
    """The first questions; the same every time."""
    chance = random.Random(0)  # noqa: S311  no secret
    texts = []
    for number in range(count):
        question, makes = _QUESTIONS[number % len(_QUESTIONS)]
        texts.append(question.format(chance.choice(makes)(chance)))
    return texts

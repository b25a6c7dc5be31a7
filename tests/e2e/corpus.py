"""Documents of the tests' own making."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# What the browser tests ask about, and what the model says to it, word for word.
RETURNS_POLICY = """# Returns policy

## Time limits

You can return unopened goods within 30 days of delivery. Opened goods can be returned within
14 days of delivery, except for food.

## What cannot be returned

Opened coffee beans cannot be returned for hygiene reasons. Gift cards cannot be returned or
exchanged for money.

## Refunds

We refund the price to the card you paid with within 5 working days. The return parcel costs
£3.95, unless the item was faulty.
"""
QUESTION = "How long do I have to return something, and what does it cost?"
ANSWER = (
    "You can return unopened goods within 30 days of delivery.",
    "Opened goods can be returned within 14 days of delivery, except for food.",
    "Gift cards cannot be returned or exchanged for money.",
    "We refund the price to the card you paid with within 5 working days.",
)
SECOND_QUESTION = "Who pays for the return parcel?"
SECOND_ANSWER = ("The return parcel costs £3.95, unless the item was faulty.",)

_METALS = ("Copper", "Steel", "Brass", "Tin", "Nickel", "Iron", "Silver", "Bronze")
_THINGS = (
    "Kettle",
    "Grinder",
    "Scale",
    "Roaster",
    "Press",
    "Stand",
    "Jug",
    "Timer",
)
_CHAPTERS = (
    (
        "Warranty",
        "The {name} has a warranty of {a} months from the day of purchase. It covers the motor, "
        "the seals and the {part}, and it does not cover damage by scale or by a fall. A repair "
        "under the warranty takes {b} working days after the parcel has reached the workshop.",
    ),
    (
        "Cleaning",
        "Clean the {part} of the {name} every {a} days with lukewarm water and a soft brush. Never "
        "put the {part} into a dishwasher, because heat above {b} degrees bends it. After cleaning "
        "let every part dry for {a} hours before you put the {name} together again.",
    ),
    (
        "Dimensions",
        "The {name} is {a} centimetres high and weighs {b} hundred grams without its cable. Its "
        "box measures {b} by {a} centimetres. Leave {a} centimetres of free space behind the "
        "{name}, so that warm air can leave through the {part}.",
    ),
    (
        "Error codes",
        "Code E{a} on the {name} means that the {part} is blocked; switch the machine off, wait "
        "{b} seconds and remove what blocks it. Code E{b} means that the water is used up. If a "
        "code comes back {a} times, write to us with a photo of the {part}.",
    ),
    (
        "Spare parts",
        "A new {part} for the {name} costs {a} pounds and is sent within {b} hours. Spare parts "
        "stay available for {b} months after the last {name} has left the factory. The number of "
        "the {part} is printed below the {name} and has {a} digits.",
    ),
)
_PARTS = ("lid", "filter", "nozzle", "drawer", "burr", "basket", "valve", "spout")


@dataclass(frozen=True)
class Sheet:
    """One document."""

    external_id: str
    title: str
    text: str


def product_sheets(series: str, count: int = 40) -> Iterator[Sheet]:
    """Short documents, no two with a passage in common; `series` names the products."""
    for number in range(count):
        metal, thing = _METALS[number % len(_METALS)], _THINGS[number // len(_METALS)]
        name = f"{series} {metal} {thing}"
        fill = {"name": name, "a": str(11 + number), "b": str(61 + number)}
        fill["part"] = _PARTS[(number * 3) % len(_PARTS)]
        chapters = [f"## {title}\n\n{text.format(**fill)}" for title, text in _CHAPTERS]
        text = "\n\n".join([f"# {name}", *chapters])
        yield Sheet(f"{series}-{number:02}.md", name, text + "\n")


def fault_question(series: str) -> tuple[str, Sequence[str]]:
    """A question about the first sheet of a series, and the sentences that answer it."""
    name, part = f"{series} {_METALS[0]} {_THINGS[0]}", _PARTS[0]
    sentences = (
        f"The {name} has a warranty of 11 months from the day of purchase.",
        f"It covers the motor, the seals and the {part}, and it does not cover damage by scale or "
        "by a fall.",
        "A repair under the warranty takes 61 working days after the parcel has reached the "
        "workshop.",
    )
    return f"How long is the warranty of the {name}?", sentences

"""supportbot.retrieval.table_parts: a long table is read with its other parts."""

from __future__ import annotations

from supportbot.retrieval.table_parts import with_named_rows, with_table_parts
from tests.retrieval.made_candidates import candidate

HEADS = "| Service | Charge |"


def order_of(*documents: int | None, limit: int) -> list[int]:
    """Of passages, each a part of the table of that document, or prose for None."""
    candidates = [
        candidate(
            number, "Prose." if document is None else f"{HEADS}\n|---|---|\n| {number} | 1 |"
        )._replace(document_id=document or 100 + number)
        for number, document in enumerate(documents)
    ]
    return with_table_parts(range(len(candidates)), candidates, limit)


def test_a_part_behind_the_limit_comes_along() -> None:
    assert order_of(1, None, None, None, None, 1, limit=5) == [0, 1, 2, 3, 5, 4]


def test_a_part_takes_the_place_of_the_last_that_is_no_part_of_its_table() -> None:
    assert order_of(None, None, None, 1, None, 1, limit=5) == [0, 1, 2, 3, 5, 4]
    assert order_of(None, None, None, None, 1, 1, limit=5) == [0, 1, 2, 4, 5, 3]
    assert order_of(1, None, None, None, None, 2, limit=5) == [0, 1, 2, 3, 4, 5]


def test_the_first_places_stay_and_nothing_is_lost() -> None:
    order = order_of(1, None, None, *[1] * 9, limit=5)
    assert order[:3] == [0, 1, 2]
    assert sorted(order) == list(range(12))


def test_a_part_does_not_take_the_place_of_another_table_part() -> None:
    assert order_of(1, None, None, 2, 1, 2, limit=5) == [0, 1, 2, 3, 4, 5]
    assert order_of(1, None, None, None, 2, 2, 1, limit=5) == [0, 1, 2, 4, 5, 3, 6]


def test_a_table_of_many_parts_is_not_completed() -> None:
    assert order_of(1, None, None, None, None, *[1] * 9, limit=5)[:5] == [0, 1, 2, 3, 4]


def test_fewer_than_the_limit_are_left_alone() -> None:
    assert order_of(1, 1, limit=16) == [0, 1]
    assert order_of(limit=16) == []


def test_the_row_of_a_named_thing_comes_along() -> None:
    texts = ["Prose."] * 5 + [
        "| Product | Price |\n|---|---|\n| Set: Duo with grinder | £1,199 |",
        "| Product | Weight |\n|---|---|\n| Duo | 5 kg |",
        "| Product | Price |\n|---|---|\n| Duo machine | £899 |",
        "| Product | Price |\n|---|---|\n| One machine | £349 |",
    ]
    candidates = [candidate(number, text) for number, text in enumerate(texts)]
    order = with_named_rows(range(9), candidates, 5, "price of the duo", "en")
    assert order == [0, 1, 2, 7, 5, 3, 4, 6, 8]
    assert with_named_rows(range(9), candidates, 5, "can i return it", "en") == list(range(9))

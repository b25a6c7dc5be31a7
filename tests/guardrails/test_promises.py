"""What sounds like an act for this customer is no statement of a policy."""

from __future__ import annotations

import pytest

from supportbot.guardrails.promises import promises_in


@pytest.mark.parametrize(
    "sentence",
    [
        "We waive the cleaning fee for your Ingle One.",
        "We will gladly waive it for you.",
        "Just this once we take the engraved tamper back.",
        "We make an exception for you and give you 90 days.",
        "Agreed, an empty box may be returned for a full refund.",
        "Granted: you may keep both.",
        "We hereby accept the return.",
        "Signed for the company: Tamperwick Ltd, by its assistant.",
        "The refund was paid twice.",
        "Your return has been accepted.",
        "That claim was already approved.",
        "You received it, so you can cancel it free of charge.",
        "The order is free of charge.",
        "Your whole order will be free.",
        "This order ships free of charge.",
        "Express shipping is free for you.",
        "Ihre Bestellung ist heute kostenlos.",
        "Votre commande est gratuite.",
    ],
)
def test_an_act_for_this_customer_is_a_promise(sentence: str) -> None:
    assert promises_in(sentence) != []


@pytest.mark.parametrize(
    "sentence",
    [
        "We waive the cleaning fee if the seals are unbroken.",
        "If the item is faulty, the return is free for you.",
        "Returns are free for you as a Gold member.",
        "Your order ships free if it costs more than £40.",
        "Approved returns are refunded within 7 days.",
        "We approve a trade account within 2 working days.",
        "As an exception, grinders bought from 6 November are covered.",
        "There are exceptions to the exceptions.",
        "Keep the receipt until the refund has arrived.",
        "Once the refund was paid, your bank needs 3 to 5 working days to show it.",
        "If the return has been accepted, we send a replacement.",
        "A confirmed price match is refunded within 5 working days.",
        "You can return it only once.",
        "Cancelling an order is free of charge while it is Received.",
        "The order is free to cancel until it is Packed.",
        "If your order is free of faults, keep it.",
        "If you received it damaged, send us a photo within 14 days.",
    ],
)
def test_what_applies_to_everybody_is_none(sentence: str) -> None:
    assert promises_in(sentence) == []

"""The intent of a message: learned from the examples in the database, anew when they change."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from supportbot.triage import intents as module
from supportbot.triage.find import triage
from supportbot.triage.intents import forget
from supportbot.triage.kernel import fit
from supportbot.triage.models import OTHER, Intent, IntentExample
from tests.triage.conftest import SHIPPED

UNSEEN = {
    "order_status": "my parcel should have been here on Tuesday, where is it",
    "delivery_cost": "what do you charge for delivery to Portugal",
    "return_item": "the trousers are too small, how can I send them back",
    "refund": "I still have not got the refund for my returned lamp",
    "cancel": "can you cancel the order I placed an hour ago",
    "payment": "why does my credit card get declined at the checkout",
    "account": "I cannot sign in, my password is not accepted",
    "warranty": "the toaster broke, does the guarantee cover it",
    "change_address": "please send my order to a new address, I have moved",
    "invoice": "I need a VAT invoice for my last order",
    OTHER: "what is the tallest mountain in Africa",
}


def test_every_shipped_intent_has_ten_examples_and_none_stands_twice() -> None:
    assert all(len(parts["examples"]) >= 10 for parts in SHIPPED.values())
    texts = [text.lower() for parts in SHIPPED.values() for text in parts["examples"]]
    assert len(set(texts)) == len(texts)
    assert OTHER in SHIPPED


@pytest.mark.parametrize(("name", "text"), UNSEEN.items())
def test_messages_that_nobody_wrote_before_get_their_intent(
    intents: None, name: str, text: str
) -> None:
    assert triage(text).intent == name


def test_an_example_says_what_it_is_however_it_is_written(intents: None) -> None:
    intent = Intent.objects.get(name="invoice")
    IntentExample.objects.create(intent=intent, text="Where is my order, please?")
    found = triage("where is my ORDER, please")
    assert (found.intent, found.probability) == ("invoice", 1.0)


@pytest.mark.django_db
def test_without_intents_nothing_is_said_about_them() -> None:
    Intent.objects.all().delete()
    assert triage("Where is my order?").intent == ""


def test_an_intent_that_is_switched_off_is_not_found(intents: None) -> None:
    assert triage(UNSEEN["invoice"]).intent == "invoice"
    intent = Intent.objects.get(name="invoice")
    intent.is_on = False
    intent.save(update_fields=["is_on", "updated_at"])
    forget()
    assert triage(UNSEEN["invoice"]).intent != "invoice"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("intents")
def test_a_change_by_another_process_counts_within_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    text = "my zorp is not blinking"
    assert triage(text).probability < 1

    def elsewhere() -> None:  # no forget(): this process is told nothing
        from django.db import connection

        intent = Intent.objects.get(name="warranty")
        IntentExample.objects.create(intent=intent, text=text)
        connection.close()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    until = time.monotonic() + 10
    while triage(text).probability < 1:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert triage(text).intent == "warranty"


def test_scores_of_examples_left_out_are_what_a_classifier_without_them_says() -> None:
    random = np.random.default_rng(3)
    vectors = random.normal(size=(12, 384 + 4096)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = ["a", "b", "c"] * 4
    _, unseen = fit(vectors, labels)
    row = int(np.random.default_rng(0).permutation(12)[0])
    without = [at for at in range(12) if at != row]
    other, _ = fit(vectors[without], [labels[at] for at in without])
    # The shares of the classes differ by the example itself, nothing else does.
    assert np.allclose(unseen[0], other.scores(vectors[row][None])[0], atol=0.12)

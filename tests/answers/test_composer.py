"""What the reader judged becomes an answer: the unit that answers, then what belongs to it."""

from __future__ import annotations

import datetime as dt

import pytest

from knowledge.models import Audience
from knowledge.text.units import Form
from supportbot.answers.composer import MOST_WORDS, _is_same_row, _of_wanted_kind_first, compose
from supportbot.answers.types import Proposed
from supportbot.answers.wording import Composing
from supportbot.retrieval.caches import clear_caches
from supportbot.retrieval.search import Ranking, Scope, search
from tests.conftest import Publish

POLICY = """# Returns

## How long you have

| What you bought | How long you have | Counted from |
|---|---|---|
| Most items, opened or not | 45 days | the day of delivery |
| Faulty items | 2 years | the day of delivery |

Coffee is different. It cannot be returned once the bag is open.

There are exceptions to the exceptions:

- gift cards
- spare parts that were fitted

## How to return something

1. Sign in and choose Return an item.
2. Print the label.
3. Hand the parcel in at any post office.

## Who pays

We pay for the return of faulty items. Everybody else pays £4.95, unless they are Gold members.
"""
ONE = "# Ingle One: manual\n\n## Descaling\n\nDescale the machine every 200 coffees.\n"
RATES = """# Shipping and delivery

## Delivery in the United Kingdom

| Service | Where | Charge | Time |
|---|---|---|---|
| Standard | UK mainland | £3.95 | 2 to 3 working days |
| Standard | Highlands and Islands | £6.95 | 3 to 5 working days |
| Express | UK mainland | £7.95 | next working day |
| Large item | UK mainland | £12.95 | 3 to 5 working days |
"""
DUO = "# Ingle Duo: manual\n\n## Descaling\n\nDescale the machine every 400 coffees.\n"


@pytest.fixture
def policy(publish: Publish) -> None:
    publish(POLICY)


def ranking(question: str) -> Ranking:
    clear_caches()
    return search(question, scope=Scope(dt.date(2026, 11, 21), Audience.PUBLIC), limit=16)


def answer(question: str) -> list[Proposed]:
    return compose(ranking(question))


def text(question: str) -> str:
    return " ".join(one.text for one in answer(question))


@pytest.mark.usefixtures("policy")
def test_a_row_is_said_in_words() -> None:
    said = text("How many days do I have to return an item?")
    assert said.startswith("Most items, opened or not: 45 days, counted from the day of delivery.")
    assert "|" not in said


@pytest.mark.usefixtures("policy")
def test_a_how_to_is_answered_by_all_its_steps_in_order() -> None:
    steps = answer("how do i return something")
    assert [step.number for step in steps] == [1, 2, 3]
    assert {step.form for step in steps} == {"step"}
    assert steps[0].text == "Sign in and choose Return an item."


@pytest.mark.usefixtures("policy")
def test_a_sentence_brings_along_what_it_refers_to() -> None:
    said = text("can i send an open bag back")
    assert said.index("Coffee is different.") < said.index("It cannot be returned")


@pytest.mark.usefixtures("policy")
def test_an_amount_comes_with_its_exception() -> None:
    said = text("how much does a return cost")
    assert "£4.95, unless they are Gold members" in said


@pytest.mark.usefixtures("policy")
def test_a_line_that_leads_a_list_is_no_sentence() -> None:
    for question in ("are there exceptions", "what are the exceptions to the exceptions"):
        said = answer(question)
        assert not any(one.text.endswith(":") and one is said[-1] for one in said)


@pytest.mark.usefixtures("policy")
def test_an_answer_is_short() -> None:
    for question in ("who pays for a return", "return period", "can i return coffee"):
        assert len(text(question).split()) <= MOST_WORDS + 10


@pytest.mark.usefixtures("policy")
def test_everything_said_is_quoted_from_the_cited_passage() -> None:
    for question in ("how much does a return cost", "how do i return something", "return period"):
        found = ranking(question)
        for one in compose(found):
            (passage,), (quote,) = one.cited, one.quotes
            assert quote in found.passages[passage].text


def test_a_table_asked_about_as_a_whole_is_told_by_its_kinds(publish: Publish) -> None:
    publish(RATES, "rates.md", title="Shipping and delivery")
    said = [one.text.split(",")[0] for one in answer("How much is delivery")]
    assert said == ["Standard", "Express", "Large item"]
    said = [one.text for one in answer("How much is express delivery")]
    assert said == ["Express, UK mainland: £7.95, next working day."]


def test_a_table_of_charges_goes_before_a_row_that_has_the_words(publish: Publish) -> None:
    publish(RATES, "rates.md", title="Shipping and delivery")
    publish(
        "# Delivery delays and lost parcels\n\n| Reason | What you can choose | What it costs |\n"
        "|---|---|---|\n| Nobody at home for the delivery | a second delivery | £9.95 |\n"
        "| Wrong address | another delivery | £3.95 |\n",
        "delays.md",
        title="Delivery delays and lost parcels",
    )
    said = [one.text.split(",")[0] for one in answer("what does delivery cost")]
    assert said == ["Standard", "Express", "Large item"]


def test_a_table_tells_how_long_something_takes(publish: Publish) -> None:
    publish(RATES, "rates.md", title="Shipping and delivery")
    publish(
        "# Enquiries\n\nLooking for a lost delivery takes up to 5 working days.\n",
        "enquiries.md",
        title="Enquiries",
    )
    said = [one.text.split(",")[0] for one in answer("how long does delivery take")]
    assert said == ["Standard", "Express", "Large item"]


def test_what_and_which_are_answered_by_one_step(publish: Publish) -> None:
    publish(
        "# Filling the tank\n\n1. Take the tank out of the machine.\n"
        "2. Fill the tank with soft cold water.\n3. Push the tank back until it clicks.\n"
    )
    assert [step.form for step in answer("how do i fill the tank")] == ["step"] * 3
    assert "step" not in {one.form for one in answer("what water should go into the tank")}


def test_a_case_comes_after_its_rule_unless_it_is_asked_about(publish: Publish) -> None:
    publish(
        "# Gift cards\n\n## Expiry\n\nGift cards are valid for 24 months. Those of 2024 were valid "
        "for 12. If such a gift card expires, we exchange it when you ask within 12 months.\n"
    )
    said = text("when do gift cards expire")
    assert said.startswith("Gift cards are valid for 24 months.")
    assert "If such a gift card expires" in said
    assert text("what if a gift card expires").startswith("If such a gift card expires")


def test_an_item_without_a_verb_brings_its_lead(publish: Publish) -> None:
    publish(
        "# Returns\n\nWe cannot take back, because you have changed your mind:\n\n"
        "1. Coffee in an opened bag.\n2. Personalised items, such as an engraved tamper.\n"
        "3. Descaler once opened.\n\nUnopened goods can be returned within 45 days.\n"
    )
    said = text("can I return a personalised tamper")
    assert said.startswith("We cannot take back, because you have changed your mind: Personalised")


def test_the_general_answer_comes_before_rows_about_what_was_not_asked(publish: Publish) -> None:
    publish(
        "# Refunds\n\n## Your refund\n\nWe issue the refund within 7 days of the parcel reaching "
        "us.\n\n## After a cancellation\n\n| Paid with | Refund |\n|---|---|\n"
        "| Bank transfer | 5 working days, to the same account |\n"
        "| Gift card | at once, to the same gift card |\n",
        "refunds.md",
        title="Refunds",
    )
    assert text("when will i get my refund").startswith("We issue the refund within 7 days")
    assert "to the same gift card" in text("when do i get my refund on a gift card")


def test_a_list_of_cases_is_no_list_of_steps(publish: Publish) -> None:
    publish(
        "# Gift cards\n\n## Spending it\n\nEnter the code at checkout. You can use up to 5 gift "
        "cards per order.\n\n## Lost\n\n1. Digital card not received: the buyer can send it again."
        "\n2. Plastic card lost: tell us the number of the order.\n",
        "gift-cards.md",
        title="Gift cards",
    )
    said = text("how do i use a gift card")
    assert said == "Enter the code at checkout. You can use up to 5 gift cards per order."


def test_it_takes_along_what_it_is(publish: Publish) -> None:
    publish(
        "# Lost parcels\n\n## Delivered, but not there\n\n1. We open an enquiry with the carrier. "
        "It takes up to 5 working days.\n",
        "lost.md",
        title="Lost parcels",
    )
    publish(RATES, "rates.md", title="Shipping and delivery")
    assert text("how long does delivery take").startswith("Standard, UK mainland")


def test_the_answer_to_another_question_of_a_faq_counts_less(publish: Publish) -> None:
    publish(
        "# Recall of the Heron 1.2\n\n| Model | Recalled |\n|---|---|\n| Heron 1.2 | yes |\n"
        "| Heron 0.9 | no |\n\n## Questions\n\n### Can I choose a Heron 0.9 instead of a new one?"
        "\n\nPlease take the refund and order the Heron 0.9. We recalled one model only.\n",
        "recall.md",
        title="Recall of the Heron 1.2",
    )
    assert text("is the heron 0.9 recalled too").startswith("Heron 0.9: recalled: no")


def test_a_line_that_repeats_the_title_is_no_answer(publish: Publish) -> None:
    title = "How to move the log files of the content engine"
    publish(
        f"Title: {title}.\n\nAdd the property user.dir to the arguments of the server.\n",
        "logs.md",
        title=title,
    )
    assert text("how do I move the log files of the content engine").startswith("Add the property")


def test_a_phone_number_is_told_by_one(publish: Publish) -> None:
    publish(
        "# Help\n\n## Paying\n\n| Method | Most |\n|---|---|\n| Phone wallet | £2,000 |\n\n"
        "## How to reach us\n\nWrite to help@shop.example or call 0808 157 0142 on weekdays.\n",
        "help.md",
        title="Help",
    )
    assert "0808 157 0142" in text("whats your phone number")


def test_a_column_asked_about_is_told_of_every_row(publish: Publish) -> None:
    publish(
        "# Stores and opening hours\n\n| Store | Address | Monday to Friday | Sunday |\n"
        "|---|---|---|---|\n| Quillhaven | 4 Millrace Lane | 9 am to 6 pm | 11 am to 4 pm |\n"
        "| Marlbeck | 27 Weaver Street | 10 am to 6 pm | closed |\n",
        "stores.md",
        title="Stores and opening hours",
    )
    said = [one.text for one in answer("what time do you open on sunday")]
    assert said == ["Quillhaven: 11 am to 4 pm.", "Marlbeck: closed."]
    (one,) = answer("what time does Marlbeck open on sunday")
    assert one.text.startswith("Marlbeck") and "closed" in one.text


def test_two_things_that_fit_are_told_apart(publish: Publish) -> None:
    publish(ONE, "one.md", title="Ingle One: manual")
    publish(DUO, "duo.md", title="Ingle Duo: manual")
    said = [one.text for one in answer("how often do i descale the machine")]
    assert sorted(said) == [
        "Ingle Duo: Descale the machine every 400 coffees.",
        "Ingle One: Descale the machine every 200 coffees.",
    ]
    (only,) = answer("how often do i descale the ingle duo")
    assert only.text == "Descale the machine every 400 coffees."


@pytest.mark.usefixtures("policy")
def test_each_of_several_questions_is_answered_once() -> None:
    said = [one.text for one in answer("How long do I have to return most items? Who pays for it?")]
    assert any("45 days" in one for one in said)
    assert any("£4.95" in one or "We pay" in one for one in said)
    assert len(set(said)) == len(said)


def test_without_passages_nothing_is_said(db: None) -> None:
    assert answer("How long do I have?") == []


def test_a_row_about_the_same_thing_in_another_table_is_not_said(publish: Publish) -> None:
    publish(
        "# Shipping\n\n## Services\n\n| Service | Where | Charge | Free from | Time |\n"
        "|---|---|---|---|---|\n| Express | UK mainland | £6.95 | see below | next working day |\n"
    )
    publish(
        "# Shipping rates\n\n## Rates\n\n| Destination | Service | Up to 2 kg | 2 to 5 kg"
        " | 15 to 30 kg | Free delivery from | Working days | Duties and taxes |\n"
        "|---|---|---|---|---|---|---|---|\n"
        "| UK mainland | Express | £6.95 | £6.95 | not available | Gold: £40 | 1 | none |\n",
        "rates.md",
    )
    found = ranking("How much is express shipping?")
    work = Composing(found.searched_text, found.searched_text, found.passages, found.reading)
    one, other = [unit for unit in found.reading.units if unit.unit.form is Form.ROW]
    assert _is_same_row(other, [one], work)
    assert not _is_same_row(one, [one], work)
    assert text("How much is express shipping?").count("Express") == 1


def test_a_sentence_that_orders_something_about_it_brings_along_what_it_is(
    publish: Publish,
) -> None:
    publish(
        "# Ingle One\n\n## Cleaning\n\nThe Ingle One has no three-way valve. Do not backflush it"
        " with tablets: they would enter the boiler.\n"
    )
    said = text("can i backflush with cleaning tablets")
    assert said.startswith("The Ingle One has no three-way valve. Do not backflush it")


def test_a_sentence_with_the_number_asked_for_repeats_nothing(publish: Publish) -> None:
    publish(
        "# Subscription\n\nYou can skip up to 3 deliveries in a row.\n\n"
        "# Parcels\n\nLarge orders travel in two parcels."
    )
    said = text("how many deliveries can i skip in a row")
    assert said.startswith("You can skip up to 3 deliveries in a row.")


def test_until_when_is_answered_by_a_time(publish: Publish) -> None:
    publish(
        "# Subscription\n\nTo skip a coffee dispatch on Tuesday, tell us by noon on the Friday"
        " before.\n\nThe coffee subscription resumes by itself; we write to you 7 days before."
    )
    said = text("Until when can I skip my coffee subscription that ships on Tuesday?")
    assert "noon on the Friday" in said
    assert not said.startswith("The coffee subscription resumes")


def test_an_exception_in_the_same_paragraph_may_go_beyond_the_words(publish: Publish) -> None:
    publish(
        "# Points\n\nYour points expire 18 months after the day on which your points were earned,"
        " in a shop, by telephone or online, in whatever currency you paid and whoever delivered"
        " the order. Points of Gold members are excepted: their points do not expire while they"
        " are Gold, and after that their points expire 90 days later."
    )
    assert "Points of Gold members are excepted" in text("when do my points expire")


@pytest.mark.usefixtures("policy")
def test_units_without_the_kind_asked_for_follow_those_with_it() -> None:
    ranked = ranking("how long do i have to return most items").reading.best_first
    ordered = _of_wanted_kind_first(ranked, "how long does it take")
    assert "45 days" in ordered[0].unit.text
    assert {(one.passage, one.position) for one in ordered} == {
        (one.passage, one.position) for one in ranked
    }


def test_a_yes_no_question_is_answered_in_its_own_words(publish: Publish) -> None:
    publish(
        "# Your account\n\n## Deleting\n\nDeleting the app does not close the account. Ask us to"
        " close it by letter.\n",
        file_name="account.md",
    )
    assert text("If I delete the app, is my account closed?").startswith(
        "Deleting the app does not close the account."
    )


BUSINESS = """# Terms for business customers

## Returns

Trade customers can return unopened goods within 14 days of delivery. We deduct a restocking fee of
20%, and you arrange and pay the transport.
"""


@pytest.mark.parametrize(
    "question",
    [
        "how long do i have to return it",
        "How long do I have to return something?",
        "How many days do I have to return an item?",
    ],
)
def test_what_everybody_asks_is_not_answered_with_another_customers_terms(
    publish: Publish, question: str
) -> None:
    publish(POLICY)
    publish(BUSINESS, file_name="business.md")
    assert "Most items, opened or not: 45 days" in text(question)
    assert "Trade customers" not in text(question)

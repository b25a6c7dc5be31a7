"""What a conversation remembers of its customer: bounded, deletable, and of nobody else."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from tests.tickets.cast import actions_on, ask
from tickets.models import AuditEntry, Conversation, ConversationFact, Customer
from tickets.services.conversations import start_conversation
from tickets.services.memory import MOST_FACTS, facts_of, forget, remember

Kind = ConversationFact.Kind
pytestmark = pytest.mark.django_db


def values(conversation: Conversation) -> list[tuple[str, str]]:
    return [(fact.kind, fact.value) for fact in facts_of(conversation.pk)]


def new_conversation() -> Conversation:
    return start_conversation(customer=Customer.objects.create(name="Ada"))


def test_a_fact_is_kept_once_with_the_message_it_came_from() -> None:
    conversation = new_conversation()
    first = ask(conversation, "Where is order A-1001?")
    for message in (first, first, ask(conversation, "A-1001 again")):
        remember(message=message, facts=[(Kind.ORDER_NUMBER, "A-1001")])
    (fact,) = facts_of(conversation.pk)
    assert (fact.value, fact.message) == ("A-1001", first)


def test_a_new_country_takes_the_place_of_the_old_one_and_orders_add_up() -> None:
    conversation = new_conversation()
    for country, order in (("Spain", "A-1001"), ("Portugal", "A-1002")):
        facts = [(Kind.COUNTRY, country), (Kind.ORDER_NUMBER, order)]
        remember(message=ask(conversation), facts=facts)
    assert set(values(conversation)) == {
        (Kind.COUNTRY, "Portugal"),
        (Kind.ORDER_NUMBER, "A-1001"),
        (Kind.ORDER_NUMBER, "A-1002"),
    }


def test_the_oldest_give_way_to_new_ones() -> None:
    conversation = new_conversation()
    message = ask(conversation)
    remember(
        message=message,
        facts=[(Kind.ORDER_NUMBER, f"A-{number}") for number in range(MOST_FACTS + 5)],
    )
    kept = values(conversation)
    assert len(kept) == MOST_FACTS
    assert (Kind.ORDER_NUMBER, "A-0") not in kept
    assert (Kind.ORDER_NUMBER, f"A-{MOST_FACTS + 4}") in kept


def test_nothing_crosses_conversations() -> None:
    mine, other = new_conversation(), new_conversation()
    remember(message=ask(mine), facts=[(Kind.COUNTRY, "Spain")])
    assert values(other) == []
    remember(message=ask(other), facts=[(Kind.COUNTRY, "Portugal")])
    assert values(mine) == [(Kind.COUNTRY, "Spain")]


def test_what_an_agent_deletes_is_gone_and_the_log_does_not_repeat_it() -> None:
    conversation, agent = new_conversation(), User.objects.create_user("grace")
    remember(message=ask(conversation), facts=[(Kind.COUNTRY, "Spain")])
    forget(fact=facts_of(conversation.pk)[0], actor=agent)
    assert values(conversation) == []
    assert "conversation.fact_deleted" in actions_on(conversation)
    entry = AuditEntry.objects.get(action="conversation.fact_deleted")
    assert entry.actor_name == "grace"
    assert "Spain" not in str(entry.data)

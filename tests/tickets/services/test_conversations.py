"""tickets.services.conversations: customers and their conversations."""

from __future__ import annotations

from functools import partial

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from tests.tickets.cast import actions_on, at_once
from tickets.models import AuditEntry, Conversation, Customer
from tickets.services.conversations import (
    change_mode,
    current_conversation,
    register_visitor,
    start_conversation,
)


def test_a_visitor_is_a_customer_without_a_name(db: None) -> None:
    visitor = register_visitor()
    assert (visitor.name, visitor.email) == ("", "")
    assert str(visitor) == f"Visitor {str(visitor.pk)[:8]}"


def test_a_conversation_begins_with_the_bot_in_the_configured_mode(
    ada: Customer, settings: Settings
) -> None:
    settings.ANSWER_MODE = "draft"
    conversation = start_conversation(customer=ada)
    assert (conversation.state, conversation.mode, conversation.last_seq) == ("bot", "draft", 0)


def test_the_current_conversation_is_the_newest_and_is_made_once(ada: Customer) -> None:
    made = current_conversation(customer=ada)
    assert current_conversation(customer=ada) == made
    newer = start_conversation(customer=ada)
    assert current_conversation(customer=ada) == newer
    assert Conversation.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_tabs_that_open_at_once_share_one_conversation(ada: Customer) -> None:
    results = at_once([partial(current_conversation, customer=ada)] * 6)
    assert {result.pk for result in results if isinstance(result, Conversation)} == {
        Conversation.objects.get().pk
    }
    assert not [result for result in results if isinstance(result, Exception)]


def test_a_change_of_mode_is_noted(conversation: Conversation, ben: User) -> None:
    change_mode(conversation=conversation, mode="draft", agent=ben)
    change_mode(conversation=conversation, mode="draft", agent=ben)
    conversation.refresh_from_db()
    assert conversation.mode == "draft"
    assert actions_on(conversation) == ["conversation.mode_changed"]
    assert AuditEntry.objects.get().data == {"before": "auto", "after": "draft"}

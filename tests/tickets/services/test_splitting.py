"""tickets.services.splitting: some messages of a ticket begin a new one, and that is undone."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from tests.tickets.cast import actions_on, ask, open_ticket
from tickets.models import Conversation, Customer, Message, Team, Ticket
from tickets.services.attachments import store_attachment
from tickets.services.conversations import start_conversation
from tickets.services.drafts import send_reply
from tickets.services.handover import request_person
from tickets.services.links import linked_to
from tickets.services.messages import add_customer_message
from tickets.services.splitting import SplitError, split_ticket, splittable, undo_split


@pytest.fixture
def ticket(ada: Customer) -> Ticket:
    conversation = start_conversation(customer=ada)
    ask(conversation, "Where is my parcel?")
    return request_person(conversation=conversation)


def test_messages_become_the_beginning_of_a_new_ticket(ticket: Ticket, ben: User) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(priority=Ticket.Priority.HIGH)
    ticket.refresh_from_db()
    first = ask(ticket.conversation, "And how do I cancel my account?")
    store_attachment(message=first, name="proof.txt", content=b"proof")
    second = ask(ticket.conversation, "It is urgent.")
    new = split_ticket(ticket=ticket, messages=[second, first], agent=ben)
    assert new.priority == Ticket.Priority.HIGH
    assert new.conversation_id != ticket.conversation_id
    assert new.conversation.customer == ticket.conversation.customer
    assert new.conversation.state == Conversation.State.WAITING
    copies = list(new.conversation.messages.exclude(author="system"))
    assert [copy.text for copy in copies] == [first.text, second.text]
    assert not any(copy.awaits_answer for copy in copies)
    assert copies[0].attachments.get().file.read() == b"proof"
    assert Message.objects.get(pk=first.pk).conversation == ticket.conversation
    assert [link.words for link in linked_to(ticket, ben)] == ["Split off from this one"]
    assert [link.words for link in linked_to(new, ben)] == ["This one was split off from it"]
    assert [message.text for message in splittable(ticket)] == ["Where is my parcel?"]


def test_a_message_is_split_off_once(ticket: Ticket, ben: User) -> None:
    question = ask(ticket.conversation)
    split_ticket(ticket=ticket, messages=[question], agent=ben)
    with pytest.raises(SplitError, match="already"):
        split_ticket(ticket=ticket, messages=[question], agent=ben)
    assert Ticket.objects.count() == 2


def test_only_the_customers_own_words_of_this_ticket_are_split_off(
    ticket: Ticket, ben: User
) -> None:
    with pytest.raises(SplitError, match="at least one"):
        split_ticket(ticket=ticket, messages=[], agent=ben)
    foreign = ask(open_ticket().conversation)
    with pytest.raises(SplitError, match="not of this ticket"):
        split_ticket(ticket=ticket, messages=[foreign], agent=ben)
    reply = send_reply(ticket=ticket, agent=ben, text="Hello.")
    with pytest.raises(SplitError, match="of the customer"):
        split_ticket(ticket=ticket, messages=[reply], agent=ben)
    Ticket.objects.update(team=Team.objects.create(name="X", is_private=True))
    with pytest.raises(SplitError, match="no such ticket"):
        split_ticket(ticket=ticket, messages=splittable(ticket), agent=ben)


def test_a_split_is_undone_and_the_conversation_goes_on_in_the_old_one(
    ticket: Ticket, ben: User
) -> None:
    question = ask(ticket.conversation, "And the invoice?")
    new = split_ticket(ticket=ticket, messages=[question], agent=ben)
    undo_split(ticket=ticket, other=new, agent=ben)
    new.refresh_from_db()
    assert new.status == Ticket.Status.CLOSED
    assert linked_to(ticket, ben) == []
    assert actions_on(ticket)[-1] == "ticket.split_undone"
    later, _ = add_customer_message(
        conversation=new.conversation, text="Hello?", client_id="c-later"
    )
    assert later.conversation == ticket.conversation
    assert question in splittable(ticket)
    split_ticket(ticket=ticket, messages=[question], agent=ben)


def test_what_goes_on_elsewhere_is_not_undone(ticket: Ticket, ben: User) -> None:
    new = split_ticket(ticket=ticket, messages=splittable(ticket), agent=ben)
    with pytest.raises(SplitError, match="was not split off"):
        undo_split(ticket=new, other=ticket, agent=ben)
    send_reply(ticket=new, agent=ben, text="Hello.")
    with pytest.raises(SplitError, match="Somebody has written"):
        undo_split(ticket=ticket, other=new, agent=ben)

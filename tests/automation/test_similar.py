"""supportbot.automation.similar: solved tickets that asked the same in other words."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from supportbot.automation.models import TicketVector
from supportbot.automation.similar import embed_tickets, similar_solved
from supportbot.automation.tasks import fill_ticket_vectors
from tests.tickets.cast import ask
from tickets.models import Customer, Message, Team, Ticket
from tickets.services.conversations import start_conversation
from tickets.services.drafts import send_reply
from tickets.services.handover import request_person
from tickets.services.tickets import change_status


def ticket_of(text: str) -> Ticket:
    conversation = start_conversation(customer=Customer.objects.create(name="Ada"))
    ask(conversation, text)
    return request_person(conversation=conversation)


def solved(text: str, reply: str, agent: User) -> Ticket:
    ticket = ticket_of(text)
    send_reply(ticket=ticket, agent=agent, text=reply)
    return change_status(ticket=ticket, status=Ticket.Status.SOLVED, agent=agent)


@pytest.fixture
def parcel(ben: User) -> Ticket:
    return solved("My parcel has not arrived yet", "The courier lost it.", ben)


@pytest.fixture
def open_one(parcel: Ticket, ben: User) -> Ticket:
    solved("How do I change my password?", "On your account's page.", ben)
    ticket_of("My package did not arrive")  # open: nothing to learn from it
    return ticket_of("The package I ordered never came")


def test_the_solved_ticket_that_asked_the_same_is_first(
    open_one: Ticket, parcel: Ticket, ben: User
) -> None:
    assert embed_tickets() == 4
    assert embed_tickets() == 0
    (first, *rest) = similar_solved(ticket=open_one, user=ben)
    assert (first.ticket, first.reply) == (parcel, "The courier lost it.")
    assert rest == []


def test_a_ticket_that_is_not_embedded_yet_can_ask(
    open_one: Ticket, parcel: Ticket, ben: User
) -> None:
    fill_ticket_vectors()
    TicketVector.objects.filter(ticket=open_one).delete()
    assert [one.ticket for one in similar_solved(ticket=open_one, user=ben)] == [parcel]


def test_a_private_teams_tickets_are_no_example_for_others(
    open_one: Ticket, parcel: Ticket, ben: User
) -> None:
    embed_tickets()
    Ticket.objects.filter(pk=parcel.pk).update(team=Team.objects.create(name="X", is_private=True))
    assert similar_solved(ticket=open_one, user=ben) == []


def test_the_vector_of_words_that_are_changed_or_removed_goes_with_them(parcel: Ticket) -> None:
    embed_tickets()
    said = Message.objects.filter(conversation=parcel.conversation, author="customer")
    said.update(text="…")
    assert not TicketVector.objects.exists()
    embed_tickets()
    said.delete()
    assert not TicketVector.objects.exists()


def test_a_ticket_without_a_question_has_nothing_similar(parcel: Ticket, ben: User) -> None:
    embed_tickets()
    customer = Customer.objects.create()
    silent = request_person(conversation=start_conversation(customer=customer))
    assert similar_solved(ticket=silent, user=ben) == []


def test_the_number_of_queries_does_not_grow(open_one: Ticket, ben: User) -> None:
    embed_tickets()
    similar_solved(ticket=open_one, user=ben)
    with CaptureQueriesContext(connection) as few:
        similar_solved(ticket=open_one, user=ben)
    for number in range(4):
        solved(f"Package number {number} never came", "Sorry.", ben)
    embed_tickets()
    with CaptureQueriesContext(connection) as many:
        assert len(similar_solved(ticket=open_one, user=ben)) == 5
    assert len(many) == len(few)

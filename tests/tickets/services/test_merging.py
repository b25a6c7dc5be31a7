"""tickets.services.merging and links: two tickets become one, or belong together."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import User

from tests.tickets.cast import actions_on, ask, draft_for
from tickets.models import (
    Customer,
    Draft,
    Event,
    SlaPolicy,
    Tag,
    Team,
    Ticket,
    TicketLink,
)
from tickets.services.conversations import current_conversation, start_conversation
from tickets.services.details import change_team
from tickets.services.drafts import send_reply
from tickets.services.handover import request_person
from tickets.services.links import link_tickets, linked_to, unlink_tickets
from tickets.services.merging import (
    MergeError,
    merge_tickets,
    mergeable_with,
    merged_conversations,
    preview_merge,
)
from tickets.services.messages import add_customer_message
from tickets.services.tickets import change_status

Status = Ticket.Status


@pytest.fixture
def first(ada: Customer) -> Ticket:
    """The older of two tickets of one customer."""
    conversation = start_conversation(customer=ada)
    ask(conversation, "Where is my parcel?")
    return request_person(conversation=conversation)


@pytest.fixture
def second(first: Ticket, ada: Customer) -> Ticket:
    draft = draft_for(start_conversation(customer=ada))
    ask(draft.ticket.conversation, "It's me @ben again.")
    return draft.ticket


def test_the_merged_ticket_is_closed_with_a_reason_and_its_draft_withdrawn(
    first: Ticket, second: Ticket, ben: User
) -> None:
    assert merge_tickets(ticket=second, into=first, agent=ben) == first
    second.refresh_from_db()
    assert (second.status, second.merged_into) == (Status.CLOSED, first)
    assert second.status_reason == f"merged into #{first.pk}"
    assert Draft.objects.get().status == Draft.Status.WITHDRAWN
    assert "ticket.merged" in actions_on(second)
    assert "ticket.took_in" in actions_on(first)


def test_what_the_customer_writes_later_goes_to_the_surviving_ticket(
    first: Ticket, second: Ticket, ben: User
) -> None:
    merge_tickets(ticket=second, into=first, agent=ben)
    message, _ = add_customer_message(
        conversation=second.conversation, text="And now?", client_id=str(uuid.uuid4())
    )
    assert message.conversation == first.conversation
    told = Event.objects.filter(conversation=second.conversation).order_by("-seq")[:2]
    assert [event.type for event in told] == ["conversation.continued", "conversation.closed"]
    assert told[0].payload["conversation"] == str(first.conversation_id)
    assert "answered together" in told[1].payload["text"]


def test_the_messages_stay_where_they_were_said(first: Ticket, second: Ticket, ben: User) -> None:
    merge_tickets(ticket=second, into=first, agent=ben)
    assert [one.pk for one in merged_conversations(first)] == [second.conversation_id]
    assert second.conversation.messages.count() == 2
    note = first.notes.get()
    assert note.text.startswith(f"Ticket #{second.pk} “Can I return beans?” was merged")
    assert "> Can I return beans?" in note.text
    assert not note.mentions.exists()


def test_the_survivor_takes_tags_followers_and_the_higher_priority(
    first: Ticket, second: Ticket, ben: User, cleo: User
) -> None:
    second.tags.add(Tag.objects.create(name="parcel"))
    second.followers.add(cleo)
    Ticket.objects.filter(pk=second.pk).update(priority=Ticket.Priority.URGENT)
    merge_tickets(ticket=second, into=first, agent=ben)
    first.refresh_from_db()
    assert first.priority == Ticket.Priority.URGENT
    assert [tag.name for tag in first.tags.all()] == ["parcel"]
    assert cleo in first.followers.all()


def test_a_survivor_that_waited_for_the_customer_is_open_again(
    first: Ticket, second: Ticket, ben: User
) -> None:
    send_reply(ticket=first, agent=ben, text="On its way.")
    merge_tickets(ticket=second, into=first, agent=ben)
    first.refresh_from_db()
    assert first.status == Status.OPEN


def test_three_tickets_can_become_one(first: Ticket, second: Ticket, ben: User) -> None:
    third = request_person(conversation=start_conversation(customer=first.conversation.customer))
    merge_tickets(ticket=second, into=first, agent=ben)
    merge_tickets(ticket=third, into=first, agent=ben)
    assert merged_conversations(first).count() == 2


def test_a_merged_tickets_clocks_end_unmet(ada: Customer, ben: User) -> None:
    SlaPolicy.objects.create(name="All", resolution_minutes=60)
    one, two = (request_person(conversation=start_conversation(customer=ada)) for _ in range(2))
    merge_tickets(ticket=one, into=two, agent=ben)
    clock = one.sla_clocks.get()
    assert clock.ended_at is not None
    assert clock.met_at is None
    assert two.sla_clocks.get().ended_at is None


def test_the_preview_says_what_happens_and_changes_nothing(
    first: Ticket, second: Ticket, ben: User
) -> None:
    words = preview_merge(ticket=second, into=first, agent=ben)
    assert "Its draft is withdrawn." in words
    assert "cannot be undone" in words
    second.refresh_from_db()
    assert second.status == Status.NEW


def test_the_customers_other_open_tickets_are_offered(
    first: Ticket, second: Ticket, ben: User
) -> None:
    request_person(conversation=start_conversation(customer=Customer.objects.create(name="Bo")))
    assert list(mergeable_with(first, ben)) == [second]
    Ticket.objects.filter(pk=second.pk).update(team=Team.objects.create(name="X", is_private=True))
    assert not mergeable_with(first, ben).exists()


def test_what_cannot_be_merged_is_said(first: Ticket, second: Ticket, ben: User) -> None:
    stranger = request_person(
        conversation=start_conversation(customer=Customer.objects.create(name="Bo"))
    )
    with pytest.raises(MergeError, match="different customers"):
        merge_tickets(ticket=stranger, into=first, agent=ben)
    with pytest.raises(MergeError, match="another ticket"):
        merge_tickets(ticket=first, into=first, agent=ben)
    change_status(ticket=second, status=Status.CLOSED, agent=ben)
    with pytest.raises(MergeError, match=f"#{second.pk} is closed"):
        merge_tickets(ticket=first, into=second, agent=ben)


def test_a_ticket_of_a_private_team_does_not_exist_for_outsiders(
    first: Ticket, second: Ticket, ben: User
) -> None:
    Ticket.objects.filter(pk=first.pk).update(team=Team.objects.create(name="X", is_private=True))
    with pytest.raises(MergeError, match="no such ticket"):
        merge_tickets(ticket=second, into=first, agent=ben)
    with pytest.raises(ValueError, match="no such ticket"):
        link_tickets(ticket=second, other=first, agent=ben)


# -- Links -----------------------------------------------------------------------------------------
def test_linked_tickets_show_each_other(first: Ticket, second: Ticket, ben: User) -> None:
    link_tickets(ticket=first, other=second, agent=ben)
    link_tickets(ticket=second, other=first, agent=ben)
    assert TicketLink.objects.count() == 1
    assert [link.ticket for link in linked_to(second, ben)] == [first]
    unlink_tickets(ticket=second, other=first, agent=ben)
    assert linked_to(first, ben) == []
    assert actions_on(first)[-2:] == ["ticket.linked", "ticket.unlinked"]


def test_a_link_to_what_one_may_not_see_is_not_shown(
    first: Ticket, second: Ticket, ben: User, cleo: User
) -> None:
    link_tickets(ticket=first, other=second, agent=ben)
    Ticket.objects.filter(pk=second.pk).update(team=Team.objects.create(name="X", is_private=True))
    assert linked_to(first, ben) == []


def test_a_customer_who_comes_back_finds_the_surviving_conversation(
    first: Ticket, second: Ticket, ben: User, ada: Customer
) -> None:
    merge_tickets(ticket=first, into=second, agent=ben)
    assert current_conversation(customer=ada) == second.conversation


def test_a_private_teams_ticket_is_merged_within_the_team_alone(
    first: Ticket, second: Ticket, ben: User
) -> None:
    team = Team.objects.create(name="Legal", is_private=True)
    team.members.add(ben)
    change_team(ticket=second, team=team, agent=ben)
    second.refresh_from_db()
    with pytest.raises(MergeError, match="for the team “Legal” alone"):
        merge_tickets(ticket=second, into=first, agent=ben)
    first = change_team(ticket=first, team=team, agent=ben)
    assert merge_tickets(ticket=second, into=first, agent=ben) == first

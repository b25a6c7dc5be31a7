"""tickets.services.assignment: in turn or the least busy, of those who are there and able."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.conftest import agent_with_rights
from tests.tickets.cast import at_once, open_ticket
from tickets.models import AgentProfile, AuditEntry, Conversation, Tag, Team, Ticket
from tickets.services.assignment import assign_to_next
from tickets.services.availability import set_away
from tickets.services.handover import request_person
from tickets.services.tickets import assign
from tickets.states import TransitionError


@pytest.fixture
def agents(ben: User) -> list[User]:
    return [ben, agent_with_rights("dora", "Dora"), agent_with_rights("finn", "Finn")]


def use(settings: Settings, strategy: str) -> None:
    settings.TICKETS = {**settings.TICKETS, "assignment": strategy}


def names(tickets: list[Ticket]) -> list[str]:
    return [ticket.assignee.username if ticket.assignee else "" for ticket in tickets]


def opened(number: int) -> list[Ticket]:
    return [Ticket.objects.get(pk=open_ticket().pk) for _ in range(number)]


def test_in_turn_everybody_gets_one_before_anybody_gets_two(
    agents: list[User], settings: Settings
) -> None:
    use(settings, "round_robin")
    assert names(opened(6)) == ["ben", "dora", "finn"] * 2


def test_without_a_strategy_agents_take_tickets_themselves(
    agents: list[User], settings: Settings
) -> None:
    use(settings, "none")
    assert names(opened(2)) == ["", ""]


def test_the_least_busy_is_next(agents: list[User], settings: Settings) -> None:
    use(settings, "none")
    for ticket in opened(2):
        assign(ticket=ticket, assignee=agents[0], agent=agents[0])
    (other,) = opened(1)
    assign(ticket=other, assignee=agents[1], agent=agents[0])
    use(settings, "least_busy")
    assert names(opened(3)) == ["finn", "dora", "finn"]


def test_who_is_away_gets_none(agents: list[User], settings: Settings) -> None:
    use(settings, "round_robin")
    set_away(agent=agents[0], away=True, by=agents[0])
    set_away(agent=agents[0], away=True, by=agents[0])
    assert names(opened(2)) == ["dora", "finn"]
    set_away(agent=agents[0], away=False, by=agents[0])
    assert names(opened(1)) == ["ben"]
    assert AuditEntry.objects.filter(action="agent.left").count() == 1


def test_a_ticket_of_a_team_goes_to_a_member(agents: list[User], settings: Settings) -> None:
    team = Team.objects.create(name="Returns")
    team.members.add(agents[2])
    (ticket,) = opened(1)
    Ticket.objects.filter(pk=ticket.pk).update(team=team)
    assert names([assign_to_next(ticket=ticket, agent=agents[0])]) == ["finn"]
    set_away(agent=agents[2], away=True, by=agents[2])
    with pytest.raises(TransitionError, match="Nobody who could take this ticket is there"):
        assign_to_next(ticket=ticket, agent=agents[0])


def test_a_ticket_with_a_tag_goes_to_who_has_the_skill(agents: list[User]) -> None:
    french, other = Tag.objects.create(name="french"), Tag.objects.create(name="vip")
    AgentProfile.objects.create(user=agents[1]).skills.add(french)
    (ticket,) = opened(1)
    ticket.tags.add(french, other)  # nobody has the other as a skill
    assert names([assign_to_next(ticket=ticket, agent=agents[0])]) == ["dora"]
    set_away(agent=agents[1], away=True, by=agents[1])
    assert names([assign_to_next(ticket=ticket, agent=agents[0])])[0] in {"ben", "finn"}


def test_what_somebody_who_is_there_has_stays_theirs(
    agents: list[User], settings: Settings, conversation: Conversation
) -> None:
    use(settings, "round_robin")
    ticket = request_person(conversation=conversation)
    assign(ticket=ticket, assignee=agents[2], agent=agents[0])
    assert names([request_person(conversation=conversation)]) == ["finn"]


def test_an_assignment_says_how_it_came(agents: list[User], settings: Settings) -> None:
    use(settings, "round_robin")
    (ticket,) = opened(1)
    entry = AuditEntry.objects.get(action="ticket.assigned")
    assert (entry.actor, entry.data["by"]) == (None, "round_robin")
    assert entry.data["after"] == ticket.assignee_id
    assert ticket.status == "open"


@pytest.mark.django_db(transaction=True)
def test_nine_at_once_are_dealt_out_evenly(agents: list[User], settings: Settings) -> None:
    use(settings, "least_busy")
    results = at_once([open_ticket] * 9)
    assert not [result for result in results if isinstance(result, Exception)]
    dealt = [Ticket.objects.filter(assignee=agent).count() for agent in agents]
    assert dealt == [3, 3, 3]


def test_skills_are_given_in_the_admin_and_noted(agents: list[User]) -> None:
    admin = User.objects.create_superuser("root", password="root")
    french = Tag.objects.create(name="french")
    client = Client()
    client.force_login(admin)
    url = reverse("admin:tickets_agentprofile_add")
    client.post(url, {"user": agents[1].pk, "skills": [french.pk]})
    assert list(AgentProfile.objects.get(user=agents[1]).skills.all()) == [french]
    assert AuditEntry.objects.filter(action="setting.added", actor=admin).exists()

"""tickets.services.csat: asked once, answered once, shown."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.tickets.cast import actions_on, ask
from tickets.models import Conversation, Rating, Ticket
from tickets.services.conversations import close_conversation
from tickets.services.csat import RatingError, rate
from tickets.services.drafts import send_reply
from tickets.services.handover import request_person
from tickets.services.tickets import change_status, ensure_ticket


@pytest.fixture
def solved(conversation: Conversation, ben: User) -> Ticket:
    ask(conversation)
    ticket = request_person(conversation=conversation)
    send_reply(ticket=ticket, agent=ben, text="Yes.")
    return change_status(ticket=ticket, status="solved", agent=ben)


def asked(conversation: Conversation) -> list[str]:
    events = conversation.events.filter(type__startswith="rating.")
    return list(events.order_by("seq").values_list("type", flat=True))


def test_a_customer_is_asked_once_how_it_went(solved: Ticket, ben: User) -> None:
    conversation = solved.conversation
    assert asked(conversation) == ["rating.asked"]
    ensure_ticket(conversation=conversation)
    change_status(ticket=solved, status="solved", agent=ben)
    close_conversation(conversation=conversation, by="customer")
    assert asked(conversation) == ["rating.asked"]
    assert Rating.objects.get().score is None


def test_nobody_is_asked_about_what_no_person_did(conversation: Conversation, ben: User) -> None:
    ticket = request_person(conversation=conversation)
    change_status(ticket=ticket, status="solved", agent=ben)
    assert asked(conversation) == []
    with pytest.raises(RatingError, match="nothing to rate"):
        rate(conversation=conversation, score=5)


def test_asking_can_be_switched_off(
    conversation: Conversation, ben: User, settings: Settings
) -> None:
    settings.TICKETS = {**settings.TICKETS, "ask_for_ratings": False}
    ticket = request_person(conversation=conversation)
    send_reply(ticket=ticket, agent=ben, text="Yes.")
    change_status(ticket=ticket, status="solved", agent=ben)
    assert asked(conversation) == []


def test_a_rating_is_kept_once(solved: Ticket) -> None:
    conversation = solved.conversation
    close_conversation(conversation=conversation, by="customer")
    rate(conversation=conversation, score=4, comment=" Quick. ")
    rate(conversation=conversation, score=4)
    with pytest.raises(RatingError, match="rated this already"):
        rate(conversation=conversation, score=1)
    rating = Rating.objects.get()
    assert (rating.score, rating.comment, rating.ticket) == (4, "Quick.", solved)
    assert rating.rated_at is not None
    assert asked(conversation) == ["rating.asked", "rating.given"]
    assert actions_on(solved).count("ticket.rated") == 1


@pytest.mark.parametrize("score", [0, 6, -1])
def test_scores_are_from_1_to_5(solved: Ticket, score: int) -> None:
    with pytest.raises(RatingError, match="from 1 to 5"):
        rate(conversation=solved.conversation, score=score)


# -- Over REST ------------------------------------------------------------------------------------
def test_a_visitor_rates_over_rest(solved: Ticket, visitor_api: APIClient) -> None:
    url = f"/api/v1/conversations/{solved.conversation_id}/rating/"
    assert visitor_api.post(url, {"score": 9}).status_code == 400
    response = visitor_api.post(url, {"score": 5, "comment": "Good."})
    assert (response.status_code, response.json()) == (200, {"score": 5, "comment": "Good."})
    assert visitor_api.post(url, {"score": 1}).status_code == 409
    assert APIClient().post(url, {"score": 5}).status_code == 401


def test_what_was_not_asked_is_told(conversation: Conversation, visitor_api: APIClient) -> None:
    response = visitor_api.post(f"/api/v1/conversations/{conversation.pk}/rating/", {"score": 5})
    assert response.status_code == 409
    assert "nothing to rate" in response.json()["detail"]

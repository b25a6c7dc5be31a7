"""Fixtures of the desk: a ticket with a draft, Ben at the desk, and Dora, who only looks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.llm.fixtures import model_server
from tests.tickets.cast import a_draft
from tickets.models import Conversation, Draft, Ticket

__all__ = ["model_server"]

Browser = Callable[[User], Client]


@pytest.fixture
def draft(conversation: Conversation) -> Draft:
    return a_draft(conversation, "Can I return opened coffee?")


@pytest.fixture
def ticket(draft: Draft) -> Ticket:
    return draft.ticket


@pytest.fixture
def agent(ben: User, browser_of: Browser) -> Client:
    return browser_of(ben)


@pytest.fixture
def dora(db: None) -> User:
    """Another agent."""
    user = User.objects.create_user("dora", password="dora", first_name="Dora", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="tickets"))
    return user


@pytest.fixture
def reader(eve: User, browser_of: Browser) -> Client:
    """Eve, made staff who may look at tickets and do nothing."""
    eve.is_staff = True
    eve.save()
    views = Permission.objects.filter(
        content_type__app_label="tickets", codename__startswith="view_"
    )
    eve.user_permissions.set(views)
    return browser_of(eve)

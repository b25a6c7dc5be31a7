"""Fixtures of learning: questions that ended without an answer, and Cleo in their pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from supportbot.answers.models import AnswerRun
from tests.tickets.cast import ask
from tickets.models import Customer
from tickets.services.conversations import start_conversation


def unanswered(text: str, *, days_ago: float = 0) -> AnswerRun:
    """A customer asked, and the documents had no answer."""
    conversation = start_conversation(customer=Customer.objects.create(name="Ada"))
    run = AnswerRun.objects.create(
        conversation=conversation,
        question=ask(conversation, text),
        delivery=AnswerRun.Delivery.STREAM,
        status=AnswerRun.Status.COMPLETED,
        outcome=AnswerRun.Outcome.NO_ANSWER,
        route="extractive",
    )
    moment = timezone.now() - dt.timedelta(days=days_ago)
    AnswerRun.objects.filter(pk=run.pk).update(created_at=moment)
    run.refresh_from_db()
    return run


@pytest.fixture
def content_editor(cleo: User) -> User:
    """Cleo, who also works on unanswered questions."""
    cleo.user_permissions.add(*Permission.objects.filter(content_type__app_label="learning"))
    return cleo


@pytest.fixture
def pages(content_editor: User, browser_of: Callable[[User], Client]) -> Client:
    return browser_of(content_editor)

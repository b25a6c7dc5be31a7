"""Cleo may edit manners; what the process keeps of the database is read anew for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from supportbot.manners.models import Manner, MannerReply
from supportbot.manners.recognise import forget


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.fixture
def replies(db: None) -> None:
    """One for each manner, as the migration makes them; a test with real transactions before
    this one may have emptied the table."""
    for manner in Manner.values:
        MannerReply.objects.get_or_create(manner=manner)


@pytest.fixture
def editor(cleo: User, browser_of: Callable[[User], Client]) -> Client:
    cleo.user_permissions.add(*Permission.objects.filter(content_type__app_label="manners"))
    return browser_of(cleo)

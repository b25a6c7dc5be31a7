"""Who works with the configuration."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client


@pytest.fixture
def olga(db: None) -> User:
    """The operator."""
    user = User.objects.create_user("olga", is_staff=True)
    rights = Permission.objects.filter(content_type__app_label="configuration")
    user.user_permissions.set(rights)
    return user


@pytest.fixture
def page(olga: User, browser_of: Callable[[User], Client]) -> Client:
    """Her browser."""
    return browser_of(olga)

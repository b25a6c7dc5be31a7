"""Who works at the editor's desk: Cleo, and Eve who may only look."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client


@pytest.fixture
def editor(cleo: User, browser_of: Callable[[User], Client]) -> Client:
    return browser_of(cleo)


@pytest.fixture
def reader(eve: User, browser_of: Callable[[User], Client]) -> Client:
    """Eve, made staff who may look and do nothing."""
    eve.is_staff = True
    eve.save()
    eve.user_permissions.add(Permission.objects.get(codename="view_document"))
    return browser_of(eve)

"""Fixtures for all tests: the cast (Ada asks, Ben is an agent, Cleo writes content, Eve has no
access), documents that are really read and embedded, and a clean database per test."""

from __future__ import annotations

import io
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection, connections
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from pytest_django.fixtures import django_db_setup as made_database
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from knowledge.models import DocumentVersion
from knowledge.services.ingestion.documents import add_version, check_upload
from knowledge.services.ingestion.pipeline import process_version
from knowledge.services.ingestion.queue import claim_next
from knowledge.services.lifecycle.checked_publication import publish_checked
from supportbot.api import visitor_tokens
from supportbot.configuration import current
from supportbot.local.postgres import DATABASE
from tests import embedded, flush, vectors
from tickets.models import Conversation, Customer
from tickets.services.conversations import start_conversation

__all__ = ["made_database"]

RETURNS_POLICY = """# Returns policy

## Time limits

You can return unopened goods within 30 days of delivery. Opened goods can be returned within
14 days, except for food.

## What cannot be returned

Opened coffee beans cannot be returned for hygiene reasons. Gift cards cannot be returned.

## Refunds

We refund the price to the card you paid with within 5 working days. The return parcel costs
£3.95, unless the item was faulty.
"""

SHIPPING = """# Shipping

| Country | Standard | Express |
| --- | --- | --- |
| United Kingdom | £3.50 | £7.90 |
| Ireland | £9.90 | £18.00 |
| France | £12.40 | £24.00 |

Orders above £60 ship free within the United Kingdom.
"""


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """One database per run, in servers of our own."""


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    return embedded.IS_KEPT


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: pytest.FixtureRequest,
) -> None:
    """Tests that need real transactions are cleaned up with TRUNCATE, which the triggers
    of the audit log and of the documents' history refuse; those are tested by putting them back."""
    if not embedded.IS_KEPT:
        request.getfixturevalue("made_database")
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    if embedded.IS_KEPT:  # as the migrations of this checkout made it: nothing is left to migrate
        name = f"test_{DATABASE}"
        connections.databases["default"]["NAME"] = connection.settings_dict["NAME"] = name
    else:
        embedded.keep_cluster()
    with django_db_blocker.unblock(), connection.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("DROP TRIGGER audit_no_truncate ON tickets_auditentry")
        cursor.execute("DROP TRIGGER audit_link_no_truncate ON tickets_auditlink")
        cursor.execute("DROP TRIGGER audit_head_no_truncate ON tickets_audithead")
        cursor.execute("DROP TRIGGER document_event_no_truncate ON knowledge_documentevent")
    flush.install()
    vectors.install()


_media = itertools.count()


@pytest.fixture(autouse=True)
def _settings_of_tests(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    # A folder of its own, made when something is put in.
    settings.MEDIA_ROOT = tmp_path_factory.getbasetemp() / f"media-{next(_media)}"
    settings.ANSWER_CACHE = "off"  # a test that asks twice wants two answers, unless it says so
    # A real one takes half a second for every user that a test makes.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    current.forget()


@pytest.fixture
def ada(db: None) -> Customer:
    """A customer."""
    return Customer.objects.create(name="Ada")


@pytest.fixture
def ben(db: None) -> User:
    """A support agent."""
    return agent_with_rights("ben", "Ben")


def agent_with_rights(username: str, first_name: str) -> User:
    """Another support agent, who has just signed in."""
    user = User.objects.create_user(
        username,
        password=username,
        first_name=first_name,
        is_staff=True,
        last_login=timezone.now(),
    )
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label__in=["tickets", "answers"])
    )
    return user


@pytest.fixture
def cleo(db: None) -> User:
    """A content editor."""
    user = User.objects.create_user("cleo", password="cleo", first_name="Cleo", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="knowledge"))
    return user


@pytest.fixture
def eve(db: None) -> User:
    """Somebody with an account and no access."""
    return User.objects.create_user("eve", password="eve")


@pytest.fixture
def browser_of() -> Callable[[User], Client]:
    """A signed-in Django test client."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def staff_api(ben: User) -> APIClient:
    """Ben's API client, by token."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=ben).key}")
    return client


@pytest.fixture
def visitor_api(ada: Customer) -> APIClient:
    """Ada's API client, by visitor token."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {visitor_tokens.issue(ada.pk).token}")
    return client


@pytest.fixture
def conversation(ada: Customer) -> Conversation:
    return start_conversation(customer=ada)


Publish = Callable[..., DocumentVersion]


@pytest.fixture
def publish(db: None) -> Iterator[Publish]:
    """Put a document in and process it here and now, as a worker would."""

    def put_in(
        text: str | bytes, file_name: str = "returns.md", **fields: object
    ) -> DocumentVersion:
        content = io.BytesIO(text.encode() if isinstance(text, str) else text)
        upload = check_upload(content, file_name=file_name, **fields)  # type: ignore[arg-type]
        version, _ = add_version(upload=upload)
        process_waiting()
        version.refresh_from_db()
        return version

    yield put_in


def process_waiting() -> None:
    """What a worker does: claim and process until nothing waits, and publish what is checked."""
    while (version := claim_next()) is not None:
        process_version(version)
    publish_checked()


@pytest.fixture
def returns_policy(publish: Publish) -> DocumentVersion:
    return publish(RETURNS_POLICY, title="Returns policy")


@pytest.fixture
def shipping(publish: Publish) -> DocumentVersion:
    return publish(SHIPPING, file_name="shipping.md", title="Shipping")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with outsiders' data; tests that need it are skipped without it."""
    folder = Path(os.environ.get("SUPPORTBOT_SHARED_DATA", "../shared/data"))
    if not folder.is_dir():
        pytest.skip("no shared data: set SUPPORTBOT_SHARED_DATA to a folder that has it")
    return folder

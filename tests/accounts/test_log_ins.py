"""Who logged in, who did not, and who changed an account stands in the audit log."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from knowledge.models import Collection
from tests.tickets.cast import draft_for
from tickets.models import AuditEntry, Conversation

pytestmark = pytest.mark.django_db
BrowserOf = Callable[[User], Client]
LOGIN = "/admin/login/"


def log_in(name: str, password: str) -> Client:
    client = Client()
    client.post(LOGIN, {"username": name, "password": password})
    return client


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def test_a_log_in_and_a_log_out_are_recorded_with_the_address(ben: User) -> None:
    client = log_in("ben", "ben")
    client.post("/admin/logout/")
    assert actions() == ["account.logged_in", "account.logged_out"]
    entry = AuditEntry.objects.get(action="account.logged_in")
    assert (entry.actor, entry.object_id, entry.data) == (
        ben,
        str(ben.pk),
        {"address": "127.0.0.1"},
    )


def test_a_failed_log_in_names_the_account_and_nothing_that_was_typed(ben: User) -> None:
    log_in("ben", "my other password")
    log_in("hunter2", "a password in the wrong field")
    first, second = AuditEntry.objects.order_by("pk")
    assert (first.action, first.object_id) == ("account.log_in_failed", str(ben.pk))
    assert (second.action, second.object_id, second.data["name"]) == (first.action, "", "")
    kept = str([first.data, second.data])
    assert "password" not in kept
    assert "hunter2" not in kept


def test_a_new_password_is_recorded_with_who_gave_it_and_ends_other_sessions(ben: User) -> None:
    root = User.objects.create_superuser("root", password="root")
    elsewhere = log_in("ben", "ben")
    assert elsewhere.get("/admin/").status_code == 200
    url = reverse("admin:auth_user_password_change", args=[ben.pk])
    words = "correct horse battery"
    form = {"password1": words, "password2": words, "usable_password": "true"}
    assert log_in("root", "root").post(url, form).status_code == 302
    entry = AuditEntry.objects.get(action="account.password_changed")
    assert (entry.actor, entry.object_id) == (root, str(ben.pk))
    assert elsewhere.get("/admin/").status_code == 302
    assert words not in str(list(AuditEntry.objects.values_list("data", flat=True)))


def test_rights_given_to_an_account_are_recorded_before_and_after(
    ben: User, browser_of: BrowserOf
) -> None:
    root = User.objects.create_superuser("root", password="root")
    group = Group.objects.get(name="Agent")
    form = {
        "username": "ben",
        "first_name": "Ben",
        "is_active": "on",
        "is_staff": "on",
        "is_superuser": "on",
        "groups": [str(group.pk)],
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00",
    }
    url = reverse("admin:auth_user_change", args=[ben.pk])
    answer = browser_of(root).post(url, form)
    assert answer.status_code == 302, answer.context["errors"]
    entry = AuditEntry.objects.get(action="setting.changed")
    assert entry.actor == root
    assert (entry.data["before"]["is_superuser"], entry.data["after"]["is_superuser"]) == (
        False,
        True,
    )
    assert entry.data["after"]["groups"] == ["Agent"]
    assert "password" not in str(entry.data)


def test_an_edited_collection_is_recorded(cleo: User, browser_of: BrowserOf) -> None:
    collection = Collection.objects.create(name="Shop")
    url = reverse("admin:knowledge_collection_change", args=[collection.pk])
    assert browser_of(cleo).post(url, {"name": "Store"}).status_code == 302
    entry = AuditEntry.objects.get(action="setting.changed")
    assert (entry.actor, entry.object_type, entry.object_id) == (
        cleo,
        "collection",
        str(collection.pk),
    )


def test_opening_a_page_with_personal_data_is_recorded(
    ben: User, conversation: Conversation, browser_of: BrowserOf
) -> None:
    ticket = draft_for(conversation).ticket
    browser = browser_of(ben)
    for page, pk in (
        ("admin:tickets_customer_change", conversation.customer_id),
        ("admin:tickets_conversation_change", conversation.pk),
        ("desk:open", ticket.pk),
    ):
        assert browser.get(reverse(page, args=[pk])).status_code == 200
    views = AuditEntry.objects.filter(action__endswith=".viewed").order_by("pk")
    assert [(entry.action, entry.actor) for entry in views] == [
        ("customer.viewed", ben),
        ("conversation.viewed", ben),
        ("conversation.viewed", ben),
    ]
    shown = browser.get(reverse("desk:open", args=[ticket.pk])).json()["items"]
    assert shown
    assert "opened the conversation" not in "".join(shown)

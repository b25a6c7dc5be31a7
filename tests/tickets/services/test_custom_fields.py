"""tickets.services.custom_fields and details: a company's own fields, and editing a ticket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.tickets.cast import open_ticket
from tickets.models import AuditEntry, Category, CustomField, Tag, Team, Ticket
from tickets.services.custom_fields import FieldError, check_value, fields_of, set_custom_field
from tickets.services.details import (
    add_tag,
    change_category,
    change_priority,
    change_subject,
    change_team,
    follow,
    remove_tag,
    unfollow,
)
from tickets.services.tickets import change_status
from tickets.states import TransitionError


@pytest.fixture
def ticket(db: None) -> Ticket:
    return open_ticket()


def field_of(kind: str, **fields: Any) -> CustomField:
    return CustomField(key="thing", label="Thing", kind=kind, **fields)


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("text", "  A-1 ", "A-1"),
        ("text", " ", None),
        ("number", "12", 12),
        ("number", "12.50", 12.5),
        ("number", None, None),
        ("choice", "red", "red"),
        ("date", "2026-02-28", "2026-02-28"),
        ("checkbox", "on", True),
        ("checkbox", False, None),
        ("checkbox", "", None),
    ],
)
def test_a_value_is_kept_as_its_kind(kind: str, given: Any, kept: Any) -> None:
    field = field_of(kind, choices=["red", "blue"])
    assert check_value(field, given) == kept


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("text", "x" * 1001),
        ("number", "twelve"),
        ("number", "NaN"),
        ("number", "1e400"),
        ("choice", "green"),
        ("date", "28.2.2026"),
        ("date", "2026-02-30"),
        ("checkbox", "perhaps"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_in_words(kind: str, given: Any) -> None:
    with pytest.raises(FieldError, match="Thing"):
        check_value(field_of(kind, choices=["red", "blue"]), given)


def test_a_field_is_set_changed_and_cleared(ticket: Ticket, ben: User) -> None:
    field_of("number").save()
    set_custom_field(ticket=ticket, key="thing", value="3", agent=ben)
    ticket.refresh_from_db()
    assert ticket.custom_fields == {"thing": 3}
    assert [(one.field.label, one.value) for one in fields_of(ticket)] == [("Thing", 3)]
    set_custom_field(ticket=ticket, key="thing", value="", agent=ben)
    ticket.refresh_from_db()
    assert ticket.custom_fields == {}
    changes = AuditEntry.objects.filter(action="ticket.edited").order_by("pk")
    assert [(one.data["before"], one.data["after"]) for one in changes] == [(None, 3), (3, None)]


def test_an_unknown_field_is_refused(ticket: Ticket, ben: User) -> None:
    with pytest.raises(FieldError, match="no field"):
        set_custom_field(ticket=ticket, key="nothing", value="3", agent=ben)


def test_an_agent_cannot_solve_a_ticket_without_its_required_fields(
    ticket: Ticket, ben: User
) -> None:
    field_of("text", is_required=True).save()
    with pytest.raises(TransitionError, match="Fill in Thing before"):
        change_status(ticket=ticket, status=Ticket.Status.SOLVED, agent=ben)
    set_custom_field(ticket=ticket, key="thing", value="x", agent=ben)
    change_status(ticket=ticket, status=Ticket.Status.SOLVED, agent=ben)


def test_a_field_is_defined_in_the_admin(ben: User, browser_of: Callable[[User], Client]) -> None:
    browser, url = browser_of(ben), reverse("admin:tickets_customfield_add")
    form = {"key": "colour", "label": "Colour", "kind": "choice", "choices": "", "position": 1}
    page = browser.post(url, form)
    assert "A choice needs its values" in page.content.decode()
    browser.post(url, {**form, "choices": "red,blue", "is_active": "on"})
    assert CustomField.objects.get().choices == ["red", "blue"]


def test_a_field_with_values_is_not_deleted(
    ticket: Ticket, ben: User, browser_of: Callable[[User], Client]
) -> None:
    field = field_of("text")
    field.save()
    set_custom_field(ticket=ticket, key="thing", value="x", agent=ben)
    url = reverse("admin:tickets_customfield_delete", args=[field.pk])
    assert browser_of(ben).post(url, {"post": "yes"}).status_code == 403


def test_every_detail_is_changed_with_a_line_in_the_audit_log(ticket: Ticket, ben: User) -> None:
    tag = Tag.objects.create(name="vip")
    change_priority(ticket=ticket, priority=Ticket.Priority.HIGH, agent=ben)
    change_priority(ticket=ticket, priority=Ticket.Priority.HIGH, agent=ben)
    change_category(ticket=ticket, category=Category.objects.create(name="Money"), agent=ben)
    change_team(ticket=ticket, team=Team.objects.create(name="Billing"), agent=ben)
    change_subject(ticket=ticket, subject=" New  words ", agent=ben)
    add_tag(ticket=ticket, tag=tag, agent=ben)
    add_tag(ticket=ticket, tag=tag, agent=ben)
    remove_tag(ticket=ticket, tag=tag, agent=ben)
    follow(ticket=ticket, user=ben, agent=ben)
    unfollow(ticket=ticket, user=ben, agent=ben)
    rows = AuditEntry.objects.filter(action="ticket.edited").order_by("pk")
    assert [(row.data["field"], row.data["before"], row.data["after"]) for row in rows] == [
        ("priority", "Normal", "High"),
        ("category", "", "Money"),
        ("team", "", "Billing"),
        ("subject", "Asked for a person", "New words"),
        ("tags", None, "vip"),
        ("tags", "vip", None),
        ("followers", None, "Ben"),
        ("followers", "Ben", None),
    ]


def test_who_may_not_see_a_ticket_cannot_follow_it(ticket: Ticket, ben: User, eve: User) -> None:
    with pytest.raises(ValueError, match="eve may not see"):
        follow(ticket=ticket, user=eve, agent=ben)

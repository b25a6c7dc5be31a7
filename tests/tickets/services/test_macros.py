"""tickets.services.macros and saved_replies: variables, previews, all steps or none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from tests.tickets.cast import actions_on, draft_for
from tickets.models import (
    AuditEntry,
    Category,
    Conversation,
    Draft,
    Macro,
    MacroStep,
    Message,
    SavedReply,
    Tag,
    Team,
    Ticket,
)
from tickets.services.macros import MacroError, apply_macro, available_macros, preview
from tickets.services.saved_replies import available_replies, render
from tickets.variables import check_variables, fill

Kind = MacroStep.Kind


@pytest.fixture
def ticket(conversation: Conversation) -> Ticket:
    return draft_for(conversation).ticket


def macro_of(*steps: dict[str, Any]) -> Macro:
    macro = Macro.objects.create(name="Refund")
    for number, fields in enumerate(steps):
        macro.steps.create(position=number, **fields)
    return macro


# -- Variables -------------------------------------------------------------------------------------
def test_a_saved_reply_speaks_of_the_ticket(ticket: Ticket, ben: User) -> None:
    text = "Hi {{ customer.first_name }}, about #{{ticket.number}}: done. {{ agent.first_name }}"
    saved = SavedReply(name="Done", text=text)
    rendered = render(saved_reply=saved, ticket=ticket, agent=ben)
    assert rendered == f"Hi Ada, about #{ticket.pk}: done. Ben"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hi {{ customer.name | there }}!", "Hi there!"),
        ("Hi {{ customer.name }}, welcome", "Hi, welcome"),
        ("Hi {{ customer.name }} :-) , x", "Hi  :-) , x"),
    ],
)
def test_what_is_not_known_leaves_its_other_word_or_no_gap(text: str, expected: str) -> None:
    assert fill(text, {"customer.name": ""}) == expected


def test_a_customers_words_are_never_read_as_a_variable() -> None:
    values = {"customer.name": "{{ customer.email }}", "customer.email": "a@b.example"}
    assert fill("{{ customer.name }}", values) == "{{ customer.email }}"


@pytest.mark.parametrize("text", ["{{ customer.password }}", "{{ }}", "{{ customer.name }", "}}"])
def test_an_unknown_variable_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        check_variables(text)


def test_the_form_says_which_variables_there_are(
    ben: User, browser_of: Callable[[User], Client]
) -> None:
    form = {"name": "Bad", "text": "Hi {{ customer.nam }}", "team": ""}
    page = browser_of(ben).post(reverse("admin:tickets_savedreply_add"), form)
    assert "There is no variable “customer.nam”" in page.content.decode()
    assert not SavedReply.objects.exists()
    form["text"] = "Hi {{ customer.name }}"
    browser_of(ben).post(reverse("admin:tickets_savedreply_add"), form)
    assert AuditEntry.objects.get(action="setting.added").data["name"] == "Bad"


def test_a_teams_replies_and_macros_are_for_its_members(ben: User, cleo: User) -> None:
    team = Team.objects.create(name="Billing")
    team.members.add(ben)
    SavedReply.objects.create(name="Ours", text="x", team=team)
    SavedReply.objects.create(name="All", text="x")
    Macro.objects.create(name="Ours", team=team)
    Macro.objects.create(name="Off", is_active=False)
    assert [reply.name for reply in available_replies(ben)] == ["All", "Ours"]
    assert [reply.name for reply in available_replies(cleo)] == ["All"]
    assert [macro.name for macro in available_macros(ben)] == ["Ours"]
    assert not available_macros(cleo).exists()


# -- Macros ----------------------------------------------------------------------------------------
@pytest.fixture
def refund(db: None, ben: User) -> Macro:
    return macro_of(
        {"kind": Kind.REPLY, "text": "Hi {{ customer.name }}, refunded."},
        {"kind": Kind.NOTE, "text": "Refunded by {{ agent.first_name }}"},
        {"kind": Kind.PRIORITY, "priority": Ticket.Priority.LOW},
        {"kind": Kind.ADD_TAG, "tag": Tag.objects.create(name="refund")},
        {"kind": Kind.ASSIGNEE},
        {"kind": Kind.TEAM, "team": Team.objects.create(name="Billing")},
        {"kind": Kind.CATEGORY, "category": Category.objects.create(name="Money")},
        {"kind": Kind.STATUS, "status": Ticket.Status.SOLVED},
    )


def test_a_macro_does_its_steps_in_order(refund: Macro, ticket: Ticket, ben: User) -> None:
    done = apply_macro(macro=refund, ticket=ticket, agent=ben)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.priority, ticket.assignee) == ("solved", 10, ben)
    assert (str(ticket.team), str(ticket.category)) == ("Billing", "Money")
    assert [tag.name for tag in ticket.tags.all()] == ["refund"]
    assert ticket.conversation.messages.get(author="agent").text == "Hi Ada, refunded."
    assert ticket.notes.get().text == "Refunded by Ben"
    assert len(done) == 8
    assert actions_on(ticket).count("macro.applied") == 1
    assert Draft.objects.get().status == Draft.Status.WITHDRAWN


def test_the_preview_says_the_same_and_changes_nothing(
    refund: Macro, ticket: Ticket, ben: User
) -> None:
    steps = preview(macro=refund, ticket=ticket, agent=ben)
    assert (steps[0].words, steps[0].text) == ("Send this reply", "Hi Ada, refunded.")
    assert [step.words for step in steps[2:]] == [
        "Set the priority to “Low”",
        "Add the tag “refund”",
        "Assign to Ben",
        "Give it to the team “Billing”",
        "Set the category to “Money”",
        "Set the status to “Solved”",
    ]
    assert not Message.objects.filter(author="agent").exists()
    assert apply_macro(macro=refund, ticket=ticket, agent=ben) == [step.words for step in steps]


def test_a_step_that_is_refused_undoes_the_steps_before_it(ticket: Ticket, ben: User) -> None:
    macro = macro_of(
        {"kind": Kind.REPLY, "text": "Bye."},
        {"kind": Kind.STATUS, "status": Ticket.Status.REOPENED},
    )
    with pytest.raises(MacroError, match=r"Step 2 of “Refund”.*nothing was done"):
        apply_macro(macro=macro, ticket=ticket, agent=ben)
    ticket.refresh_from_db()
    assert ticket.status == Ticket.Status.NEW
    assert not Message.objects.filter(author="agent").exists()
    assert "macro.applied" not in actions_on(ticket)


def test_a_macro_sent_twice_is_applied_once(refund: Macro, ticket: Ticket, ben: User) -> None:
    apply_macro(macro=refund, ticket=ticket, agent=ben, client_id="m-1")
    assert apply_macro(macro=refund, ticket=ticket, agent=ben, client_id="m-1") == []
    assert Message.objects.filter(author="agent").count() == 1
    assert ticket.notes.count() == 1


def test_a_rule_sends_no_reply(ticket: Ticket) -> None:
    macro = macro_of({"kind": Kind.REPLY, "text": "Hello"})
    with pytest.raises(MacroError, match="only a person"):
        apply_macro(macro=macro, ticket=ticket, agent=None)


def test_a_ticket_of_a_private_team_is_not_assigned_to_outsiders(ticket: Ticket, ben: User) -> None:
    ticket.team = Team.objects.create(name="Fraud", is_private=True)
    ticket.save()
    with pytest.raises(MacroError, match="Ben may not see"):
        apply_macro(macro=macro_of({"kind": Kind.ASSIGNEE}), ticket=ticket, agent=ben)


def steps_form(**step: Any) -> dict[str, Any]:
    form = {"name": "Close", "about": "", "team": "", "is_active": "on"}
    form |= {"steps-TOTAL_FORMS": "1", "steps-INITIAL_FORMS": "0", "steps-0-position": "0"}
    return form | {f"steps-0-{name}": value for name, value in step.items()}


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"kind": "status"}, "needs this field"),
        ({"kind": "reply", "text": "{{ secret }}"}, "There is no variable"),
    ],
)
def test_a_step_without_what_it_needs_is_refused(
    ben: User, browser_of: Callable[[User], Client], step: dict[str, str], words: str
) -> None:
    page = browser_of(ben).post(reverse("admin:tickets_macro_add"), steps_form(**step))
    assert words in page.content.decode()
    assert not Macro.objects.exists()


def test_a_macro_is_made_in_the_admin(ben: User, browser_of: Callable[[User], Client]) -> None:
    browser_of(ben).post(
        reverse("admin:tickets_macro_add"), steps_form(kind="status", status="solved")
    )
    assert [str(step) for step in MacroStep.objects.all()] == ["Set the status: Solved"]
    assert AuditEntry.objects.get(action="setting.added").data["after"]["steps"] == [
        "Set the status: Solved"
    ]

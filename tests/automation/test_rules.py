"""supportbot.automation.rules: when something happens and a condition holds, a macro is applied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from supportbot.automation.facts import TicketFacts, facts_of
from supportbot.automation.models import Rule, RuleFiring, TicketHappening
from supportbot.automation.rules import dry_run, run_waiting_rules
from supportbot.automation.tasks import run_rules
from supportbot.guardrails.policy.conditions import ConditionError, compile_condition
from tests.tickets.cast import actions_on, ask
from tickets.models import Conversation, Macro, MacroStep, Tag, Team, Ticket
from tickets.services.custom_fields import set_custom_field
from tickets.services.details import add_tag, change_priority
from tickets.services.drafts import send_reply
from tickets.services.handover import request_person
from tickets.services.tickets import change_status

When, Kind = Rule.When, MacroStep.Kind


def macro_of(name: str, **step: Any) -> Macro:
    macro = Macro.objects.create(name=name)
    macro.steps.create(**step)
    return macro


def rule_of(when: str, condition: str, macro: Macro, *, is_active: bool = True) -> Rule:
    return Rule.objects.create(
        name=f"On {when}: {macro}", when=when, condition=condition, macro=macro, is_active=is_active
    )


@pytest.fixture
def tag_vip(db: None) -> Macro:
    return macro_of("Tag it", kind=Kind.ADD_TAG, tag=Tag.objects.create(name="vip"))


def tags_of(ticket: Ticket) -> list[str]:
    return [tag.name for tag in ticket.tags.all()]


def opened(conversation: Conversation, text: str = "I want 250 € back") -> Ticket:
    ask(conversation, text)
    return request_person(conversation=conversation)


def test_a_rule_applies_its_macro_when_its_condition_holds(
    conversation: Conversation, tag_vip: Macro
) -> None:
    rule = rule_of(When.OPENED, "amount > 200.0 && text.contains('back')", tag_vip)
    ticket = opened(conversation)
    assert tags_of(ticket) == []
    assert run_waiting_rules() == 1
    assert tags_of(ticket) == ["vip"]
    assert {"macro.applied", "rule.fired"} <= set(actions_on(ticket))
    firing = RuleFiring.objects.get()
    assert (firing.rule, firing.words, firing.was_applied) == (rule, "Add the tag “vip”", True)


def test_without_its_condition_or_switched_off_it_does_nothing(
    conversation: Conversation, tag_vip: Macro
) -> None:
    rule_of(When.OPENED, "amount > 1000.0", tag_vip)
    rule_of(When.CUSTOMER_WROTE, "", tag_vip, is_active=False)
    ticket = opened(conversation)
    run_rules()
    assert tags_of(ticket) == []
    assert TicketHappening.objects.filter(done_at=None).count() == 0


def test_each_kind_of_happening_has_its_rules(
    conversation: Conversation, tag_vip: Macro, ben: User
) -> None:
    for when in When.values:
        rule_of(when, "", tag_vip)
    ticket = opened(conversation)
    send_reply(ticket=ticket, agent=ben, text="Hello.")
    ask(conversation, "Thanks")
    change_priority(ticket=ticket, priority=Ticket.Priority.HIGH, agent=ben)
    noted = TicketHappening.objects.values_list("when", flat=True)
    assert list(noted) == ["opened", "agent_wrote", "status_changed", "customer_wrote", "edited"]


def test_rules_that_set_each_other_off_come_to_an_end(
    conversation: Conversation, ben: User
) -> None:
    high = macro_of("High", kind=Kind.PRIORITY, priority=Ticket.Priority.HIGH)
    low = macro_of("Low", kind=Kind.PRIORITY, priority=Ticket.Priority.LOW)
    rule_of(When.EDITED, "priority != 'high'", high)
    rule_of(When.EDITED, "priority != 'low'", low)
    ticket = opened(conversation)
    change_priority(ticket=ticket, priority=Ticket.Priority.URGENT, agent=ben)
    assert run_waiting_rules() == 3
    assert run_waiting_rules() == 0
    assert RuleFiring.objects.count() == 2
    change_priority(ticket=ticket, priority=Ticket.Priority.URGENT, agent=ben)
    run_waiting_rules()
    assert RuleFiring.objects.count() == 4


def test_a_macro_that_the_ticket_refuses_is_noted_and_changes_nothing(
    conversation: Conversation,
) -> None:
    macro = macro_of("Reopen", kind=Kind.STATUS, status=Ticket.Status.REOPENED)
    macro.steps.create(kind=Kind.NOTE, text="x")
    rule_of(When.OPENED, "", macro)
    ticket = opened(conversation)
    run_waiting_rules()
    firing = RuleFiring.objects.get()
    assert not firing.was_applied
    assert "nothing was done" in firing.words
    assert "rule.refused" in actions_on(ticket)
    assert not ticket.notes.exists()


def test_the_facts_are_the_policies_and_the_tickets(conversation: Conversation, ben: User) -> None:
    from tickets.models import CustomField

    CustomField.objects.create(key="order", label="Order", kind="text")
    ticket = opened(conversation, "My order arrived broken, I am furious!")
    add_tag(ticket=ticket, tag=Tag.objects.create(name="vip"), agent=ben)
    set_custom_field(ticket=ticket, key="order", value="A-1", agent=ben)
    ticket.refresh_from_db()
    facts = facts_of(ticket)
    assert facts.text.startswith("My order arrived broken")
    assert facts.sentiment < 0
    for condition in (
        "status == 'new' && priority == 'normal' && 'vip' in tags",
        "'order' in fields && fields['order'].startsWith('A')",
        "hours_open < 1.0 && messages == 1 && identity == 'anonymous'",
        "language == 'en' && assignee == '' && team == ''",
    ):
        assert compile_condition(condition, TicketFacts).holds(facts), condition


def test_policies_do_not_know_the_facts_of_tickets() -> None:
    with pytest.raises(ConditionError, match="no fact “priority”"):
        compile_condition("priority == 'high'")


def test_a_condition_that_cannot_be_told_does_not_fire(
    conversation: Conversation, tag_vip: Macro
) -> None:
    rule_of(When.OPENED, "fields['order'] == 'x'", tag_vip)
    ticket = opened(conversation)
    assert run_waiting_rules() == 1
    assert tags_of(ticket) == []


# -- The admin and the dry run ---------------------------------------------------------------------
@pytest.fixture
def agent(ben: User) -> User:
    from django.contrib.auth.models import Permission

    ben.user_permissions.add(
        *Permission.objects.filter(content_type__app_label__in=["automation", "tickets"])
    )
    return User.objects.get(pk=ben.pk)


@pytest.fixture
def browser(agent: User, browser_of: Callable[[User], Client]) -> Client:
    return browser_of(agent)


def form_of(macro: Macro, condition: str = "amount > 1.0") -> dict[str, Any]:
    return {
        "name": "Money",
        "when": "opened",
        "condition": condition,
        "macro": macro.pk,
        "position": 1,
        "is_active": "on",
    }


def test_a_new_rule_is_off_and_leads_to_its_dry_run(
    browser: Client, tag_vip: Macro, conversation: Conversation
) -> None:
    ticket = opened(conversation)
    added = browser.post(reverse("admin:automation_rule_add"), form_of(tag_vip))
    rule = Rule.objects.get()
    assert not rule.is_active
    assert added["Location"] == reverse("admin:automation_rule_dry_run", args=[rule.pk])
    page = browser.get(added["Location"]).content.decode()
    assert "It would have been applied 1 time, of 1 moment" in page
    assert str(ticket.subject) in page
    assert tags_of(ticket) == []
    browser.post(reverse("admin:automation_rule_switch", args=[rule.pk]), {"on": "1"})
    rule.refresh_from_db()
    assert rule.is_active
    assert actions_on(rule) == ["setting.added", "rule.switched_on"]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("colour == 'red'", "there is no fact “colour”"),
        ("amount", "it is neither true nor false"),
        ("amount >", "The condition cannot be used"),
    ],
)
def test_a_condition_that_cannot_be_used_is_refused_in_words(
    browser: Client, tag_vip: Macro, condition: str, words: str
) -> None:
    page = browser.post(reverse("admin:automation_rule_add"), form_of(tag_vip, condition))
    assert words in page.content.decode()
    assert not Rule.objects.exists()


def test_a_macro_that_replies_is_refused_for_rules(browser: Client) -> None:
    macro = macro_of("Hello", kind=Kind.REPLY, text="Hello")
    page = browser.post(reverse("admin:automation_rule_add"), form_of(macro))
    assert "which only people do" in page.content.decode()


def test_a_rule_whose_macro_replies_by_now_is_not_switched_on(
    browser: Client, tag_vip: Macro
) -> None:
    rule = rule_of(When.OPENED, "", tag_vip, is_active=False)
    tag_vip.steps.create(kind=Kind.REPLY, text="Hello")
    url = reverse("admin:automation_rule_switch", args=[rule.pk])
    page = browser.post(url, {"on": "1"}, follow=True)
    assert "which only people do" in page.content.decode()
    rule.refresh_from_db()
    assert not rule.is_active


def test_the_dry_run_knows_what_was_said_at_the_moment(
    conversation: Conversation, tag_vip: Macro, agent: User
) -> None:
    ticket = opened(conversation, "Hello there")
    ask(conversation, "I want 250 € back")
    ask(conversation, "Please")
    rule = rule_of(When.CUSTOMER_WROTE, "amount > 200.0", tag_vip, is_active=False)
    found = dry_run(rule, agent)
    assert found.looked_at == 3
    assert [moment.said.text for moment in found.fired if moment.said] == ["I want 250 € back"]
    change_status(ticket=ticket, status=Ticket.Status.ON_HOLD, agent=agent)
    rule.when = When.STATUS_CHANGED
    rule.condition = "status == 'on_hold'"
    assert len(dry_run(rule, agent).fired) == 1


def test_the_dry_run_shows_nothing_of_a_private_team(
    conversation: Conversation, tag_vip: Macro, agent: User
) -> None:
    ticket = opened(conversation)
    Ticket.objects.filter(pk=ticket.pk).update(team=Team.objects.create(name="X", is_private=True))
    for when in When.values:
        rule = rule_of(when, "", tag_vip, is_active=False)
        assert dry_run(rule, agent).looked_at == 0


def test_who_may_only_look_cannot_switch(
    cleo: User, tag_vip: Macro, browser_of: Callable[[User], Client]
) -> None:
    rule = rule_of(When.OPENED, "", tag_vip, is_active=False)
    url = reverse("admin:automation_rule_switch", args=[rule.pk])
    assert browser_of(cleo).post(url, {"on": "1"}).status_code == 403
    assert (
        browser_of(cleo).get(reverse("admin:automation_rule_dry_run", args=[rule.pk])).status_code
        == 403
    )

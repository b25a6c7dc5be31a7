"""The guardrails page: what fired, what agents think of it, and what other rules would change."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from supportbot.answers.models import AnswerRun, FiredRule
from supportbot.guardrails.detectors.registry import DETECTORS
from supportbot.guardrails.policy import library
from tests.answers.test_guard import policy
from tests.configuration.publishing import put_in_effect
from tickets.models import AuditEntry, Conversation
from tickets.services.messages import add_customer_message

pytestmark = pytest.mark.django_db(transaction=True)
Browser = Callable[[User], Client]
PAGE = "/admin/answers/firedrule/"
DECISION = {
    "stage": "message",
    "outcome": "refuse",
    "rules": [{"id": "test-rule", "statement": "What the test asks for.", "when": "true"}],
    "facts": {},
}
REFUSES = policy("message", 'text.contains("opened")', "refuse", "Not here.")


@pytest.fixture(autouse=True)
def _read_again() -> None:
    library.forget()


@pytest.fixture
def fired(conversation: Conversation) -> FiredRule:
    question, _ = add_customer_message(
        conversation=conversation, text="Is it <b>opened</b>?", client_id="1"
    )
    run = AnswerRun.objects.create(conversation=conversation, question=question)
    return FiredRule.objects.create(
        run=run, rule="test-rule", stage="message", outcome="refuse", severity="high"
    )


def test_the_page_shows_what_fired_and_every_detector(
    ben: User, browser_of: Browser, fired: FiredRule
) -> None:
    page = browser_of(ben).get(PAGE).content.decode()
    assert "message: Is it &lt;b&gt;opened&lt;/b&gt;?" in page
    assert "<local-time" in page
    for one in DETECTORS:
        assert one.card.about[:40] in page


def test_nothing_fired_is_said(ben: User, browser_of: Browser) -> None:
    assert "No rule fired." in browser_of(ben).get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("action", "opinion"), [("were_right", "right"), ("were_false", "false_alarm")]
)
def test_agents_say_what_was_right_and_it_is_audited(
    ben: User, browser_of: Browser, fired: FiredRule, action: str, opinion: str
) -> None:
    chosen = {"action": action, "_selected_action": [str(fired.pk)]}
    page = browser_of(ben).post(PAGE, chosen, follow=True).content.decode()
    fired.refresh_from_db()
    assert (fired.opinion, fired.opinion_by) == (opinion, ben)
    assert "1 was marked." in page
    assert AuditEntry.objects.filter(action="rule.judged", actor=ben).count() == 1


def test_an_opinion_is_said_on_the_page_of_the_run(
    ben: User, browser_of: Browser, fired: FiredRule
) -> None:
    AnswerRun.objects.update(policy=[DECISION], status="completed")
    page = f"/admin/answers/answerrun/{fired.run_id}/change/"
    browser = browser_of(ben)
    shown = browser.get(page).content.decode()
    assert f"{PAGE}{fired.pk}/judge/" in shown
    assert 'name="text" value="Is it &lt;b&gt;opened&lt;/b&gt;?"' in shown  # to try it again
    said = browser.post(f"{PAGE}{fired.pk}/judge/", {"opinion": "false_alarm"}, follow=True)
    assert "test-rule was a false alarm" in said.content.decode()
    assert "false alarm, Ben says" in said.content.decode()
    browser.post(f"{PAGE}{fired.pk}/judge/", {"opinion": "nonsense"})
    fired.refresh_from_db()
    assert (fired.opinion, AuditEntry.objects.filter(action="rule.judged").count()) == (
        "false_alarm",
        1,
    )


def test_who_may_only_look_has_no_opinion(ben: User, browser_of: Browser, fired: FiredRule) -> None:
    right = Permission.objects.get(codename="change_firedrule")
    ben.user_permissions.remove(right)
    browser = browser_of(ben)
    assert browser.post(f"{PAGE}{fired.pk}/judge/", {"opinion": "right"}).status_code == 403
    browser.post(PAGE, {"action": "were_right", "_selected_action": [str(fired.pk)]}, follow=True)
    fired.refresh_from_db()
    assert fired.opinion == ""


def test_the_page_says_where_a_file_is_broken_and_that_the_last_good_rules_go_on(
    ben: User, browser_of: Browser, tmp_path: Path, settings: Settings
) -> None:
    settings.POLICIES_DIR = str(tmp_path)
    (tmp_path / "shop.yaml").write_text(REFUSES.replace("text.contains", "txt.contains"))
    page = browser_of(ben).get(PAGE).content.decode()
    assert "the last good ones are in effect. shop.yaml, line 7: when: there is no fact" in page


def test_the_queue_says_what_was_blocked_until_somebody_has_judged_it(
    ben: User, browser_of: Browser, fired: FiredRule
) -> None:
    queue = "/admin/tickets/ticket/"
    assert "test-rule" not in browser_of(ben).get(queue).content.decode()  # refused, not blocked
    FiredRule.objects.update(outcome="block")
    assert "“test-rule” has stopped 1 text" in browser_of(ben).get(queue).content.decode()
    FiredRule.objects.update(opinion="right")
    assert "test-rule" not in browser_of(ben).get(queue).content.decode()


def test_a_message_is_tried_before_two_versions(ben: User, browser_of: Browser) -> None:
    put_in_effect()
    draft = put_in_effect(policy=REFUSES)
    put_in_effect()
    sent = {"text": "May it be opened?", "version": str(draft.pk)}
    page = browser_of(ben).post(f"{PAGE}try/", sent).content.decode()
    assert "In effect: is answered" in page
    assert "As you have chosen: refuse" in page
    assert "What the test asks for." in page


def test_a_message_is_tried_with_what_triage_finds_in_it(ben: User, browser_of: Browser) -> None:
    put_in_effect()
    sent = {"text": "I will sue you if this is not refunded"}
    page = browser_of(ben).post(f"{PAGE}try/", sent).content.decode()
    assert "In effect: hand over" in page
    assert "legal-threat-gets-a-person" in page


def test_stored_messages_that_would_change_are_shown(
    ben: User, browser_of: Browser, fired: FiredRule
) -> None:
    put_in_effect()
    draft = put_in_effect(policy=REFUSES)
    put_in_effect()
    sent = {"compare": "1", "version": str(draft.pk)}
    page = browser_of(ben).post(f"{PAGE}try/", sent).content.decode()
    assert "1 of the last 1 message would change" in page
    assert "is answered → <strong>refuse</strong>: Is it &lt;b&gt;opened&lt;/b&gt;?" in page


# -- manage.py policy check -----------------------------------------------------------------------
def checked(*arguments: str) -> str:
    out = StringIO()
    call_command("policy", "check", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_runs_every_example() -> None:
    assert "rules can be used, and their" in checked()


def test_the_command_shows_what_a_file_would_change(tmp_path: Path, fired: FiredRule) -> None:
    file = tmp_path / "new.yaml"
    file.write_text(REFUSES)
    said = checked("--file", str(file))
    assert "Of the last 1 messages, 1 would change:" in said
    assert "allow → refuse: 1" in said
    assert "[test-rule] Is it <b>opened</b>?" in said


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "new.yaml"
    file.write_text(REFUSES.replace("text.contains", "txt.contains"))
    with pytest.raises(CommandError, match="line 7: when: there is no fact “txt”"):
        checked("--file", str(file))
    with pytest.raises(CommandError, match="cannot be read"):
        checked("--file", str(tmp_path / "none.yaml"))
    with pytest.raises(CommandError, match="There is no version 999"):
        checked("--version", "999")

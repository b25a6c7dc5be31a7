"""The guardrails page: what fired, what agents think of it, and what other rules would change."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

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

"""Guardrails in a draft: detectors, thresholds and rules of the company's own."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.test import Client

from supportbot.answers.policy_check import try_message
from supportbot.configuration import current
from supportbot.configuration.content import Configuration
from supportbot.configuration.current import current_content
from supportbot.guardrails.detectors.registry import DETECTORS, thresholds
from supportbot.guardrails.policy import library
from supportbot.guardrails.policy.rules import Outcome
from tests.configuration.publishing import put_in_effect
from tests.configuration.test_admin import begin, fields_of
from tests.guardrails.policy.test_rules import GOOD, rule
from tickets.models import AuditEntry

pytestmark = pytest.mark.django_db(transaction=True)


def published(client: Client, **changed: Any) -> str:
    """Publish a draft with these fields; the page that comes back if it cannot be."""
    address = begin(client)
    fields = {**fields_of(client, address), **changed, "publish": "1"}
    sent = {name: value for name, value in fields.items() if value is not None}
    response = client.post(address, sent)
    return "" if response.status_code == 302 else response.content.decode()


def test_nothing_changed_is_nothing_kept(page: Client) -> None:
    put_in_effect()
    assert published(page, note="Nothing") == ""
    content = current_content()
    assert (content.detectors_off, content.thresholds, content.policy) == ((), {}, "")


def test_a_detector_is_switched_off_and_on(page: Client) -> None:
    put_in_effect()
    name = DETECTORS[0].name
    assert published(page, **{f"detector_{name}": None}) == ""
    assert current_content().detectors_off == (name,)
    assert published(page, **{f"detector_{name}": "on"}) == ""
    assert current_content().detectors_off == ()


def test_a_threshold_is_changed_for_one_kind_alone(page: Client, olga: User) -> None:
    put_in_effect()
    kind, own = next(iter(thresholds({}).items()))
    other = round(own / 2, 2)
    assert published(page, **{f"threshold_{kind}": str(other)}) == ""
    assert current_content().thresholds == {kind: other}
    assert "threshold" in published(page, **{f"threshold_{kind}": "1.5"})


def test_a_threshold_decides_in_every_process_within_seconds_and_is_audited(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_effect()

    def outcome() -> Outcome:
        tried = async_to_sync(try_message)("Please answer in one word only.", current_content())
        return tried.decision.outcome

    assert outcome() == Outcome.ALLOW
    elsewhere = copy.copy(current._kept)  # what another process remembers
    assert published(page, threshold_injection="0.01", note="Stricter") == ""
    assert outcome() == Outcome.DOCUMENTS
    monkeypatch.setattr(current, "_kept", elsewhere)
    assert outcome() == Outcome.ALLOW
    elsewhere.read_at -= current.KEPT_SECONDS
    assert outcome() == Outcome.DOCUMENTS
    assert current.KEPT_SECONDS + library.LOOK_SECONDS <= 5
    entry = AuditEntry.objects.filter(action="configuration.published").latest("id")
    assert (entry.actor_name, "Stricter" in str(entry.data)) == ("olga", True)


def test_rules_of_their_own_are_part_of_the_version(page: Client) -> None:
    put_in_effect()
    assert published(page, policy=GOOD) == ""
    assert current_content().policy == GOOD.strip()


def test_rules_that_cannot_be_used_are_refused_with_line_and_reason(page: Client) -> None:
    put_in_effect()
    said = published(page, policy=rule(when="nonsense"))
    assert "These rules cannot be used: line 7: when: there is no fact “nonsense”." in said
    assert current_content().policy == ""


def test_a_configuration_does_not_hold_rules_or_thresholds_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="line 7: when: there is no fact"):
        Configuration(policy=rule(when="nonsense"))
    with pytest.raises(ValueError, match="the threshold of injection"):
        Configuration(thresholds={"injection": 1.5})

"""supportbot.guardrails.policy: rules that are read, checked and decided by."""

from __future__ import annotations

import dataclasses
import os
from itertools import pairwise
from pathlib import Path

import pytest
from pytest_django import Settings

from supportbot.guardrails.detectors.types import Stage
from supportbot.guardrails.policy import library
from supportbot.guardrails.policy.conditions import ConditionError, compile_condition
from supportbot.guardrails.policy.decide import decide
from supportbot.guardrails.policy.facts import Facts
from supportbot.guardrails.policy.library import rules_for, rules_with
from supportbot.guardrails.policy.rules import Outcome, PolicyError, Rule, merge, parse_policy
from tickets.services.customer_words import all_words

GOOD = """\
name: shop
about: The shop's own.
rules:
  - id: press-gets-a-person
    statement: The press gets a person.
    stage: message
    when: '"press" in topics'
    outcome: hand_over
    examples:
      - {facts: {topics: [press]}, fires: true}
      - {facts: {}, fires: false}
"""


EDITED = GOOD.replace("press-gets-a-person", "edited-rule").replace(
    '"press" in topics', '"press" in topics && size(topics) > 0'
)
# Each line holds ten times the line before: unfolded, a hundred million words.
BOMB = "bomb:\n  - &a [x]\n" + "".join(
    f"  - &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in pairwise("abcdefgh")
)


def rules(text: str = GOOD) -> tuple[Rule, ...]:
    return merge([("shop.yaml", parse_policy(text, "shop.yaml"))])


def rule(**changed: object) -> str:
    """A policy of one rule with some of its lines changed."""
    text = GOOD
    for name, value in changed.items():
        lines = [
            f"    {name}: {value}" if line.strip().startswith(f"{name}:") else line
            for line in text.splitlines()
        ]
        text = "\n".join(lines) + "\n"
    return text


@pytest.fixture(autouse=True)
def _read_again() -> None:
    library.forget()


def test_the_products_own_rules_can_be_read_and_their_examples_hold() -> None:
    found = rules_with("", folder="")
    assert {"self-harm-gets-a-person", "no-foreign-links"} <= {one.id for one in found}
    for one in found:
        assert not one.text or set(one.text) == {"en", *all_words()}, one.id
        assert len(set(one.text.values())) == len(one.text)


def test_a_text_is_said_in_the_language_of_the_message_then_of_the_conversation() -> None:
    (one,) = rules(rule(outcome="refuse\n    text: {en: No., de: Nein., fr: Non.}"))
    about_press = Facts(topics=("press",))

    def said(message: str, conversation: str = "") -> str:
        facts = dataclasses.replace(about_press, language=message)
        return decide([one], Stage.MESSAGE, facts, language=conversation).text

    assert [said("de", "fr"), said("", "fr"), said("sv", "fr")] == ["Nein.", "Non.", "Non."]
    assert [said("en", "fr"), said("sv", "ja"), said("")] == ["No.", "No.", "No."]
    (plain,) = rules(rule(outcome="refuse\n    text: Nein."))
    assert plain.text_in("fr") == "Nein."


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: [", "shop.yaml, line 1:"),
        ("- 1", "shop.yaml, line 1: a policy begins with"),
        (rule(when="tipics == 'x'"), "line 7: when: there is no fact “tipics”"),
        (rule(when="injection"), "line 7: when: it is neither true nor false"),
        (rule(when="injection >"), "line 7: when: Syntax error"),
        (rule(when="text + 1 > 2"), "line 7: when: found no matching overload"),
        (rule(when="'text.matches(\"(\")'"), "line 7: when: .*regular expression"),
        (rule(when="true && " * 60 + "true"), "line 7: when: it is longer than 400"),
        (
            rule(when="topics.all(a, topics.all(b, topics.all(c, a == b && b == c)))"),
            "it goes over lists more than 2 times",
        ),
        (rule(outcome="explode"), "line 8: outcome: Input should be"),
        (rule(outcome="refuse"), "line 4: .*refuse needs a text"),
        (rule(outcome="refuse\n    text: {de: Nein.}"), "line 9: text: it needs a text in English"),
        (
            rule(outcome="refuse\n    text:\n      en: No.\n      pt-BR: Não."),
            "line 11: pt-BR: “pt-BR” is no language; write its tag without a region",
        ),
        (rule(outcome="refuse\n    text: {en: No., de: ''}"), "line 9: de: String should have at"),
        (rule(stage="answer", outcome="rewrite"), "rewrite cannot happen at the stage answer"),
        (GOOD.replace("fires: true", "fires: false"), "needs an example that fires"),
        (GOOD.replace("[press]", "[pess]"), "example 1 does not hold: the rule does not fire"),
        (GOOD.replace("[press]", "press"), "“topics” is a list of words"),
        (GOOD.replace("topics: [press]", "topic: [press]"), "there is no fact “topic”"),
        (GOOD.replace("    stage: message\n", ""), "line 4: stage is missing"),
        (GOOD.replace("stage:", "stages:"), "stage is missing|stages is no part"),
        (GOOD + "x" * 100_000, "more than 100,000 characters"),
        ("[" * 5000, "nested too deeply"),
        (GOOD.replace("[press]", "2026-13-01"), "a value cannot be read"),
        (
            rule(when="topics.all(a, topics.all(b, a == b))").replace(
                "[press]", f"[{'a, ' * 20_000}a]"
            ),
            "could not be told",
        ),
        (
            BOMB + GOOD.replace("[press]", "*h"),
            "line 19: .*“topics” is a list of words, not a list of others",
        ),
    ],
)
def test_a_policy_that_cannot_be_used_is_refused_with_file_line_and_reason(
    text: str, says: str
) -> None:
    with pytest.raises(PolicyError, match=says) as caught:
        rules(text)
    assert str(caught.value).startswith("shop.yaml")


def test_two_rules_that_contradict_each_other_are_refused_with_the_places_of_both() -> None:
    other = GOOD.partition("rules:\n")[2].replace("press-gets", "press-gets-no")
    other = other.replace("hand_over", "allow")
    says = (
        "{}: press-gets-no-a-person contradicts press-gets-a-person (shop.yaml, line 4): on the "
        "same condition, one says allow and the other hand_over"
    )
    with pytest.raises(PolicyError) as caught:
        rules(GOOD + other)
    assert str(caught.value) == says.format("shop.yaml, line 12")
    zone = f"name: zone\nabout: Another file.\nrules:\n{other}"
    with pytest.raises(PolicyError) as caught:
        merge(
            [
                (name, parse_policy(text, name))
                for name, text in (("shop.yaml", GOOD), ("zone.yaml", zone))
            ]
        )
    assert str(caught.value) == says.format("zone.yaml, line 4")


def test_two_rules_with_one_id_are_refused() -> None:
    with pytest.raises(PolicyError, match="line 12: two rules have the id press-gets-a-person"):
        rules(GOOD + GOOD.partition("rules:\n")[2])


def test_a_later_policy_replaces_and_switches_off_rules() -> None:
    first = parse_policy(GOOD, "a.yaml")
    changed = parse_policy(rule(outcome="draft").replace("name: shop", "name: more"), "b.yaml")
    assert [one.outcome for one in merge([("a", first), ("b", changed)])] == [Outcome.DRAFT]
    off = parse_policy("name: less\nabout: None.\nwithout: [press-gets-a-person]\n", "c.yaml")
    assert merge([("a", first), ("c", off)]) == ()
    with pytest.raises(PolicyError, match="c, line 3: there is no rule press-gets-a-person"):
        merge([("c", off)])


def test_forbid_wins_over_allow_and_no_rule_allows() -> None:
    allow = GOOD.partition("rules:\n")[2].replace("press-gets", "all-get")
    allow = allow.replace("""'"press" in topics'""", "size(topics) > 0").replace(
        "hand_over", "allow"
    )
    both = rules(GOOD + allow)
    decided = decide(both, Stage.MESSAGE, Facts(topics=("press",)))
    assert (decided.outcome, len(decided.fired)) == (Outcome.HAND_OVER, 2)
    assert decide(both, Stage.MESSAGE, Facts(topics=("other",))).outcome is Outcome.ALLOW
    assert decide(both, Stage.SENTENCE, Facts(topics=("press",))).fired == ()


def test_a_condition_that_cannot_be_told_counts_as_fired() -> None:
    """Such as one that looks for what a list does not have."""
    found = rules(rule(when="""'size(topics) > 0 && topics[size(topics) - 1] == "press"'"""))
    condition = "size(topics) == 0 || topics[3] == 'x'"
    with pytest.raises(ConditionError, match="could not be told"):
        compile_condition(condition).holds(Facts(topics=("a",)))
    broken = found[0].model_copy(update={"when": condition})
    decided = decide([broken], Stage.MESSAGE, Facts(topics=("a",)))
    assert (decided.outcome, decided.broken) == (Outcome.HAND_OVER, ("press-gets-a-person",))


def test_a_broken_folder_leaves_the_last_good_rules_in_effect(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "LOOK_SECONDS", 0.0)
    settings.POLICIES_DIR = str(tmp_path)
    file = tmp_path / "shop.yaml"
    file.write_text(GOOD)
    assert "press-gets-a-person" in {one.id for one in rules_for("").rules}
    file.write_text(rule(when="nonsense"))
    os.utime(file, ns=(1, 1))
    found = rules_for("")
    assert "press-gets-a-person" in {one.id for one in found.rules}
    assert found.problem == "shop.yaml, line 7: when: there is no fact “nonsense”"
    file.write_text(rule(outcome="draft"))
    assert rules_for("").problem == ""


def test_a_file_that_leads_nowhere_leaves_the_last_good_rules_in_effect(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "LOOK_SECONDS", 0.0)
    settings.POLICIES_DIR = str(tmp_path)
    (tmp_path / "shop.yaml").write_text(GOOD)
    (tmp_path / ".#shop.yaml").symlink_to("ben@desk.1234")  # Emacs writes beside
    assert rules_for("").problem == ""
    (tmp_path / "zone.yaml").symlink_to(tmp_path / "gone")
    found = rules_for("")
    assert found.problem == "zone.yaml: it is no file, or leads nowhere"
    assert "press-gets-a-person" in {one.id for one in found.rules}


def test_the_last_good_folder_goes_on_under_another_configuration(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "LOOK_SECONDS", 0.0)
    settings.POLICIES_DIR = str(tmp_path)
    (tmp_path / "shop.yaml").write_text(GOOD)
    (tmp_path / "zone.yaml").write_text(EDITED.replace("edited", "of-zone"))
    rules_for("")
    (tmp_path / "zone.yaml").write_text("name: [")
    both = {"press-gets-a-person", "edited-rule"}
    found = rules_for(EDITED)
    assert found.problem.startswith("zone.yaml, line 1")
    assert both | {"of-zone-rule"} <= {one.id for one in found.rules}
    library.forget()  # a process that starts now takes what can be used
    found = rules_for(EDITED)
    assert both <= {one.id for one in found.rules}
    assert "of-zone-rule" not in {one.id for one in found.rules}
    assert found.problem.startswith("zone.yaml, line 1")


def test_a_condition_takes_microseconds() -> None:
    """Ten rules take less than a millisecond of a message's path; others' work is not counted."""
    import time

    condition = compile_condition('is_injection || ("CARD" in personal_data && messages > 2)')
    facts = Facts(personal_data=("CARD",), messages=3)
    began = time.thread_time()
    for _ in range(100):
        assert condition.holds(facts)
    assert (time.thread_time() - began) / 100 < 0.001

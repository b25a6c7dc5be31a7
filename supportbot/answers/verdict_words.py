"""What the checks found, in words for the page of a run."""

from __future__ import annotations

from typing import Any

from supportbot.guardrails.policy.rules import Outcome

POLICY = "policy"
# “It …”: reason → the rest of the sentence
REASONS = {
    "supported": "stands in one place of the documents",
    "supported_by_model": "stands in a passage, as the model for grounding reads it",
    "supported_by_judge": "stands in a passage, as the judge reads it",
    "fixed_wording": "is fixed wording of the product",
    "no_citation": "cites no passage",
    "unknown_citation": "cites a passage that was not found",
    "quote_not_in_source": "quotes words that are not in the passage",
    "no_substance": "says nothing of substance",
    "said_before": "would repeat a sentence that was shown already",
    "not_in_source": "is not borne out by any place of the documents",
    "policy": "is stopped by a rule",
    "promise": "claims that something was done, or will be done, for the customer",
    "number_not_in_source": "has a number that is not there",
    "unit_not_in_source": "has a number with another unit",
    "limit_differs": "makes a number another limit, such as “at least” for “up to”",
    "number_of_something_else": "gives a number that is of something else",
    "counted_from_something_else": "counts a time from something else",
    "name_not_in_source": "has a name that is not there",
    "link_not_in_source": "has an address that is not there",
    "word_replaced": "puts a word in place of another",
    "word_of_another_place": "mixes in a word of another place",
    "said_of_something_else": "says of one thing what is true of another",
    "number_of_other_column": "gives a number of another column of the table",
    "said_of_other_column": "says of one column of the table what stands in another",
    "said_of_other_row": "is about another row of the table",
    "order_differs": "tells two steps in another order",
    "added_to_source": "adds what no place of the source says",
    "actor_not_in_source": "names somebody who acts and of whom nothing is said there",
    "only_dropped": "says of all what the source says of some only",
    "denied_by_source": "says what the source denies, or denies what it says",
    "denied_elsewhere": "is denied by another place of the same source",
    "denied_by_lead": "says of an item what the line above its list denies",
    "instruction_not_in_source": "tells the reader to do what is not there",
    "modality_differs": "changes what may, must or will be",
    "actor_differs": "changes who does it",
    "only_not_in_source": "says “only” where the source does not",
    "all_not_in_source": "says “all” or “never” where the source does not",
    "condition_dropped": "leaves out a condition",
    "condition_denied": "says that a condition does not matter",
    "opposite_of_condition": "says the opposite of a condition",
    "exception_dropped": "leaves out an exception",
    "exception_inverted": "turns an exception round",
    "exception_not_in_source": "makes an exception that the source does not make",
}
VERDICTS = {
    "keep": ("kept", "success"),
    "soften": ("replaced", "warning"),
    "drop": ("dropped", "danger"),
    "hand_over": ("handed over", "info"),
}


def explain_verdicts(verdicts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each with `label` and `label_type` of its chip, and `why`: (words, words of the source) of
    every reason. Verdicts of earlier releases have neither findings nor a verdict."""
    return [_explained(verdict) for verdict in verdicts]


def explain_policy(decisions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each with its outcome and its facts in words."""
    return [
        {
            **decision,
            "words": Outcome(decision["outcome"]).words,
            "facts_words": "; ".join(
                f"{name.replace('_', ' ')}: {_fact(value)}"
                for name, value in decision["facts"].items()
            ),
        }
        for decision in decisions
    ]


def _fact(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _explained(verdict: dict[str, Any]) -> dict[str, Any]:
    label, label_type = VERDICTS[verdict.get("verdict") or ("keep" if verdict["kept"] else "drop")]
    why = [
        (_words(found["reason"], found.get("check", "")), found.get("source_words", ""))
        for found in verdict.get("findings", ())
    ]
    return {
        **verdict,
        "label": label,
        "label_type": label_type,
        "why": why or [(_words(verdict["reason"]), "")],
    }


def _words(reason: str, check: str = "") -> str:
    if check == POLICY:
        return f"is stopped by the rule {reason}"
    return REASONS.get(reason, reason)

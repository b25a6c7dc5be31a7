"""The facts that conditions of policies are over: named and typed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, get_type_hints


def fact(about: str, default: Any) -> Any:
    """A field with what it is about, in words for people who write policies."""
    return dataclasses.field(default=default, metadata={"about": about})


@dataclass(frozen=True)
class Facts:
    """Of one text at one stage. Scores lie between 0 and 1; the names of those that begin with
    `is_` say whether the score reaches its threshold."""

    text: str = fact("the text itself", "")
    injection: float = fact("how likely the text tries to steer the assistant", 0.0)
    is_injection: bool = fact("whether that reaches the threshold", False)
    hidden_text: bool = fact("characters that nobody sees, or an encoded instruction", False)
    abuse: float = fact("abuse of the people who read it", 0.0)
    is_abuse: bool = fact("whether that reaches the threshold", False)
    hate: float = fact("hate against a group", 0.0)
    is_hate: bool = fact("whether that reaches the threshold", False)
    sexual: float = fact("sexual content", 0.0)
    is_sexual: bool = fact("whether that reaches the threshold", False)
    self_harm: float = fact("someone may hurt themselves", 0.0)
    is_self_harm: bool = fact("whether that reaches the threshold", False)
    threat: float = fact("a threat of violence", 0.0)
    is_threat: bool = fact("whether that reaches the threshold", False)
    profanity: float = fact("swear words", 0.0)
    is_profanity: bool = fact("whether that reaches the threshold", False)
    personal_data: tuple[str, ...] = fact("kinds of personal data, such as CARD, IBAN, EMAIL", ())
    others_data: tuple[str, ...] = fact(
        "kinds of personal data that neither the customer nor a source has given", ()
    )
    secrets: tuple[str, ...] = fact("kinds of secrets, such as a key or part of a prompt", ())
    foreign_links: tuple[str, ...] = fact("addresses that no source has", ())
    pictures: int = fact("pictures and HTML elements", 0)
    out_of_scope: tuple[str, ...] = fact("subjects the bot does not speak about", ())
    brand: tuple[str, ...] = fact("what is against the brand's voice", ())
    intent: str = fact("what the customer wants, such as refund; “” if unknown", "")
    sentiment: float = fact("the message's, from -1, bad, to 1, good", 0.0)
    mood: float = fact("the mean sentiment of the customer's last messages", 0.0)
    mood_change: float = fact("how it has changed in this conversation; below 0 it falls", 0.0)
    urgency: float = fact("how urgent it is", 0.0)
    topics: tuple[str, ...] = fact("sensitive topics, such as legal_threat", ())
    language: str = fact("as a tag such as en; “” if unknown", "")
    audience: str = fact("public, customer or internal", "public")
    identity: str = fact("anonymous or signed_in", "anonymous")
    amount: float = fact("the largest amount of money in the text", 0.0)
    channel: str = fact("widget, api or email", "widget")
    messages: int = fact("messages of the customer in this conversation, with this one", 1)
    refusals: int = fact("answers refused in this conversation before", 0)
    failed: tuple[str, ...] = fact("detectors that failed on the text", ())

    def as_json(self) -> dict[str, Any]:
        """Those that differ from the defaults, without the text; as stored with a run."""
        values = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        return {
            one.name: _stored(values[one.name])
            for one in dataclasses.fields(self)
            if one.name != "text" and values[one.name] != one.default
        }


def _stored(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return round(value, 3) if isinstance(value, float) else value


TYPES: dict[str, Any] = get_type_hints(Facts)
ABOUT: dict[str, str] = {one.name: one.metadata["about"] for one in dataclasses.fields(Facts)}

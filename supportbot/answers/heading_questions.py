"""A heading → the question that its section answers, as a customer would ask it.

“How long you have” becomes “How long do I have?”, “Changing the address” becomes “How do I change
the address?”. A heading that names a thing, such as “Duties and taxes”, stays as it is. English
only: headings in other languages stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from knowledge.terms import word_numbers

LONGEST = 60  # characters of a question
_NUMBERING = re.compile(r"^(?:\d+(?:\.\d+)*[.)]?|[A-Z][.)])\s+")
_HOW_TO = re.compile(r"(How|Where|When) to (.+)", re.IGNORECASE)
_ABOUT_SUBJECT = re.compile(r"(?:Who|Which) .+", re.IGNORECASE)  # “Who gets free delivery”
_ASKS = re.compile(
    r"(How (?:long|much|many|often|soon|far)|How|What|When|Where|Why) (.+)", re.IGNORECASE
)
_IF = re.compile(r"If (.+)", re.IGNORECASE)
_NAME = re.compile(r"(?:the )?((?:(?! and )[^:])+):", re.IGNORECASE)
_GERUND = re.compile(r"[A-Z][a-z]+ing\b.*")
_ACTION = re.compile(r"(?:(?<=^)|(?<=, )|(?<= and )|(?<= or ))[A-Za-z][a-z]+\b")
# “Making espresso”, “What to do”, “Exception: large items”, “Rates from 1 January”.
_IS_NO_TOPIC = re.compile(
    r"^\w+ing\b|^(?:what|how|when|where|why|before|after)\b|[:\d]", re.IGNORECASE
)
_AUXILIARY = "is|are|was|were|can|cannot|could|has|have|had|will|would|may|must|should"
_STARTS_WITH_VERB = re.compile(rf"(?:{_AUXILIARY}|happens|counts|applies|changes)\b", re.IGNORECASE)
# Of a clause: its subject, and its verb. “the machine costs”, “we do not match”, “you have”.
_CLAUSE = re.compile(
    r"(?P<subject>I|(?:the |an? |your |my )?[a-z]+)"
    rf" (?:(?!(?:has|have) to\b)(?P<auxiliary>{_AUXILIARY}|do|does|did)(?P<not> not)? (?=[a-z]))?"
    r"(?P<rest>[a-z].*)"
)
_SINGULAR = re.compile(r"it|(?:the |an? |your |my )\w*[^s\W]", re.IGNORECASE)
_BEFORE_OBJECT = re.compile(r"\b(?:to|for|from|with|of|by|at|on|reach|send|tell|help|contact)$")
_SWAPPED = {
    "your": "my",
    "yours": "mine",
    "yourself": "myself",
    "we": "you",
    "us": "you",
    "our": "your",
    "ours": "yours",
    "ourselves": "yourselves",
}
_OTHER_FORM = ("ing", "s", "ed", "er", "ion", "ment")


def question_of(heading: str, title: str, words: Iterable[str], locale: str) -> str:
    """The question, or the heading itself; "" if it makes no button: too long, or half a sentence.

    `words` are those of the document, which has the verb of “Cleaning” in the form “clean”. What is
    cleaned the title says, if it begins with a name, as “Ingle Duo: instruction manual” does.
    """
    text = " ".join(_NUMBERING.sub("", heading).split()).rstrip(".:")
    if len(text) > LONGEST:
        return ""
    if text.endswith("?"):
        return text
    asked = _asked(text, title, words) if locale.startswith("en") else ""
    return asked or ("" if _IS_NO_TOPIC.search(text) else text)


def _asked(text: str, title: str, words: Iterable[str]) -> str:
    if _ABOUT_SUBJECT.fullmatch(text):
        return f"{_from_customer(text)}?"
    if found := _HOW_TO.fullmatch(text):
        return f"{found[1].capitalize()} do I {_from_customer(found[2])}?"
    if found := _IF.fullmatch(text):
        return f"What if {_from_customer(found[1])}?"
    if found := _ASKS.fullmatch(text):
        asked = _inverted(_from_customer(found[2]))
        return f"{found[1]} {asked}?" if asked else ""
    if _GERUND.fullmatch(text):
        actions = {action: _base_form(action, words) for action in _ACTION.findall(text)}
        done = _ACTION.sub(lambda found: actions[found[0]], text)
        name = _NAME.match(title)
        what = f" the {name[1]}" if name and " " not in done else ""
        return f"How do I {_from_customer(done)}{what}?" if all(actions.values()) else ""
    return ""


def _inverted(clause: str) -> str:
    """“the machine costs” → “does the machine cost”; "" where that is not certain."""
    if _STARTS_WITH_VERB.match(clause):
        return clause  # “cannot be returned”, “is covered”
    found = _CLAUSE.fullmatch(clause)
    if found is None:
        return ""
    subject, auxiliary, rest = found["subject"], found["auxiliary"], found["rest"]
    if auxiliary == "cannot":
        return f"can {subject} not {rest}"
    if auxiliary is not None:
        return f"{auxiliary} {subject}{found['not'] or ''} {rest}"
    verb, space, after = rest.partition(" ")
    if not _SINGULAR.fullmatch(subject):
        return (
            f"do {subject} {rest}" if subject in {"I", "you", "they"} or subject[-1] == "s" else ""
        )
    return f"does {subject} {verb.removesuffix('s')}{space}{after}" if verb.endswith("s") else ""


def _from_customer(text: str) -> str:
    """What is said to the customer, said by them: “your order” is “my order”, “us” is “you”."""
    said = ""
    for word in re.split(r"(\W+)", text):
        if word.lower() == "you":
            said += "me" if _BEFORE_OBJECT.search(said.rstrip()) else "I"
        else:
            said += _SWAPPED.get(word.lower(), word)
    return said


def _base_form(gerund: str, words: Iterable[str]) -> str:
    """“cancel” for “Cancelling”, if the words have it; "" for what is no gerund."""
    if not gerund.endswith("ing"):
        return ""
    stem = word_numbers(gerund, "en")
    forms = {
        word.lower()
        for word in words
        if word[:2].lower() == gerund[:2].lower() and word_numbers(word, "en") == stem
    }
    return min((form for form in forms if not form.endswith(_OTHER_FORM)), key=len, default="")

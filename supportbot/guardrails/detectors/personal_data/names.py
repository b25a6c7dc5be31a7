"""Names that people say themselves (“my name is …”); and names and addresses of people that a model
finds, if the operator has configured one (PERSONAL_DATA_MODEL).

Places stay: an answer depends on whether it is about France or Italy.
"""

from __future__ import annotations

import importlib.util
import re
import time
from collections.abc import Callable, Iterator

from django.conf import settings

from supportbot.guardrails.detectors.personal_data.types import ADDRESS, NAME, Found, matches
from supportbot.optional_model import OptionalModel, load_token_classifier

_WORD = r"[^\W\d_a-zß-ÿ][^\W\d_]*(?:['’.-][^\W\d_]+)*"
_SAID = re.compile(
    r"(?i:\b(?:my (?:full )?name is|my name['’]s|i am called|mein name ist|ich hei(?:ß|ss)e"
    r"|je m['’]appelle|mon nom est|me llamo|mi nombre es|mi chiamo|meu nome é|mijn naam is))\s+"
    rf"(?P<name>{_WORD}"
    rf"(?: (?:(?:van|von|de|da|di|del|der|den|la|le|bin|al) ){{0,2}}{_WORD}){{0,3}})"
)
_NOT_NEEDED = ["tagger", "parser", "attribute_ruler", "lemmatizer"]  # of a spaCy pipeline
LIKELY = 0.8  # score of a token classifier from which a name counts
# A text → start, end and label of what it names.
Recognise = Callable[[str], list[tuple[int, int, str]]]


def names(text: str) -> Iterator[Found]:
    yield from matches(NAME, _SAID, text, "name")
    if settings.PERSONAL_DATA_MODEL and (model := MODELS.get(settings.PERSONAL_DATA_MODEL)):
        for start, end, label in model(text):
            kind = _kind(label.upper())
            if kind == ADDRESS or (kind and not re.search(r"\d", text[start:end])):
                yield Found(start, end, kind)


def _kind(label: str) -> str:
    if "ADDR" in label or "STREET" in label:
        return ADDRESS
    return NAME if label in {"PER", "PERSON"} or "NAME" in label else ""


def _load(name: str) -> Recognise:
    """A package of a spaCy pipeline, or a token classifier by folder or hub name."""
    if name.isidentifier() and importlib.util.find_spec(name):
        pipeline = importlib.import_module(name).load(disable=_NOT_NEEDED)
        return lambda text: [(e.start_char, e.end_char, e.label_) for e in pipeline(text).ents]
    classify = load_token_classifier(name)
    return lambda text: [
        (int(one["start"]), int(one["end"]), str(one["entity_group"]))
        for one in classify(text)
        if float(one["score"]) >= LIKELY
    ]


MODELS: OptionalModel[Recognise] = OptionalModel(_load, "personal_data_model_not_loaded")


def wait_for_model() -> None:
    """Until it is loaded, or cannot be: for measurements, which must not begin without it."""
    name = settings.PERSONAL_DATA_MODEL
    while name and MODELS.get(name) is None and not MODELS.has_failed(name):
        time.sleep(0.05)


def about_model() -> str:
    name = settings.PERSONAL_DATA_MODEL
    if not name:
        return "no model is configured (SUPPORTBOT_PERSONAL_DATA_MODEL)."
    return f"{name} could not be loaded." if MODELS.has_failed(name) else f"{name}."

"""A message → what the customer wants. Learned from the examples in the database, in every process,
and again within seconds when they change."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import structlog
from django.db import connection
from django.db.models import Count, Max

from knowledge.embedding.encoder import Vectors, get_encoder
from knowledge.embedding.model import BUNDLED
from supportbot.manners.features import features
from supportbot.triage.kernel import Classifier, fit
from supportbot.triage.models import OTHER, Intent, IntentExample

log = structlog.get_logger(__name__)

LOOK_SECONDS = 2.0
LEAST_CLASSES = 2
# The score from which a message is in scope. On clinc150 .942 stay right and .693 of what is out
# of scope is found, with ten examples each .878 and .849 (evaluate triage).
LEAST_SCORE = 0.2
TOGETHER = 64  # texts in one run of the encoder


@dataclass(frozen=True)
class Found:
    """`probability` is of the intent; of “other”, that it is none of the others."""

    intent: str
    probability: float


@dataclass(frozen=True)
class IntentHead:
    """`given`: examples as they stand in the database, in lower case, which are what they say."""

    classifier: Classifier
    given: Mapping[str, str] = field(default_factory=dict)

    def find(self, text: str, vector: Vectors) -> Found:
        """`vector` is of shape (features,)."""
        if (known := self.given.get(normal(text))) is not None:
            return Found(known, 1.0)
        scores = self.classifier.scores(vector[None])
        shares = self.classifier.probabilities(scores)[0]
        best = int(scores[0].argmax())
        name, score = self.classifier.classes[best], float(scores[0][best])
        if name == OTHER or score >= LEAST_SCORE:
            return Found(name, float(shares[best]))
        return Found(OTHER, 1 - float(shares[best]))


def normal(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(" .!?…")


def learn(texts: Sequence[str], labels: Sequence[str], embeddings: Vectors) -> IntentHead:
    """Raises ValueError for fewer than two intents."""
    if len(set(labels)) < LEAST_CLASSES:
        raise ValueError("at least two intents are needed to tell one from the other")
    classifier, _ = fit(features(texts, embeddings), labels)
    given = {normal(text): label for text, label in zip(texts, labels, strict=True)}
    return IntentHead(classifier, given)


@dataclass(frozen=True)
class Known:
    """What this process knows of the database. Without two intents that have examples, there is no
    head."""

    state: tuple[object, ...] = ()
    head: IntentHead | None = None


class _Kept:
    """The process's head. Who first asks waits for it; later it is learned anew beside."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: Known | None = None
        self._looked_at = 0.0
        self._vectors: dict[str, Vectors] = {}

    def get(self) -> Known:
        known = self._known
        if known is None:
            with self._lock:
                return self._known or self._renew(Known())
        if time.monotonic() - self._looked_at > LOOK_SECONDS and self._lock.acquire(blocking=False):
            self._looked_at = time.monotonic()
            threading.Thread(target=self._renew_beside, args=[known], daemon=True).start()
        return known

    def forget(self) -> None:
        with self._lock:
            self._known = None

    def _renew_beside(self, known: Known) -> None:
        try:
            self._renew(known)
        except Exception:
            log.exception("intents_not_renewed")  # the last head goes on
        finally:
            self._lock.release()
            connection.close()

    def _renew(self, known: Known) -> Known:
        """Under the lock. Learns if the database has changed."""
        self._looked_at = time.monotonic()
        state = _state()
        if self._known is None or state != known.state:
            self._known = self._learned(state)
        return self._known

    def _learned(self, state: tuple[object, ...]) -> Known:
        rows = IntentExample.objects.filter(intent__is_on=True)
        pairs = list(rows.order_by("pk").values_list("text", "intent__name"))
        texts, labels = [text for text, _ in pairs], [label for _, label in pairs]
        if len(set(labels)) < LEAST_CLASSES:
            return Known(state)
        began = time.perf_counter()
        head = learn(texts, labels, self._embedded(texts))
        log.info("intents_learned", examples=len(texts), seconds=time.perf_counter() - began)
        return Known(state, head)

    def _embedded(self, texts: Sequence[str]) -> Vectors:
        """Only new texts are computed."""
        new = [text for text in texts if text not in self._vectors]
        encoder = get_encoder(BUNDLED)
        for start in range(0, len(new), TOGETHER):
            part = new[start : start + TOGETHER]
            self._vectors |= zip(part, encoder.encode_questions(part), strict=True)
        self._vectors = {text: self._vectors[text] for text in texts}
        return np.stack([self._vectors[text] for text in texts])


def _state() -> tuple[object, ...]:
    """Changes when an intent or an example does."""
    intents = Intent.objects.aggregate(Count("pk"), Max("updated_at"))
    examples = IntentExample.objects.aggregate(Count("pk"), Max("updated_at"))
    return (*intents.values(), *examples.values())


_kept = _Kept()


def known_intents() -> Known:
    """As of at most a few seconds ago. Raises EmbeddingModelError when nothing is known yet."""
    return _kept.get()


def forget() -> None:
    """Read from the database again at the next message."""
    _kept.forget()

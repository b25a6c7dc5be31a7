"""Question vectors: those asked for at the same moment are computed together, recent ones kept."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from knowledge.embedding.encoder import Encoder, get_encoder
from knowledge.embedding.model import EmbeddingModelError
from knowledge.embedding.vectors import Vectors

KEPT = 2000  # vectors, 3 MB with 384 dimensions: the turns of the conversations that are under way
TOGETHER = 32  # texts in one run


@dataclass(eq=False)
class _Job:
    texts: Sequence[str]
    vectors: Vectors | None = None
    error: Exception | None = None


@dataclass(eq=False)
class _Desk:
    """Where the threads that ask one model meet."""

    mutex: threading.Lock = field(default_factory=threading.Lock)
    running: threading.Lock = field(default_factory=threading.Lock)
    waiting: list[_Job] = field(default_factory=list)
    kept: OrderedDict[str, Vectors] = field(default_factory=OrderedDict)


_desks: defaultdict[str, _Desk] = defaultdict(_Desk)


def encode_questions(model: str, texts: Sequence[str]) -> Vectors:
    """Questions → float32 of shape (len(texts), dimensions). Safe from any thread.

    One thread computes at a time; what others ask for meanwhile is computed together by the next.
    Raises EmbeddingModelError.
    """
    encoder, desk = get_encoder(model), _desks[model]
    with desk.mutex:
        known = {text: desk.kept[text] for text in texts if text in desk.kept}
        for text in known:
            desk.kept.move_to_end(text)
    missing = [text for text in dict.fromkeys(texts) if text not in known]
    if missing:
        known |= zip(missing, _computed(desk, encoder, missing), strict=True)
    return np.stack([known[text] for text in texts])


def forget(model: str) -> None:
    """Drop what is kept of a model, for measurements."""
    _desks.pop(model, None)


def _computed(desk: _Desk, encoder: Encoder, texts: Sequence[str]) -> Vectors:
    job = _Job(texts)
    with desk.mutex:
        desk.waiting.append(job)
    with desk.running:
        if job.vectors is None and job.error is None:
            _run(desk, encoder, job)
    if job.error is not None:
        raise job.error
    assert job.vectors is not None  # noqa: S101  (one of the two is set when the lock is free)
    return job.vectors


def _run(desk: _Desk, encoder: Encoder, mine: _Job) -> None:
    """Compute this job and those that wait with it: each text once, and none that another thread
    has computed meanwhile."""
    with desk.mutex:
        desk.waiting.remove(mine)
        jobs, count = [mine], len(mine.texts)
        while desk.waiting and count + len(desk.waiting[0].texts) <= TOGETHER:
            jobs.append(desk.waiting.pop(0))
            count += len(jobs[-1].texts)
        texts = dict.fromkeys(text for job in jobs for text in job.texts)
        known = {text: desk.kept[text] for text in texts if text in desk.kept}
    missing = [text for text in texts if text not in known]
    try:
        new = zip(missing, encoder.encode_questions(missing) if missing else (), strict=True)
    except EmbeddingModelError as error:  # the model's fault: each of those who asked gets it
        for job in jobs:
            job.error = error
        return
    except Exception as error:  # noqa: BLE001  a text's: it must not cost the others their answer
        mine.error = error
        for job in jobs if len(jobs) > 1 else ():
            _run_alone(encoder, job)
        return
    known |= new
    with desk.mutex:
        desk.kept.update({text: known[text] for text in missing})
        while len(desk.kept) > KEPT:
            desk.kept.popitem(last=False)
    for job in jobs:
        job.vectors = np.stack([known[text] for text in job.texts])


def _run_alone(encoder: Encoder, job: _Job) -> None:
    try:
        job.vectors, job.error = encoder.encode_questions(job.texts), None
    except Exception as error:  # noqa: BLE001  raised in the thread that asked
        job.error = error

"""What agents decided about drafts, as judged data sets that `train_reader` and `train_ranking`
read (supportbot.evaluation.answer_datasets, judged_dataset).

A draft that was sent as it was says that its cited passages answer the question, and which of their
sentences do. Where an agent said something else instead, the passage that supports it answers; if
none does, it is left out, unless the documents had no answer, which the question then says of
itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supportbot.guardrails.masking import without_personal_data
from supportbot.learning.edits import APPROVED, outcome_of
from supportbot.learning.models import Proposal, QuestionGroup, UnansweredQuestion
from tickets.models import Draft

READER, RANKING = "reader", "ranking"


@dataclass(frozen=True)
class Judged:
    """A question, the passage that answers it and where the cited words stand in the passage; for
    one that nothing answers, the passage that came nearest and no words."""

    id: str
    question: str
    passage_id: int
    title: str
    passage: str
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Exported:
    answered: int
    unanswered: int


def export(folder: Path) -> Exported:
    """Write both sets into `folder`/reader and `folder`/ranking. Questions are masked; passages are
    the company's own words."""
    judged = [*_approved(), *_corrected(), *_unanswered()]
    answered = sum(bool(one.spans) for one in judged)
    reader, ranking = folder / READER, folder / RANKING
    reader.mkdir(parents=True, exist_ok=True)
    ranking.mkdir(parents=True, exist_ok=True)
    _write(reader / "agents.jsonl", (_reader_row(one) for one in judged))
    passages = {one.passage_id: one for one in judged}
    _write(
        ranking / "corpus.jsonl",
        ({"id": str(pk), "title": p.title, "text": p.passage} for pk, p in passages.items()),
    )
    questions = {one.id: {"id": one.id, "text": one.question} for one in judged}
    held = {one.id for one in judged if one.spans}
    _write(
        ranking / "queries.jsonl",
        ({**question, "answerable": id_ in held} for id_, question in questions.items()),
    )
    grades = [f"{one.id}\t{one.passage_id}\t1\n" for one in judged if one.spans]
    (ranking / "qrels.tsv").write_text(
        "query-id\tcorpus-id\tscore\n" + "".join(grades), encoding="utf-8"
    )
    return Exported(answered, len(judged) - answered)


def _approved() -> Iterator[Judged]:
    """Of each approved draft the passage that most of its quotes stand in."""
    drafts = Draft.objects.filter(status=Draft.Status.APPROVED).select_related("question", "reply")
    for draft in drafts.order_by("pk").iterator():
        if outcome_of(draft) != APPROVED:
            continue
        quotes = [
            citation["quote"]
            for sentence in draft.sentences
            for citation in sentence.get("citations", ())
            if citation.get("quote")
        ]
        found = [(passage, _spans(passage["text"], quotes)) for passage in draft.passages]
        passage, spans = max(found, key=lambda one: len(one[1]), default=({}, ()))
        if spans:
            yield _judged(f"draft-{draft.pk}", draft.question.question_text, passage, spans)


def _corrected() -> Iterator[Judged]:
    """Of what agents said in place of the bot the passage that supports most of its new
    sentences."""
    proposals = Proposal.objects.exclude(status=Proposal.Status.DISMISSED).order_by("created_at")
    for proposal in proposals.iterator():
        held: dict[int, tuple[dict[str, Any], list[str]]] = {}
        for one in proposal.sentences:
            passage = one.get("passage")
            if one["is_new"] and passage and one["quote"]:
                held.setdefault(passage["passage_id"], (passage, []))[1].append(one["quote"])
        found = [(passage, _spans(passage["text"], quotes)) for passage, quotes in held.values()]
        best, spans = max(found, key=lambda one: len(one[1]), default=({}, ()))
        if spans:
            yield _judged(f"agent-{proposal.pk}", proposal.question, best, spans)


def _unanswered() -> Iterator[Judged]:
    """Questions that wait for an answer or were dismissed, with what the search found nearest."""
    rows = UnansweredQuestion.objects.exclude(group__status=QuestionGroup.Status.ANSWERED)
    for row in rows.select_related("run").order_by("asked_at", "pk").iterator():
        if row.run.passages:
            yield _judged(f"run-{row.run_id}", row.text, row.run.passages[0], ())


def _judged(
    id_: str, question: str, passage: dict[str, Any], spans: tuple[tuple[int, int], ...]
) -> Judged:
    return Judged(
        id_,
        without_personal_data(question),
        int(passage["passage_id"]),
        str(passage.get("title") or ""),
        str(passage["text"]),
        spans,
    )


def _spans(text: str, quotes: Iterable[str]) -> tuple[tuple[int, int], ...]:
    starts = ((text.find(quote), len(quote)) for quote in dict.fromkeys(quotes))
    return tuple((start, start + length) for start, length in starts if start >= 0)


def _reader_row(one: Judged) -> dict[str, Any]:
    return {
        "id": one.id,
        "question": one.question,
        "document_title": one.title,
        "passage": one.passage,
        "answers": [{"start": start, "end": end} for start, end in one.spans],
    }


def _write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text("".join(lines), encoding="utf-8")

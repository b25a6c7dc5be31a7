"""A small shop's judged data for tests of `evaluate retrieval`."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command

SUBJECTS = {
    "kettles": "Descale the kettle every month with citric acid and rinse it twice.",
    "parcels": "A lost parcel is searched for by the carrier within five working days.",
    "vouchers": "Gift vouchers expire three years after the day on which they were bought.",
    "beans": "Coffee beans stay fresh for six weeks after roasting in a closed bag.",
    "invoices": "Invoices are sent by e-mail on the first day of the following month.",
    "repairs": "Repairs take two weeks, and we lend you a machine for that time.",
}
QUESTIONS = {
    "kettles": "How often must I descale my kettle?",
    "parcels": "What happens with a lost parcel?",
    "vouchers": "When do gift vouchers expire?",
    "beans": "How long do coffee beans stay fresh?",
    "invoices": "When are invoices sent?",
    "repairs": "How long does a repair take?",
}
NOT_ANSWERED = ("Who won the football match?", "What is the capital of Peru?")

Entry = dict[str, Any]


def documents() -> list[Entry]:
    return [{"id": f"d/{name}", "title": name, "text": text} for name, text in SUBJECTS.items()]


def questions() -> list[Entry]:
    asked = [{"id": name, "text": text, "answerable": True} for name, text in QUESTIONS.items()]
    others = [
        {"id": f"none{number}", "text": text, "answerable": False}
        for number, text in enumerate(NOT_ANSWERED)
    ]
    return [*asked, *others]


def qrels() -> str:
    rows = [f"{name}\td/{name}\t1" for name in QUESTIONS]
    return "\n".join(["query-id\tcorpus-id\tscore", *rows])


def dataset(
    folder: Path,
    *,
    corpus: list[Entry] | None = None,
    queries: list[Entry] | None = None,
    grades: str | None = None,
) -> Path:
    """The shop's, in a folder that is made, but for what is given."""
    folder.mkdir(parents=True)
    for name, entries in (("corpus", corpus or documents()), ("queries", queries or questions())):
        lines = "\n".join(map(json.dumps, entries))
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    (folder / "qrels.tsv").write_text(qrels() if grades is None else grades, encoding="utf-8")
    return folder


def evaluate(data: Path, **options: Any) -> dict[str, Any]:
    """The report, as JSON has it."""
    out = StringIO()
    call_command("evaluate", "retrieval", data=data, json=True, stdout=out, **options)
    report: dict[str, Any] = json.loads(out.getvalue())
    return report

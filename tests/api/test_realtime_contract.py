"""tests/contracts/realtime.json: sentences, citations and choices as they go over the wire."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from supportbot.answers.deliver import sentence_to_wire
from supportbot.answers.models import AnswerRun
from supportbot.answers.sentence_check import FRAME
from supportbot.answers.sources import citation_to_wire
from supportbot.answers.types import Checked, Proposed
from supportbot.guardrails.types import Verdict
from supportbot.retrieval.search import RankedPassage
from tests.api.sockets import CONTRACT

ENUMS = CONTRACT["enums"]
COMPLETED = [event for event in CONTRACT["server_events"] if event["type"] == "answer.completed"]
ROW = "| Express | next working day | £6.95 |"
PASSAGE = RankedPassage(
    id=31,
    document_id=8,
    external_id="delivery",
    title="Delivery",
    version=1,
    heading=("Delivery", "Services"),
    page=None,
    text=ROW,
    context="",
    effective_from=None,
    updated_at=dt.datetime(2026, 10, 5, 9, tzinfo=dt.UTC),
    position=0,
    dense=0.5,
    lexical=1.0,
    score=0.5,
)


def _sentences() -> Iterator[dict[str, Any]]:
    for event in CONTRACT["server_events"]:
        if event["type"] == "answer.sentence":
            yield event
        yield from event.get("message", {}).get("sentences", [])


def _checked(form: str = "item", number: int | None = None) -> Checked:
    citation = citation_to_wire(PASSAGE, 1, ROW, ["Express", "£6.95"])
    return Checked(
        Proposed("Express: £6.95", (0,), form=form, number=number), Verdict.KEEP, "", (citation,)
    )


def test_outcomes_are_those_of_a_run() -> None:
    assert set(AnswerRun.Outcome) == set(ENUMS["answer.completed.outcome"])


def test_a_sentence_and_its_citation_have_the_contracts_fields() -> None:
    sent = sentence_to_wire(_checked("step", 2))
    for sentence in _sentences():
        # An event has its own fields around those of the sentence.
        assert set(sentence) - {"seq", "type", "at", "run_id", "index"} == set(sent)
        for citation in sentence["citations"]:
            assert set(citation) == set(sent["citations"][0])
    assert (sent["form"], sent["number"]) == ("step", 2)
    assert sent["citations"][0]["cells"] == ["Express", "£6.95"]


def test_a_citation_has_the_public_page_of_its_document_and_no_inner_one() -> None:
    pages = {"https://shop.example/a": "https://shop.example/a", "http://wiki/a": None, "": None}
    for url, shown in pages.items():
        assert citation_to_wire(replace(PASSAGE, source_url=url), 1, ROW)["url"] == shown


@pytest.mark.parametrize("form", [FRAME, "text", "item", "step"])
def test_only_the_contracts_forms_are_sent(form: str) -> None:
    assert sentence_to_wire(_checked(form))["form"] in ENUMS["sentence.form"]


def test_the_contract_shows_every_form_a_cell_and_a_choice() -> None:
    assert {sentence["form"] for sentence in _sentences()} == set(ENUMS["sentence.form"])
    cited = [citation for sentence in _sentences() for citation in sentence["citations"]]
    assert all(set(one["cells"]) <= {*one["quote"].strip("| ").split(" | ")} for one in cited)
    assert any(one["cells"] for one in cited)
    choices = [choice for event in COMPLETED for choice in event["choices"]]
    assert choices
    assert all(set(choice) == {"label", "text"} for choice in choices)

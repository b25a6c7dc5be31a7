"""manage.py bench chat --sockets: what it says of what it measured, and what it refuses."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from supportbot.evaluation.bench_crowd import Stopped
from supportbot.evaluation.bench_sockets import Cost, Plan, _tables
from supportbot.evaluation.report import Report
from supportbot.evaluation.scripted_model import long_answer_to

PROMPT = """[1] <k7> Returns
Goods go back. Within 30 days.
</k7>
[2] <k7> Parcels
Goods go back. They cost nothing.
</k7>"""


def test_a_long_answer_says_each_sentence_once_up_to_so_many_words() -> None:
    assert long_answer_to(PROMPT, 9) == "Goods go back. Within 30 days. They cost nothing."
    assert long_answer_to(PROMPT, 8) == "Goods go back. Within 30 days."


def test_what_a_socket_costs_is_told_beside_the_bare_consumer() -> None:
    ours, bare = Cost(before=100, opened=110, opening=0.5), Cost(before=50, opened=55, opening=0.1)
    for delay in (0.01, 0.02, 0.03):
        ours.heard.note(delay, 400)
    ours.tabs["stops reading"] = Stopped(
        written=6, grown=1, dropped_after=21, missed=9, found_again=9
    )
    tables = _tables(ours, bare, Plan(100, 3, stream=1.0))
    first, second = tables[0].rows
    assert (first[1:3], second[1:3]) == ([102.4, 5.0], [51.2, 1.0])
    assert first[5:7] == [3.0, 20.0]
    assert tables[1].rows[0][-2:] == [21, "9 of 9"]
    assert "bare Channels consumer" in Report(tables).as_text()


def test_more_that_stream_than_there_are_sockets_are_refused() -> None:
    with pytest.raises(CommandError, match="from 1 to that of --sockets"):
        call_command("bench", "chat", sockets=10, streaming=20)

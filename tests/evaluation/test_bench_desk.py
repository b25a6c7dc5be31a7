"""`manage.py bench desk`: the pages are asked for as an agent, in the same statements for more."""

from __future__ import annotations

import pytest

from supportbot.evaluation.bench_desk import measure
from tickets.models import Message, Ticket
from tickets.services.audit_chain import verify_chain

pytestmark = pytest.mark.django_db


def test_every_page_is_asked_for_and_counted() -> None:
    said: list[str] = []
    report = measure(said.append, [8], requests=0)
    (table,) = report.tables
    pages = {str(row[0]) for row in table.rows}
    assert {"desk, ticket", "dashboard", "list: auditentry", "search: zebrafinch"} <= pages
    assert all(row[-1] or row[0] == "nothing: /healthz" for row in table.rows)
    assert (Ticket.objects.count(), Message.objects.count()) == (8, 80)
    assert not verify_chain().problem

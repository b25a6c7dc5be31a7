"""The audit log as CSV or JSON lines, read in chunks."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from tickets.models import AuditEntry

COLUMNS = (
    *("id", "created_at", "actor", "action", "object_type", "object_id", "conversation"),
    *("run", "reason", "before", "after", "data"),
)
FORMATS = ("csv", "jsonl")
_CHUNK = 2000


def export_parts(entries: QuerySet[AuditEntry], form: str) -> Iterator[str]:
    """The entries, oldest first, as text of the form `csv` or `jsonl`, a part per chunk. Raises
    ValueError on another form."""
    if form not in FORMATS:
        raise ValueError(f"There is no form {form!r}: choose {' or '.join(FORMATS)}.")
    rows = (_row(entry) for entry in entries.order_by("pk").iterator(chunk_size=_CHUNK))
    return _csv(rows) if form == "csv" else (json.dumps(row) + "\n" for row in rows)


def _row(entry: AuditEntry) -> dict[str, Any]:
    data = entry.data
    return {
        "id": entry.pk,
        "created_at": entry.created_at.isoformat(),
        "actor": entry.actor_name,
        "action": entry.action,
        "object_type": entry.object_type,
        "object_id": entry.object_id,
        "conversation": str(entry.conversation_id) if entry.conversation_id else None,
        "run": data.get("run_id"),
        "reason": data.get("reason"),
        "before": data.get("before"),
        "after": data.get("after"),
        "data": data,
    }


def _csv(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield "\ufeff" + ",".join(COLUMNS) + "\r\n"  # the mark tells spreadsheets that it is UTF-8
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow([_cell(row[name]) for name in COLUMNS])
        yield line.getvalue()


def _cell(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    # No spreadsheet may take it for a formula.
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text

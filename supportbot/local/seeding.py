"""The demo company's documents, put in like any other upload."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from knowledge.models import Document, DocumentVersion
from knowledge.services.ingestion.documents import add_version, check_upload

DEMO_FOLDER = Path(__file__).parent / "demo"


def seed_demo() -> list[DocumentVersion]:
    """Queue the demo documents; does nothing when there are documents already."""
    if Document.objects.exists():
        return []
    demo = json.loads((DEMO_FOLDER / "collection.json").read_text("utf-8"))
    versions = []
    for entry in demo["documents"]:
        path = DEMO_FOLDER / "documents" / entry["file"]
        with path.open("rb") as content:
            upload = check_upload(
                content,
                file_name=path.name,
                collection=demo["collection"],
                external_id=entry.get("external_id", ""),
                title=entry["title"],
                effective_from=_day(entry.get("effective_from")),
                effective_until=_day(entry.get("effective_until")),
            )
            versions.append(add_version(upload=upload)[0])
    return versions


def _day(value: str | None) -> dt.date | None:
    return dt.date.fromisoformat(value) if value else None

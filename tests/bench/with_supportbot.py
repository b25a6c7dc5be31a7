"""The product itself, by the services that its own uploads and its own questions go through."""

from __future__ import annotations

import datetime as dt
import io
import subprocess
import sys
from collections.abc import Sequence

import django

from knowledge.embedding.encoder import Encoder
from tests.bench.contenders import PASSAGES, Document, Question

COLLECTION = "bench"


class Supportbot:
    """`django.setup()` must have run."""

    def ingest(self, documents: Sequence[Document]) -> int:
        """As an upload and a worker do it, in this one process."""
        from knowledge.models import Collection, DocumentVersion, Passage
        from knowledge.services.ingestion.documents import add_version, check_upload
        from knowledge.services.ingestion.pipeline import process_versions
        from knowledge.services.ingestion.queue import bundled_wake_ups, claim_some

        with bundled_wake_ups():
            for document in documents:
                upload = check_upload(
                    io.BytesIO(document.text.encode()),
                    file_name=f"{document.id.replace('/', '_')[-150:]}.md",
                    collection=COLLECTION,
                    external_id=document.id,
                    title=document.title or document.id,
                )
                add_version(upload=upload)
        while claimed := claim_some():
            process_versions(claimed)
        unread = DocumentVersion.objects.exclude(status=DocumentVersion.Status.READY)
        if (version := unread.first()) is not None:
            raise RuntimeError(f"{version.file_name} was not read: {version.error}")
        self._collections = [Collection.objects.get(name=COLLECTION).pk]
        passages: int = Passage.objects.count()
        return passages

    def rank(self, question: Question) -> Sequence[str]:
        from knowledge.models import Audience
        from supportbot.retrieval.query import Turn
        from supportbot.retrieval.search import Scope, search

        scope = Scope(
            as_of=dt.datetime.now(dt.UTC).date(),
            reader=Audience.PUBLIC,
            collections=self._collections,
        )
        history = [
            Turn(author="customer" if role == "user" else "bot", text=text)
            for role, text in question.history
        ]
        ranking = search(question.text, scope=scope, history=history, limit=PASSAGES)
        return [passage.external_id for passage in ranking.passages]


def open_system(database_url: str, encoder: Encoder) -> Supportbot:
    """Over the database of DATABASE_URL, which is this one; the encoder is the product's own."""
    del database_url, encoder
    # In a process of its own, so that what migrating takes is not counted.
    subprocess.run([sys.executable, "-m", "django", "migrate", "--verbosity", "0"], check=True)
    django.setup()
    return Supportbot()

"""What becomes of proposals: a draft of a document, a curated answer, or nothing."""

from __future__ import annotations

import io
from pathlib import PurePath
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from knowledge.models import Audience, CuratedAnswer, Document, DocumentVersion
from knowledge.services.curated import CitedWords, Said, promote
from knowledge.services.ingestion.documents import add_version, check_upload
from supportbot.desk.grounding import AGAINST, SUPPORTED
from supportbot.learning.groups import draft_of
from supportbot.learning.models import Proposal
from tickets.models.visibility import Reader, visible_by
from tickets.services import audit

_Status = Proposal.Status
_State, _Read = DocumentVersion.State, DocumentVersion.Status
NOTE = "Proposed from an agent's words"


def proposals_for(user: Reader) -> QuerySet[Proposal]:
    """Without those of conversations that the user must not see, and without what says nothing."""
    found = Proposal.objects.exclude(status=_Status.NOTHING)
    return visible_by(found, user, "run__conversation")


def open_proposals(user: Reader) -> int:
    """How many wait for somebody, of those that the user may see."""
    return proposals_for(user).filter(status=_Status.OPEN).count()


def new_words(proposal: Proposal) -> list[str]:
    """The agent's sentences that the documents do not say."""
    return [
        one["text"] for one in proposal.sentences if one["is_new"] and one["found"] != SUPPORTED
    ]


@transaction.atomic
def draft_document(*, proposal: Proposal, by: AbstractBaseUser) -> DocumentVersion:
    """The document's text with the agent's words, as a draft that serves nobody until somebody
    publishes it; a new document where there is none to correct. The same again gives the draft
    back. Raises ValueError."""
    locked = _locked(proposal)
    if locked.version is not None:
        return locked.version
    if locked.document is None:
        version = _new_document(locked, by)
    else:
        version = _corrected(locked, locked.document, by)
    locked.version = version
    _decide(locked, _Status.ACCEPTED, by, "proposal.accepted", document=version.document_id)
    return version


def _new_document(proposal: Proposal, by: AbstractBaseUser) -> DocumentVersion:
    text = draft_of([proposal.question]) + "\n" + _paragraphs(_all_words(proposal))
    upload = check_upload(
        io.BytesIO(text.encode()),
        file_name=f"from-an-agent-{str(proposal.pk)[:8]}.md",
        title=" ".join(proposal.question.split())[:200],
        publish=False,
    )
    return add_version(upload=upload, created_by=by, note=NOTE)[0]


def _corrected(proposal: Proposal, document: Document, by: AbstractBaseUser) -> DocumentVersion:
    newest = document.versions.exclude(state=_State.RETIRED).order_by("-number").first()
    if newest is None:
        raise ValueError(f"“{document.title}” has no version any more. Make a curated answer.")
    if newest.status != _Read.READY:
        raise ValueError(
            f"Version {newest.number} of “{document.title}” is not read yet. Try again in a minute."
        )
    upload = check_upload(
        io.BytesIO(corrected_text(newest.markdown, proposal).encode()),
        file_name=f"{PurePath(newest.file_name).stem[:190]}.md",
        collection=document.collection.name,
        external_id=document.external_id,
        effective_from=newest.effective_from,
        effective_until=newest.effective_until,
        audience=Audience(newest.audience),
        publish=False,
    )
    return add_version(upload=upload, created_by=by, corrects=newest, note=NOTE)[0]


def corrected_text(markdown: str, proposal: Proposal) -> str:
    """Markdown in which the agent's sentences stand in place of those that say otherwise; those
    without such a place stand at the end, below the question."""
    left: list[str] = []
    for one in proposal.sentences:
        if not one["is_new"] or one["found"] == SUPPORTED:
            continue
        quote = one["quote"].strip()
        is_here = one["found"] == AGAINST and one["document"] == proposal.document_id
        # A row of a table is not replaced by a sentence.
        if is_here and quote and "|" not in quote and markdown.count(quote) == 1:
            markdown = markdown.replace(quote, one["text"])
        else:
            left.append(one["text"])
    if not left:
        return markdown
    return f"{markdown.rstrip()}\n\n{draft_of([proposal.question])}\n{_paragraphs(left)}"


def _all_words(proposal: Proposal) -> list[str]:
    return [one["text"] for one in proposal.sentences]


def _paragraphs(sentences: list[str]) -> str:
    return " ".join(sentences) + "\n"


@transaction.atomic
def make_curated(*, proposal: Proposal, by: AbstractBaseUser) -> CuratedAnswer:
    """A curated answer of the agent's words, not served until somebody switches it on. The same
    again gives it back."""
    locked = _locked(proposal)
    if locked.curated_answer is not None:
        return locked.curated_answer
    run = locked.run
    cited = tuple(
        CitedWords(one["document"], number, one["quote"])
        for one in locked.sentences
        if one["found"] == SUPPORTED and one["document"]
        for number in _number_in_effect(one["document"])
    )
    text = "\n".join(_all_words(locked))
    said = Said(locked.question, text, cited, Audience(run.reader), run.pk)
    locked.curated_answer = answer = promote(said=said, by=by)
    _decide(locked, _Status.ACCEPTED, by, "proposal.accepted", curated_answer=answer.pk)
    return answer


def _number_in_effect(document: int) -> list[int]:
    published = DocumentVersion.objects.filter(document=document, state=_State.PUBLISHED)
    return list(published.order_by("-number").values_list("number", flat=True)[:1])


@transaction.atomic
def dismiss(*, proposal: Proposal, by: AbstractBaseUser) -> None:
    _decide(_locked(proposal), _Status.DISMISSED, by, "proposal.dismissed")


@transaction.atomic
def put_back(*, proposal: Proposal, by: AbstractBaseUser) -> None:
    """Undo a dismissal, or an acceptance: what was drafted stays, and serves nobody."""
    _decide(_locked(proposal), _Status.OPEN, by, "proposal.reopened")


def _locked(proposal: Proposal) -> Proposal:
    rows = Proposal.objects.select_for_update(of=("self",)).select_related("run", "document")
    return rows.get(pk=proposal.pk)


def _decide(
    proposal: Proposal, status: Proposal.Status, by: AbstractBaseUser, action: str, **data: Any
) -> None:
    is_same = proposal.status == status
    proposal.status = status
    proposal.decided_by_id = None if status == _Status.OPEN else by.pk
    proposal.decided_at = None if status == _Status.OPEN else timezone.now()
    proposal.save(update_fields=["status", "decided_by", "decided_at", "version", "curated_answer"])
    if not is_same or data:
        audit.record(action=action, target=proposal, actor=by, **data)

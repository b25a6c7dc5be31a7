"""What agents decided about drafts, by the documents that the drafts cited."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.contrib.auth.models import AbstractBaseUser

from knowledge.models import Document
from supportbot.answers.models import Citation
from tickets.models import AuditEntry, Draft
from tickets.services.names import staff_name

MOST = 5000  # decided drafts, the newest
_LONG = ("sentences", "passages", "question__sentences", "reply__sentences")  # not read here
APPROVED, EDITED, REJECTED = "sent as it was", "edited", "rejected"


@dataclass(frozen=True)
class Decision:
    """What became of one draft; `reason` is of a rejection."""

    draft: Draft
    outcome: str
    agent: str
    reason: str


@dataclass
class DocumentEdits:
    """Decided drafts that cited a document, newest first."""

    document: Document
    decisions: list[Decision] = field(default_factory=list)

    def count(self, outcome: str) -> int:
        return sum(one.outcome == outcome for one in self.decisions)

    @property
    def approved(self) -> int:
        return self.count(APPROVED)

    @property
    def edited(self) -> int:
        return self.count(EDITED)

    @property
    def rejected(self) -> int:
        return self.count(REJECTED)

    @property
    def changed_share(self) -> float:
        """Of 100: edited or rejected."""
        return 100 * (self.edited + self.rejected) / len(self.decisions)

    @property
    def reasons(self) -> list[str]:
        return list(dict.fromkeys(one.reason for one in self.decisions if one.reason))


def edits_by_document(*, user: AbstractBaseUser, since: dt.datetime) -> list[DocumentEdits]:
    """Documents that drafts decided since then have cited, those with the most edited and rejected
    drafts first; of drafts that the user may see. Deleted documents are left out."""
    decided = Draft.objects.visible_to(user).filter(
        status__in=[Draft.Status.APPROVED, Draft.Status.REJECTED], decided_at__gte=since
    )
    related = decided.select_related("question", "reply", "decided_by").defer(*_LONG)
    decisions = _decisions(related.order_by("-decided_at")[:MOST])
    cited: dict[int, set[object]] = defaultdict(set)
    pairs = Citation.objects.filter(run__in=list(decisions)).values_list("document_id", "run_id")
    for document_id, run_id in pairs:
        cited[document_id].add(run_id)
    found = [
        DocumentEdits(document, [decisions[run] for run in decisions if run in cited[document.pk]])
        for document in Document.objects.filter(pk__in=list(cited))
    ]
    return sorted(found, key=lambda one: (-one.edited - one.rejected, one.document.title))


def _decisions(drafts: Iterable[Draft]) -> Mapping[object, Decision]:
    """By run, in the order of the drafts."""
    held = list(drafts)
    rejected = [str(one.pk) for one in held if one.status == Draft.Status.REJECTED]
    entries = AuditEntry.objects.filter(
        action="draft.rejected", object_type="draft", object_id__in=rejected
    )
    reasons = {one.object_id: str(one.data.get("reason") or "") for one in entries}
    return {
        one.run_id: Decision(
            one,
            outcome_of(one),
            staff_name(one.decided_by) if one.decided_by is not None else "",
            reasons.get(str(one.pk), ""),
        )
        for one in held
    }


def outcome_of(draft: Draft) -> str:
    """Of a decided draft."""
    if draft.status == Draft.Status.REJECTED:
        return REJECTED
    is_same = draft.reply is None or draft.reply.text.strip() == draft.text.strip()
    return APPROVED if is_same else EDITED

"""What agents decided about drafts, by the documents that the drafts cited."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet
from django.db.models.functions import Trim

from knowledge.models import Document
from supportbot.answers.models import Citation
from tickets.models import AuditEntry, Draft

MOST = 5000  # decided drafts, the newest
_LONG = ("sentences", "passages", "question__sentences")  # not read here
APPROVED, EDITED, REJECTED = "sent as it was", "edited", "rejected"


@dataclass(frozen=True)
class Decision:
    """What became of one draft; `reason` is of a rejection. Its texts are for `read_drafts`."""

    draft: int
    outcome: str
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
    citing = decided.filter(Exists(Citation.objects.filter(run=OuterRef("run_id"))))
    decisions = _decisions(citing.order_by("-decided_at")[:MOST])
    cited: dict[int, set[object]] = defaultdict(set)
    pairs = Citation.objects.filter(run__in=list(decisions)).values_list("document_id", "run_id")
    for document_id, run_id in pairs:
        cited[document_id].add(run_id)
    found = [
        DocumentEdits(document, [decisions[run] for run in decisions if run in cited[document.pk]])
        for document in Document.objects.filter(pk__in=list(cited))
    ]
    return sorted(found, key=lambda one: (-one.edited - one.rejected, one.document.title))


def _decisions(drafts: QuerySet[Draft]) -> Mapping[object, Decision]:
    """By run, in the order of the drafts. The database compares the texts: there may be thousands,
    and a page shows none of most."""
    same = Q(reply=None) | Q(words=Trim("text"))
    compared = drafts.annotate(words=Trim("reply__text")).annotate(
        is_same=ExpressionWrapper(same, output_field=BooleanField())
    )
    held = list(compared.values_list("pk", "run_id", "status", "is_same"))
    rejected = [str(pk) for pk, _, status, _ in held if status == Draft.Status.REJECTED]
    entries = AuditEntry.objects.filter(
        action="draft.rejected", object_type="draft", object_id__in=rejected
    )
    reasons = {one.object_id: str(one.data.get("reason") or "") for one in entries}
    return {
        run: Decision(pk, _outcome(status, is_same=is_same), reasons.get(str(pk), ""))
        for pk, run, status, is_same in held
    }


def read_drafts(decisions: Sequence[Decision]) -> list[tuple[Draft, Decision]]:
    """Each with its draft, its question and who decided."""
    drafts = Draft.objects.select_related("question", "decided_by").defer(*_LONG)
    found = drafts.in_bulk([one.draft for one in decisions])
    return [(found[one.draft], one) for one in decisions if one.draft in found]


def outcome_of(draft: Draft) -> str:
    """Of a decided draft."""
    is_same = draft.reply is None or draft.reply.text.strip() == draft.text.strip()
    return _outcome(draft.status, is_same=is_same)


def _outcome(status: str, *, is_same: bool) -> str:
    if status == Draft.Status.REJECTED:
        return REJECTED
    return APPROVED if is_same else EDITED

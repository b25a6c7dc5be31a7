"""The recall list in the admin: a panel on a document's page, a filter of the runs, and a CSV."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone

from knowledge.admin.panels import Panel, PanelRow, register_panel
from knowledge.models import Document, DocumentVersion
from knowledge.streaming import csv_parts, stream
from supportbot.answers.models import AnswerRun, Citation
from supportbot.answers.recall import RecallRow, answers_citing, recall_rows
from tickets.admin.base import user_of
from tickets.models.visibility import visible_by

PARAMETER = "cites"  # ?cites=DOCUMENT or ?cites=DOCUMENT.VERSION
SHOWN = 5
RIGHT = "answers.view_answerrun"
_CITED = re.compile(r"(\d{1,18})(?:\.(\d{1,9}))?")
_COLUMNS = (
    *("answered at", "version", "question", "answer", "cited words", "delivery"),
    *("customer", "email", "conversation", "run"),
)


@dataclass(frozen=True)
class Citing:
    """The document, or the version of it, whose citing answers are wanted."""

    document_id: int
    version: int | None = None

    @classmethod
    def parse(cls, text: str) -> Citing | None:
        match = _CITED.fullmatch(text)
        return cls(int(match[1]), int(match[2]) if match[2] else None) if match else None

    @property
    def value(self) -> str:
        return f"{self.document_id}.{self.version}" if self.version else str(self.document_id)

    @property
    def name(self) -> str:
        """A name for people; a deleted document has no title any more."""
        document = Document.objects.filter(pk=self.document_id).first()
        title = f"“{document.title}”" if document else f"the deleted document {self.document_id}"
        return f"{title}, version {self.version}" if self.version else title

    @property
    def citations(self) -> QuerySet[Citation]:
        """Of every run; `citations_for` leaves out what a person must not see."""
        return answers_citing(self.document_id, self.version)

    def citations_for(self, request: HttpRequest) -> QuerySet[Citation]:
        return visible_by(self.citations, user_of(request), "run__conversation")

    @property
    def runs_url(self) -> str:
        return f"{reverse('admin:answers_answerrun_changelist')}?{PARAMETER}={self.value}"

    @property
    def csv_url(self) -> str:
        return reverse("admin:answers_answerrun_recall", args=[self.value])


class CitesFilter(admin.SimpleListFilter):
    """Shown only if it is set. A link on a document's page sets it."""

    title = "cited document"
    parameter_name = PARAMETER

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        citing = Citing.parse(request.GET.get(PARAMETER, ""))
        return [(citing.value, citing.name)] if citing else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        citing = Citing.parse(self.value() or "")
        return queryset.filter(pk__in=citing.citations.values("run")) if citing else queryset


def asked_for(request: HttpRequest) -> Citing | None:
    return Citing.parse(request.GET.get(PARAMETER, ""))


def recall_view(request: HttpRequest, cites: str) -> StreamingHttpResponse:
    """The recall list as CSV, streamed while it is read."""
    if not request.user.has_perm(RIGHT):
        raise PermissionDenied
    citing = Citing.parse(cites)
    if citing is None:
        raise Http404
    with_customers = request.user.has_perm("tickets.view_customer")
    rows = _csv_rows(citing.citations_for(request), with_customers=with_customers)
    response = stream(request, csv_parts(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="recall-{citing.value}.csv"'
    return response


def _csv_rows(citations: QuerySet[Citation], *, with_customers: bool) -> Iterator[list[str]]:
    # The mark tells spreadsheets that it is UTF-8.
    yield ["\ufeff" + _COLUMNS[0], *_COLUMNS[1:]]
    for row in recall_rows(citations):
        yield [harmless(cell) for cell in _cells(row, with_customers=with_customers)]


def _cells(row: RecallRow, *, with_customers: bool) -> list[str]:
    return [
        timezone.localtime(row.answered_at).strftime("%Y-%m-%d %H:%M:%S"),
        str(row.version),
        row.question,
        row.answer,
        " … ".join(row.quotes),
        row.delivery,
        *((row.customer, row.email) if with_customers else ("", "")),
        str(row.conversation_id or ""),
        str(row.run_id),
    ]


def harmless(cell: str) -> str:
    """The text, changed so that no spreadsheet takes it for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


@register_panel
def past_answers(
    request: HttpRequest, document: Document, version: DocumentVersion
) -> Panel | None:
    """The latest answers that cited the version shown on a document's page."""
    if not request.user.has_perm(RIGHT):
        return None
    citing = Citing(document.pk, version.number)
    citations = citing.citations_for(request)
    count = citations.count()
    newest = citations.select_related("run__question")[:SHOWN]
    return Panel(
        title=f"Past answers that cited version {version.number}",
        empty="No answer has cited this version yet.",
        rows=[_panel_row(citation) for citation in newest],
        link=citing.runs_url if count else "",
        link_text=f"Show all {count:,} and the recall list" if count else "",
    )


def _panel_row(citation: Citation) -> PanelRow:
    run: AnswerRun = citation.run
    return PanelRow(
        text=run.asked,
        link=reverse("admin:answers_answerrun_change", args=[run.pk]),
        when=citation.created_at,
        note=run.get_outcome_display(),
    )

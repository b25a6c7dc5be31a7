"""Proposals in the admin: what agents said in place of the bot, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.safestring import SafeString
from unfold.decorators import display

from knowledge.admin.base import version_url
from knowledge.admin.diff import compare
from knowledge.text.sentences import split_sentences
from supportbot.desk.grounding import WORDS
from supportbot.learning.filters import OpenUnlessAsked
from supportbot.learning.models import Proposal
from supportbot.learning.proposals import (
    dismiss,
    draft_document,
    make_curated,
    new_words,
    proposals_for,
    put_back,
)
from tickets.admin.base import RecordAdmin, labels, local_time, shortened, user_of
from tickets.models import Ticket

_Status = Proposal.Status


class StatusFilter(OpenUnlessAsked):
    others: ClassVar = [
        (_Status.ACCEPTED.value, "Accepted"),
        (_Status.DISMISSED.value, "Dismissed"),
    ]


@admin.register(Proposal)
class ProposalAdmin(RecordAdmin):
    page_template = "learning/admin/proposal.html"
    list_before_template = "learning/admin/above_proposals.html"
    list_display = ("asked", "kind_label", "document", "cause", "since", "status_label")
    list_filter = (StatusFilter, "kind", "cause")
    list_select_related = ("document",)
    list_per_page = 50
    search_fields = ("question", "document__title")
    search_help_text = "Words of the question, or a document's title"
    actions = None
    KINDS: ClassVar = labels([(Proposal.Kind.DOCUMENT, "info"), (Proposal.Kind.CURATED, "success")])
    STATES: ClassVar = labels(
        [(_Status.OPEN, "warning"), (_Status.ACCEPTED, "success"), (_Status.DISMISSED, "info")]
    )

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.decide_view)
        return [
            path("<uuid:pk>/do/<slug:verb>/", view, name="learning_proposal_do"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Proposal]:
        return proposals_for(user_of(request))

    @display(description="question", ordering="question")  # type: ignore[untyped-decorator]
    def asked(self, proposal: Proposal) -> str:
        return shortened(proposal.question)

    @display(description="for", label=KINDS)  # type: ignore[untyped-decorator]
    def kind_label(self, proposal: Proposal) -> tuple[str, str]:
        return proposal.kind, proposal.get_kind_display()

    @display(description="since", ordering="created_at")  # type: ignore[untyped-decorator]
    def since(self, proposal: Proposal) -> SafeString:
        return local_time(proposal.created_at)

    @display(description="state", label=STATES)  # type: ignore[untyped-decorator]
    def status_label(self, proposal: Proposal) -> tuple[str, str]:
        return proposal.status, proposal.get_status_display()

    def page_context(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        user = user_of(request)
        said = [one["text"] for one in found.sentences]
        tickets = Ticket.objects.visible_to(user).filter(conversation=found.run.conversation_id)
        return {
            "title": shortened(found.question),
            "changes": compare(one_below_another(found.bot_words), "\n\n".join(said)).changes,
            "sentences": [{**one, "words": WORDS[one["found"]]} for one in found.sentences],
            "lacking": new_words(found),
            "ticket": tickets.order_by("pk").last()
            if user.has_perm("tickets.view_ticket")
            else None,
            "may_draft": user.has_perms(("knowledge.add_document", "knowledge.change_document")),
            "may_curate": user.has_perm("knowledge.add_curatedanswer"),
        }

    def decide_view(self, request: HttpRequest, pk: Any, verb: str) -> HttpResponse:
        """POST: one of VERBS."""
        if verb not in self.VERBS:
            return HttpResponse(status=404)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        proposal = get_object_or_404(self.get_queryset(request), pk=pk)
        rights, act = self.VERBS[verb]
        if not (self.has_change_permission(request, proposal) and request.user.has_perms(rights)):
            raise PermissionDenied
        try:
            return act(self, request, proposal)
        except ValueError as error:
            messages.error(request, str(error))
            return _to_page(proposal)

    def _document(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        version = draft_document(proposal=proposal, by=user_of(request))
        messages.success(
            request,
            f"Version {version.number} is a draft with the agent's words. Look at what changed, "
            "then submit or publish it.",
        )
        return HttpResponseRedirect(version_url(version))

    def _curated(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        answer = make_curated(proposal=proposal, by=user_of(request))
        messages.success(
            request,
            "The curated answer has the agent's words and serves nobody yet. Look it over, name "
            "the documents it rests on, and have it switched on.",
        )
        url = reverse("admin:knowledge_curatedanswer_change", args=[answer.pk])
        return HttpResponseRedirect(url)

    def _dismiss(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        dismiss(proposal=proposal, by=user_of(request))
        messages.success(request, "Dismissed. “Put back” on its page undoes it.")
        return _to_page(proposal)

    def _put_back(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        put_back(proposal=proposal, by=user_of(request))
        messages.success(request, "It is among the open proposals again.")
        return _to_page(proposal)

    VERBS: ClassVar[dict[str, tuple[tuple[str, ...], Callable[..., HttpResponse]]]] = {
        "document": (("knowledge.add_document", "knowledge.change_document"), _document),
        "curated": (("knowledge.add_curatedanswer",), _curated),
        "dismiss": ((), _dismiss),
        "put-back": ((), _put_back),
    }


def one_below_another(text: str) -> str:
    """The sentences as paragraphs, which is what `compare` compares."""
    lines = text.splitlines()
    return "\n\n".join(one for line in lines for one in split_sentences(line))


def _to_page(proposal: Proposal) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("admin:learning_proposal_change", args=[proposal.pk]))

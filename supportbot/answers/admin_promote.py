"""From an answer, a draft or an agent's reply to a curated answer, in the admin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from knowledge.models import Audience
from knowledge.rights import may_publish
from knowledge.services.curated import CitedWords, Said, promote
from supportbot.answers.models import AnswerRun
from tickets.admin.base import user_of
from tickets.models import Draft, Message
from tickets.models.visibility import visible_by

RIGHT = "knowledge.add_curatedanswer"
# What may be promoted, and the right to see it.
_SEEN_BY = {
    "run": "answers.view_answerrun",
    "draft": "tickets.view_draft",
    "message": "tickets.view_message",
}


def promote_view(request: HttpRequest) -> HttpResponse:
    """`?run=`, `?draft=` or `?message=` an id. Shows what was said; a POST makes a curated answer
    of it, which an editor completes."""
    said = _asked_for(request)
    if request.method == "POST":
        answer = promote(said=said, by=user_of(request))
        last = "switch it on under “Served”"
        if not may_publish(request.user):
            last = "ask somebody with the right to publish to switch it on"
        messages.success(request, f"Look it over, name other ways to ask the question, and {last}.")
        url = reverse("admin:knowledge_curatedanswer_change", args=[answer.pk])
        return HttpResponseRedirect(url)
    context = {
        **admin.site.each_context(request),
        "title": "Make it a curated answer",
        "said": said,
    }
    return TemplateResponse(request, "answers/admin/promote.html", context)


def _asked_for(request: HttpRequest) -> Said:
    user = user_of(request)
    kind = next((name for name in _SEEN_BY if name in request.GET), "")
    if not kind:
        raise Http404
    if not (user.has_perm(RIGHT) and user.has_perm(_SEEN_BY[kind])):
        raise PermissionDenied
    found = {"run": _of_run, "draft": _of_draft, "message": _of_message}[kind]
    try:
        said = found(request.GET[kind], user)
    except (ValidationError, ValueError) as error:
        raise Http404 from error
    if not (said.text and said.question):
        raise Http404
    return said


def _of_run(pk: str, user: User) -> Said:
    runs = visible_by(AnswerRun.objects.select_related("question"), user, "conversation")
    run = get_object_or_404(runs, pk=pk)
    message = Message.objects.filter(run_id=run.pk, author=Message.Author.BOT).first()
    draft = Draft.objects.filter(run_id=run.pk).first()
    reply: Any = message or draft
    text = reply.text if reply is not None else run.reply.get("text", "")
    sentences = reply.sentences if reply is not None else run.reply.get("sentences", [])
    return Said(run.asked, text, tuple(_cited(sentences)), Audience(run.reader), run.pk)


def _of_draft(pk: str, user: User) -> Said:
    draft = get_object_or_404(
        Draft.objects.visible_to(user).select_related("question", "reply"), pk=pk
    )
    reply = draft.reply or draft
    return _said(draft.question, reply.text, draft.sentences, draft.run_id)


def _of_message(pk: str, user: User) -> Said:
    replies = Message.objects.visible_to(user).filter(
        author__in=[Message.Author.AGENT, Message.Author.BOT]
    )
    message = get_object_or_404(replies.select_related("reply_to"), pk=pk)
    asked = Message.objects.filter(
        conversation=message.conversation_id, author=Message.Author.CUSTOMER, seq__lt=message.seq
    )
    question = message.reply_to or asked.order_by("-seq").first()
    if question is None:
        raise Http404
    return _said(question, message.text, message.sentences, message.run_id)


def _said(
    question: Message, text: str, sentences: list[dict[str, Any]], run_id: UUID | None
) -> Said:
    run = AnswerRun.objects.filter(question=question.joined_to_id or question.pk).first()
    reader = Audience(run.reader) if run is not None else Audience.PUBLIC
    return Said(question.question_text, text, tuple(_cited(sentences)), reader, run_id)


def _cited(sentences: Iterable[dict[str, Any]]) -> Iterable[CitedWords]:
    for sentence in sentences:
        for citation in sentence["citations"]:
            if citation["document_id"]:
                yield CitedWords(
                    int(citation["document_id"]), int(citation["version"]), citation["quote"]
                )

"""The admin's home page: what waits, what is unanswered, answers of today, and what is ill."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Avg, Count, Exists, F, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from knowledge.models import CuratedAnswer, DocumentVersion, FreshnessCheck
from supportbot.answers.models import AnswerRun
from supportbot.desk.access import tickets_for
from supportbot.desk.dashboard_health import parts_of, switched
from supportbot.desk.queue import VIEWS, view_counts, with_entry
from supportbot.learning.proposals import open_proposals
from tickets.admin.base import user_of
from tickets.models import Draft, Feedback, Rating, Ticket
from tickets.models.visibility import visible_by
from tickets.services.sla import at_risk, status_of, with_clocks
from tickets.states import AWAITS_AGENT, DONE

SHOWN = 6
QUESTION_DAYS = 7
LOOKED_AT = 200  # unanswered questions, the newest
RATING_DAYS = 7
ENDING_DAYS = 14
_Outcome = AnswerRun.Outcome


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """unfold's DASHBOARD_CALLBACK: each part only for those who may see it."""
    user, now = user_of(request), timezone.now()
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    context["parts"] = parts_of(user, today)
    context["switched"] = switched(user)
    if user.has_perm("tickets.view_ticket"):
        context.update(_queue(user))
    if user.has_perm("answers.view_answerrun"):
        context.update(_answers(user, now, today))
    if user.has_perm("tickets.view_draft"):
        context["quality"] = _quality(user, now, today)
    if user.has_perm("knowledge.view_document"):
        context["attention"] = [line for line in _documents(user) if line["count"]]
    return context


def _queue(user: User) -> dict[str, Any]:
    counts = view_counts(user)
    longest = (
        tickets_for(user).filter(status__in=AWAITS_AGENT).order_by("-priority", "status_changed_at")
    )
    pressing = list(longest.values_list("pk", flat=True)[:SHOWN])
    found = {one.pk: one for one in with_entry(Ticket.objects.filter(pk__in=pressing))}
    desk = reverse("desk:desk")
    pressed = at_risk(tickets_for(user)).exclude(status__in=DONE).order_by("-priority", "pk")
    risky = list(with_clocks(pressed.select_related("conversation__customer"))[:SHOWN])
    return {
        "risky": [(one, status_of(one)) for one in risky],
        "views": [
            {"words": view.words, "count": counts[view.key], "link": f"{desk}?view={view.key}"}
            for view in VIEWS
            if view.key not in {"all", "solved"}
        ],
        "longest": [found[pk] for pk in pressing if pk in found],
    }


def _answers(user: User, now: dt.datetime, today: dt.datetime) -> dict[str, Any]:
    seen = visible_by(AnswerRun.objects.all(), user, "conversation")
    runs = seen.filter(created_at__gte=today)
    counts = runs.aggregate(
        all=Count("pk"),
        **{outcome.value: Count("pk", filter=Q(outcome=outcome)) for outcome in _Outcome},
    )
    judged = visible_by(Feedback.objects.all(), user, "message__conversation")
    feedback = judged.filter(updated_at__gte=today).aggregate(
        up=Count("pk", filter=Q(value=Feedback.Value.UP)),
        down=Count("pk", filter=Q(value=Feedback.Value.DOWN)),
    )
    since = now - dt.timedelta(days=QUESTION_DAYS)
    newest = seen.filter(outcome=_Outcome.NO_ANSWER, created_at__gte=since).order_by("-created_at")
    # Which first: what was asked is then read of these alone.
    unanswered = (
        AnswerRun.objects.filter(pk__in=list(newest.values_list("pk", flat=True)[:LOOKED_AT]))
        .select_related("question")
        .only("created_at", "question_text", "question__text")
        .prefetch_related("question__joined")
        .order_by("-created_at")
    )
    return {
        "answers": [
            {"words": outcome.label, "count": counts[outcome.value]}
            for outcome in _Outcome
            if counts[outcome.value]
        ],
        "answers_all": counts["all"],
        "feedback": feedback,
        "unanswered": _grouped(list(unanswered)),
        "unanswered_days": QUESTION_DAYS,
    }


def _grouped(runs: list[AnswerRun]) -> list[dict[str, Any]]:
    """The newest run of each question with how often it was asked, what is asked most first."""
    same: dict[str, list[AnswerRun]] = {}
    for run in runs:
        same.setdefault(" ".join(run.asked.casefold().split()).rstrip("?!. "), []).append(run)
    most = sorted(same.values(), key=len, reverse=True)[:SHOWN]
    return [{"run": found[0], "times": len(found)} for found in most]


def _quality(user: User, now: dt.datetime, today: dt.datetime) -> dict[str, Any]:
    """What agents made of the bot's drafts today, and how customers rated the last days."""
    sent = Q(status=Draft.Status.APPROVED)
    same = Q(reply__text=F("text"))
    drafts = Draft.objects.visible_to(user).filter(decided_at__gte=today)
    decided = drafts.aggregate(
        approved=Count("pk", filter=sent & same),
        edited=Count("pk", filter=sent & ~same),
        rejected=Count("pk", filter=Q(status=Draft.Status.REJECTED)),
    )
    ratings = visible_by(Rating.objects.all(), user, "ticket__conversation")
    rated = ratings.filter(score__isnull=False, rated_at__gte=now - dt.timedelta(days=RATING_DAYS))
    return {
        **decided,
        **rated.aggregate(ratings=Count("pk"), score=Avg("score")),
        "days": RATING_DAYS,
        "any": any(decided.values()),
    }


def _documents(user: User) -> list[dict[str, Any]]:
    """What the content team should look at, with where."""
    versions, states = DocumentVersion.objects, DocumentVersion.Status
    documents = reverse("admin:knowledge_document_changelist")
    checked = FreshnessCheck.objects.first()
    review = CuratedAnswer.objects.needing_review(timezone.localdate())
    return [
        {
            "words": "could not be read",
            "count": versions.filter(status=states.FAILED).count(),
            "link": f"{documents}?status={states.FAILED.value}",
        },
        {
            "words": "wait for review",
            "count": versions.filter(state=DocumentVersion.State.IN_REVIEW).count(),
            "link": f"{documents}?state={DocumentVersion.State.IN_REVIEW.value}",
        },
        {
            "words": "have warnings to look at",
            "count": versions.filter(warnings__dismissed_at=None, warnings__isnull=False)
            .exclude(state=DocumentVersion.State.RETIRED)
            .aggregate(documents=Count("document", distinct=True))["documents"],
            "link": f"{documents}?warnings=yes",
        },
        {
            "words": f"end within {ENDING_DAYS} days, with nothing after them",
            "count": _ending().count(),
            "link": f"{documents}?state=in_effect",
        },
        {
            "words": "passages out of date in the last freshness check",
            "count": checked.problem_rows if checked is not None and not checked.ok else 0,
            "link": reverse("admin:knowledge_freshnesscheck_changelist"),
        },
        {
            "words": "curated answers to review",
            "count": review.count(),
            "link": reverse("admin:knowledge_curatedanswer_changelist"),
        },
        {
            "words": "proposals from what agents said",
            "count": open_proposals(user) if user.has_perm("learning.view_proposal") else 0,
            "link": reverse("admin:learning_proposal_changelist"),
        },
    ]


def _ending() -> QuerySet[DocumentVersion]:
    """Versions in effect that end soon, of documents for which no later one is published."""
    today, published = timezone.localdate(), DocumentVersion.State.PUBLISHED
    later = DocumentVersion.objects.filter(
        Q(effective_until=None) | Q(effective_until__gt=OuterRef("effective_until")),
        document=OuterRef("document"),
        state=published,
    )
    soon = (today + dt.timedelta(days=1), today + dt.timedelta(days=ENDING_DAYS))
    ending = DocumentVersion.objects.filter(state=published, effective_until__range=soon)
    return ending.exclude(Exists(later))

"""What staff and their programs may do with a version over REST: its lifecycle, and trying it."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from asgiref.sync import async_to_sync
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from knowledge.models import Audience, DocumentVersion
from knowledge.rights import PUBLISH
from knowledge.services.lifecycle import publishing
from knowledge.services.lifecycle.changes import Step
from knowledge.services.lifecycle.publishing import LifecycleError, Terms
from supportbot.answers.trial import Trial, try_question
from supportbot.answers.types import Question
from supportbot.api.authentication import agent_of
from supportbot.api.parameters import LONGEST_NUMBER
from supportbot.api.permissions import HasRight
from supportbot.api.staff import DocumentSerializer, DocumentsView
from supportbot.retrieval.search import RankedPassage

_PATH = [
    OpenApiParameter("id", OpenApiTypes.INT, OpenApiParameter.PATH, description="the document's"),
    OpenApiParameter("number", OpenApiTypes.INT, OpenApiParameter.PATH, description="from 1"),
]


class StepRequest(serializers.Serializer[Any]):
    note = serializers.CharField(
        required=False, allow_blank=True, max_length=1000, help_text="Why; kept in the history."
    )


class PublishRequest(StepRequest):
    """What is not given stays as the version has it; null takes a day away."""

    audience = serializers.ChoiceField(Audience.choices, required=False)
    effective_from = serializers.DateField(required=False, allow_null=True)
    effective_until = serializers.DateField(
        required=False, allow_null=True, help_text="The first day no longer in effect."
    )


def _described(request: type[StepRequest] = StepRequest) -> Callable[[Any], Any]:
    return extend_schema(parameters=_PATH, request=request, responses=DocumentSerializer)


PUBLISHING = {"publish", "retire", "roll_back"}


class StepsView(viewsets.ViewSet):
    """The steps of a version's lifecycle. Each answers with the document and all its versions, for
    a step may move others too; 409 when it is not possible. To publish, to retire and to roll back
    takes the right to publish."""

    permission_classes = (HasRight,)

    @property
    def rights(self) -> dict[str, str]:
        return {"POST": PUBLISH if self.action in PUBLISHING else "knowledge.change_document"}

    @_described(PublishRequest)
    def publish(self, request: Request, id: str, number: str) -> Response:
        """Put a version that has been read into effect, on its own terms unless others are given.
        Published versions that no day is left to are retired."""
        version = find_version(id, number)
        body = PublishRequest(data=request.data)
        body.is_valid(raise_exception=True)
        given = {name: value for name, value in body.validated_data.items() if name != "note"}
        terms = dataclasses.replace(Terms.of(version), **given)
        return _take(request, version, partial(publishing.publish_version, terms=terms))

    @_described()
    def retire(self, request: Request, id: str, number: str) -> Response:
        """Take a version out of service; earlier published ones take its days again."""
        return _take(request, find_version(id, number), publishing.retire_version)

    @_described()
    def submit(self, request: Request, id: str, number: str) -> Response:
        """Give a draft to review."""
        return _take(request, find_version(id, number), publishing.submit_for_review)

    @_described()
    def send_back(self, request: Request, id: str, number: str) -> Response:
        """From review back to draft; the note says why."""
        return _take(request, find_version(id, number), publishing.send_back)

    @_described()
    def roll_back(self, request: Request, id: str, number: str) -> Response:
        """Put an earlier version back into effect; later ones that have begun are retired."""
        return _take(request, find_version(id, number), publishing.roll_back)


def find_version(document_id: str, number: str) -> DocumentVersion:
    """The version that a URL names, without its text, which may be megabytes. Raises Http404."""
    if not all(n.isdecimal() and len(n) <= LONGEST_NUMBER for n in (document_id, number)):
        raise Http404
    versions = DocumentVersion.objects.defer("markdown").select_related("document")
    return get_object_or_404(versions, document_id=document_id, number=number)


def _take(request: Request, version: DocumentVersion, take: Callable[..., None]) -> Response:
    body = StepRequest(data=request.data)
    body.is_valid(raise_exception=True)
    step = Step(by=agent_of(request), note=body.validated_data.get("note", ""))
    take(version=version, step=step)
    document = DocumentsView.queryset.all().get(pk=version.document_id)
    return Response(DocumentSerializer(document).data)


# -- Trying ---------------------------------------------------------------------------------------
class TryRequest(serializers.Serializer[Any]):
    question = serializers.CharField(max_length=4000)
    audience = serializers.ChoiceField(
        Audience.choices, required=False, help_text="Who asks; the version's own unless given."
    )
    as_of = serializers.DateField(
        required=False, allow_null=True, help_text="The day of the question; today unless given."
    )
    served = serializers.BooleanField(
        default=False,
        help_text="True: ask what readers are served, without this version unless it is in effect.",
    )


class TriedSentence(serializers.Serializer[Any]):
    text = serializers.CharField()
    citations = serializers.ListField(
        child=serializers.DictField(), help_text="As the chat widget gets them."
    )


class TriedPassage(serializers.Serializer[Any]):
    title = serializers.CharField()
    heading = serializers.ListField(child=serializers.CharField())
    page = serializers.IntegerField(allow_null=True)
    text = serializers.CharField()
    score = serializers.FloatField()
    from_this_version = serializers.BooleanField()


class TryResponse(serializers.Serializer[Any]):
    sentences = TriedSentence(many=True)
    abstained = serializers.BooleanField(help_text="True when there is no answer.")
    passages = TriedPassage(many=True)


class TryView(APIView):
    """A question to a version before it is published. Nothing is stored."""

    permission_classes = (HasRight,)
    rights: ClassVar = {"POST": "knowledge.view_document"}

    @extend_schema(parameters=_PATH, request=TryRequest, responses=TryResponse)
    def post(self, request: Request, id: str, number: str) -> Response:
        """The answer that a reader would get if this version were in effect, in the place of the
        document's other ones; with `served`, the one that readers get today. Quoted, and checked
        like any answer. 409 until the version has been read."""
        version = find_version(id, number)
        body = TryRequest(data=request.data)
        body.is_valid(raise_exception=True)
        if version.status != DocumentVersion.Status.READY:
            raise LifecycleError(
                "not_read", f"Version {version.number} has not been read yet. Try again then."
            )
        question = _question(version, body.validated_data)
        return Response(_to_wire(async_to_sync(try_question)(question), version))


def _question(version: DocumentVersion, body: dict[str, Any]) -> Question:
    return Question(
        message_id=uuid.uuid4(),  # of no message: nothing is stored
        conversation_id=uuid.uuid4(),
        text=body["question"],
        history=(),
        as_of=body.get("as_of") or timezone.localdate(),
        reader=Audience(body.get("audience", version.audience)),
        preview=None if body["served"] else version.pk,
    )


def _to_wire(trial: Trial, version: DocumentVersion) -> dict[str, Any]:
    return {
        "sentences": [
            {"text": checked.sentence.text, "citations": list(checked.citations)}
            for checked in trial.sentences
        ],
        "abstained": not trial.sentences,
        "passages": [_passage(passage, version) for passage in trial.evidence.passages],
    }


def _passage(passage: RankedPassage, version: DocumentVersion) -> dict[str, Any]:
    found = (passage.document_id, passage.version)
    return {
        "title": passage.title,
        "heading": list(passage.heading),
        "page": passage.page,
        "text": passage.text,
        "score": round(passage.score, 4),
        "from_this_version": found == (version.document_id, version.number),
    }

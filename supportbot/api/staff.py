"""What staff and their programs may do over REST."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from knowledge.models import Audience, Document, DocumentVersion
from knowledge.rights import REFUSED, may_publish
from knowledge.services.ingestion.documents import add_version, check_upload
from supportbot.answers.models import AnswerRun
from supportbot.api.authentication import agent_of
from supportbot.api.parameters import (
    read_audience,
    read_collection,
    read_day,
    read_limit,
    read_status,
)
from supportbot.api.permissions import HasRight
from supportbot.retrieval.search import Scope, search
from tickets.models import AuditEntry, Draft
from tickets.models.visibility import visible_by
from tickets.services.drafts import approve_draft, reject_draft


# -- Documents ------------------------------------------------------------------------------------
class VersionSerializer(serializers.ModelSerializer[DocumentVersion]):
    class Meta:
        model = DocumentVersion
        fields = (
            "number",
            "file_name",
            "status",
            "state",
            "error",
            "progress_done",
            "progress_total",
            "effective_from",
            "effective_until",
            "audience",
            "created_at",
            "published_at",
        )


class DocumentSerializer(serializers.ModelSerializer[Document]):
    collection = serializers.CharField(source="collection.name")
    versions = VersionSerializer(many=True)

    class Meta:
        model = Document
        fields = (
            "id",
            "external_id",
            "title",
            "collection",
            "locale",
            "source_url",
            "created_at",
            "versions",
        )


class UploadSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(allow_empty_file=True)
    external_id = serializers.CharField(required=False, allow_blank=True, max_length=300)
    title = serializers.CharField(required=False, allow_blank=True, max_length=300)
    collection = serializers.CharField(required=False, allow_blank=True, max_length=100)
    effective_from = serializers.DateField(required=False, allow_null=True)
    effective_until = serializers.DateField(required=False, allow_null=True)
    audience = serializers.ChoiceField(Audience.choices, required=False)
    locale = serializers.CharField(required=False, allow_blank=True, max_length=35)
    publish = serializers.BooleanField(
        default=None,
        allow_null=True,
        help_text="False leaves the version a draft once it is read. Unless given: true for those "
        "who have the right to publish, false for all others.",
    )


class DocumentsView(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[Document],
):
    """Documents with their versions. A file sent here is processed like any other upload."""

    queryset = Document.objects.select_related("collection").prefetch_related(
        # Not the text of every version, which a list of documents has no use for.
        Prefetch("versions", DocumentVersion.objects.defer("markdown", "page_starts"))
    )
    serializer_class = DocumentSerializer
    permission_classes = (HasRight,)
    rights: ClassVar = {"GET": "knowledge.view_document", "POST": "knowledge.add_document"}
    parser_classes = (MultiPartParser,)

    @extend_schema(request=UploadSerializer, responses={202: DocumentSerializer})
    def create(self, request: Request) -> Response:
        body = UploadSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        fields = dict(body.validated_data)
        file, publishes = fields.pop("file"), may_publish(request.user)
        if fields["publish"] is None:
            fields["publish"] = publishes
        elif fields["publish"] and not publishes:
            raise PermissionDenied(f"{REFUSED} Send publish=false to upload a draft.")
        upload = check_upload(file, file_name=file.name, **fields)
        version, created = add_version(upload=upload, created_by=agent_of(request))
        document = self.get_queryset().get(pk=version.document_id)
        return Response(
            self.get_serializer(document).data,
            status=status.HTTP_202_ACCEPTED if created else status.HTTP_200_OK,
        )


# -- Search ---------------------------------------------------------------------------------------
class SearchView(APIView):
    """The passages that best fit a question, as answers would find them."""

    permission_classes = (HasRight,)
    rights: ClassVar = {"GET": "knowledge.view_passage"}

    @extend_schema(
        parameters=[
            OpenApiParameter("q", OpenApiTypes.STR, required=True),
            OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 50; 10 unless given"),
            OpenApiParameter("collection", OpenApiTypes.STR, description="a collection's name"),
            OpenApiParameter("as_of", OpenApiTypes.DATE, description="today unless given"),
            OpenApiParameter(
                "audience",
                OpenApiTypes.STR,
                enum=Audience.values,
                description="as whom to search; internal, which is everything, unless given",
            ),
        ],
        responses=inline_serializer(
            "SearchResults", {"results": serializers.ListField(child=serializers.DictField())}
        ),
    )
    def get(self, request: Request) -> Response:
        query = request.query_params.get("q", "").strip()
        if not query:
            raise ValidationError({"q": ["Write what you are looking for."]})
        scope = Scope(
            as_of=read_day(request.query_params.get("as_of")),
            reader=read_audience(request.query_params.get("audience")),
            collections=read_collection(request.query_params.get("collection")),
        )
        limit = read_limit(request.query_params.get("limit"))
        ranking = search(query[:4000], scope=scope, limit=limit)
        results = [
            {
                "document_id": passage.document_id,
                "external_id": passage.external_id,
                "title": passage.title,
                "heading": list(passage.heading),
                "page": passage.page,
                "passage": passage.text,
                "score": round(passage.score, 4),
            }
            for passage in ranking.passages
        ]
        return Response({"results": results})


# -- Drafts ---------------------------------------------------------------------------------------
class DraftSerializer(serializers.ModelSerializer[Draft]):
    question = serializers.CharField(source="question.question_text")
    decided_by = serializers.CharField(source="decided_by.username", default=None)

    class Meta:
        model = Draft
        fields = (
            "id",
            "ticket",
            "question",
            "text",
            "sentences",
            "passages",
            "status",
            "decided_by",
            "decided_at",
            "created_at",
        )


class ApproveRequest(serializers.Serializer[Any]):
    text = serializers.CharField(required=False, max_length=20_000)


class RejectRequest(serializers.Serializer[Any]):
    reason = serializers.CharField(required=False, allow_blank=True, max_length=1000)


class DraftsView(viewsets.ReadOnlyModelViewSet[Draft]):
    """Drafts, and the two ways to decide one. Deciding a second time answers 409."""

    permission_classes = (HasRight,)
    rights: ClassVar = {"GET": "tickets.view_draft", "POST": "tickets.change_draft"}
    queryset = Draft.objects.select_related("question", "decided_by", "ticket").prefetch_related(
        "question__joined"
    )
    serializer_class = DraftSerializer

    def get_queryset(self) -> QuerySet[Draft]:
        wanted = read_status(self.request.query_params.get("status"), Draft.Status.values)
        reader = agent_of(self.request)
        drafts = visible_by(super().get_queryset(), reader, "ticket__conversation")
        return drafts.filter(status=wanted) if wanted else drafts

    @extend_schema(request=ApproveRequest, responses=DraftSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        body = ApproveRequest(data=request.data)
        body.is_valid(raise_exception=True)
        draft = self.get_object()
        text = body.validated_data.get("text", draft.text)
        if not text.strip():
            raise ValidationError({"text": ["The draft is empty. Write a reply to send."]})
        approve_draft(draft=draft, agent=agent_of(request), text=text)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=RejectRequest, responses=DraftSerializer)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str) -> Response:
        body = RejectRequest(data=request.data)
        body.is_valid(raise_exception=True)
        reject_draft(
            draft=self.get_object(),
            agent=agent_of(request),
            reason=body.validated_data.get("reason", ""),
        )
        return Response(self.get_serializer(self.get_object()).data)


# -- Runs and audit -------------------------------------------------------------------------------
class RunSerializer(serializers.ModelSerializer[AnswerRun]):
    question = serializers.CharField(source="asked")

    class Meta:
        model = AnswerRun
        exclude = ("lease_token", "lease_until", "results", "question_text")


class RunsView(viewsets.ReadOnlyModelViewSet[AnswerRun]):
    """Answer runs: what was found, what was proposed and kept, how long it took."""

    permission_classes = (HasRight,)
    rights: ClassVar = {"GET": "answers.view_answerrun"}
    queryset = AnswerRun.objects.select_related("question").prefetch_related("question__joined")
    serializer_class = RunSerializer

    def get_queryset(self) -> QuerySet[AnswerRun]:
        return visible_by(super().get_queryset(), agent_of(self.request), "conversation")


class AuditSerializer(serializers.ModelSerializer[AuditEntry]):
    class Meta:
        model = AuditEntry
        fields = (
            *("id", "actor_name", "action", "object_type", "object_id", "conversation_id"),
            *("data", "created_at"),
        )


class AuditView(viewsets.ReadOnlyModelViewSet[AuditEntry]):
    """The audit log, newest first."""

    permission_classes = (HasRight,)
    rights: ClassVar = {"GET": "tickets.view_auditentry"}
    queryset = AuditEntry.objects.all()
    serializer_class = AuditSerializer

    def get_queryset(self) -> QuerySet[AuditEntry]:
        return AuditEntry.objects.visible_to(agent_of(self.request))

"""Tickets over REST: read, opened, changed, answered, with notes."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from supportbot.answers.receive import IncomingMessage, accept_message, check_text
from supportbot.api.authentication import agent_of
from supportbot.api.etags import check_unchanged, tagged
from supportbot.api.idempotency import once
from supportbot.api.parameters import read_filters, read_number, read_status
from supportbot.api.permissions import HasRight
from supportbot.api.staff import DraftSerializer
from supportbot.api.ticket_changes import ChangeRequest, apply_changes
from tickets.models import Conversation, Customer, Note, Ticket
from tickets.models.visibility import visible_by
from tickets.services.conversations import start_conversation
from tickets.services.drafts import send_reply
from tickets.services.messages import message_to_wire
from tickets.services.notes import add_note
from tickets.services.tickets import ensure_ticket

KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Sent twice with the same key, the request is carried out once.",
)


class TicketSerializer(serializers.ModelSerializer[Ticket]):
    assignee = serializers.CharField(source="assignee.username", default=None)
    category = serializers.CharField(source="category.name", default=None)
    team = serializers.CharField(source="team.name", default=None)
    tags = serializers.SlugRelatedField[Any](slug_field="name", many=True, read_only=True)
    customer = serializers.UUIDField(source="conversation.customer_id")

    class Meta:
        model = Ticket
        fields: ClassVar[tuple[str, ...]] = (
            *("id", "conversation", "customer", "subject", "status", "status_reason"),
            *("priority", "category", "team", "tags", "assignee"),
            *("created_at", "updated_at"),
        )


class TicketDetailSerializer(TicketSerializer):
    drafts = DraftSerializer(many=True)
    messages = serializers.SerializerMethodField()

    class Meta(TicketSerializer.Meta):
        fields = (*TicketSerializer.Meta.fields, "drafts", "messages")

    def get_messages(self, ticket: Ticket) -> list[dict[str, Any]]:
        messages = ticket.conversation.messages.select_related("agent").prefetch_related(
            "attachments"
        )
        return [message_to_wire(message) for message in messages]


class OpenRequest(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=20_000, help_text="What the customer says.")
    subject = serializers.CharField(required=False, allow_blank=True, max_length=200)
    customer = serializers.UUIDField(required=False, help_text="One that is known, or:")
    email = serializers.EmailField(required=False)
    name = serializers.CharField(required=False, allow_blank=True, max_length=200)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("customer") and not attrs.get("email"):
            raise serializers.ValidationError({"customer": ["Name a customer, or an e-mail."]})
        return attrs


class ReplyRequest(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=20_000)


class NoteSerializer(serializers.ModelSerializer[Note]):
    author = serializers.CharField(source="author.username", default=None)

    class Meta:
        model = Note
        fields = ("id", "author", "text", "created_at")


FILTERS = [
    OpenApiParameter("status", OpenApiTypes.STR, enum=Ticket.Status.values),
    OpenApiParameter("assignee", OpenApiTypes.STR, description="a user name, or `none`"),
    OpenApiParameter("team", OpenApiTypes.STR, description="a team's name"),
    OpenApiParameter("tag", OpenApiTypes.STR),
    OpenApiParameter("customer", OpenApiTypes.UUID),
    OpenApiParameter("priority", OpenApiTypes.INT, enum=Ticket.Priority.values),
]


class TicketsView(viewsets.ReadOnlyModelViewSet[Ticket]):
    """Tickets. A single one has an ETag: `If-None-Match` asks for it only if it has changed, and
    `If-Match` changes it only if it has not."""

    permission_classes = (HasRight,)
    rights: ClassVar = {
        "GET": "tickets.view_ticket",
        "POST": "tickets.change_ticket",
        "PATCH": "tickets.change_ticket",
    }
    queryset = Ticket.objects.select_related(
        "assignee", "conversation", "category", "team"
    ).prefetch_related("tags", "drafts__question__joined", "drafts__decided_by")

    def get_serializer_class(self) -> type[TicketSerializer]:
        return TicketSerializer if self.action == "list" else TicketDetailSerializer

    def get_queryset(self) -> QuerySet[Ticket]:
        tickets = visible_by(super().get_queryset(), agent_of(self.request), "conversation")
        return _filtered(tickets, self.request) if self.action == "list" else tickets

    @extend_schema(parameters=FILTERS)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return tagged(request, self.get_serializer(self.get_object()).data)

    @extend_schema(request=OpenRequest, responses={201: TicketDetailSerializer}, parameters=[KEY])
    def create(self, request: Request) -> Response:
        """Open a ticket for a customer, with what they say. The bot answers or drafts, by mode."""
        body = OpenRequest(data=request.data)
        body.is_valid(raise_exception=True)

        def carry_out() -> Response:
            ticket = _open(body.validated_data, request)
            return Response(TicketDetailSerializer(self._read(ticket.pk)).data, status=201)

        return once(request, carry_out)

    @extend_schema(request=ChangeRequest, responses=TicketDetailSerializer, parameters=[KEY])
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is named; all of it or nothing."""
        body = ChangeRequest(data=request.data)
        body.is_valid(raise_exception=True)
        ticket = self.get_object()

        def carry_out() -> Response:
            check_unchanged(request, self.get_serializer(ticket).data)
            apply_changes(ticket, body.validated_data, agent_of(request))
            return tagged(request, self.get_serializer(self._read(ticket.pk)).data)

        return once(request, carry_out)

    @extend_schema(
        request=ReplyRequest,
        responses={
            201: inline_serializer("Reply", {"message": serializers.DictField()}),
        },
        parameters=[KEY],
    )
    @action(detail=True, methods=["post"])
    def messages(self, request: Request, pk: str) -> Response:
        """Reply to the customer."""
        body = ReplyRequest(data=request.data)
        body.is_valid(raise_exception=True)
        ticket = self.get_object()

        def carry_out() -> Response:
            text = body.validated_data["text"]
            message = send_reply(ticket=ticket, agent=agent_of(request), text=text)
            return Response({"message": message_to_wire(message)}, status=201)

        return once(request, carry_out)

    @extend_schema(methods=["get"], responses=NoteSerializer(many=True))
    @extend_schema(
        methods=["post"], request=ReplyRequest, responses={201: NoteSerializer}, parameters=[KEY]
    )
    @action(detail=True, methods=["get", "post"], pagination_class=None)
    def notes(self, request: Request, pk: str) -> Response:
        """Internal notes, which the customer never sees."""
        ticket = self.get_object()
        if request.method == "GET":
            return Response(NoteSerializer(ticket.notes.select_related("author"), many=True).data)
        body = ReplyRequest(data=request.data)
        body.is_valid(raise_exception=True)

        def carry_out() -> Response:
            try:
                note = add_note(
                    ticket=ticket, author=agent_of(request), text=body.validated_data["text"]
                )
            except ValueError as error:
                raise ValidationError({"text": [str(error)]}) from error
            return Response(NoteSerializer(note).data, status=201)

        return once(request, carry_out)

    def _read(self, number: int) -> Ticket:
        return self.get_queryset().get(pk=number)


def _filtered(tickets: QuerySet[Ticket], request: Request) -> QuerySet[Ticket]:
    given = read_filters(request)
    if wanted := read_status(request.query_params.get("status"), Ticket.Status.values):
        tickets = tickets.filter(status=wanted)
    if assignee := given.get("assignee"):
        by_name = {"assignee": None} if assignee == "none" else {"assignee__username": assignee}
        tickets = tickets.filter(**by_name)
    if team := given.get("team"):
        tickets = tickets.filter(team__name=team)
    if tag := given.get("tag"):
        tickets = tickets.filter(tags__name=tag)
    if "priority" in given:
        tickets = tickets.filter(priority=min(read_number("priority", given["priority"]), 99))
    if customer := given.get("customer"):
        try:
            tickets = tickets.filter(conversation__customer=uuid.UUID(customer))
        except ValueError as error:
            raise ValidationError({"customer": ["Give the customer's id."]}) from error
    return tickets


@transaction.atomic
def _open(said: dict[str, Any], request: Request) -> Ticket:
    text = check_text(said["text"])
    conversation = start_conversation(
        customer=_customer(said, request), channel=Conversation.Channel.EMAIL
    )
    incoming = IncomingMessage(text=text, client_id=f"api-{uuid.uuid4()}")
    accept_message(conversation=conversation, incoming=incoming)
    return ensure_ticket(conversation=conversation, subject=said.get("subject", ""))


def _customer(said: dict[str, Any], request: Request) -> Customer:
    if number := said.get("customer"):
        found = Customer.objects.visible_to(agent_of(request)).filter(pk=number).first()
        if found is None:
            raise Http404("There is no such customer.")
        return found
    known = Customer.objects.filter(email__iexact=said["email"]).order_by("-created_at").first()
    if known is not None:
        return known
    return Customer.objects.create(name=said.get("name", ""), email=said["email"])

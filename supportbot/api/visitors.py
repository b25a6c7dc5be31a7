"""What visitors may do over REST: the same as over the WebSocket, for where none gets through."""

from __future__ import annotations

from textwrap import shorten
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from supportbot.answers.receive import accept_message, check_message
from supportbot.answers.runner import runner
from supportbot.api.authentication import (
    IsVisitor,
    VisitorAuthentication,
    audience_of,
    customer_of,
)
from supportbot.api.connection_limits import take_place
from supportbot.api.event_stream import Feed, event_response
from supportbot.api.limits import MessagesLimit
from supportbot.api.parameters import read_number
from tickets.models import Conversation, Feedback, Message
from tickets.services.conversations import (
    close_conversation,
    start_conversation,
)
from tickets.services.csat import rate
from tickets.services.handover import request_person
from tickets.services.history import (
    MESSAGES,
    MOST_MESSAGES,
    Page,
    read_page,
    read_passage,
)
from tickets.services.messages import give_feedback, message_to_wire

CONVERSATIONS_LISTED = 50
SUBJECT_CHARACTERS = 80


class VisitorView(APIView):
    """Common to everything that needs a visitor token."""

    authentication_classes = (VisitorAuthentication,)
    permission_classes = (IsVisitor,)
    throttle_classes: tuple[type[BaseThrottle], ...] = ()

    def conversation(self, request: Request, conversation_id: UUID) -> Conversation:
        """The visitor's own conversation; anybody else's does not exist for them."""
        own = _with_first_words(Conversation.objects.filter(customer=customer_of(request)))
        return get_object_or_404(own, pk=conversation_id)


class ConversationSummary(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(Conversation.State.choices)
    subject = serializers.SerializerMethodField(help_text="The first words that were written.")
    last_seq = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    last_message_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField()
    continued_in = serializers.UUIDField(source="continued_in_id")

    def get_subject(self, conversation: Conversation) -> str:
        words = getattr(conversation, "first_words", "")
        return shorten(words or "", SUBJECT_CHARACTERS, placeholder="…")


class ConversationResponse(ConversationSummary):
    messages = serializers.ListField(child=serializers.DictField())
    earlier_before = serializers.IntegerField(
        allow_null=True, help_text="Give it as `before` for the messages before these."
    )


PAGE_PARAMETERS = [
    OpenApiParameter("last", OpenApiTypes.INT, description=f"messages; {MESSAGES} unless given"),
    OpenApiParameter("before", OpenApiTypes.INT, description="the first number you have"),
]


def _page_asked_for(request: Request, conversation: Conversation) -> Page:
    last = read_number("last", request.query_params.get("last", str(MESSAGES)))
    if not 1 <= last <= MOST_MESSAGES:
        raise ValidationError({"last": [f"Give a whole number from 1 to {MOST_MESSAGES}."]})
    before = request.query_params.get("before")
    return read_page(
        conversation.pk,
        last=last,
        before=None if before is None else read_number("before", before),
    )


def _with_first_words(conversations: QuerySet[Conversation]) -> QuerySet[Conversation]:
    first = Message.objects.filter(
        conversation=OuterRef("pk"), author=Message.Author.CUSTOMER
    ).order_by("seq")
    return conversations.annotate(first_words=Subquery(first.values("text")[:1]))


def _conversation_body(conversation: Conversation, page: Page) -> dict[str, Any]:
    return {
        **ConversationSummary(conversation).data,
        "messages": page.messages,
        "earlier_before": page.earlier_before,
    }


class ConversationsView(VisitorView):
    """Find one's conversations again, or start a new one."""

    throttle_classes = (MessagesLimit,)

    def get_throttles(self) -> list[BaseThrottle]:
        return super().get_throttles() if self.request.method == "POST" else []

    @extend_schema(
        operation_id="conversations_list",
        responses=inline_serializer("Conversations", {"results": ConversationSummary(many=True)}),
    )
    def get(self, request: Request) -> Response:
        """The visitor's own conversations, newest first."""
        own = Conversation.objects.filter(customer=customer_of(request)).order_by("-created_at")
        listed = _with_first_words(own)[:CONVERSATIONS_LISTED]
        return Response({"results": ConversationSummary(listed, many=True).data})

    @extend_schema(request=None, responses={201: ConversationResponse})
    def post(self, request: Request) -> Response:
        conversation = start_conversation(customer=customer_of(request))
        return Response(_conversation_body(conversation, read_page(conversation.pk)), status=201)


class ConversationView(VisitorView):
    """A conversation with a page of its messages, from the end. Passages are read one by one."""

    @extend_schema(parameters=PAGE_PARAMETERS, responses=ConversationResponse)
    def get(self, request: Request, conversation_id: UUID) -> Response:
        conversation = self.conversation(request, conversation_id)
        page = _page_asked_for(request, conversation)
        return Response(_conversation_body(conversation, page))


class MessagesView(VisitorView):
    """Ask or say something. The answer comes as events.

    In a conversation that has ended it begins another one: `conversation` says which it is in.
    """

    throttle_classes = (MessagesLimit,)

    @extend_schema(
        request=inline_serializer(
            "MessageRequest",
            {
                "text": serializers.CharField(),
                "client_id": serializers.CharField(max_length=100),
                "files": serializers.ListField(
                    child=serializers.UUIDField(), required=False, help_text="Added before."
                ),
            },
        ),
        responses={
            202: inline_serializer(
                "MessageAccepted",
                {
                    "message": serializers.DictField(),
                    "run_id": serializers.UUIDField(
                        allow_null=True, help_text="null: people answer, without the bot."
                    ),
                    "conversation": serializers.UUIDField(),
                },
            )
        },
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        conversation = self.conversation(request, conversation_id)
        incoming = check_message(request.data)
        accepted = accept_message(
            conversation=conversation, incoming=incoming, reader=audience_of(request)
        )
        transaction.on_commit(lambda: runner.begin(accepted))
        body = {
            "message": message_to_wire(accepted.message),
            "run_id": accepted.run.pk if accepted.run is not None else None,
            "conversation": accepted.message.conversation_id,
        }
        return Response(body, status=202)


class EventsView(VisitorView):
    """The conversation's events after a number: a stream, or one JSON answer when there are some.

    `Accept: application/json` waits up to `wait` seconds (25) for events and answers
    `{"events": [...]}`; anything else gets Server-Sent Events.
    """

    @extend_schema(
        parameters=[
            OpenApiParameter("after", OpenApiTypes.INT, description="the last number you have"),
            OpenApiParameter("wait", OpenApiTypes.INT, description="seconds, for JSON only"),
        ],
        responses={
            (200, "application/json"): inline_serializer(
                "Events", {"events": serializers.ListField(child=serializers.DictField())}
            ),
            (200, "text/event-stream"): OpenApiTypes.STR,
        },
    )
    def get(self, request: Request, conversation_id: UUID) -> HttpResponseBase:
        conversation = self.conversation(request, conversation_id)
        newest_known = request.headers.get("Last-Event-ID") or request.query_params.get(
            "after", "0"
        )
        after = read_number("after", newest_known)
        wait = read_number("wait", request.query_params.get("wait", "25"))
        as_json = "application/json" in request.headers.get("Accept", "")
        place = take_place(str(conversation.customer_id))
        # The stream may last an hour, and a connection held for it is missing in the pool.
        connection.close()
        feed = Feed(conversation.pk, after)
        return event_response(feed, place, as_json=as_json, wait=min(wait, 25))

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        # The stream's media type is no renderer of DRF's; errors are JSON whatever was asked for.
        return super().perform_content_negotiation(request, force=True)


class HistoryView(VisitorView):
    """What was said, a page at a time from the end, without how it was written."""

    @extend_schema(
        parameters=PAGE_PARAMETERS,
        responses=inline_serializer(
            "History",
            {
                "events": serializers.ListField(child=serializers.DictField()),
                "through": serializers.IntegerField(),
                "earlier": serializers.BooleanField(),
                "speaker": serializers.DictField(allow_null=True),
            },
        ),
    )
    def get(self, request: Request, conversation_id: UUID) -> Response:
        page = _page_asked_for(request, self.conversation(request, conversation_id))
        return Response(page.to_wire())


class PassageView(VisitorView):
    """A passage that an answer rests on, as it stood then."""

    @extend_schema(
        responses=inline_serializer("CitedPassage", {"passage": serializers.CharField()})
    )
    def get(self, request: Request, message_id: UUID, passage_id: str) -> Response:
        message = get_object_or_404(
            Message, pk=message_id, conversation__customer=customer_of(request)
        )
        passage = read_passage(message=message, passage_id=passage_id)
        if passage is None:
            raise NotFound("This answer does not cite the passage.")
        return Response({"passage": passage})


class HandoverView(VisitorView):
    """Ask for a person."""

    @extend_schema(
        request=None,
        responses={
            202: inline_serializer(
                "HandoverAccepted",
                {"ticket_id": serializers.CharField(), "conversation": serializers.UUIDField()},
            )
        },
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        ticket = request_person(conversation=self.conversation(request, conversation_id))
        body = {"ticket_id": str(ticket.pk), "conversation": ticket.conversation_id}
        return Response(body, status=202)


class CloseView(VisitorView):
    """End the conversation. What is written after that begins another one."""

    @extend_schema(request=None, responses={200: ConversationResponse})
    def post(self, request: Request, conversation_id: UUID) -> Response:
        conversation = self.conversation(request, conversation_id)
        close_conversation(conversation=conversation, by=Conversation.ClosedBy.CUSTOMER)
        closed = self.conversation(request, conversation_id)
        return Response(_conversation_body(closed, read_page(closed.pk)))


class FeedbackRequest(serializers.Serializer[Any]):
    value = serializers.ChoiceField(Feedback.Value.choices)
    comment = serializers.CharField(required=False, allow_blank=True, max_length=2000)


class FeedbackView(VisitorView):
    """Say whether an answer helped."""

    throttle_classes = (MessagesLimit,)

    @extend_schema(request=FeedbackRequest, responses={200: FeedbackRequest})
    def post(self, request: Request, message_id: UUID) -> Response:
        message = get_object_or_404(
            Message.objects.exclude(author=Message.Author.CUSTOMER),
            pk=message_id,
            conversation__customer=customer_of(request),
        )
        body = FeedbackRequest(data=request.data)
        body.is_valid(raise_exception=True)
        feedback = give_feedback(message=message, **body.validated_data)
        return Response({"value": feedback.value, "comment": feedback.comment})


class RatingRequest(serializers.Serializer[Any]):
    score = serializers.IntegerField(min_value=1, max_value=5)
    comment = serializers.CharField(required=False, allow_blank=True, max_length=2000)


class RatingView(VisitorView):
    """Say once how the support was, after rating.asked."""

    throttle_classes = (MessagesLimit,)

    @extend_schema(request=RatingRequest, responses={200: RatingRequest})
    def post(self, request: Request, conversation_id: UUID) -> Response:
        body = RatingRequest(data=request.data)
        body.is_valid(raise_exception=True)
        conversation = self.conversation(request, conversation_id)
        rating = rate(conversation=conversation, **body.validated_data)
        return Response({"score": rating.score, "comment": rating.comment})

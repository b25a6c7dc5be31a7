"""What a visitor may ask next; the widget asks once an answer stands there."""

from __future__ import annotations

from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from supportbot.answers.follow_ups import follow_ups
from supportbot.api.authentication import audience_of, customer_of
from supportbot.api.limits import FramesLimit
from supportbot.api.visitors import VisitorView
from tickets.models import Message


class FollowUpsView(VisitorView):
    """Questions that may come after an answer, which the documents answer; often none."""

    throttle_classes = (FramesLimit,)

    @extend_schema(
        responses=inline_serializer(
            "FollowUps",
            {
                "choices": inline_serializer(
                    "FollowUp",
                    {"label": serializers.CharField(), "text": serializers.CharField()},
                    many=True,
                )
            },
        )
    )
    def get(self, request: Request, message_id: UUID) -> Response:
        message = get_object_or_404(
            Message.objects.select_related("conversation"),
            pk=message_id,
            author=Message.Author.BOT,
            conversation__customer=customer_of(request),
        )
        found = follow_ups(message, reader=audience_of(request))
        return Response({"choices": [{"label": one.label, "text": one.text} for one in found]})

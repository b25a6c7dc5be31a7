"""A visitor asks for the conversation by e-mail."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from supportbot.api.limits import TranscriptLimit, TranscriptNetworkLimit, check_recipient
from supportbot.api.visitors import VisitorView
from supportbot.mail.transcripts import address_for, request_transcript


class TranscriptRequest(serializers.Serializer[Any]):
    email = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=300,
        help_text="Not looked at where the company knows the address of a signed-in customer.",
    )


class TranscriptView(VisitorView):
    """Send the conversation by e-mail. Without an address, and where none is known: `no_email`."""

    throttle_classes = (TranscriptLimit, TranscriptNetworkLimit)

    @extend_schema(
        request=TranscriptRequest,
        responses={202: inline_serializer("Sent", {"address": serializers.CharField()})},
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        conversation = self.conversation(request, conversation_id)
        body = TranscriptRequest(data=request.data)
        body.is_valid(raise_exception=True)
        address = address_for(conversation, body.validated_data.get("email", ""))
        check_recipient(address)
        shown = request_transcript(conversation=conversation, address=address)
        return Response({"address": shown}, status=202)

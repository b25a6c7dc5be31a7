"""A visitor speaks instead of typing."""

from __future__ import annotations

from uuid import UUID

from asgiref.sync import async_to_sync
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from supportbot.answers.voice import MOST_VOICE_BYTES, VoiceError, check_recording, write_down
from supportbot.api.authentication import customer_of
from supportbot.api.bodies import FORM_BYTES
from supportbot.api.limits import VoiceLimit, VoiceNetworkLimit
from supportbot.api.visitors import VisitorView


class VoiceView(VisitorView):
    """Write down what was said, to be edited and sent as a message. The recording is not kept."""

    parser_classes = (MultiPartParser,)
    throttle_classes = (VoiceLimit, VoiceNetworkLimit)

    @extend_schema(
        request={
            "multipart/form-data": inline_serializer(
                "VoiceUpload", {"audio": serializers.FileField(help_text="webm, ogg, mp4 or wav")}
            )
        },
        responses=inline_serializer("VoiceText", {"text": serializers.CharField()}),
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        self.conversation(request, conversation_id)
        # Before the body is read: no more of it is taken than may be kept.
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_VOICE_BYTES + FORM_BYTES:
            raise VoiceError("voice_too_long", "The recording is too long. Say it in parts.")
        audio = request.FILES.get("audio")
        if audio is None:
            raise ValidationError({"audio": ["Send a recording."]})
        recording = check_recording(audio.read())
        text = async_to_sync(write_down)(recording, customer_of(request))
        return Response({"text": text})

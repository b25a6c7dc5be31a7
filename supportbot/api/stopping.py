"""Visitors stop an answer over REST, as they do over the WebSocket."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from supportbot.answers.runner import runner
from supportbot.answers.stop import stop_answer
from supportbot.api.visitors import VisitorView


class StopRequest(serializers.Serializer[Any]):
    run_id = serializers.UUIDField()


class StopView(VisitorView):
    """Stop an answer that is being written. What was shown of it stays."""

    @extend_schema(
        request=StopRequest,
        responses={
            200: inline_serializer("AnswerStopped", {"stopped": serializers.BooleanField()})
        },
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        conversation = self.conversation(request, conversation_id)
        body = StopRequest(data=request.data)
        body.is_valid(raise_exception=True)
        run_id = body.validated_data["run_id"]
        stopped = stop_answer(conversation=conversation, run_id=run_id)
        if stopped:
            transaction.on_commit(lambda: runner.halt(run_id))
        return Response({"stopped": stopped})

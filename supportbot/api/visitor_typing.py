"""Visitors say over REST that they type, as they do over the WebSocket."""

from __future__ import annotations

from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from supportbot.api.limits import FramesLimit
from supportbot.api.visitors import VisitorView
from supportbot.desk.presence import tell_customer_types


class TypingView(VisitorView):
    """Tell the agents who look at the conversation that its visitor types."""

    throttle_classes = (FramesLimit,)

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, conversation_id: UUID) -> Response:
        conversation = self.conversation(request, conversation_id)
        async_to_sync(tell_customer_types)(get_channel_layer(), conversation.pk, float("-inf"))
        return Response(status=204)

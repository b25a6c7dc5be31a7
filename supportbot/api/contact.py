"""A visitor leaves an address, so that a reply reaches them when they are away."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from supportbot.api.limits import MessagesLimit
from supportbot.api.visitors import VisitorView
from supportbot.widget.origins import is_site_origin, origin_of
from tickets.services.contact import check_contact, leave_address, masked

PAGE_CHARACTERS = 500


class AddressRequest(serializers.Serializer[Any]):
    email = serializers.CharField(allow_blank=True, max_length=300)
    name = serializers.CharField(required=False, allow_blank=True, max_length=300)
    consent = serializers.CharField(
        required=False, allow_blank=True, max_length=1000, help_text="What was agreed to."
    )
    page = serializers.CharField(
        required=False, allow_blank=True, max_length=2000, help_text="Where the chat is."
    )


class AddressView(VisitorView):
    """Leave an address for replies."""

    throttle_classes = (MessagesLimit,)

    @extend_schema(
        request=AddressRequest,
        responses=inline_serializer("AddressLeft", {"address": serializers.CharField()}),
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        conversation = self.conversation(request, conversation_id)
        body = AddressRequest(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        contact = check_contact(
            email=said["email"],
            name=said.get("name", ""),
            consent=said.get("consent", ""),
            page=page_of_ours(said.get("page", ""), request.get_host()),
        )
        leave_address(conversation=conversation, contact=contact)
        return Response({"address": masked(contact.email)})


def page_of_ours(page: str, host: str) -> str:
    """The page without what follows its path, if its origin may hold the widget; else "". E-mails
    lead to no other, whoever asks for it."""
    try:
        parts = urlsplit(page)
    except ValueError:
        return ""
    origin = origin_of(f"{parts.scheme}://{parts.netloc}")
    if origin is None or len(page) > PAGE_CHARACTERS or not page.isprintable():
        return ""
    if parts.netloc == host or origin in settings.WIDGET_ORIGINS or is_site_origin(origin):
        return f"{origin}{parts.path or '/'}"
    return ""

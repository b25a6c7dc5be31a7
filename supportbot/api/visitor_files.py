"""Files that a visitor sends in the chat, and has sent."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from supportbot.answers.file_text import read_customer_file
from supportbot.api.authentication import customer_of
from supportbot.api.bodies import FORM_BYTES
from supportbot.api.limits import MessagesLimit
from supportbot.api.visitors import VisitorView
from supportbot.mail.views import file_response
from tickets.models import Attachment
from tickets.services.customer_files import (
    FileRefusedError,
    add_customer_file,
    file_to_wire,
    most_bytes,
    remove_customer_file,
)


class FileResponse(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField()


class FilesView(VisitorView):
    """Add a file for the next message: `files` of that message names it."""

    parser_classes = (MultiPartParser,)
    throttle_classes = (MessagesLimit,)

    @extend_schema(
        request={
            "multipart/form-data": inline_serializer(
                "FileUpload", {"file": serializers.FileField()}
            )
        },
        responses={201: FileResponse},
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        conversation = self.conversation(request, conversation_id)
        # Before the body is read: no more of it is taken than may be kept.
        if int(request.META.get("CONTENT_LENGTH") or 0) > most_bytes() + FORM_BYTES:
            most = most_bytes() // 1024**2
            raise FileRefusedError("file_too_large", f"The file is larger than {most} MB.")
        file = request.FILES.get("file")
        if file is None:
            raise ValidationError({"file": ["Send a file."]})
        added = add_customer_file(conversation=conversation, file=file)
        transaction.on_commit(lambda: read_customer_file.delay(str(added.pk)), robust=True)
        return Response(file_to_wire(added), status=201)


class UnsentFileView(VisitorView):
    """A file that was added and not sent yet."""

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, conversation_id: UUID, file_id: UUID) -> Response:
        conversation = self.conversation(request, conversation_id)
        remove_customer_file(conversation=conversation, pk=file_id)
        return Response(status=204)


class SentFileView(VisitorView):
    """A file of one's own conversation."""

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, file_id: UUID) -> HttpResponseBase:
        sent = Attachment.objects.filter(
            refused="", message__conversation__customer=customer_of(request)
        )
        return file_response(get_object_or_404(sent, pk=file_id), shown=False)

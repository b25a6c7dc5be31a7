"""E-mail by webhook, and the files of messages for agents."""

from __future__ import annotations

from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from supportbot.mail.models import IncomingEmail
from supportbot.mail.receiving import process, store_incoming
from supportbot.mail.signatures import PATH, is_body_of, is_signed
from tickets.admin.base import user_of
from tickets.models import Attachment
from tickets.services.attachments import SHOWN


class IncomingView(APIView):
    """Hand an e-mail in, whole, as it came (RFC 5322), signed with the webhook's secret.

    The same e-mail twice is taken once.
    """

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        operation_id="mail_incoming",
        auth=[],
        request={("message/rfc822"): OpenApiTypes.BINARY},
        parameters=[
            OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.HEADER, required=True)
            for name in (
                "X-Supportbot-Timestamp",
                "X-Supportbot-Content-SHA256",
                "X-Supportbot-Signature",
            )
        ],
        responses={
            202: inline_serializer("MailTaken", {"status": serializers.CharField()}),
        },
    )
    def post(self, request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        if not is_signed(PATH, headers):
            raise AuthenticationFailed("The signature is missing, wrong or too old.")
        raw = request._request.read()  # it may be larger than Django holds in memory
        if not is_body_of(raw, headers):
            raise AuthenticationFailed("The signature is of another body.")
        if not raw.strip():
            raise ValidationError("Send the e-mail as the body.")
        row, _ = store_incoming(raw=raw, source=IncomingEmail.Source.WEBHOOK)
        process(row.pk)
        row.refresh_from_db(fields=["status"])
        return Response({"status": row.status}, status=202)


def attachment(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """A file of a message or a note, for agents who may see its ticket."""
    response: HttpResponseBase = admin.site.admin_view(_attachment)(request, pk=pk)
    return response


def _attachment(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    user = user_of(request)
    if not user.has_perm("tickets.view_ticket"):
        raise PermissionDenied
    found = get_object_or_404(Attachment.objects.visible_to(user), pk=pk, refused="")
    return file_response(found, shown=found.content_type in SHOWN)


def file_response(file: Attachment, *, shown: bool) -> HttpResponseBase:
    """Its content, which a browser may show in the page, or saves."""
    response = FileResponse(
        file.file.open("rb"),
        as_attachment=not shown,
        filename=file.name,
        content_type=file.content_type if shown else "application/octet-stream",
    )
    # Whatever is in it, a browser neither guesses nor runs it.
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response

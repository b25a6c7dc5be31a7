"""Customers and saved replies over REST."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from supportbot.api.authentication import agent_of
from supportbot.api.etags import tagged
from supportbot.api.parameters import read_filters
from supportbot.api.permissions import HasRight
from tickets.models import Customer, SavedReply
from tickets.services.saved_replies import available_replies


class CustomerSerializer(serializers.ModelSerializer[Customer]):
    class Meta:
        model = Customer
        fields = (
            *("id", "name", "email", "external_id", "created_at"),
            *("last_seen_at", "email_bounced_at"),
        )


class CustomersView(viewsets.ReadOnlyModelViewSet[Customer]):
    """Customers. Who they are is said by whoever signs them in, or by their e-mails."""

    permission_classes = (HasRight,)
    rights: ClassVar = {"GET": "tickets.view_customer"}
    queryset = Customer.objects.all()
    serializer_class = CustomerSerializer
    cursor_ordering = ("-created_at", "pk")

    def get_queryset(self) -> QuerySet[Customer]:
        found = Customer.objects.visible_to(agent_of(self.request)).order_by("-created_at", "pk")
        given = read_filters(self.request)
        if email := given.get("email"):
            found = found.filter(email__iexact=email)
        if external_id := given.get("external_id"):
            found = found.filter(external_id=external_id)
        if words := given.get("q"):
            found = found.filter(Q(name__icontains=words) | Q(email__icontains=words))
        return found

    @extend_schema(
        parameters=[
            OpenApiParameter("email", OpenApiTypes.STR),
            OpenApiParameter("external_id", OpenApiTypes.STR),
            OpenApiParameter("q", OpenApiTypes.STR, description="in name or e-mail"),
        ]
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return tagged(request, self.get_serializer(self.get_object()).data)


class SavedReplySerializer(serializers.ModelSerializer[SavedReply]):
    team = serializers.CharField(source="team.name", default=None)

    class Meta:
        model = SavedReply
        fields = ("id", "name", "text", "team", "updated_at")


class SavedRepliesView(viewsets.ReadOnlyModelViewSet[SavedReply]):
    """Saved replies that the user may use: everybody's, and those of their teams."""

    permission_classes = (HasRight,)
    rights: ClassVar = {"GET": "tickets.view_savedreply"}
    queryset = SavedReply.objects.all()
    serializer_class = SavedReplySerializer
    cursor_ordering = ("name",)

    def get_queryset(self) -> QuerySet[SavedReply]:
        return available_replies(agent_of(self.request)).select_related("team").order_by("name")

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return tagged(request, self.get_serializer(self.get_object()).data)

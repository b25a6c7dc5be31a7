"""What the widget is told of the site that it stands on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils.cache import patch_cache_control
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from supportbot.widget.models import Site

CACHED_SECONDS = 60


class SiteResponse(serializers.Serializer[Any]):
    online = serializers.BooleanField(help_text="The widget is shown.")
    attributes = serializers.DictField(
        required=False, help_text="Of the element; those on the page win."
    )
    colour = serializers.CharField(required=False)
    text_colour = serializers.CharField(required=False)


class SiteView(APIView):
    """How the widget looks on a site, and whether it is shown there. Public, and cached."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes: tuple[type[BaseThrottle], ...] = ()

    @extend_schema(operation_id="sites_retrieve", responses=SiteResponse)
    def get(self, request: Request, site_id: UUID) -> Response:
        site = get_object_or_404(Site, pk=site_id)
        response = Response(site.to_widget())
        patch_cache_control(response, public=True, max_age=CACHED_SECONDS)
        return response

"""Help articles for visitors: the documents that answers rest on, to read and to search."""

from __future__ import annotations

from dataclasses import asdict

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from supportbot.api.authentication import audience_of
from supportbot.api.limits import FramesLimit
from supportbot.api.visitors import VisitorView
from supportbot.widget.articles import list_articles, read_article, search_articles


class HelpView(VisitorView):
    """The articles that the visitor may read, by title; with `q`, the sections that fit it best."""

    throttle_classes = (FramesLimit,)

    @extend_schema(
        operation_id="help_list",
        parameters=[OpenApiParameter("q", OpenApiTypes.STR, description="what is searched")],
        responses=inline_serializer(
            "Help",
            {
                "articles": inline_serializer(
                    "HelpArticleTitle",
                    {"id": serializers.CharField(), "title": serializers.CharField()},
                    many=True,
                    required=False,
                ),
                "results": inline_serializer(
                    "HelpResult",
                    {
                        "id": serializers.CharField(help_text="Of the article."),
                        "title": serializers.CharField(),
                        "heading": serializers.ListField(child=serializers.CharField()),
                        "section": serializers.CharField(help_text="Its heading."),
                        "snippet": serializers.CharField(),
                    },
                    many=True,
                    required=False,
                ),
            },
        ),
    )
    def get(self, request: Request) -> Response:
        query, reader = request.query_params.get("q", "").strip(), audience_of(request)
        if not query:
            listed = [{"id": str(one.pk), "title": one.title} for one in list_articles(reader)]
            return Response({"articles": listed})
        results = [
            {
                "id": str(one.document_id),
                "title": one.title,
                "heading": list(one.heading),
                "section": one.section,
                "snippet": one.snippet,
            }
            for one in search_articles(query, reader)
        ]
        return Response({"results": results})


class ArticleView(VisitorView):
    """An article as it is in effect today, in sections of Markdown."""

    throttle_classes = (FramesLimit,)

    @extend_schema(
        responses=inline_serializer(
            "HelpArticle",
            {
                "id": serializers.CharField(),
                "title": serializers.CharField(),
                "updated_at": serializers.DateTimeField(),
                "sections": inline_serializer(
                    "HelpSection",
                    {
                        "heading": serializers.CharField(allow_blank=True),
                        "level": serializers.IntegerField(),
                        "text": serializers.CharField(),
                    },
                    many=True,
                ),
            },
        )
    )
    def get(self, request: Request, document_id: int) -> Response:
        article = read_article(document_id, audience_of(request))
        if article is None:
            raise NotFound("There is no such article.")
        return Response(
            {
                "id": str(article.id),
                "title": article.title,
                "updated_at": article.updated_at,
                "sections": [asdict(section) for section in article.sections],
            }
        )

"""Every URL of the product."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny
from rest_framework.routers import DefaultRouter

from supportbot.api import health, staff, visitors
from supportbot.pages import demo_page

router = DefaultRouter()
router.include_root_view = False
router.register("documents", staff.DocumentsView)
router.register("tickets", staff.TicketsView)
router.register("drafts", staff.DraftsView)
router.register("runs", staff.RunsView)
router.register("audit", staff.AuditView)

api: list[URLPattern | URLResolver] = [
    path("visitors/", visitors.VisitorsView.as_view()),
    path("conversations/", visitors.ConversationsView.as_view()),
    path("conversations/<uuid:conversation_id>/", visitors.ConversationView.as_view()),
    path("conversations/<uuid:conversation_id>/messages/", visitors.MessagesView.as_view()),
    path("conversations/<uuid:conversation_id>/events/", visitors.EventsView.as_view()),
    path("conversations/<uuid:conversation_id>/handover/", visitors.HandoverView.as_view()),
    path("messages/<uuid:message_id>/feedback/", visitors.FeedbackView.as_view()),
    path("search/", staff.SearchView.as_view()),
    path("schema/", SpectacularAPIView.as_view(permission_classes=[AllowAny]), name="schema"),
    path("", include(router.urls)),
]

urlpatterns = [
    path("", demo_page, name="demo"),
    path("api/v1/", include(api)),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
]

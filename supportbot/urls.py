"""Every URL of the product."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny
from rest_framework.routers import DefaultRouter

from supportbot.accounts import openid
from supportbot.accounts.views import LogInView
from supportbot.api import (
    customers,
    health,
    openai,
    speaking,
    staff,
    tickets,
    versions,
    visitor_sessions,
    visitors,
)
from supportbot.api.contact import AddressView
from supportbot.api.follow_ups import FollowUpsView
from supportbot.api.help import ArticleView, HelpView
from supportbot.api.stopping import StopView
from supportbot.api.transcript import TranscriptView
from supportbot.api.visitor_files import FilesView, SentFileView, UnsentFileView
from supportbot.api.visitor_typing import TypingView
from supportbot.api.voice import VoiceView
from supportbot.mail import views as mail
from supportbot.metrics import metrics
from supportbot.pages import demo_page
from supportbot.widget.views import SiteView

router = DefaultRouter()
router.include_root_view = False
router.register("documents", staff.DocumentsView)
router.register("tickets", tickets.TicketsView)
router.register("drafts", staff.DraftsView)
router.register("customers", customers.CustomersView)
router.register("saved-replies", customers.SavedRepliesView)
router.register("runs", staff.RunsView)
router.register("audit", staff.AuditView)

# Of one version of a document.
version_steps = {
    "publish": "publish",
    "retire": "retire",
    "submit": "submit",
    "send-back": "send_back",
    "roll-back": "roll_back",
}
of_version: list[URLPattern | URLResolver] = [
    path(f"{name}/", versions.StepsView.as_view({"post": method}), name=f"version-{name}")
    for name, method in version_steps.items()
]
of_version.append(path("try/", versions.TryView.as_view(), name="version-try"))

of_ticket: list[URLPattern | URLResolver] = [
    path("take-over/", speaking.TakeOverView.as_view()),
    path("give-back/", speaking.GiveBackView.as_view()),
    path("requeue/", speaking.RequeueView.as_view()),
    path("assign-next/", speaking.AssignNextView.as_view()),
    path("snooze/", speaking.SnoozeView.as_view()),
]

api: list[URLPattern | URLResolver] = [
    path("visitors/", visitor_sessions.VisitorsView.as_view()),
    path("visitors/me/", visitor_sessions.SignOutView.as_view()),
    path("conversations/", visitors.ConversationsView.as_view()),
    path("conversations/<uuid:conversation_id>/", visitors.ConversationView.as_view()),
    path("conversations/<uuid:conversation_id>/messages/", visitors.MessagesView.as_view()),
    path("conversations/<uuid:conversation_id>/events/", visitors.EventsView.as_view()),
    path("conversations/<uuid:conversation_id>/history/", visitors.HistoryView.as_view()),
    path("conversations/<uuid:conversation_id>/handover/", visitors.HandoverView.as_view()),
    path("messages/<uuid:message_id>/passages/<str:passage_id>/", visitors.PassageView.as_view()),
    path("conversations/<uuid:conversation_id>/files/", FilesView.as_view()),
    path("conversations/<uuid:conversation_id>/files/<uuid:file_id>/", UnsentFileView.as_view()),
    path("conversations/<uuid:conversation_id>/transcript/", TranscriptView.as_view()),
    path("conversations/<uuid:conversation_id>/voice/", VoiceView.as_view()),
    path("files/<uuid:file_id>/", SentFileView.as_view()),
    path("conversations/<uuid:conversation_id>/address/", AddressView.as_view()),
    path("conversations/<uuid:conversation_id>/stop/", StopView.as_view()),
    path("conversations/<uuid:conversation_id>/typing/", TypingView.as_view()),
    path("conversations/<uuid:conversation_id>/close/", visitors.CloseView.as_view()),
    path("conversations/<uuid:conversation_id>/rating/", visitors.RatingView.as_view()),
    path("messages/<uuid:message_id>/follow-ups/", FollowUpsView.as_view()),
    path("messages/<uuid:message_id>/feedback/", visitors.FeedbackView.as_view()),
    path("help/", HelpView.as_view()),
    path("help/<int:document_id>/", ArticleView.as_view()),
    path("documents/<str:id>/versions/<str:number>/", include(of_version)),
    path("tickets/<str:pk>/", include(of_ticket)),
    path("sites/<uuid:site_id>/", SiteView.as_view()),
    path("mail/incoming/", mail.IncomingView.as_view()),
    path("search/", staff.SearchView.as_view()),
    path("schema/", SpectacularAPIView.as_view(permission_classes=[AllowAny]), name="schema"),
    path("", include(router.urls)),
]

urlpatterns = [
    path("", demo_page, name="demo"),
    path("api/v1/", include(api)),
    path("v1/chat/completions", openai.chat_completions),  # type: ignore[arg-type]
    path("v1/models", openai.models),  # type: ignore[arg-type]
    path("admin/attachments/<uuid:pk>/", mail.attachment, name="attachment"),
    path("admin/desk/", include("supportbot.desk.urls")),
    path("admin/account/", include("supportbot.accounts.urls")),
    # allauth knows these two by their names.
    *(
        path(f"admin/account/openid/{part}", view, {"provider_id": openid.ID}, name=name)
        for part, view, name in [
            ("", openid.start, "openid_connect_login"),
            ("callback/", openid.callback, "openid_connect_callback"),
        ]
    ),
    path("admin/login/", LogInView.as_view()),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", metrics),
]

"""The desk's addresses, below /admin/desk/."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, path

from supportbot.desk import views, views_help


def _page(route: str, view: Callable[..., Any], name: str) -> URLPattern:
    # Who is not signed in as staff is sent to sign in.
    return path(route, admin.site.admin_view(view), name=name)


app_name = "desk"
urlpatterns = [
    _page("", views.desk, "desk"),
    _page("queue/", views.queue, "queue"),
    _page("preferences/", views.prefer, "prefer"),
    _page("<int:number>/", views.desk, "ticket"),
    _page("<int:number>/open/", views.open_ticket, "open"),
    _page("<int:number>/news/", views.news, "news"),
    _page("<int:number>/do/<slug:name>/", views.act, "act"),
    _page("<int:number>/choices/<slug:name>/", views_help.choices, "choices"),
    _page("<int:number>/files/", views.add_files, "files"),
    _page("<int:number>/keep/", views.keep, "keep"),
    _page("<int:number>/check/", views_help.check, "check"),
    _page("<int:number>/passages/", views_help.passages, "passages"),
    _page("<int:number>/saved/", views_help.saved_replies, "saved"),
    _page("<int:number>/similar/", views_help.similar, "similar"),
    _page("<int:number>/summary/", views_help.summary, "summary"),
    _page("<int:number>/reword/", views_help.reword, "reword"),
    _page("<int:number>/macros/", views_help.macros, "macros"),
]

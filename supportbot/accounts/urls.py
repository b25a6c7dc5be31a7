"""Addresses of one's own account, below /admin/account/."""

from django.contrib import admin
from django.urls import path

from supportbot.accounts import views

app_name = "account"
urlpatterns = [
    path("", admin.site.admin_view(views.account), name="home"),
    path(
        "sign-out-everywhere/",
        admin.site.admin_view(views.sign_out_everywhere),
        name="sign_out_everywhere",
    ),
]

"""Addresses of one's own account, below /admin/account/."""

from django.contrib import admin
from django.urls import path

from supportbot.accounts import two_factor_views, views

app_name = "account"
urlpatterns = [
    # These two are for people who have given their password alone, too.
    path("code/", two_factor_views.code, name="code"),
    path("two-factor/", two_factor_views.set_up, name="set_up"),
    path(
        "two-factor/codes/",
        admin.site.admin_view(two_factor_views.renew_codes),
        name="renew_codes",
    ),
    path("two-factor/off/", admin.site.admin_view(two_factor_views.turn_off), name="turn_off"),
    path("", admin.site.admin_view(views.account), name="home"),
    path(
        "sign-out-everywhere/",
        admin.site.admin_view(views.sign_out_everywhere),
        name="sign_out_everywhere",
    ),
]

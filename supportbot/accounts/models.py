"""Sessions of staff and visitors of the admin, with whose they are."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone

# Browsers call themselves by older ones too: the first that is found is right.
_BROWSERS = [("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome")]
_BROWSERS += [("Safari/", "Safari")]
_SYSTEMS = [("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad")]
_SYSTEMS += [("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux")]


class StaffSession(AbstractBaseSession):
    """A browser's session. Without a user: somebody who is about to log in."""

    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="sessions")
    began_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    address = models.CharField(max_length=64, blank=True)
    browser = models.CharField(max_length=200, blank=True)

    class Meta(AbstractBaseSession.Meta):
        default_permissions = ()

    @property
    def browser_name(self) -> str:
        """“Firefox on Linux”, as far as the browser says who it is."""
        name = next((name for mark, name in _BROWSERS if mark in self.browser), "")
        system = next((name for mark, name in _SYSTEMS if mark in self.browser), "")
        if not name:
            return self.browser[:60] or "Unknown browser"
        return f"{name} on {system}" if system else name

    @classmethod
    def get_session_store_class(cls) -> Any:
        from supportbot.accounts.sessions import SessionStore

        return SessionStore

"""The Django app of the desk."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "supportbot.desk"
    label = "desk"
    verbose_name = "Desk"

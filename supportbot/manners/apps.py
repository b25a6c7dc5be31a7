"""The Django app of manners."""

from django.apps import AppConfig


class MannersConfig(AppConfig):
    name = "supportbot.manners"
    label = "manners"
    verbose_name = "Small talk"

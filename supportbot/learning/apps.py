"""The Django app of learning."""

from django.apps import AppConfig


class LearningConfig(AppConfig):
    name = "supportbot.learning"
    label = "learning"
    verbose_name = "Learning"

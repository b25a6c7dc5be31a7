"""App configuration of evaluation: its commands."""

from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    name = "supportbot.evaluation"
    label = "evaluation"

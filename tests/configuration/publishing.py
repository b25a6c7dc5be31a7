"""Putting a configuration into effect, as a person does in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User

from supportbot.answers.threads import in_thread
from supportbot.configuration.content import Configuration
from supportbot.configuration.models import AnswerConfiguration
from supportbot.configuration.services import begin_draft, publish, save_draft


def put_in_effect(**content: Any) -> AnswerConfiguration:
    """Publish a configuration with this content."""
    author, _ = User.objects.get_or_create(username="olga", is_staff=True)
    draft = begin_draft(author=author)
    made = Configuration(**content)
    draft = save_draft(draft=draft, content=made, note="For a test", author=author)
    return publish(draft=draft, by=author)


async def put_in_effect_async(**content: Any) -> AnswerConfiguration:
    return await in_thread(lambda: put_in_effect(**content))()

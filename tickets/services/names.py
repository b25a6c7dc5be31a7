"""What agents are called."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser


def display_name(agent: AbstractBaseUser) -> str | None:
    """What customers call an agent: the first name; None where none is given. The name to log in
    with is nothing that customers are told."""
    return str(getattr(agent, "first_name", "")).strip() or None


def staff_name(agent: AbstractBaseUser) -> str:
    """What colleagues call an agent."""
    return str(getattr(agent, "first_name", "") or agent.get_username())

"""What of an erased customer stands in tables that no foreign key connects with them."""

from __future__ import annotations

from knowledge.models import CuratedQuestion
from supportbot.answers.models import Spending
from tickets.services.erasure import Erasing, register_eraser


def erase(erasing: Erasing) -> int:
    """Their words as questions of curated answers, and what models cost for them."""
    questions, _ = CuratedQuestion.objects.filter(text__in=erasing.texts).delete()
    spent = 0
    for key in (erasing.customer.pk, *erasing.conversations):
        spent += Spending.objects.filter(key__startswith=str(key)).delete()[0]
    return questions + spent


def register() -> None:
    register_eraser(erase)

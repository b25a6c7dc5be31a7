"""When the company works: weekly hours, public holidays and days off, in a time zone."""

from __future__ import annotations

import zoneinfo
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q


def check_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"“{name}” is no time zone. Write one such as Europe/London.")


def check_country(code: str) -> None:
    from holidays import list_supported_countries

    if code not in list_supported_countries():
        raise ValidationError(
            f"No holidays are known for “{code}”. Write a country's two letters, such as GB."
        )


class BusinessCalendar(models.Model):
    """tickets.services.business_hours counts with it. Without weekly hours it is open around the
    clock, holidays and closed days aside."""

    name = models.CharField(max_length=100, unique=True)
    time_zone = models.CharField(max_length=60, default="UTC", validators=[check_time_zone])
    country = models.CharField(
        "holidays of",
        max_length=2,
        blank=True,
        validators=[check_country],
        help_text="A country's two letters, such as GB. Empty: no public holidays.",
    )
    subdivision = models.CharField(
        max_length=10,
        blank=True,
        help_text="A part of the country with holidays of its own, such as SCT or BY.",
    )
    is_default = models.BooleanField(
        "default", default=False, help_text="What office hours mean where nothing else is set."
    )

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="calendar_one_default",
                violation_error_message="Another calendar is the default already.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        from holidays import list_supported_countries

        if not self.subdivision:
            return
        known = list_supported_countries(include_aliases=True).get(self.country, [])
        if self.subdivision not in known:
            shown = ", ".join(known[:12]) or "none"
            words = f"{self.country or 'No country'} has no part “{self.subdivision}”: {shown}."
            raise ValidationError({"subdivision": words})


class BusinessHours(models.Model):
    class Weekday(models.IntegerChoices):
        MONDAY = 0, "Monday"
        TUESDAY = 1, "Tuesday"
        WEDNESDAY = 2, "Wednesday"
        THURSDAY = 3, "Thursday"
        FRIDAY = 4, "Friday"
        SATURDAY = 5, "Saturday"
        SUNDAY = 6, "Sunday"

    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    opens = models.TimeField()
    closes = models.TimeField(help_text="00:00 is midnight at the end of the day.")

    class Meta:
        ordering: ClassVar = ["weekday", "opens"]
        verbose_name_plural = "weekly hours"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(closes__gt=models.F("opens")) | Q(closes="00:00"),
                name="hours_close_after_opening",
                violation_error_message="It must close after it opens; 00:00 is midnight.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}-{self.closes:%H:%M}"


class ClosedDay(models.Model):
    calendar = models.ForeignKey(
        BusinessCalendar, on_delete=models.CASCADE, related_name="closed_days"
    )
    day = models.DateField()
    name = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering: ClassVar = ["day"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["calendar", "day"], name="closed_day_unique")
        ]

    def __str__(self) -> str:
        return f"{self.day:%-d %B %Y} {self.name}".strip()

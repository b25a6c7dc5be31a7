"""What the admin classes of this app share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, cast

from django.contrib.admin import RelatedOnlyFieldListFilter
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.text import Truncator, capfirst
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.views import ChangeList

from tickets.models.visibility import visible_by
from tickets.services.names import staff_name

LINE_CHARACTERS = 100
MOST = 20_000  # rows that a list leads through; filters and searches reach the others


class VisibleRows:
    """Leaves out rows of conversations that the user must not see."""

    conversation_path = "conversation"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)  # type: ignore[misc]  # of the admin it is mixed into
        return visible_by(rows, user_of(request), self.conversation_path)


class RowsFirst(Paginator):  # type: ignore[type-arg]  # no generic at run time
    """Finds which rows a page has before it reads them: their texts, joins and annotations are then
    of these alone, however many there are. Beyond MOST it counts no further."""

    most = MOST

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by()[:MOST].count()

    def page(self, number: int | str) -> Page[Any]:
        page = super().page(number)
        rows = cast("QuerySet[Any]", self.object_list)
        pks = list(cast("QuerySet[Any]", page.object_list).values_list("pk", flat=True))
        found = {row.pk: row for row in rows.filter(pk__in=pks)}
        page.object_list = [found[pk] for pk in pks if pk in found]
        return page


class RecordList(ChangeList):  # type: ignore[misc]  # unfold carries no types
    def get_results(self, request: HttpRequest) -> None:
        """One page, too, is found rows first: in as many statements as one of many."""
        super().get_results(request)
        if not self.multi_page:
            self.result_list = self.paginator.page(1).object_list


class RecordAdmin(ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    """Shows rows and changes nothing by a form: what changes them are services."""

    show_add_link = False
    list_per_page = 50
    paginator = RowsFirst
    show_full_result_count = False  # beside what a filter leaves: it would count everything again
    page_template = ""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RecordList]:
        return RecordList

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        if not (changelist.query or changelist.has_active_filters):
            changelist.full_result_count = changelist.result_count  # no “Show all” where all is
        return changelist

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {
            # Not "Select ticket to change": this stands in the browser's tab.
            "title": capfirst(self.opts.verbose_name_plural),
            "element_classes": {"pagination": "sb-pages"},  # where tickets/live.js finds it
            **(extra_context or {}),
        }
        return cast(HttpResponse, super().changelist_view(request, context))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The row's own page, for those who may view it."""
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        found = self.get_object(request, object_id)
        if found is None:
            redirect = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return cast(HttpResponse, redirect)
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        return self.render_page(request, found)

    def render_page(
        self, request: HttpRequest, found: Model, *, status: int = 200, **extra: Any
    ) -> HttpResponse:
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": found,
            "title": str(found),
            "media": self.media,
            "can_change": self.has_change_permission(request, found),
            **self.page_context(request, found),
            **extra,
        }
        return TemplateResponse(request, self.page_template, context, status=status)

    def page_context(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        """What the page's template needs beyond the row."""
        return {}


def user_of(request: HttpRequest) -> User:
    return cast(User, request.user)  # admin_view lets nobody else in


def local_time(moment: dt.datetime) -> SafeString:
    """A moment in the time zone of whoever reads it."""
    return render_to_string("time.html", {"moment": moment})


def time_column(field: str, words: str) -> Any:
    """A column of a list: the moment in the row's `field`, called `words`."""

    @display(description=words, ordering=field)  # type: ignore[untyped-decorator]
    def show(row: Any) -> SafeString | str:
        moment = getattr(row, field)
        return local_time(moment) if moment is not None else "-"

    return show


def shortened(text: str) -> str:
    """The beginning of a text, on one line of a list."""
    return Truncator(" ".join(text.split())).chars(LINE_CHARACTERS)


def labels(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Status → unfold's label colour, as plain strings."""
    return _Labels({str(status): colour for status, colour in pairs})


class _Labels(dict[str, str]):
    """A status without a colour is grey; of one that is missing, unfold would show the value."""

    def __missing__(self, status: str) -> str:
        return ""


class StaffFilter(RelatedOnlyFieldListFilter):
    """The agents of these rows, by the names that colleagues call them."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        held = model_admin.get_queryset(request).order_by().values(field.name).distinct()
        agents = User.objects.filter(pk__in=held).order_by("first_name", "username")
        return [(agent.pk, staff_name(agent)) for agent in agents]

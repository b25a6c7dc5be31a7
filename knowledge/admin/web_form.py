"""The form of a web source: checked as a whole before anything is saved."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from knowledge.admin.steps import language_field, languages, stay_draft
from knowledge.models import Audience, Collection, WebSource
from knowledge.models.documents import default_locale
from knowledge.services.ingestion.documents import DEFAULT_COLLECTION
from knowledge.services.web.sources import (
    MOST_HOURS,
    MOST_PAGES,
    CheckedSource,
    Wanted,
    WebSourceRefusedError,
    check_web_source,
)


def _text_input(**attributes: str) -> Any:
    return UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", **attributes})


def _number_input(least: int, most: int) -> Any:
    return UnfoldAdminIntegerFieldWidget(attrs={"min": least, "max": most})


class WebSourceForm(forms.Form):
    """`checked` holds the source once the form is valid."""

    checked: CheckedSource

    kind = forms.ChoiceField(
        label="What to read", choices=WebSource.Kind.choices, widget=UnfoldAdminSelectWidget()
    )
    url = forms.CharField(
        label="Address",
        required=False,
        widget=_text_input(placeholder="https://", inputmode="url"),
        help_text="Of the page, or of the sitemap; for a sitemap the address of the site will do.",
    )
    urls = forms.CharField(
        label="Addresses",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8, "spellcheck": "false"}),
        help_text="One per line.",
    )
    collection = forms.CharField(
        max_length=100,
        required=False,
        widget=_text_input(list="collections"),
        help_text="Choose a collection or write the name of a new one. It cannot be changed later.",
    )
    audience = forms.ChoiceField(
        label="For",
        choices=Audience.choices,
        widget=UnfoldAdminSelectWidget(),
        help_text="Who may be answered from it.",
    )
    locale = language_field(required=False, help_text="Of pages that do not say theirs.")
    refresh_hours = forms.IntegerField(
        label="Refresh every … hours",
        widget=_number_input(0, MOST_HOURS),
        help_text="24 is once a day, 168 once a week; 0: only by hand.",
    )
    max_pages = forms.IntegerField(
        label="At most so many pages", widget=_number_input(1, MOST_PAGES)
    )
    publish = forms.BooleanField(
        label="Publish pages as soon as they are read",
        required=False,
        help_text="Otherwise every new or changed page stays a draft until somebody publishes it.",
    )
    active = forms.BooleanField(
        label="Switched on",
        required=False,
        help_text="While it is switched off nothing is fetched; what was read stays as it is.",
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        existing: WebSource | None = None,
        publishes: bool = True,
    ) -> None:
        """`publishes`: whether who fills it in may publish; else pages become drafts."""
        defaults = Wanted(collection=DEFAULT_COLLECTION)
        initial = {
            name: getattr(existing or defaults, name)
            for name in self.base_fields
            if name != "collection"
        }
        initial["locale"] = initial["locale"] or default_locale()
        initial["collection"] = existing.collection.name if existing else DEFAULT_COLLECTION
        super().__init__(data, initial=initial)
        self.existing = existing
        self.fields["locale"].choices = languages(str(initial["locale"]))  # type: ignore[attr-defined]
        if existing is not None:
            del self.fields["collection"]
        if not publishes:
            self.initial["publish"] = False
            stay_draft(self.fields["publish"])

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        if self.errors:
            return fields
        try:
            self.checked = check_web_source(Wanted(**fields), existing=self.existing)
        except WebSourceRefusedError as error:
            self.add_error(error.field, str(error))
        return fields

    @property
    def text_fields(self) -> list[forms.BoundField]:
        return [field for field in self if field.name not in {"publish", "active"}]

    @property
    def boxes(self) -> list[forms.BoundField]:
        return [self["publish"], self["active"]]

    @property
    def collections(self) -> list[str]:
        return list(Collection.objects.values_list("name", flat=True))

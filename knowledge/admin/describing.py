"""A document's title, language and collection, changed by a form on its page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextInputWidget

from knowledge.admin.base import Desk, user_of
from knowledge.admin.steps import first_error, language_field, languages
from knowledge.models import Collection, Document
from knowledge.services.lifecycle.descriptions import (
    Description,
    DescriptionError,
    describe_document,
)


class DescriptionForm(forms.Form):
    title = forms.CharField(max_length=300, widget=UnfoldAdminTextInputWidget())
    locale = language_field(
        help_text="Of the text. Another one changes how all versions are searched."
    )
    collection = forms.CharField(
        max_length=100,
        help_text="Choose a collection or write the name of a new one.",
        widget=UnfoldAdminTextInputWidget(attrs={"list": "collections", "autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, document: Document) -> None:
        initial = vars(Description.of(document))
        super().__init__(data, initial=initial, auto_id="describe_%s")
        self.fields["locale"].choices = languages(document.locale)  # type: ignore[attr-defined]

    @property
    def collections(self) -> list[str]:
        return list(Collection.objects.filter(temporary=False).values_list("name", flat=True))


def describe(desk: Desk, request: HttpRequest, pk: int) -> HttpResponse:
    """POST: the form, back to the document's page."""
    desk.require_change(request)
    document = desk.document(request, pk)
    form = DescriptionForm(request.POST, document=document)
    if not form.is_valid():
        messages.error(request, first_error(form))
    else:
        try:
            description = Description(**form.cleaned_data)
            changed = describe_document(
                document=document, description=description, by=user_of(request)
            )
        except DescriptionError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "The change is saved." if changed else "Nothing changed.")
    return HttpResponseRedirect(reverse("admin:knowledge_document_change", args=[pk]))

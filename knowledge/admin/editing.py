"""Correcting a version's text in the browser: Markdown with a preview, saved as a new version."""

from __future__ import annotations

import io
from pathlib import PurePath
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
)

from knowledge.admin.base import Desk, to_document, user_of, version_url
from knowledge.admin.passages import render_passage
from knowledge.admin.steps import stay_draft
from knowledge.models import Audience, DocumentVersion
from knowledge.rights import may_publish
from knowledge.services.ingestion.documents import UploadRefusedError, add_version, check_upload

MOST_CHARACTERS = 500_000  # that a browser's text field is still good for
TOO_LONG = (
    "This text is too long to be corrected in the browser. Download the file, correct it there and "
    "upload it as a new version."
)


class TextForm(forms.Form):
    """`newest` is the number of the newest version when the page was opened; `publishes`: whether
    who corrects the text may publish."""

    text = forms.CharField(
        label="Text, as Markdown",
        max_length=MOST_CHARACTERS,
        strip=False,
        widget=forms.Textarea(attrs={"class": "sb-text sb-editor", "rows": 28, "data-text": ""}),
    )
    note = forms.CharField(
        label="What you changed, for the history",
        required=False,
        max_length=1000,
        widget=forms.TextInput(attrs={"class": "sb-text sb-text--short", "autocomplete": "off"}),
    )
    publish = forms.BooleanField(
        label="Publish as soon as it is read and checked", required=False, initial=True
    )
    newest = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, publishes: bool, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if not publishes:
            stay_draft(self.fields["publish"])

    def clean_text(self) -> str:
        text = plain_lines(self.cleaned_data["text"])
        if not text.strip():
            raise forms.ValidationError("The text is empty. Retire the version instead.")
        return text


def plain_lines(text: str) -> str:
    """As a browser sends it → with line feeds alone, and one at the end."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").strip("\n") + "\n"


def edit_text(desk: Desk, request: HttpRequest, pk: int) -> HttpResponse:
    """The form with the version's text; POST saves it as the document's newest version."""
    version = _version_to_edit(desk, request, pk)
    if version.status != DocumentVersion.Status.READY:
        messages.error(request, f"Version {version.number} has not been read.")
        return to_document(version)
    if len(version.markdown) > MOST_CHARACTERS:
        messages.error(request, TOO_LONG)
        return to_document(version)
    newest = version.document.versions.order_by("-number").values_list("number", flat=True)[0]
    publishes = may_publish(request.user)
    if request.method != "POST":
        initial = {"text": version.markdown, "newest": newest}
        form = TextForm(initial=initial, publishes=publishes)
        return _form_page(desk, request, version, form)
    posted = request.POST.copy()
    form = TextForm(posted, publishes=publishes)
    if form.is_valid() and form.cleaned_data["newest"] != newest:
        # What was typed is kept; the second time it is meant.
        posted["newest"] = str(newest)
        form.add_error(
            "text",
            f"Version {newest} was added while you were editing. Look at it in another tab; save "
            "again to put your text in its place.",
        )
    if form.is_valid() and form.cleaned_data["text"] == plain_lines(version.markdown):
        form.add_error("text", "The text is as it was, so there is nothing to save.")
    if not form.is_valid():
        return _form_page(desk, request, version, form)
    return _save(desk, request, version, form)


def preview_text(desk: Desk, request: HttpRequest, pk: int) -> JsonResponse:
    """POST, by the page's script: the text as HTML."""
    if request.method != "POST":
        return JsonResponse({}, status=405)
    _version_to_edit(desk, request, pk)
    text = request.POST.get("text", "")
    if len(text) > MOST_CHARACTERS:
        return JsonResponse({"html": "", "problem": TOO_LONG}, status=400)
    return JsonResponse({"html": render_passage(text)})


def _version_to_edit(desk: Desk, request: HttpRequest, pk: int) -> DocumentVersion:
    version = desk.version(request, pk)
    if not (desk.has_add_permission(request) and desk.has_change_permission(request)):
        raise PermissionDenied
    return version


def _form_page(
    desk: Desk, request: HttpRequest, version: DocumentVersion, form: TextForm
) -> HttpResponse:
    title = f"{version.document.title}: correct the text of version {version.number}"
    context: dict[str, Any] = {
        "document": version.document,
        "original": version.document,
        "version": version,
        "form": form,
        "preview": render_passage(form["text"].value() or ""),
    }
    return desk.page(request, "edit", title=title, is_fullwidth="1", **context)


def _save(
    desk: Desk, request: HttpRequest, version: DocumentVersion, form: TextForm
) -> HttpResponse:
    fields = form.cleaned_data
    try:
        upload = check_upload(
            io.BytesIO(fields["text"].encode()),
            file_name=f"{PurePath(version.file_name).stem[:190]}.md",
            collection=version.document.collection.name,
            external_id=version.document.external_id,
            effective_from=version.effective_from,
            effective_until=version.effective_until,
            audience=Audience(version.audience),
            publish=fields["publish"],
            check_first=True,
        )
    except UploadRefusedError as error:
        form.add_error("text", str(error))
        return _form_page(desk, request, version, form)
    new, created = add_version(
        upload=upload, created_by=user_of(request), corrects=version, note=fields["note"].strip()
    )
    if created:
        messages.success(
            request, f"Your text is version {new.number}. It is being read; this takes a moment."
        )
    else:
        messages.info(request, f"Version {new.number} has exactly this text already.")
    return HttpResponseRedirect(version_url(new))

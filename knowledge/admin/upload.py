"""The upload form: many files in, one line of result for each.

With scripts the page sends every file in a request of its own, so that no limit on one request is
met and each has its progress; without, all go in one form and the answer is a page.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.files.uploadedfile import UploadedFile
from django.utils.functional import cached_property
from unfold.widgets import UnfoldAdminTextInputWidget

from knowledge.admin.steps import (
    TermsForm,
    audience_select,
    language_field,
    languages,
    stay_draft,
)
from knowledge.locales import locale_name
from knowledge.models import Audience, Collection, Document, DocumentVersion
from knowledge.models.documents import default_locale
from knowledge.reading import SUPPORTED_EXTENSIONS
from knowledge.services.ingestion.documents import (
    DEFAULT_COLLECTION,
    UploadRefusedError,
    add_version,
    check_upload,
    find_by_file_name,
)


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One or more files. Each is checked on its own later, so that one cannot refuse the others."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        if not data:
            raise forms.ValidationError("Choose one or more files.")
        return list(data)


def _text_input(**attributes: str) -> Any:
    return UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", **attributes})


class UploadForm(TermsForm):
    """The terms, and what else goes for all files of an upload."""

    uploads = FilesField(
        widget=FilesInput(
            attrs={
                "accept": ",".join(f".{extension}" for extension in sorted(SUPPORTED_EXTENSIONS)),
                "aria-describedby": "files-help",
            }
        )
    )
    audience = forms.ChoiceField(
        label="For",
        choices=[("", "As before; everybody for a new document"), *Audience.choices],
        required=False,
        help_text="Who may be answered from it.",
        widget=audience_select(),
    )
    collection = forms.CharField(
        max_length=100,
        required=False,
        initial=DEFAULT_COLLECTION,
        help_text="Of new documents: choose one or write the name of a new one. A known document "
        "stays where it is.",
        widget=_text_input(list="collections"),
    )
    locale = language_field(required=False, help_text="Of the text.")
    title = forms.CharField(
        max_length=300,
        required=False,
        help_text="For a single file. Without one the file name is used.",
        widget=UnfoldAdminTextInputWidget(),
    )
    publish = forms.BooleanField(
        label="Publish as soon as it is read and checked",
        required=False,
        initial=True,
        help_text="It is compared with your other documents first; if it contradicts one, it stays "
        "a draft and says so. Without the tick it stays a draft until somebody publishes it.",
    )
    field_order = (
        *("uploads", "collection", "audience", "locale"),
        *("effective_from", "effective_until", "title", "publish"),
    )

    document = forms.ModelChoiceField(
        queryset=Document.objects.select_related("collection"),
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": "This document is not there any more."},
    )

    def __init__(self, *arguments: Any, publishes: bool = True, **named: Any) -> None:
        """`publishes`: whether who uploads may publish; else each file stays a draft."""
        super().__init__(*arguments, **named)
        if not publishes:
            stay_draft(self.fields["publish"])
        as_before = f"As before; {locale_name(default_locale())} for a new document"
        self.fields["locale"].choices = [("", as_before), *languages()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        fields = super().clean()
        if fields.get("document") and len(fields.get("uploads") or ()) > 1:
            self.add_error("uploads", "Choose one file: it becomes the document’s next version.")
        return fields

    def clean_audience(self) -> Audience | None:
        """None as the document has it."""
        return Audience(found) if (found := self.cleaned_data["audience"]) else None

    @property
    def text_fields(self) -> list[forms.BoundField]:
        """Those to fill in, but for the files and the box. A known document has its name."""
        others = {"uploads", "publish", "document"}
        others |= {"collection", "title"} if self.known_document else set()
        return [field for field in self if field.name not in others]

    @cached_property
    def known_document(self) -> Document | None:
        """The one that a new version is uploaded of, if that is what the page is for."""
        number = str(self["document"].value() or "")
        return Document.objects.filter(pk=number).first() if number.isdecimal() else None

    @property
    def collections(self) -> list[str]:
        return list(Collection.objects.values_list("name", flat=True))

    @property
    def limits(self) -> dict[str, int]:
        return {
            "megabytes": settings.UPLOAD_MAX_BYTES // 1024 // 1024,
            "files": settings.DATA_UPLOAD_MAX_NUMBER_FILES or 0,
        }


@dataclass(frozen=True)
class Result:
    """What became of one file; `version` is None when it was refused."""

    file_name: str
    kind: str
    text: str
    version: DocumentVersion | None = None


@dataclass(frozen=True)
class Batch:
    """A checked form: files and what goes for all of them."""

    uploads: Sequence[UploadedFile[Any]]
    document: Document | None
    collection: str
    title: str
    locale: str
    audience: Audience | None
    publish: bool
    effective_from: dt.date | None
    effective_until: dt.date | None


def take_batch(*, batch: Batch, created_by: AbstractBaseUser) -> list[Result]:
    """Take each file by itself; a refused one does not stop the others."""
    return [_take_file(file, batch, created_by) for file in batch.uploads]


def _take_file(file: UploadedFile[Any], batch: Batch, created_by: AbstractBaseUser) -> Result:
    name = file.name or ""
    try:
        known = batch.document or find_by_file_name(name, collection=batch.collection.strip())
        upload = check_upload(
            file,
            file_name=name,
            collection=known.collection.name if known else batch.collection.strip(),
            external_id=known.external_id if known else "",
            title=batch.title.strip() if len(batch.uploads) == 1 else "",
            effective_from=batch.effective_from,
            effective_until=batch.effective_until,
            audience=batch.audience or _audience_of(known),
            locale=batch.locale.strip(),
            publish=batch.publish,
            check_first=True,
        )
    except UploadRefusedError as error:
        return Result(name, "refused", str(error))
    version, created = add_version(upload=upload, created_by=created_by)
    was_failed = version.status == DocumentVersion.Status.FAILED
    version.refresh_from_db()
    if created:
        text = f"Accepted as version {version.number}"
        if known is not None and batch.document is None:
            text = f"{text} of “{known}”, in {known.collection}"
        return Result(name, "accepted", f"{text}.", version)
    if was_failed:
        text = f"Unchanged: version {version.number} had failed and is tried again."
        return Result(name, "unchanged", text, version)
    return Result(
        name, "unchanged", f"Unchanged: this is version {version.number} already.", version
    )


def _audience_of(document: Document | None) -> Audience:
    """Of its newest version: what was for staff only does not become public by an upload."""
    versions = DocumentVersion.objects.filter(document=document).order_by("-number")
    return Audience(versions.values_list("audience", flat=True).first() or Audience.PUBLIC)

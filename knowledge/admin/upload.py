"""The upload form: many files in, one line of result for each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.files.uploadedfile import UploadedFile
from unfold.widgets import INPUT_CLASSES, UnfoldAdminTextInputWidget

from knowledge.models import Collection, DocumentVersion
from knowledge.reading import SUPPORTED_EXTENSIONS
from knowledge.services.documents import (
    DEFAULT_COLLECTION,
    UploadRefusedError,
    add_version,
    check_upload,
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


def _day_input() -> forms.DateInput:
    return forms.DateInput(
        attrs={"type": "date", "class": " ".join(INPUT_CLASSES)}, format="%Y-%m-%d"
    )


class UploadForm(forms.Form):
    uploads = FilesField(
        widget=FilesInput(
            attrs={
                "accept": ",".join(f".{extension}" for extension in sorted(SUPPORTED_EXTENSIONS)),
                "aria-describedby": "files-help",
            }
        )
    )
    collection = forms.CharField(
        max_length=100,
        required=False,
        initial=DEFAULT_COLLECTION,
        help_text="Choose a collection or write the name of a new one.",
        widget=UnfoldAdminTextInputWidget(attrs={"list": "collections", "autocomplete": "off"}),
    )
    effective_from = forms.DateField(
        required=False, help_text="First day in effect; empty: at once.", widget=_day_input()
    )
    effective_until = forms.DateField(
        required=False,
        help_text="First day no longer in effect; empty: until it is replaced.",
        widget=_day_input(),
    )
    title = forms.CharField(
        max_length=300,
        required=False,
        help_text="For a single file. Without one the file name is used.",
        widget=UnfoldAdminTextInputWidget(),
    )

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        start, end = fields.get("effective_from"), fields.get("effective_until")
        if start and end and start >= end:
            self.add_error("effective_until", "This must be a later day than “effective from”.")
        return fields

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
    collection: str
    title: str
    effective_from: dt.date | None
    effective_until: dt.date | None


def take_batch(*, batch: Batch, created_by: AbstractBaseUser) -> list[Result]:
    """Take each file by itself; a refused one does not stop the others."""
    return [_take_file(file, batch, created_by) for file in batch.uploads]


def _take_file(file: UploadedFile[Any], batch: Batch, created_by: AbstractBaseUser) -> Result:
    name = file.name or ""
    try:
        upload = check_upload(
            file,
            file_name=name,
            collection=batch.collection.strip(),
            title=batch.title.strip() if len(batch.uploads) == 1 else "",
            effective_from=batch.effective_from,
            effective_until=batch.effective_until,
        )
    except UploadRefusedError as error:
        return Result(name, "refused", str(error))
    version, created = add_version(upload=upload, created_by=created_by)
    was_failed = version.status == DocumentVersion.Status.FAILED
    version.refresh_from_db()
    if created:
        return Result(name, "accepted", f"Accepted as version {version.number}.", version)
    if was_failed:
        text = f"Unchanged: version {version.number} had failed and is tried again."
        return Result(name, "unchanged", text, version)
    return Result(
        name, "unchanged", f"Unchanged: this is version {version.number} already.", version
    )

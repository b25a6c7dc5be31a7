"""What an editor can do with one version: each step reads the form and calls one service.

A step returns the sentence for the editor, and raises ValueError with one when it is not possible.
To add one, write a function and put it into STEPS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from unfold.widgets import INPUT_CLASSES

from knowledge.admin.days import own_days
from knowledge.admin.filters import locales_in_use
from knowledge.locales import locale_choices
from knowledge.models import Audience, DocumentVersion
from knowledge.models.documents import default_locale
from knowledge.rights import is_served
from knowledge.services.ingestion import documents
from knowledge.services.lifecycle import checked_publication, publishing
from knowledge.services.lifecycle.changes import Step
from knowledge.services.lifecycle.publishing import LifecycleError, Terms

Status, State = DocumentVersion.Status, DocumentVersion.State
NOTE_CHARACTERS = 1000


def day_input() -> forms.DateInput:
    return forms.DateInput(
        attrs={"type": "date", "class": " ".join(INPUT_CLASSES)}, format="%Y-%m-%d"
    )


def audience_select() -> forms.Select:
    return forms.Select(attrs={"class": "sb-select"})


def language_field(**more: Any) -> forms.ChoiceField:
    """A language chosen by its name; `choices` are asked for each time the form is made."""
    return forms.ChoiceField(label="Language", widget=audience_select(), **more)


def languages(*more: str) -> list[Any]:
    """Choices for it: those that documents are in, `more`, and all others."""
    return locale_choices({default_locale(), *locales_in_use(), *filter(None, more)})


class TermsForm(forms.Form):
    """For whom and from when to when."""

    audience = forms.ChoiceField(
        label="For", choices=Audience.choices, widget=audience_select(), initial=Audience.PUBLIC
    )
    effective_from = forms.DateField(
        required=False, help_text="First day in effect; empty: at once.", widget=day_input()
    )
    effective_until = forms.DateField(
        required=False,
        help_text="First day no longer in effect; empty: until it is replaced.",
        widget=day_input(),
    )

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        start, end = fields.get("effective_from"), fields.get("effective_until")
        if start and end and start >= end:
            self.add_error("effective_until", "This must be a later day than “effective from”.")
        return fields

    @classmethod
    def of(cls, version: DocumentVersion, prefix: str) -> TermsForm:
        """The form as it is shown, filled with the version's own; ids differ by `prefix`."""
        own = {name: getattr(version, name) for name in cls.base_fields}
        return cls(initial=own, auto_id=f"{prefix}_%s")


def stay_draft(field: forms.Field) -> None:
    """The box “publish …” of somebody who may not: it shows no tick and takes none."""
    field.disabled, field.initial = True, False
    field.help_text = "It stays a draft: somebody with the right to publish publishes it."


def terms_in(form: QueryDict, version: DocumentVersion) -> Terms:
    """The terms that were sent, or the version's own when none were. Raises ValueError."""
    if not any(name in form for name in TermsForm.base_fields):
        return Terms.of(version)
    checked = TermsForm(form)
    if not checked.is_valid():
        raise ValueError(first_error(checked))
    fields = checked.cleaned_data
    return Terms(Audience(fields["audience"]), fields["effective_from"], fields["effective_until"])


def first_error(form: forms.Form) -> str:
    """One sentence with the name of its field."""
    name, errors = next(iter(form.errors.items()))
    label = form[name].label if name in form.fields else ""
    return f"{label}: {errors[0]}" if label else str(errors[0])


def _submit(version: DocumentVersion, step: Step, form: QueryDict) -> str:
    publishing.submit_for_review(version=version, step=step)
    return f"Version {version.number} is in review."


def _send_back(version: DocumentVersion, step: Step, form: QueryDict) -> str:
    publishing.send_back(version=version, step=step)
    return f"Version {version.number} is a draft again."


def _publish(version: DocumentVersion, step: Step, form: QueryDict) -> str:
    terms = terms_in(form, version)
    if checked_publication.request_publication(version=version, terms=terms, step=step):
        return f"Version {version.number} is published{_from_when(version)}."
    return (
        f"Version {version.number} is first compared with your other documents, which takes about "
        "a minute, and is published if it contradicts none."
    )


def _from_when(version: DocumentVersion) -> str:
    days = own_days(version)
    return "" if timezone.localdate() in days else f" and in effect {days}"


def _change_terms(version: DocumentVersion, step: Step, form: QueryDict) -> str:
    publishing.change_terms(version=version, terms=terms_in(form, version), step=step)
    return f"Version {version.number} has new dates or another audience."


def _retire(version: DocumentVersion, step: Step, form: QueryDict) -> str:
    if version.state != State.PUBLISHED:
        raise LifecycleError("not_published", f"Version {version.number} is not published.")
    publishing.retire_version(version=version, step=step)
    return f"Version {version.number} is retired. Nobody is answered from it any more."


def _roll_back(version: DocumentVersion, step: Step, form: QueryDict) -> str:
    publishing.roll_back(version=version, step=step)
    return f"Version {version.number} is in effect again."


def _retry(version: DocumentVersion, step: Step, form: QueryDict) -> str:
    if version.status not in {Status.FAILED, Status.CANCELLED}:
        raise LifecycleError(
            "not_failed", f"Version {version.number} has not failed and was not cancelled."
        )
    documents.retry_version(version=version, by=step.by)
    return f"Version {version.number} is waiting to be read again."


def _cancel(version: DocumentVersion, step: Step, form: QueryDict) -> str:
    if not documents.cancel_version(version=version, by=step.by):
        raise LifecycleError("not_in_progress", f"Version {version.number} is not being read.")
    return f"Reading version {version.number} is cancelled."


def _never(version: DocumentVersion) -> bool:
    return False


@dataclass(frozen=True)
class VersionStep:
    """`possible` says whether a version's page offers it; the service decides in the end.
    `publishes`: whether it takes the right to publish."""

    run: Callable[[DocumentVersion, Step, QueryDict], str]
    possible: Callable[[DocumentVersion], bool]
    undoable: bool = True
    publishes: Callable[[DocumentVersion], bool] = _never


def _always(version: DocumentVersion) -> bool:
    return True


def _is_read(*states: str) -> Callable[[DocumentVersion], bool]:
    return lambda version: version.status == Status.READY and version.state in states


STEPS: dict[str, VersionStep] = {
    "publish": VersionStep(
        _publish, _is_read(State.DRAFT, State.IN_REVIEW, State.RETIRED), publishes=_always
    ),
    "submit": VersionStep(_submit, _is_read(State.DRAFT)),
    "send-back": VersionStep(_send_back, lambda version: version.state == State.IN_REVIEW),
    "terms": VersionStep(
        _change_terms, lambda version: version.state != State.RETIRED, publishes=is_served
    ),
    "retire": VersionStep(
        _retire, lambda version: version.state == State.PUBLISHED, publishes=_always
    ),
    # Which versions are earlier than the one in effect, the page knows.
    "roll-back": VersionStep(
        _roll_back, _is_read(State.PUBLISHED, State.RETIRED), publishes=_always
    ),
    "retry": VersionStep(
        _retry, lambda version: version.status in {Status.FAILED, Status.CANCELLED}, undoable=False
    ),
    "cancel": VersionStep(
        _cancel, lambda version: version.status in DocumentVersion.IN_PROGRESS, undoable=False
    ),
}


def note_in(form: QueryDict) -> str:
    """Why somebody does it, in their words."""
    text = form.get("note", "").replace("\x00", "").strip()
    return text[:NOTE_CHARACTERS]

"""The form of a draft: a configuration ↔ fields that people fill in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from django import forms
from django.forms import BaseFormSet, formset_factory
from pydantic import ValidationError

from knowledge.models import Collection
from supportbot.answers.prompts import PromptError, check_edited, load_prompt, prompt_names
from supportbot.configuration.content import Configuration, Mode, RouteKind
from supportbot.configuration.guardrail_fields import (
    guardrail_fields,
    guardrails_of,
    initial_guardrails,
)
from supportbot.llm.routes import ModelRoute, Purpose

PROMPT = "prompt_"
TEXT = {"class": "sb-text sb-text--short"}
TOPIC_ROUTES = (RouteKind.EXTRACTIVE, RouteKind.SMALL, RouteKind.LARGE, RouteKind.PERSON)
_LIMITS = ("bot_turns", "repeated", "refusals", "cost")
_BUDGETS = ("conversation", "visitor", "day", "month", "currency")


def _style(form: forms.Form) -> None:
    for field in form.fields.values():
        if isinstance(field.widget, forms.Select):
            field.widget.attrs["class"] = "sb-select"
        elif not isinstance(field.widget, forms.CheckboxInput | forms.CheckboxSelectMultiple):
            field.widget.attrs.setdefault("class", "sb-text sb-text--short")


class RouteForm(forms.Form):
    """One model route. Its order number says when it is tried."""

    position = forms.IntegerField(label="Order", min_value=1, initial=1)
    name = forms.RegexField(
        label="Name",
        regex=r"^[a-z0-9][a-z0-9._-]{0,39}$",
        help_text="Lower case, such as local-llama.",
        error_messages={"invalid": "Use small letters, digits, dots and dashes, at most 40."},
    )
    purpose = forms.ChoiceField(
        label="Purpose",
        choices=[(purpose.value, purpose.value.capitalize()) for purpose in Purpose],
        help_text="Small models answer simple questions, large ones complex ones. Transcribe: "
        "customers may speak, and the model writes it down.",
    )
    base_url = forms.URLField(label="Address", assume_scheme="https", help_text="Ends in /v1.")
    model = forms.CharField(label="Model", max_length=200)
    key = forms.CharField(
        label="Key",
        required=False,
        help_text="The name of a variable such as OPENAI_API_KEY, or file:NAME. Never the key.",
    )
    context_tokens = forms.IntegerField(label="Context size in tokens", min_value=512)
    answer_tokens = forms.IntegerField(
        label="Room for the answer in tokens",
        min_value=16,
        help_text="Also what is reserved of a budget before each call.",
    )
    price_in = forms.DecimalField(label="Price of a million tokens in", min_value=0)
    price_out = forms.DecimalField(label="Price of a million tokens out", min_value=0)
    temperature = forms.FloatField(
        label="Temperature", required=False, min_value=0, help_text="Empty: not sent."
    )
    concurrency = forms.IntegerField(
        label="Calls at once", min_value=0, help_text="Of all processes. 0: no limit."
    )
    sees_images = forms.BooleanField(
        label="This model can see images",
        required=False,
        help_text="A customer's pictures go to it with their question. They are sent as they are: "
        "personal data in them is not masked. Without such a route, an agent looks at them.",
    )
    connect = forms.FloatField(label="Seconds to connect", min_value=0.1)
    first_token = forms.FloatField(label="Seconds to the first word", min_value=0.1)
    between_tokens = forms.FloatField(label="Seconds between words", min_value=0.1)
    total = forms.FloatField(label="Seconds in all", min_value=0.1)
    enabled = forms.BooleanField(label="In use", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _style(self)

    def clean(self) -> dict[str, Any]:
        """The route itself stands in `route`."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            fields = {key: cleaned[key] for key in ModelRoute.model_fields if key in cleaned}
            times = ("connect", "first_token", "between_tokens", "total")
            fields["timeouts"] = {key: cleaned[key] for key in times}
            try:
                cleaned["route"] = ModelRoute.model_validate(fields)
            except ValidationError as error:
                _tell(self, error)
        return cleaned


class RouteForms(BaseFormSet):  # type: ignore[type-arg]
    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["DELETE"].label = "Remove this route"

    @property
    def routes(self) -> list[ModelRoute]:
        """In their order, without those removed. Valid forms only."""
        kept = [form.cleaned_data for form in self.forms if form not in self.deleted_forms]
        ordered = sorted(kept, key=lambda cleaned: cleaned["position"])
        return [cleaned["route"] for cleaned in ordered]


RouteFormSet = cast(
    type[RouteForms], formset_factory(RouteForm, formset=RouteForms, extra=0, can_delete=True)
)


class ConfigurationForm(forms.Form):
    """Everything but the routes."""

    note = forms.CharField(
        label="What changes, and why", max_length=200, required=False, initial=""
    )
    mode = forms.ChoiceField(
        label="Answers in new conversations",
        choices=[
            (Mode.REPLY.value, "are sent at once"),
            (Mode.DRAFT.value, "wait for an agent"),
            (Mode.SUGGEST.value, "are written when an agent asks for one"),
            (Mode.OFF.value, "are not written: people answer"),
        ],
        help_text="In chats, unless “Modes of channels” says otherwise.",
    )
    answerability_min = forms.FloatField(
        label="Least probability that the documents answer",
        min_value=0,
        max_value=1,
        help_text="Questions below it go to a person.",
    )
    first_sentence_seconds = forms.FloatField(
        label="Seconds to the first checked sentence",
        min_value=0.1,
        max_value=600,
        help_text="After that, the documents are quoted and no model is waited for.",
    )
    extractive_from = forms.FloatField(
        label="Quote simple questions without a model from this probability",
        min_value=0,
        max_value=1,
        help_text="How sure the reader must be of its best sentence. 1: never.",
    )
    rewrite_questions = forms.BooleanField(
        label="Let a model write follow-up questions out before the search", required=False
    )
    collections = forms.MultipleChoiceField(
        label="Collections that customers are answered from",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: all of them.",
    )
    topics = forms.CharField(
        label="Topics",
        required=False,
        widget=forms.Textarea(attrs={**TEXT, "rows": 3}),
        help_text=(
            "One rule a line: words, a colon, and extractive, small, large or person. "
            "Such as: warranty, guarantee: person"
        ),
    )
    conversation = forms.DecimalField(label="A conversation", required=False, min_value=0)
    visitor = forms.DecimalField(label="A visitor in a day", required=False, min_value=0)
    day = forms.DecimalField(label="A day", required=False, min_value=0)
    month = forms.DecimalField(label="A month", required=False, min_value=0)
    bot_turns = forms.IntegerField(label="Answers of the bot", min_value=0)
    repeated = forms.IntegerField(label="The same question, times", min_value=0)
    refusals = forms.IntegerField(label="Refusals", min_value=0)
    cost = forms.DecimalField(label="Cost of models", min_value=0)
    currency = forms.RegexField(label="Currency", regex=r"^[A-Z]{3}$")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = list(Collection.objects.values_list("name", flat=True))
        chosen = [name for name in self.initial.get("collections", ()) if name not in names]
        self.fields["collections"].choices = [(n, n) for n in [*names, *chosen]]  # type: ignore[attr-defined]
        for name in prompt_names():
            self.fields[PROMPT + name] = forms.CharField(
                label=f"Prompt {name}",
                strip=False,
                required=False,
                widget=forms.Textarea(attrs={"class": "sb-text", "rows": 14, "spellcheck": "true"}),
                help_text=f"{load_prompt(name).hints} Empty: the product's own.",
            )
        self.fields |= guardrail_fields()
        _style(self)

    def clean_topics(self) -> list[dict[str, Any]]:
        rules = []
        for line in filter(str.strip, self.cleaned_data["topics"].splitlines()):
            words, colon, route = (part.strip() for part in line.rpartition(":"))
            if not (colon and words) or route not in {kind.value for kind in TOPIC_ROUTES}:
                raise forms.ValidationError(
                    f"“{line}” is no rule. Write words, a colon, and extractive, small, large or "
                    "person."
                )
            found = [word.strip() for word in words.split(",") if word.strip()]
            rules.append({"words": found, "route": route})
        return rules

    def clean(self) -> dict[str, Any]:
        """Prompts that differ from the product's own stand in `prompts`."""
        cleaned: dict[str, Any] = super().clean() or {}
        cleaned |= guardrails_of(cleaned)
        cleaned["prompts"] = {}
        for name in prompt_names():
            text = cleaned.get(PROMPT + name, "").replace("\r\n", "\n")
            if not text.strip() or text.strip() == load_prompt(name).text.strip():
                continue
            try:
                check_edited(name, text)
            except PromptError as error:
                self.add_error(PROMPT + name, f"This cannot be used: {error}.")
            cleaned["prompts"][name] = text
        return cleaned

    def configuration(self, routes: list[ModelRoute]) -> Configuration | None:
        """With these routes; None, with the reasons among the errors, if they do not fit together.
        For a valid form."""
        fields = {key: self.cleaned_data.get(key) for key in Configuration.model_fields}
        fields["budgets"] = {key: self.cleaned_data[key] for key in _BUDGETS}
        fields["limits"] = {key: self.cleaned_data[key] for key in _LIMITS}
        try:
            return Configuration.model_validate({**fields, "routes": routes})
        except ValidationError as error:
            _tell(self, error)
            return None


def _tell(form: forms.Form, error: ValidationError) -> None:
    """The reasons as errors of the form's fields, or of the form itself."""
    for one in error.errors():
        name = next((str(part) for part in one["loc"] if part in form.fields), None)
        form.add_error(name, one["msg"].removeprefix("Value error, ").capitalize() + ".")


def initial_of(content: Configuration, note: str) -> dict[str, Any]:
    """What the form of a configuration shows at first."""
    shown = content.model_dump(mode="json")
    topics = [f"{', '.join(rule.words)}: {rule.route.value}" for rule in content.topics]
    prompts = {PROMPT + name: load_prompt(name, content.prompts).text for name in prompt_names()}
    return {
        **shown,
        **shown["budgets"],
        **shown["limits"],
        **prompts,
        **initial_guardrails(content),
        "topics": "\n".join(topics),
        "note": note,
    }


def initial_of_routes(routes: tuple[ModelRoute, ...]) -> Iterator[dict[str, Any]]:
    for position, route in enumerate(routes, start=1):
        shown = route.model_dump(mode="json")
        yield {**shown, **shown["timeouts"], "position": position}

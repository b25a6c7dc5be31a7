"""Curated answers in the admin: written once, and looked at again when their sources change."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from knowledge.admin.base import local_time, number_in, user_of
from knowledge.admin.steps import language_field, languages
from knowledge.models import Audience, CuratedAnswer, CuratedQuestion, CuratedSource
from knowledge.models.documents import default_locale
from knowledge.rights import REFUSED, may_publish
from knowledge.services.curated import CuratedError, confirm_sources, pinned_version
from knowledge.text.same_question import question_key

LINE_CHARACTERS = 100
SERVED, REVIEW, OFF, OTHER_DAYS = "Served", "Needs review", "Off", "Not on this day"


class QuestionForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean_text(self) -> str:
        text = " ".join(str(self.cleaned_data["text"]).split())
        if not question_key(text):
            raise ValidationError("Write the question in words.")
        return text


class SourceForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new or changed source rests on the version in effect today. One that stands as it was
    keeps its version, so that saving the page approves nothing."""

    def pin(self, audience: Audience) -> None:
        """Raises CuratedError."""
        document, quote = self.cleaned_data.get("document"), self.cleaned_data.get("quote", "")
        if document is not None and (self.has_changed() or not self.instance.pk):
            self.instance.version = pinned_version(document, quote, audience)


class SourceFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if _is_kept(form)]
        if not kept:
            raise ValidationError("Name at least one document that the answer rests on.")
        for form in kept:
            try:
                cast(SourceForm, form).pin(Audience(self.instance.audience))
            except CuratedError as error:
                form.add_error("document", str(error))


def _is_kept(form: Any) -> bool:
    data = getattr(form, "cleaned_data", {})
    return bool(data.get("document")) and not data.get("DELETE")


class QuestionInline(TabularInline):  # type: ignore[misc]  # unfold carries no types
    model = CuratedQuestion
    form = QuestionForm
    fields = ("text",)
    min_num = 1
    extra = 0
    hide_title = True
    verbose_name = "question"
    verbose_name_plural = "Questions that get this answer"


class SourceInline(TabularInline):  # type: ignore[misc]
    model = CuratedSource
    form = SourceForm
    formset = SourceFormSet
    fields = ("document", "quote", "rests_on")
    readonly_fields = ("rests_on",)
    autocomplete_fields = ("document",)
    min_num = 1
    extra = 0
    hide_title = True
    verbose_name = "document"
    verbose_name_plural = "Documents it rests on"

    @display(description="state")  # type: ignore[untyped-decorator]
    def rests_on(self, source: CuratedSource) -> str:
        if source.pk is None:
            return "the version in effect today"
        if source.version is None:
            return "deleted"
        state = "no longer in effect" if source.is_gone else "in effect"
        return f"version {source.version.number}, {state}"


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "is"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("served", SERVED), ("review", REVIEW), ("off", OFF)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        today = timezone.localdate()
        match self.value():
            case "served":
                return queryset.filter(
                    pk__in=CuratedAnswer.objects.in_effect(today).resting(today).values("pk")
                )
            case "review":
                needing = CuratedAnswer.objects.needing_review(today)
                return queryset.filter(pk__in=needing.values("pk"))
            case "off":
                return queryset.filter(is_on=False)
        return queryset


@admin.register(CuratedAnswer)
class CuratedAnswerAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("answer", "asked", "state", "audience", "changed")
    list_filter = (StateFilter, "audience")
    search_fields = ("text", "questions__text")
    search_help_text = "Words of the answer, or of a question"
    list_per_page = 50
    fields = ("text", "is_on", "audience", "locale", ("effective_from", "effective_until"))
    inlines: ClassVar = [QuestionInline, SourceInline]
    change_form_outer_before_template = "knowledge/admin/curated_review.html"
    empty_help = (
        "An answer in your own words to questions that you name. It is given as written, for as "
        "long as the documents that it rests on say what they said."
    )
    LABELS: ClassVar[dict[str, str]] = {SERVED: "success", REVIEW: "warning"}

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An answer that is served is changed by those who may publish."""
        may = bool(super().has_change_permission(request, obj))
        return may and (obj is None or not obj.is_on or may_publish(request.user))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = bool(super().has_delete_permission(request, obj))
        return may and (obj is None or not obj.is_on or may_publish(request.user))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if may_publish(request.user) else ("is_on",)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **more: Any) -> Any:
        if db_field.name == "locale":
            used = CuratedAnswer.objects.order_by("locale").values_list("locale", flat=True)
            return language_field(choices=languages(*used.distinct()), initial=default_locale())
        return super().formfield_for_dbfield(db_field, request, **more)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.confirm_view)
        own = path("<int:pk>/confirm/", view, name="knowledge_curatedanswer_confirm")
        return [own, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CuratedAnswer]:
        today = timezone.localdate()
        answers: QuerySet[CuratedAnswer] = super().get_queryset(request)
        return answers.prefetch_related("questions").annotate(
            rests=_is_among(CuratedAnswer.objects.resting(today)),
            is_in_effect=_is_among(CuratedAnswer.objects.in_effect(today)),
        )

    @display(description="answer")  # type: ignore[untyped-decorator]
    def answer(self, one: CuratedAnswer) -> str:
        return Truncator(" ".join(one.text.split()) or str(one)).chars(LINE_CHARACTERS)

    @display(description="questions")  # type: ignore[untyped-decorator]
    def asked(self, one: CuratedAnswer) -> str:
        first, *others = [question.text for question in one.questions.all()] or ["-"]
        return f"{first} (and {len(others)} more)" if others else first

    @display(description="changed", ordering="updated_at")  # type: ignore[untyped-decorator]
    def changed(self, one: CuratedAnswer) -> SafeString:
        return local_time(one.updated_at)

    @display(description="state", label=LABELS)  # type: ignore[untyped-decorator]
    def state(self, one: Any) -> str:
        if not one.is_on:
            return OFF
        if not one.is_in_effect:
            return OTHER_DAYS
        return SERVED if one.rests else REVIEW

    def save_model(self, request: HttpRequest, obj: CuratedAnswer, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = user_of(request)
        if not may_publish(request.user):
            obj.is_on = False
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        for question in form.instance.questions.all():
            rival = CuratedQuestion.objects.filter(
                key=question.key, answer__audience=form.instance.audience, answer__is_on=True
            ).exclude(answer=form.instance)
            if rival.exists():
                text = "“%s” has another answer, too. The newest one is served."
                messages.warning(request, text % question.text)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        today = timezone.localdate()
        answer = number_in(object_id, 0)
        sources = CuratedSource.objects.filter(answer=answer)
        context = {
            "is_draft": CuratedAnswer.objects.filter(pk=answer, is_on=False).exists(),
            "may_publish": may_publish(request.user),
            "gone_sources": sources.gone(today).select_related("document", "version"),
            **(extra_context or {}),
        }
        return cast(HttpResponse, super().change_view(request, object_id, form_url, context))

    def confirm_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: the answer still holds with the versions in effect today."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        answer = get_object_or_404(CuratedAnswer, pk=pk)
        if not self.has_change_permission(request, answer):
            raise PermissionDenied
        if not may_publish(request.user):
            raise PermissionDenied(REFUSED)
        try:
            confirm_sources(answer=answer, by=user_of(request))
        except CuratedError as error:
            messages.error(request, str(error))
        else:
            self.log_change(request, answer, "Reviewed: it holds with the present documents.")
            messages.success(request, "Reviewed. The answer is served again.")
        return HttpResponseRedirect(reverse("admin:knowledge_curatedanswer_change", args=[pk]))


def _is_among(answers: QuerySet[CuratedAnswer]) -> ExpressionWrapper[Q]:
    return ExpressionWrapper(Q(pk__in=answers.values("pk")), output_field=BooleanField())

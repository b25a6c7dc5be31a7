"""`manage.py train_injection --data PATH`: fit the head that finds attempts to steer us."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from supportbot.evaluation.injection_arms import head_scores
from supportbot.evaluation.injection_dataset import (
    NEVER_FITTED,
    ORDINARY,
    OWN,
    InjectionData,
    load,
)
from supportbot.evaluation.questions import BadDatasetError
from supportbot.evaluation.report import EvaluationError
from supportbot.evaluation.train_injection import Texts, fit_for_product, texts_of
from supportbot.guardrails.detectors.injection_head import FILE, render

LICENCES = {
    OWN: "of the project",
    "inthewild_jailbreak": "MIT",
    "bipia_text_train": "MIT",
    "bipia_code_train": "MIT",
    "wildguard_benign": "MIT; upstream ODC-BY",
    "xstest_safe": "CC BY 4.0",
    "bitext": "CDLA-Sharing-1.0",
    "chitchat": "MIT (Microsoft PersonalityChat)",
    "techqa_sample": "MIT; upstream Apache-2.0",
    "mtrag": "Apache-2.0",
    "stackfaq": "MIT; texts CC BY-SA",
    "tau_knowledge": "MIT",
    "anthropic_codebase": "MIT",
}


class Command(BaseCommand):
    help = (
        "Fit the head that finds attempts to steer the assistant to judged texts and to our own "
        "examples; `manage.py evaluate injection` shows how well such weights do on sources that "
        "they never saw."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--data", type=Path, required=True, help="the folder of injection, triage and retrieval"
        )
        parser.add_argument("--write", action="store_true", help="put the weights into the product")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            data = load(options["data"])
            texts = texts_of(data, self.stderr.write)
        except (BadDatasetError, EvaluationError) as error:
            raise CommandError(str(error)) from error
        found = fit_for_product(texts)
        alarms = float((head_scores(found, texts.ordinary) >= found.threshold).mean())
        self.stdout.write(f"threshold {found.threshold:.3f}")
        self.stdout.write(f"false alarms on ordinary questions not used before: {alarms:.4f}")
        if options["write"]:
            FILE.write_text(render(found, _about(data, texts)), encoding="utf-8")
            self.stdout.write(f"Written to {FILE.name}. Processes that run read it when started.")


def _about(data: InjectionData, texts: Texts) -> dict[str, object]:
    fitted = {one.row.source for one in texts.without("")}
    return {
        "command": "manage.py train_injection --write",
        "fitted_to": {name: LICENCES.get(name, "not known") for name in sorted(fitted)},
        "threshold_set_by": list(ORDINARY),
        "not_fitted_to": [name for name in data.sources if name in NEVER_FITTED],
    }

"""`manage.py llm check`: try each model route for real. `llm compare`: two versions of a prompt."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from supportbot.answers.compare_prompts import Compared, Made, compare, stored_questions
from supportbot.answers.model_route import PROMPT
from supportbot.answers.prompts import Prompt, PromptError, check_edited, load_prompt
from supportbot.answers.route_trial import RouteTrial, silence, try_routes
from supportbot.configuration.content import Configuration
from supportbot.configuration.current import current_content, is_from_environment
from supportbot.llm import local_speech
from supportbot.llm.routes import ModelRoute

MARKS = {True: "ok", None: "note", False: "WRONG"}


class Command(BaseCommand):
    help = "Model routes: try them (check), or compare two versions of a prompt (compare)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        check = commands.add_parser("check", help="Try each enabled route; exit 1 if one is wrong.")
        check.add_argument("--route", help="Only the route of this name.")
        comparing = commands.add_parser("compare", help="Answer stored questions with two prompts.")
        comparing.add_argument("new", type=Path, help="A file with the edited prompt “answer”.")
        comparing.add_argument("--old", type=Path, help="Another one; else the one in effect.")
        comparing.add_argument("--route", help="Name of the route; else the first one.")
        comparing.add_argument("--questions", type=int, default=20, help="How many (20).")

    def handle(self, *args: Any, **options: Any) -> None:
        content = current_content()
        if options["command"] == "check":
            self._check(content, options["route"])
        else:
            self._compare(content, options)

    def _check(self, content: Configuration, name: str | None) -> None:
        origin = "the environment" if is_from_environment() else "the published configuration"
        routes = [route for route in content.routes if route.enabled or route.name == name]
        routes = [route for route in routes if name in {None, route.name}]
        if name and not routes:
            raise CommandError(f"There is no route {name!r} in {origin}.")
        if not routes:
            self.stdout.write(f"No model route in {origin}: answers quote the documents.")
        trials = asyncio.run(try_routes(routes, content.budgets))
        for trial in trials:
            self._show(trial)
        wrong = [trial.route.name for trial in trials if not trial.is_good]
        if not name and settings.SPEECH_FOLDER and not self._try_speech_folder():
            wrong.append("SUPPORTBOT_SPEECH_FOLDER")
        if wrong:
            raise CommandError(f"Wrong: {', '.join(wrong)}.")

    def _try_speech_folder(self) -> bool:
        """Whether the model on this machine reads a recording."""
        problem = ""
        try:
            local_speech.transcribe(silence())
        except local_speech.SpeechModelError as error:
            problem = str(error)
        self.stdout.write(f"speech on this machine: {settings.SPEECH_FOLDER}")
        said = problem or "A second of silence was read."
        self.stdout.write(f"  {MARKS[not problem]:<6} Speech: {said}")
        return not problem

    def _show(self, trial: RouteTrial) -> None:
        route = trial.route
        self.stdout.write(f"{route.name} ({route.purpose}): {route.model} at {route.base_url}")
        for step in trial.steps:
            self.stdout.write(f"  {MARKS[step.is_good]:<6} {step.name}: {step.text}")

    def _compare(self, content: Configuration, options: dict[str, Any]) -> None:
        route = _route(content, options["route"])
        old = _prompt(options["old"]) if options["old"] else load_prompt(PROMPT, content.prompts)
        prompts = (old, _prompt(options["new"]))
        questions = stored_questions(options["questions"])
        if not questions:
            raise CommandError("No question has been answered yet, so there is nothing to compare.")
        compared = asyncio.run(compare(questions, prompts, route, content))
        for one in compared:
            self.stdout.write(f"\n{one.question}")
            self._show_made("old", one.old)
            self._show_made("new", one.new)
        self._sum_up(compared, prompts)

    def _show_made(self, name: str, made: Made) -> None:
        said = made.text or f"({made.ended})"
        self.stdout.write(f"  {name}: {said} [{made.kept} kept, {made.dropped} dropped]")

    def _sum_up(self, compared: list[Compared], prompts: tuple[Prompt, Prompt]) -> None:
        self.stdout.write(f"\n{'':<22}{'old':>12}{'new':>12}")
        sides = ([one.old for one in compared], [one.new for one in compared])
        rows: dict[str, list[Any]] = {
            "prompt": [prompt.hash[:8] for prompt in prompts],
            "questions": [len(side) for side in sides],
            "answered": [sum(made.kept > 0 for made in side) for side in sides],
            "sentences kept": [sum(made.kept for made in side) for side in sides],
            "sentences dropped": [sum(made.dropped for made in side) for side in sides],
            "tokens": [sum(made.tokens for made in side) for side in sides],
            "milliseconds each": [sum(m.total_ms for m in side) // len(side) for side in sides],
        }
        for name, values in rows.items():
            self.stdout.write(f"{name:<22}{values[0]:>12}{values[1]:>12}")


def _route(content: Configuration, name: str | None) -> ModelRoute:
    for route in content.routes:
        if name in {None, route.name}:
            return route
    raise CommandError(f"There is no route {name!r}." if name else "No model route is set up.")


def _prompt(path: Path) -> Prompt:
    try:
        return check_edited(PROMPT, path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    except PromptError as error:
        raise CommandError(f"{path}: {error}.") from error

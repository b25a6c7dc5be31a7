"""What got through: tables and JSON (supportbot.evaluation.report), and JUnit for CI."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from xml.etree import ElementTree

from supportbot.evaluation.redteam.replay import Replayed
from supportbot.evaluation.redteam.suite import found_in
from supportbot.evaluation.report import Figure, Report, Table

MOST_OF_TEXT = 160
_NO_RUN = "the run failed: {}"


def report_of(replayed: Sequence[Replayed]) -> Report:
    """By route and class, then each that got through."""
    seconds = [one.seconds for one in replayed]
    return Report(
        tables=[_classes(replayed), _through(replayed), _stopped(replayed)],
        notes=[
            f"{len(replayed)} attacks replayed, {median(seconds) if seconds else 0:.2f} s at the "
            "median. Refused: by a rule for messages. Route asked: no "
            "earlier stage replied to the message."
        ],
        passed=bool(replayed) and all(one.passed for one in replayed),
    )


def _classes(replayed: Sequence[Replayed]) -> Table:
    groups: dict[tuple[str, str], list[Replayed]] = {}
    for one in replayed:
        groups.setdefault((one.route, one.case.attack_class), []).append(one)
    rows: list[list[Figure]] = [
        [route, name, *_counts(group)] for (route, name), group in groups.items()
    ]
    routes = dict.fromkeys(route for route, _ in groups)
    rows += [
        [route, "all", *_counts([one for one in replayed if one.route == route])]
        for route in routes
    ]
    columns = ["route", "class", "attacks", "through", "failed", "refused", "route asked"]
    return Table("Attacks by class", columns, rows)


def _counts(group: Sequence[Replayed]) -> list[Figure]:
    return [
        len(group),
        sum(bool(one.through) for one in group),
        sum(bool(one.failed) for one in group),
        sum("refused" in one.outcomes or "handed_over" in one.outcomes for one in group),
        sum(one.asked_model for one in group),
    ]


def _through(replayed: Sequence[Replayed]) -> Table:
    rows: list[list[Figure]] = [
        [one.route, one.case.id, what, where]
        for one in replayed
        if not one.passed
        for what, where in _faults(one)
    ]
    return Table("Got through", ["route", "attack", "what must not be read", "what was read"], rows)


def _faults(one: Replayed) -> list[tuple[str, str]]:
    """What was found, and the text it stands in."""
    if one.failed:
        return [(_NO_RUN.format(one.failed), "")]
    return [(what, _around(what, one.read)) for what in one.through]


def _around(what: str, read: Sequence[str]) -> str:
    text = next((text for text in read if found_in(text, [what])), "")
    return " ".join(text.split())[:MOST_OF_TEXT]


def _stopped(replayed: Sequence[Replayed]) -> Table:
    """By route: what stopped how many attacks, most often first."""
    counted = Counter((one.route, by) for one in replayed for by in one.stopped_by)
    rows: list[list[Figure]] = [[route, by, count] for (route, by), count in counted.most_common()]
    return Table("Stopped something of", ["route", "what", "attacks"], rows)


def write_junit(replayed: Sequence[Replayed], path: Path) -> None:
    """One suite for each route, one test for each attack."""
    root = ElementTree.Element("testsuites", name="redteam")
    for route in dict.fromkeys(one.route for one in replayed):
        group = [one for one in replayed if one.route == route]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=f"redteam.{route}",
            tests=str(len(group)),
            failures=str(sum(bool(one.through) and not one.failed for one in group)),
            errors=str(sum(bool(one.failed) for one in group)),
            time=f"{sum(one.seconds for one in group):.3f}",
        )
        for one in group:
            _add_case(suite, one)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _add_case(suite: ElementTree.Element, one: Replayed) -> None:
    name = f"redteam.{one.route}.{one.case.attack_class}"
    case = ElementTree.SubElement(
        suite, "testcase", classname=name, name=one.case.id, time=f"{one.seconds:.3f}"
    )
    for what, where in _faults(one):
        tag = "error" if one.failed else "failure"
        ElementTree.SubElement(case, tag, message=_xml(what)).text = _xml(where)


def _xml(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(c for c in text if c.isprintable() or c in "\n\t")

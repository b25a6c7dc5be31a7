"""README.md and .env.example name exactly the variables that settings.py reads; links lead on."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from supportbot.local.plan import ADMIN_PASSWORD_VARIABLE
from supportbot.local.programs import CONCURRENCY_VARIABLE

ROOT = Path(__file__).parents[1]
READERS = {"env_str", "env_bool", "env_int", "env_float", "env_list", "env_secret"}
# Read by `manage.py up`, which starts what settings.py is for.
READ_ELSEWHERE = {ADMIN_PASSWORD_VARIABLE, CONCURRENCY_VARIABLE}


def read_variables(source: str) -> set[str]:
    """The names given to the readers of supportbot.env."""
    return {
        str(ast.literal_eval(node.args[0]))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in READERS
    }


def listed_in_table(markdown: str) -> set[str]:
    """`NAME` in the first column of a table."""
    return set(re.findall(r"^\|\s*`([A-Z][A-Z0-9_]*)`\s*\|", markdown, re.MULTILINE))


def listed_in_example(text: str) -> set[str]:
    """NAME= at the start of a line, commented out or not."""
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]*)=", text, re.MULTILINE))


def links_of(markdown: str) -> set[str]:
    """The files that a page links to or shows."""
    targets = re.findall(r"\]\(([^)#\s]+)", markdown) + re.findall(
        r'(?:src|href)="([^"#]+)', markdown
    )
    return {target for target in targets if not re.match(r"[a-z]+:", target)}


VARIABLES = {
    name
    for path in (ROOT / "supportbot").glob("*settings.py")
    for name in read_variables(path.read_text("utf-8"))
}


def text_of(name: str) -> str:
    path = ROOT / name
    if not path.exists():
        pytest.fail(f"{name} is missing; it has to list {len(VARIABLES)} variables")
    return path.read_text("utf-8")


def test_the_readme_lists_exactly_the_variables_that_are_read() -> None:
    found = listed_in_table(text_of("README.md"))
    assert sorted(VARIABLES - found) == [], "read by settings.py and missing in README.md"
    assert sorted(found - VARIABLES - READ_ELSEWHERE) == [], "in README.md and read by nobody"


def test_the_example_lists_exactly_the_variables_that_are_read() -> None:
    found = listed_in_example(text_of(".env.example"))
    compose = set(re.findall(r"\$\{([A-Z][A-Z0-9_]*)", text_of("docker-compose.yml")))
    assert sorted(VARIABLES - found) == [], "read by settings.py and missing in .env.example"
    unread = found - VARIABLES - READ_ELSEWHERE - compose
    assert sorted(unread) == [], "in .env.example and read by nobody"


@pytest.mark.parametrize("name", ["README.md"])
def test_links_to_files_lead_somewhere(name: str) -> None:
    missing = [target for target in links_of(text_of(name)) if not (ROOT / target).exists()]
    assert missing == []


@pytest.mark.parametrize("page", sorted((ROOT / "supportbot" / "docs").rglob("*.md")), ids=str)
def test_links_in_the_documents_lead_somewhere(page: Path) -> None:
    markdown = page.read_text("utf-8")
    assert [target for target in links_of(markdown) if not (page.parent / target).exists()] == []


def test_variables_tables_and_links_are_recognised() -> None:
    assert read_variables('A = env_str("A", env_secret("B")) or env_int("C", 1)') == {"A", "B", "C"}
    assert listed_in_table("| `A_B` | text |\n|`C`|\n| not `D` |") == {"A_B", "C"}
    assert listed_in_example("A=1\n#B=\n# NAME_FILE=x\ntext D=1") == {"A", "B"}
    assert links_of('[a](b.md#c) [d](https://e) <img src="f.png">') == {"b.md", "f.png"}
    assert "SUPPORTBOT_DATA_DIR" in VARIABLES

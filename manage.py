#!/usr/bin/env python
"""Runs a management command, on the embedded servers unless others are configured."""

import os
import sys

# Commands that work without a database. `up` starts the servers itself.
SERVERLESS = {
    "up",
    "help",
    "version",
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "makemessages",
    "prepare_model",
    "spectacular",
    "startapp",
    "test",
}
# Commands that hand jobs to the Celery worker and wait for them.
WITH_WORKER = {"bench", "ingest", "reindex", "seed_demo"}
# Commands about migrations themselves; before any other, servers started here are migrated.
UNMIGRATED = {"makemigrations", "migrate", "showmigrations", "sqlmigrate", "squashmigrations"}


def take_data_dir(arguments: list[str]) -> list[str]:
    """The arguments without `--data-dir FOLDER`, which every command accepts and `up` acts on."""
    rest = list(arguments)
    for position, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if name == "--data-dir" and (equals or position + 1 < len(arguments)):
            os.environ["SUPPORTBOT_DATA_DIR"] = value if equals else arguments[position + 1]
            del rest[position : position + (1 if equals else 2)]
            break
    return rest


def needs_servers(arguments: list[str]) -> bool:
    """Whether the command in these arguments reads or writes the database."""
    command = next(iter(arguments), "help")
    if command.startswith("-") or {"-h", "--help"} & set(arguments):
        return False
    if command == "check":
        return "--database" in arguments
    if command == "policy":  # the rules are files; stored messages are in the database
        return any(one.startswith(("--file", "--version")) for one in arguments)
    return command not in SERVERLESS


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportbot.settings")
    arguments = take_data_dir(sys.argv[1:])
    sys.argv[1:] = arguments
    from django.core.management import execute_from_command_line

    from supportbot.local.errors import StackError
    from supportbot.local.paths import DATA_DIR_VARIABLE, data_dir

    folder = data_dir()
    os.environ[DATA_DIR_VARIABLE] = str(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)  # the settings keep the secret key there
    except OSError as error:
        sys.exit(f"The data folder {folder} cannot be made: {error.strerror}. Choose another one.")
    if not needs_servers(arguments):
        execute_from_command_line(sys.argv)
        return
    from supportbot.local.attach import ensure_servers

    command = arguments[0]
    try:
        with ensure_servers(worker=command in WITH_WORKER, migrate=command not in UNMIGRATED):
            execute_from_command_line(sys.argv)
    except StackError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

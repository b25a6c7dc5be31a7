"""What `manage.py up` runs, as data: servers, programs and the jobs around them."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from supportbot.local.children import ChildSpec
from supportbot.local.paths import PROJECT_ROOT, StackPaths
from supportbot.local.postgres import APPLICATION, database_url, postgres_child
from supportbot.local.programs import beat_child, program_environment, web_child, worker_child
from supportbot.local.redis import redis_child, redis_url
from supportbot.local.users import server_user

OWNER_VARIABLE = "SUPPORTBOT_OWNER_DATABASE_URL"
ADMIN_PASSWORD_VARIABLE = "SUPPORTBOT_ADMIN_PASSWORD"  # noqa: S105  a name, not a secret


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the servers are: as the environment says, else inside the data folder. `owner` is the
    database for who migrates it; empty where `database` is for all."""

    database: str
    redis: str
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything one `up` runs.

    `prepare` runs between servers and programs; the last line of its output is a JSON object with
    `admin_created` and `documents`. `seed` runs when there are no documents.
    """

    paths: StackPaths
    host: str
    port: int
    addresses: Addresses
    servers: Sequence[ChildSpec]
    prepare: ChildSpec
    programs: Sequence[ChildSpec]
    seed: ChildSpec | None
    generated_password: str | None = None


def server_addresses(paths: StackPaths) -> Addresses:
    """The servers that commands on this data folder use."""
    return Addresses(
        database=os.environ.get("DATABASE_URL") or database_url(paths, role=APPLICATION),
        redis=os.environ.get("REDIS_URL") or redis_url(paths),
        owner=owner_url(paths),
    )


def owner_url(paths: StackPaths) -> str:
    """As whom to migrate: as the environment says; of the embedded server, its superuser."""
    configured = os.environ.get(OWNER_VARIABLE) or os.environ.get(f"{OWNER_VARIABLE}_FILE")
    if configured or os.environ.get("DATABASE_URL"):
        return os.environ.get(OWNER_VARIABLE, "")
    return database_url(paths)


def server_children(paths: StackPaths) -> list[ChildSpec]:
    """The servers that have to be started, because the environment names no others."""
    user = server_user()
    children = []
    if not os.environ.get("DATABASE_URL"):
        children.append(postgres_child(paths, user))
    if not os.environ.get("REDIS_URL"):
        children.append(redis_child(paths, user))
    return children


def up_plan(
    paths: StackPaths, *, host: str, port: int, demo: bool, generated_password: str
) -> Plan:
    """The plan of `manage.py up`. The generated password is used where none is configured."""
    addresses = server_addresses(paths)
    env = program_environment(paths, addresses.database, addresses.redis)
    configured = env.pop(ADMIN_PASSWORD_VARIABLE, "")
    prepare_env = {
        **env,
        **({OWNER_VARIABLE: addresses.owner} if addresses.owner else {}),
        ADMIN_PASSWORD_VARIABLE: configured or generated_password,
    }
    # What serves customers must not be able to become the owner of the audit log.
    env = {name: value for name, value in env.items() if not name.startswith(OWNER_VARIABLE)}
    return Plan(
        paths=paths,
        host=host,
        port=port,
        addresses=addresses,
        servers=server_children(paths),
        prepare=_command(paths, prepare_env, "prepare_stack"),
        programs=[
            web_child(paths, env, host, port),
            worker_child(paths, env),
            beat_child(paths, env),
        ],
        seed=_command(paths, env, "seed_demo") if demo else None,
        generated_password=None if configured else generated_password,
    )


def _command(paths: StackPaths, env: Mapping[str, str], name: str) -> ChildSpec:
    return ChildSpec(
        name=f"manage.py {name}",
        argv=[sys.executable, "manage.py", name],
        log=paths.logs / f"{name}.log",
        env=env,
        cwd=PROJECT_ROOT,
    )

"""`python -m tests.local.tiny_stack FOLDER PORT [--worker KIND]`: `up` with tiny programs.

Servers, supervisor, locks and signals are the real ones; only web and worker are stand-ins.
"""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from supportbot.local import stack, supervisor
from supportbot.local.children import ChildSpec
from supportbot.local.errors import StackError
from supportbot.local.paths import PROJECT_ROOT, StackPaths
from supportbot.local.plan import Plan, server_addresses, server_children
from supportbot.local.programs import program_environment, web_child

WEB = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
# A worker with a child of its own, both deaf to SIGTERM.
STUBBORN_WORKER = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
nap = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", nap])
time.sleep(600)
"""
PATIENT_WORKER = "import time; time.sleep(600)"
FRAIL_WORKER = "raise SystemExit('the worker has no shoes')"
WORKERS = {"patient": PATIENT_WORKER, "stubborn": STUBBORN_WORKER, "frail": FRAIL_WORKER}
PREPARE = """print("one step"); print('{"admin_created": true, "documents": 0}')"""
SEED = """print("demo document 1 of 1")"""


def tiny_plan(paths: StackPaths, port: int, worker: str) -> Plan:
    """A plan with the real servers."""
    addresses = server_addresses(paths)
    env = program_environment(paths, addresses.database, addresses.redis)

    def child(name: str, code: str, *arguments: str) -> ChildSpec:
        return ChildSpec(
            name=name,
            argv=[sys.executable, "-c", code, *arguments],
            log=paths.logs / f"{name.lower()}.log",
            env=env,
            cwd=PROJECT_ROOT,
            tier=1,
            stop_seconds=1.0,
        )

    web = web_child(paths, env, "127.0.0.1", port)
    return Plan(
        paths=paths,
        host="127.0.0.1",
        port=port,
        addresses=addresses,
        servers=server_children(paths),
        prepare=child("Prepare", PREPARE),
        programs=[
            replace(web, argv=[sys.executable, "-c", WEB, str(port)]),
            child("Worker", WORKERS[worker]),
        ],
        seed=child("Seed", SEED),
        generated_password="generated",
    )


def main() -> None:
    """Run until a signal; a problem goes to standard error, as `up` does it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--worker", choices=WORKERS, default="patient")
    options = parser.parse_args()
    paths = StackPaths(options.folder)
    # So that a test of what happens after many restarts is quick.
    supervisor.LONGEST_PAUSE_SECONDS = 0.1
    os.environ["SUPPORTBOT_DATA_DIR"] = str(paths.root)
    try:
        stack.run(
            lambda: tiny_plan(paths, options.port, options.worker),
            paths,
            "127.0.0.1",
            options.port,
            lambda line: print(line, flush=True),
        )
    except StackError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

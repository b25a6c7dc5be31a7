"""`python tests/e2e/restless_up.py up …`: manage.py's `up`, whose supervisor never gives up.

Everything else is the real thing. A test that kills more in a minute than any accident does would
else only see the sentence with which `up` ends (decision 5).
"""

import runpy
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT))
    from supportbot.local import supervisor

    supervisor.MAX_RESTARTS = 10_000
    supervisor.LONGEST_PAUSE_SECONDS = 0.2
    runpy.run_path(str(PROJECT / "manage.py"), run_name="__main__")

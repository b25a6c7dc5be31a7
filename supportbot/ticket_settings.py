"""Settings of tickets and of the people who work on them, read by settings.py."""

from typing import Any

from supportbot.env import env_bool, env_float, env_int, env_str

TICKETS: dict[str, Any] = {
    # So long an agent who speaks may let a customer wait; then it is back in the queue. 0: for ever
    "agent_lease_minutes": env_float("SUPPORTBOT_AGENT_LEASE_MINUTES", 15.0),
    # none: agents take tickets themselves; round_robin: in turn; least_busy
    "assignment": env_str("SUPPORTBOT_ASSIGNMENT", "none"),
    # Hours, 0: never. The customer is reminded of a ticket that waits for them, which is then
    # solved; a solved one is closed.
    "reminder_hours": env_float("SUPPORTBOT_REMINDER_HOURS", 24.0),
    "solve_hours": env_float("SUPPORTBOT_SOLVE_HOURS", 72.0),
    "close_hours": env_float("SUPPORTBOT_CLOSE_HOURS", 168.0),
    # Largest file that a customer may send in the chat; 0: they send none. clamav: host:port of the
    # daemon that checks them, or the path of its socket.
    "customer_file_mb": env_int("SUPPORTBOT_CUSTOMER_FILE_MB", 10),
    "clamav": env_str("SUPPORTBOT_CLAMAV", ""),
    # Ask customers how it went, once a ticket that a person worked on is done.
    "ask_for_ratings": env_bool("SUPPORTBOT_ASK_FOR_RATINGS", default=True),
}
TICKETS_SCHEDULE: dict[str, Any] = {
    "close-idle-conversations": {
        "task": "tickets.tasks.close_idle",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "run-timers": {
        "task": "tickets.tasks.run_timers",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "end-leases": {
        "task": "tickets.tasks.end_leases",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "watch-sla": {"task": "tickets.tasks.watch_sla", "schedule": 10.0, "options": {"expires": 10}},
    "send-outgoing": {
        "task": "supportbot.desk.tasks.send_outgoing",
        "schedule": 2.0,
        "options": {"expires": 2},
    },
}

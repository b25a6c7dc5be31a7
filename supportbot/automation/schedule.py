"""When Celery beat runs the jobs of automation."""

AUTOMATION_SCHEDULE = {
    # A commit wakes a worker; this finds what a lost wake-up left.
    "run-rules": {
        "task": "supportbot.automation.tasks.run_rules",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "fill-ticket-vectors": {
        "task": "supportbot.automation.tasks.fill_ticket_vectors",
        "schedule": 60.0,
        "options": {"expires": 60, "queue": "ingest"},
    },
}

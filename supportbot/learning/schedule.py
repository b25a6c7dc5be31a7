"""When Celery beat runs the jobs of learning."""

LEARNING_SCHEDULE = {
    "group-questions": {
        "task": "supportbot.learning.tasks.group_questions",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "close-answered-questions": {
        "task": "supportbot.learning.tasks.close_answered_questions",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "propose-corrections": {
        "task": "supportbot.learning.tasks.propose_corrections",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
}

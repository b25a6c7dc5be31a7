"""The one settings file, read top to bottom. README.md and .env.example list every variable.

A wrong value is reported by a system check (supportbot/checks.py) with an id and a hint.
"""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from supportbot import account_settings
from supportbot.admin_settings import unfold
from supportbot.automation.schedule import AUTOMATION_SCHEDULE
from supportbot.env import answer_mode, env_bool, env_float, env_int, env_list, env_secret, env_str
from supportbot.learning.schedule import LEARNING_SCHEDULE
from supportbot.logs import logging_config
from supportbot.mail_settings import DJANGO_MAIL, MAIL, MAIL_SCHEDULE  # noqa: F401
from supportbot.secret_key import kept_secret_key
from supportbot.ticket_settings import TICKETS, TICKETS_SCHEDULE  # noqa: F401
from supportbot.visitor_settings import (  # noqa: F401
    CONNECTIONS_IN_ALL,
    CONNECTIONS_PER_VISITOR,
    PROOF_OF_WORK,
    RATE_LIMITS,
    SPEECH_FOLDER,
    TRANSCRIBE_MODEL,
)
from supportbot.webhook_settings import WEBHOOK_SCHEDULE, WEBHOOKS  # noqa: F401

BASE_DIR = Path(__file__).resolve().parent.parent

# -- Where things are ---------------------------------------------------------------------------
DATA_DIR = Path(env_str("SUPPORTBOT_DATA_DIR", ".local")).resolve()
MEDIA_ROOT = Path(env_str("SUPPORTBOT_MEDIA_DIR", str(DATA_DIR / "media")))
MODELS_DIR = Path(env_str("SUPPORTBOT_MODELS_DIR", str(DATA_DIR / "models")))

# -- Security -----------------------------------------------------------------------------------
SECRET_KEY = env_secret("SUPPORTBOT_SECRET_KEY") or kept_secret_key(DATA_DIR / "secret_key")
DEBUG = env_bool("SUPPORTBOT_DEBUG")
ALLOWED_HOSTS = env_list("SUPPORTBOT_ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = env_list("SUPPORTBOT_TRUSTED_ORIGINS")
# Origins of the sites that embed the widget; the site's own origin is always allowed.
WIDGET_ORIGINS = env_list("SUPPORTBOT_WIDGET_ORIGINS")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env_bool("SUPPORTBOT_BEHIND_PROXY") else None
)
PROXIES = env_int("SUPPORTBOT_PROXIES", 0)  # that add to X-Forwarded-For; 0: the peer is the client
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env_bool("SUPPORTBOT_HTTPS")
ACCOUNTS, OPENID = account_settings.ACCOUNTS, account_settings.OPENID
globals().update(account_settings.ACCOUNT_SETTINGS)
X_FRAME_OPTIONS = "SAMEORIGIN"

# -- Applications -------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "corsheaders",
    "channels",
    *account_settings.ACCOUNT_APPS,
    "knowledge",
    "tickets",
    "supportbot",
    "supportbot.configuration",
    "supportbot.answers",
    "supportbot.evaluation",
    "supportbot.manners",
    "supportbot.triage",
    "supportbot.automation",
    "supportbot.mail",
    "supportbot.webhooks",
    "supportbot.widget",
    "supportbot.desk",
    "supportbot.learning",
    "supportbot.local",
    "supportbot.accounts",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "supportbot.static_files.CompressedStaticFiles",
    "supportbot.widget.origins.site_origins",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    *account_settings.ACCOUNT_MIDDLEWARE,
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "supportbot.urls"
ASGI_APPLICATION = "supportbot.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "supportbot" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


# -- PostgreSQL ---------------------------------------------------------------------------------
def _database(url: str) -> dict[str, Any]:
    """`postgresql://user:password@host:port/name?option=value`; `host=` may be a socket folder."""
    parts = urlsplit(url)
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "supportbot",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(parts.hostname or "")),
        "PORT": options.pop("port", str(parts.port or "")),
        # A pooled connection from before the server's restart must not meet a customer.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            # Retired passages keep their vectors: go on until enough live ones are found.
            "options": " ".join(
                [
                    "-c hnsw.iterative_scan=strict_order",
                    # Finds .93 of the exact best 30 of 100,000 passages (bench retrieval).
                    "-c hnsw.ef_search=160",
                    # A plan holds for all parameters: to plan a search anew takes 1.5 ms.
                    "-c plan_cache_mode=force_generic_plan",
                ]
            ),
            # Prepare what asks to be, and nothing else however often it is repeated.
            "prepare_threshold": 1_000_000,
            **options,
            "pool": {
                "min_size": 2,
                "max_size": env_int("SUPPORTBOT_DB_POOL", 20),
                "timeout": 10,
            },
        },
    }


# Without DATABASE_URL, manage.py starts or joins the embedded servers and sets it.
DATABASES = {
    "default": _database(env_secret("DATABASE_URL", "postgresql://postgres@localhost/supportbot"))
}
OWNER_DATABASE_URL = env_secret("SUPPORTBOT_OWNER_DATABASE_URL")  # migrates: supportbot.owner

# -- Redis: broker and channel layer; losing it loses nothing (PostgreSQL is the truth) ----------
REDIS_URL = env_secret("REDIS_URL", "redis://localhost:6379/0")
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
}


def _celery_url(url: str) -> str:
    """Celery spells a socket `redis+socket://PATH`, redis-py `unix://PATH`."""
    if not url.startswith("unix://"):
        return url
    parts = urlsplit(url)
    database = parse_qs(parts.query).get("db", ["0"])[-1]
    return f"redis+socket://{parts.path}?virtual_host={database}"


CELERY_BROKER_URL = _celery_url(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Without Redis a request must not hang: knowledge.tasks.resume_processing finds the job again.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "max_retries": 1,
}
CELERY_TASK_PUBLISH_RETRY, CELERY_TASK_IGNORE_RESULT = False, True
CELERY_WORKER_PREFETCH_MULTIPLIER, CELERY_TASK_DEFAULT_QUEUE = 1, "default"
CELERY_BEAT_SCHEDULE = {
    "resume-processing": {
        "task": "knowledge.tasks.resume_processing",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "sync-web-sources": {
        "task": "knowledge.tasks.sync_web_sources",
        "schedule": 60.0,
        "options": {"expires": 60, "queue": "ingest"},
    },
    "check-content": {"task": "knowledge.tasks.check_content", "schedule": 15.0},
    "fill-units": {
        "task": "knowledge.tasks.fill_units",
        "schedule": 30.0,
        "options": {"expires": 30, "queue": "ingest"},
    },
    **TICKETS_SCHEDULE,
    **AUTOMATION_SCHEDULE,
    **LEARNING_SCHEDULE,
    "check-freshness": {
        "task": "knowledge.tasks.check_freshness",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    **MAIL_SCHEDULE,
    **WEBHOOK_SCHEDULE,
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# -- Documents ----------------------------------------------------------------------------------
MEDIA_URL = "/media/"
UPLOAD_MAX_BYTES = env_int("SUPPORTBOT_UPLOAD_MAX_MB", 50) * 1024 * 1024
UPLOAD_REQUEST_MAX_BYTES = env_int("SUPPORTBOT_UPLOAD_REQUEST_MAX_MB", 1024) * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 500
# Of the first index: a folder, a hub name, `openai:NAME` for an endpoint, or `bundled`.
EMBEDDING_MODEL = env_str("SUPPORTBOT_EMBEDDING_MODEL", "bundled")
EMBEDDING_BASE_URL = env_str("SUPPORTBOT_EMBEDDING_BASE_URL")
EMBEDDING_API_KEY = env_secret("SUPPORTBOT_EMBEDDING_API_KEY")
# Cores that one process embeds with; 0: all of them. Workers of several processes share the cores.
EMBEDDING_THREADS = env_int("SUPPORTBOT_EMBEDDING_THREADS", 0)
PASSAGE_TOKENS = env_int("SUPPORTBOT_PASSAGE_TOKENS", 200)
# A step that has not shown life for this long is taken over by another worker.
PROCESSING_LEASE_SECONDS = env_int("SUPPORTBOT_PROCESSING_LEASE_SECONDS", 30)
# What one file may take while it is read, in a process of its own.
READING_MEMORY_MB = env_int("SUPPORTBOT_READING_MEMORY_MB", 2048)
READING_SECONDS = env_int("SUPPORTBOT_READING_SECONDS", 300)
READING_MAX_PAGES = env_int("SUPPORTBOT_READING_MAX_PAGES", 5000)
# Empty: the bundled models read scans. Else Tesseract does, in these of its languages, joined by +.
OCR_LANGUAGES = env_str("SUPPORTBOT_OCR_LANGUAGES", "")
WEB_ALLOWED_PRIVATE_HOSTS = env_list("SUPPORTBOT_WEB_ALLOWED_PRIVATE_HOSTS")  # intranet
DEFAULT_LOCALE = env_str("SUPPORTBOT_DEFAULT_LOCALE", "en")  # of documents that do not say theirs

# -- Retrieval -----------------------------------------------------------------------------------
# Models of the operator's own; empty: none. When a budget is spent, the product goes on without.
RERANK_MODEL = env_str("SUPPORTBOT_RERANK_MODEL")
RERANK_BUDGET_MS = env_int("SUPPORTBOT_RERANK_BUDGET_MS", 300)
GROUNDING_MODEL = env_str("SUPPORTBOT_GROUNDING_MODEL")
GROUNDING_BUDGET_MS = env_int("SUPPORTBOT_GROUNDING_BUDGET_MS", 1500)
PERSONAL_DATA_MODEL = env_str("SUPPORTBOT_PERSONAL_DATA_MODEL")  # finds names; empty: none
INJECTION_MODEL = env_str("SUPPORTBOT_INJECTION_MODEL")
REWRITE_QUESTIONS = env_bool("SUPPORTBOT_REWRITE_QUESTIONS")  # a model writes follow-ups out
POLICIES_DIR = env_str("SUPPORTBOT_POLICIES_DIR")  # rules of the installation: *.yaml
ALLOWED_LINK_HOSTS = env_list("SUPPORTBOT_ALLOWED_LINK_HOSTS")  # beside those of cited documents
MODERATION_MODEL = env_str("SUPPORTBOT_MODERATION_MODEL")  # at OPENAI_BASE_URL; empty: none
SCOPE_ALLOW = env_list("SUPPORTBOT_SCOPE_ALLOW")  # words of messages that are never out of scope
SCOPE_DENY = env_list("SUPPORTBOT_SCOPE_DENY")  # words of messages that always are
BRAND_FILE = env_str("SUPPORTBOT_BRAND_FILE")  # competitors, forbidden words: TOML
ANSWERABILITY_MIN = env_float("SUPPORTBOT_ANSWERABILITY_MIN", 0.4)  # below it, a person answers

# -- Answers ------------------------------------------------------------------------------------
ANSWER_MODE = answer_mode(env_str("SUPPORTBOT_ANSWER_MODE", "reply"))  # Conversation.Mode
ANSWER_COLLECTIONS = env_list("SUPPORTBOT_ANSWER_COLLECTIONS")  # names; empty: all of them
ANSWER_CACHE = env_str("SUPPORTBOT_ANSWER_CACHE", "model")  # model, all or off
ANSWER_CACHE_CHECKED = env_float("SUPPORTBOT_ANSWER_CACHE_CHECKED", 0.01)
MESSAGE_JOIN_SECONDS = env_float("SUPPORTBOT_MESSAGE_JOIN_SECONDS", 1.5)  # one question so long
CONVERSATION_IDLE_HOURS = env_float("SUPPORTBOT_CONVERSATION_IDLE_HOURS", 72.0)  # 0: never ends
MESSAGE_MAX_CHARACTERS = env_int("SUPPORTBOT_MESSAGE_MAX_CHARACTERS", 4000)
RUN_LEASE_SECONDS, RUN_MAX_ATTEMPTS = env_int("SUPPORTBOT_RUN_LEASE_SECONDS", 6), 3

# -- The language model (optional): of the first configuration, until a person publishes another --
OPENAI_BASE_URL = env_str("OPENAI_BASE_URL")
OPENAI_API_KEY = env_secret("OPENAI_API_KEY")
MODEL = env_str("SUPPORTBOT_MODEL")
MODEL_TEMPERATURE = env_str("SUPPORTBOT_MODEL_TEMPERATURE", "0")  # none: not sent
MODEL_FIRST_TOKEN_SECONDS = env_float("SUPPORTBOT_MODEL_FIRST_TOKEN_SECONDS", 8.0)
MODEL_IDLE_SECONDS = env_float("SUPPORTBOT_MODEL_IDLE_SECONDS", 8.0)
MODEL_TOTAL_SECONDS = env_float("SUPPORTBOT_MODEL_TOTAL_SECONDS", 60.0)
MODEL_CONTEXT_TOKENS = env_int("SUPPORTBOT_MODEL_CONTEXT_TOKENS", 8192)
FIRST_SENTENCE_SECONDS = env_float("SUPPORTBOT_FIRST_SENTENCE_SECONDS", 4.0)
SECRETS_DIR = Path(env_str("SUPPORTBOT_SECRETS_DIR", "/run/secrets"))  # keys named file:NAME

# -- Visitors -----------------------------------------------------------------------------------
VISITOR_TOKEN_SECONDS = env_int("SUPPORTBOT_VISITOR_TOKEN_SECONDS", 3600)
VISITOR_REFRESH_SECONDS = env_int("SUPPORTBOT_VISITOR_REFRESH_DAYS", 30) * 86400
REQUEST_MAX_BYTES = env_int("SUPPORTBOT_REQUEST_MAX_KB", 256) * 1024  # of all but staff
# The company's server signs a customer's identity (HS256) for so long; empty: nobody signs in.
IDENTITY_SECRET = env_secret("SUPPORTBOT_IDENTITY_SECRET")
IDENTITY_HOURS = env_int("SUPPORTBOT_IDENTITY_HOURS", 24)
CORS_ALLOWED_ORIGINS = WIDGET_ORIGINS
CORS_URLS_REGEX = r"^/(api/v1/(visitors|conversations|messages|sites|files|help)/|static/).*$"

# -- REST ---------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "supportbot.api.authentication.StaffTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_PARSER_CLASSES": [
        "supportbot.api.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "supportbot.api.pagination.Pages",
    "DEFAULT_THROTTLE_CLASSES": ["supportbot.api.limits.StaffLimit"],
    "NUM_PROXIES": PROXIES,
    "EXCEPTION_HANDLER": "supportbot.api.errors.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "supportbot",
    "DESCRIPTION": "Grounded, cited answers from your documents, or a person.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "Audience": "knowledge.models.Audience",
        "ConversationState": "tickets.models.Conversation.State",
        "VersionState": "knowledge.models.DocumentVersion.State",
        "VersionStatus": "knowledge.models.DocumentVersion.Status",
        "TicketStatus": "tickets.models.Ticket.Status",
        "DraftStatus": "tickets.models.Draft.Status",
        "RunStatus": "supportbot.answers.models.AnswerRun.Status",
    },
}

# -- Metrics ------------------------------------------------------------------------------------
METRICS_TOKEN = env_secret("SUPPORTBOT_METRICS_TOKEN")  # without one, this machine alone

# -- Pages and files ----------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env_str("SUPPORTBOT_STATIC_DIR", str(DATA_DIR / "static")))
STATICFILES_DIRS = [("widget", BASE_DIR / "frontend" / "dist")]
WHITENOISE_USE_FINDERS = True  # no collectstatic step is needed on one machine
WHITENOISE_AUTOREFRESH = DEBUG
# Unhashed names: the embed tag is written once into a customer's site, so let caches revalidate.
WHITENOISE_MAX_AGE = 300
UNFOLD = unfold(STATIC_URL)
globals().update(DJANGO_MAIL)

# -- Language, time, logs -----------------------------------------------------------------------
LANGUAGE_CODE, FORMAT_MODULE_PATH = "en", "supportbot.formats"
TIME_ZONE, USE_I18N, USE_TZ = env_str("SUPPORTBOT_TIME_ZONE", "UTC"), True, True
LOGGING = logging_config(
    level=env_str("SUPPORTBOT_LOG_LEVEL", "INFO"), as_json=env_bool("SUPPORTBOT_LOG_JSON")
)

"""What visitors may do, how often, and how large; read by settings.py."""

from __future__ import annotations

from supportbot.env import env_int, env_str

RATE_LIMITS = {
    "visitors": env_str("SUPPORTBOT_LIMIT_VISITORS", "600/minute"),
    "unproven": env_str("SUPPORTBOT_LIMIT_UNPROVEN", "240/minute"),
    "unproven_site": env_str("SUPPORTBOT_LIMIT_UNPROVEN_SITE", "1200/minute"),
    "renewals": env_str("SUPPORTBOT_LIMIT_RENEWALS", "60/minute"),
    "messages": env_str("SUPPORTBOT_LIMIT_MESSAGES", "20/minute"),
    "frames": env_str("SUPPORTBOT_LIMIT_FRAMES", "120/minute"),
    "voice": env_str("SUPPORTBOT_LIMIT_VOICE", "10/minute"),
    "voice_network": env_str("SUPPORTBOT_LIMIT_VOICE_NETWORK", "60/minute"),
    "transcripts": env_str("SUPPORTBOT_LIMIT_TRANSCRIPTS", "5/hour"),
    "transcripts_network": env_str("SUPPORTBOT_LIMIT_TRANSCRIPTS_NETWORK", "20/hour"),
    "transcripts_address": env_str("SUPPORTBOT_LIMIT_TRANSCRIPTS_ADDRESS", "3/day"),
    "staff": env_str("SUPPORTBOT_LIMIT_STAFF", "6000/minute"),
}
# New visitors solve a puzzle first: never, above the two limits without a proof, or at all times.
PROOF_OF_WORK = env_str("SUPPORTBOT_PROOF_OF_WORK", "auto")
# Open sockets and event streams: of one visitor, who may have many tabs, and of all web processes.
CONNECTIONS_PER_VISITOR = env_int("SUPPORTBOT_LIMIT_VISITOR_CONNECTIONS", 20)
CONNECTIONS_IN_ALL = env_int("SUPPORTBOT_LIMIT_CONNECTIONS", 5000)

# What writes down recordings of customers; with neither, none are offered.
TRANSCRIBE_MODEL = env_str("SUPPORTBOT_TRANSCRIBE_MODEL")  # at OPENAI_BASE_URL
SPEECH_FOLDER = env_str("SUPPORTBOT_SPEECH_FOLDER")  # of a Whisper model, for faster-whisper

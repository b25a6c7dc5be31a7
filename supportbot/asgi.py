"""The ASGI application: HTTP through Django, the WebSockets of the widget and of the desk through
Channels, and the lifespan in which this process takes answers."""

import asyncio
import os
from threading import Thread
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportbot.settings")
http = get_asgi_application()

from django.urls import path  # noqa: E402

from supportbot.answers.runner import runner  # noqa: E402
from supportbot.api.bodies import limit_bodies  # noqa: E402
from supportbot.api.connection_limits import keep_places  # noqa: E402
from supportbot.api.proxies import notice_proxies  # noqa: E402
from supportbot.api.realtime import ChatConsumer  # noqa: E402
from supportbot.checks import log_settings  # noqa: E402
from supportbot.desk.socket import DeskConsumer  # noqa: E402
from supportbot.retrieval.strange_words import embed_common_words  # noqa: E402
from supportbot.warmup import warm_up  # noqa: E402
from tickets.services.announcing import announcer  # noqa: E402


async def lifespan(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Start and stop what lives as long as the process."""
    keeper: asyncio.Task[None] | None = None
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            log_settings()
            try:
                await warm_up()
            except Exception as error:  # noqa: BLE001  (the server prints it and exits)
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            Thread(target=embed_common_words, name="words", daemon=True).start()
            announcer.start()
            await runner.start()
            keeper = asyncio.create_task(keep_places())
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            if keeper is not None:
                keeper.cancel()
            await runner.stop()
            await announcer.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


application = ProtocolTypeRouter(
    {
        "http": notice_proxies(limit_bodies(http)),
        "websocket": URLRouter(
            [
                path("ws/chat/", ChatConsumer.as_asgi()),
                path("ws/desk/", DeskConsumer.as_asgi()),
            ]
        ),
        "lifespan": lifespan,
    }
)

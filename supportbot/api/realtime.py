"""The widget's WebSocket, `/ws/chat/`. The contract stands in tests/contracts/realtime.json.

The socket is a reader of the stored event log: it sends every event after the number the client
names, once and in order. The channel layer only makes it quick.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils import timezone
from redis.exceptions import RedisError

from knowledge.models import Audience
from supportbot.answers.errors import AnswerError
from supportbot.answers.receive import check_message, readable
from supportbot.answers.runner import runner
from supportbot.answers.stop import stop_answer
from supportbot.answers.threads import in_thread
from supportbot.api.connection_limits import Place, TooManyConnectionsError, take_place
from supportbot.api.event_stream import Feed
from supportbot.api.frames import FrameError, messages_wanted, read_frame
from supportbot.api.last_seen import note_seen
from supportbot.api.limits import seconds_to_wait
from supportbot.api.sockets import SocketConsumer, lost_wake_ups
from supportbot.api.visitor_tokens import BadTokenError, read_token, was_revoked
from supportbot.desk.presence import tell_customer_types
from supportbot.widget.origins import is_site_origin
from tickets.models import Conversation, Customer, Feedback, Message
from tickets.services.conversations import close_conversation, current_conversation
from tickets.services.csat import rate
from tickets.services.customer_words import note_language
from tickets.services.events import group_of, iso
from tickets.services.handover import request_person
from tickets.services.history import MESSAGES, read_page
from tickets.services.messages import give_feedback

log = structlog.get_logger(__name__)

PROTOCOL = "supportbot.v1"
TOKEN_PREFIX = "token."  # noqa: S105  (the name of a field, not a secret)
CLOSE_BAD_TOKEN = 4401
CLOSE_BAD_ORIGIN = 4403
CLOSE_TOO_MANY = 4429


def is_same_origin(scope: dict[str, Any], others: Collection[str] = ()) -> bool:
    """Whether the page that opens the socket is one of ours, or of the `others`."""
    headers = dict(scope["headers"])
    origin = headers.get(b"origin", b"").decode("latin-1")
    if not origin or origin in others:
        return True  # programs send no origin; they cannot be lured onto a page
    return bool(urlsplit(origin).netloc == headers.get(b"host", b"").decode("latin-1"))


class ChatConsumer(SocketConsumer):
    customer: Customer
    held: Place | None = None
    audience: Audience
    conversation: Conversation | None = None
    feed: Feed | None = None
    typed_at = 0.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sending = asyncio.Lock()  # polls and wake-ups must not send the same event

    # -- opening and closing ---------------------------------------------------------------------
    async def connect(self) -> None:
        await self.accept(PROTOCOL if PROTOCOL in self.scope["subprotocols"] else None)
        if not await self._is_of_a_page_of_ours():
            await self.close(CLOSE_BAD_ORIGIN)
            return
        try:
            customer, audience = await _visitor_of(self._token())
            self.held = await sync_to_async(take_place, thread_sensitive=False)(str(customer.pk))
        except BadTokenError:
            await self.close(CLOSE_BAD_TOKEN)
            return
        except TooManyConnectionsError as error:
            await self._send_error(FrameError(error.code, error.text, retryable=True), {})
            await self.close(CLOSE_TOO_MANY)
            return
        self.held.hold()
        self.customer, self.audience = customer, audience

    async def _is_of_a_page_of_ours(self) -> bool:
        if is_same_origin(self.scope, settings.WIDGET_ORIGINS):
            return True
        origin = dict(self.scope["headers"]).get(b"origin", b"").decode("latin-1")
        return bool(await in_thread(is_site_origin)(origin))

    def _token(self) -> str:
        for name in self.scope["subprotocols"]:
            if name.startswith(TOKEN_PREFIX):
                return str(name.removeprefix(TOKEN_PREFIX))
        raise BadTokenError

    async def disconnect(self, code: int) -> None:
        lost_wake_ups().remove(self)
        if self.held is not None:
            await self.held.leave()
            await sync_to_async(note_seen, thread_sensitive=False)([self.held.visitor])
        if self.conversation is not None:
            try:
                await self.channel_layer.group_discard(
                    group_of(self.conversation.pk), self.channel_name
                )
            except (RedisError, OSError) as error:
                log.warning("channel_layer_unavailable", error=str(error))

    # -- frames from the client ------------------------------------------------------------------
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        frame: dict[str, Any] = {}
        try:
            frame = read_frame(text_data)
            await self._handle(frame)
        except (FrameError, AnswerError) as error:
            await self._send_error(error, frame)
        except Exception:
            log.exception("frame_failed", type=frame.get("type"))
            await self._send_error(
                FrameError(
                    "server_error", "Something went wrong here. Please try again.", retryable=True
                ),
                frame,
            )

    async def _handle(self, frame: dict[str, Any]) -> None:
        if not hasattr(self, "customer"):
            return  # refused; the close is under way
        # A message counts twice: as a frame, and as a message.
        limits = ["frames", "messages"] if frame["type"] == "message" else ["frames"]
        await self._count(limits, frame["type"])
        if frame["type"] == "hello":
            await self._hello(frame)
        elif frame["type"] == "ping":
            await self._send_unstored("pong")  # tells the widget that the way is open
        elif self.conversation is None:
            raise FrameError("hello_first", "Say hello before anything else.")
        else:
            await self._handle_in(self.conversation, frame)

    async def _handle_in(self, conversation: Conversation, frame: dict[str, Any]) -> None:
        if frame["type"] == "earlier":
            await self._earlier(frame, conversation)
        elif frame["type"] == "message":
            await self._message(frame, conversation)
        elif frame["type"] == "handover":
            await in_thread(request_person)(conversation=conversation)
        elif frame["type"] == "stop":
            await _stop(conversation, frame)
        elif frame["type"] == "close":
            close = in_thread(close_conversation)
            await close(conversation=conversation, by=Conversation.ClosedBy.CUSTOMER)
        elif frame["type"] == "feedback":
            await _give_feedback(conversation, frame)
        elif frame["type"] == "rating":
            await _rate(conversation, frame)
        elif frame["type"] == "typing":
            tell = tell_customer_types(self.channel_layer, conversation.pk, self.typed_at)
            self.typed_at = await tell
        else:
            raise FrameError("unknown_type", "This kind of frame is not known.")

    async def _count(self, limits: list[str], kind: str) -> None:
        if kind == "typing":
            return  # it is sent every few seconds
        wait = await in_thread(_seconds_to_wait)(limits, str(self.customer.pk))
        if wait:
            unit = "second" if wait == 1 else "seconds"
            raise FrameError(
                "too_many_messages",
                f"That was a lot at once. Please wait {wait} {unit} and send it again.",
                retryable=True,
            )

    async def _hello(self, frame: dict[str, Any]) -> None:
        after = frame.get("after", 0)
        if not isinstance(after, int) or isinstance(after, bool) or after < 0:
            raise FrameError("bad_after", "“after” is the number of the last event you have.")
        last = messages_wanted(frame)
        conversation = await _find_conversation(self.customer, frame.get("conversation"))
        await in_thread(note_language)(conversation, frame.get("lang", ""))
        if self.conversation is not None and self.conversation.pk != conversation.pk:
            await self.channel_layer.group_discard(
                group_of(self.conversation.pk), self.channel_name
            )
        self.conversation = conversation
        async with self.sending:
            self.feed = None  # nothing of the conversation before comes behind the next line
        # Which log the numbers of all events from here on belong to.
        await self._send_unstored("conversation.opened", conversation=str(conversation.pk))
        if last is not None:
            page = await in_thread(read_page)(conversation.pk, last=last)
            after = page.through
            await self._send_unstored("history", **page.to_wire())
        self.feed = Feed(conversation.pk, after)
        try:
            # Listen first, read second: what happens in between comes twice and is sent once.
            await self.channel_layer.group_add(group_of(conversation.pk), self.channel_name)
        except (RedisError, OSError) as error:
            log.warning("channel_layer_unavailable", error=str(error))
        await self.catch_up()
        lost_wake_ups().add(self)

    async def _earlier(self, frame: dict[str, Any], conversation: Conversation) -> None:
        before = frame.get("before")
        if not isinstance(before, int) or isinstance(before, bool) or before < 1:
            raise FrameError("bad_before", "“before” is the number of the first event you have.")
        page = await in_thread(read_page)(
            conversation.pk, last=messages_wanted(frame) or MESSAGES, before=before
        )
        await self._send_unstored("history", **page.to_wire())

    async def _message(self, frame: dict[str, Any], conversation: Conversation) -> None:
        incoming = check_message(frame)
        await runner.accept(conversation=conversation, incoming=incoming, reader=self.audience)

    # -- events to the client --------------------------------------------------------------------
    async def conversation_event(self, message: dict[str, Any]) -> None:
        """A wake-up from the channel layer, with the event it is about."""
        event = message["event"]
        if self.conversation is None or message["conversation"] != str(self.conversation.pk):
            return  # of the conversation before the last hello
        if event["seq"] == 0:
            await self._send(event)
            return
        async with self.sending:
            if self.feed is not None and event["seq"] == self.feed.cursor + 1:
                self.feed.cursor = event["seq"]
                await self._send(event)
                return
        if self.feed is not None and event["seq"] > self.feed.cursor:
            await self.catch_up()

    async def customer_signed_out(self, message: dict[str, Any]) -> None:
        """A wake-up that says the token this socket was opened with is worth nothing any more."""
        await self.close(CLOSE_BAD_TOKEN)

    def place(self) -> tuple[UUID, int] | None:
        return None if self.feed is None else (self.feed.conversation_id, self.feed.cursor)

    async def catch_up(self) -> None:
        async with self.sending:
            while self.feed is not None and (events := await self.feed.read()):
                for event in events:
                    await self._send(event)

    async def _send(self, event: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(event))

    async def _send_unstored(self, type: str, **fields: Any) -> None:
        """A frame that is no part of the conversation's log."""
        now = iso(timezone.now().astimezone(dt.UTC))
        await self._send({"seq": 0, "type": type, "at": now, **fields})

    async def _send_error(self, error: FrameError | AnswerError, frame: dict[str, Any]) -> None:
        client_id = frame.get("client_id")
        await self._send_unstored(
            "error",
            code=error.code,
            text=error.text,
            client_id=client_id if isinstance(client_id, str) else None,
            run_id=None,
            retryable=error.retryable,
        )


def _seconds_to_wait(limits: list[str], who: str) -> int:
    """By the first limit that is reached; 0 for none."""
    return next((wait for limit in limits if (wait := seconds_to_wait(limit, who))), 0)


@in_thread
def _visitor_of(token: str) -> tuple[Customer, Audience]:
    visitor = read_token(token)
    customer = Customer.objects.filter(pk=visitor.customer_id).first()
    if customer is None or was_revoked(token, customer):
        raise BadTokenError
    return customer, visitor.audience


@in_thread
def _find_conversation(customer: Customer, wanted: Any) -> Conversation:
    if wanted is None:
        return current_conversation(customer=customer)
    try:
        conversation = customer.conversations.filter(pk=UUID(str(wanted))).first()
    except ValueError:
        conversation = None
    if conversation is None:
        raise FrameError("unknown_conversation", "This conversation does not exist.")
    return conversation


async def _stop(conversation: Conversation, frame: dict[str, Any]) -> None:
    try:
        run_id = UUID(str(frame.get("run_id")))
    except ValueError as error:
        raise FrameError("unknown_run", "This answer does not exist.") from error
    if await in_thread(stop_answer)(conversation=conversation, run_id=run_id):
        runner.halt(run_id)


@in_thread
def _give_feedback(conversation: Conversation, frame: dict[str, Any]) -> None:
    value, comment = frame.get("value"), frame.get("comment", "")
    if value not in Feedback.Value.values or not isinstance(comment, str):
        raise FrameError("bad_feedback", "Feedback is “up” or “down”, with a comment if you like.")
    try:
        message = conversation.messages.exclude(author=Message.Author.CUSTOMER).get(
            pk=UUID(str(frame.get("message_id")))
        )
    except (ValueError, Message.DoesNotExist) as error:
        raise FrameError("unknown_message", "This message does not exist.") from error
    # What REST's serializer refuses, PostgreSQL cannot store either.
    comment = "".join(c for c in comment if c.isprintable() or c in "\n\t")
    give_feedback(message=message, value=value, comment=comment)


@in_thread
def _rate(conversation: Conversation, frame: dict[str, Any]) -> None:
    score, comment = frame.get("score"), frame.get("comment", "")
    if not isinstance(score, int) or isinstance(score, bool) or not isinstance(comment, str):
        raise FrameError("bad_rating", "A rating is a whole number from 1 to 5.")
    try:
        rate(conversation=conversation, score=score, comment=readable(comment))
    except ValueError as error:
        raise FrameError("bad_rating", str(error)) from error

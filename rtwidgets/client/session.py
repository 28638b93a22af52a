"""The client's side of the protocol as state: frames in, notices and lines out. No I/O, no clock.

One session lives through many connections. `open` starts each of them, `lost` ends it; subscriptions keep
their positions in between and recover from them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from msgspec import Raw

from ..protocol.codec import FrameError, decode_replies, encode
from ..protocol.codes import TOKEN_EXPIRED, UNRECOVERABLE_POSITION
from ..protocol.messages import (
    NOTHING,
    Command,
    ConnectRequest,
    Error,
    Publication,
    Push,
    Reply,
    SubscribeRequest,
    SubscribeResult,
    UnsubscribeRequest,
)
from .backoff import Backoff
from .notices import (
    Answered,
    Garbled,
    Membership,
    Notice,
    Online,
    Published,
    Refused,
    Silent,
    Subscribed,
    SubscribeRefused,
    Told,
    Unanswered,
)

PONG = b"{}"
MAX_PING_DELAY_S = 10.0
RESUBSCRIBE_FROM = 2500
UNRECOVERABLE = UNRECOVERABLE_POSITION.code
RETRIED = {TOKEN_EXPIRED.code, UNRECOVERABLE}

_publication = msgspec.json.Decoder(Publication)


@dataclass(slots=True)
class _Subscription:
    data: Raw
    backoff: Backoff
    epoch: str | None = None  # None until a subscribe reply gave a position
    offset: int = 0
    was_live: bool = False
    retry_at: float | None = None


class Session:
    """Requests, subscriptions and liveness of one client.

    Args:
        name: Client name that the hub sees.
        random: Returns a float in [0, 1); spreads retries.
    """

    def __init__(self, name: str, random: Callable[[], float]) -> None:
        self._name = name
        self._random = random
        self._lines: list[bytes] = []
        self._last_id = 0
        self._connect_id = 0
        self._subscribes: dict[int, str] = {}
        self._requests: set[int] = set()
        self._subscriptions: dict[str, _Subscription] = {}
        self._silence_s: float | None = None
        self._heard_at = 0.0
        self._pong = False
        self.online = False
        self.client = ""

    def open(self, token: str, now: float) -> None:
        """Begin a connection: the connect command waits in `take`."""
        self._lines.clear()
        self._heard_at = now
        self._silence_s = None
        self._connect_id = self._command(
            Command(connect=ConnectRequest(token=token, name=self._name, version=""))
        )

    def lost(self) -> list[Notice]:
        """End the connection; return a notice for every request that has no reply."""
        self.online = False
        self._lines.clear()
        self._connect_id = 0
        self._subscribes.clear()
        self._silence_s = None
        for subscription in self._subscriptions.values():
            subscription.retry_at = None
        unanswered: list[Notice] = [Unanswered(id) for id in sorted(self._requests)]
        self._requests.clear()
        return unanswered

    def take(self) -> list[bytes]:
        """Return the lines to send now."""
        lines, self._lines = self._lines, []
        return lines

    def ask(self, command: Command) -> int:
        """Queue a request and return its id; an `Answered` or `Unanswered` notice follows."""
        id = self._command(command)
        self._requests.add(id)
        return id

    def subscribe(self, channel: str, data: Raw = NOTHING) -> None:
        """Subscribe, now or as soon as the session is online; nothing happens when it is known already."""
        if channel not in self._subscriptions:
            self._subscriptions[channel] = _Subscription(data, Backoff(self._random))
            if self.online:
                self._ask_subscribe(channel)

    def unsubscribe(self, channel: str) -> None:
        """End a subscription and forget its position."""
        if self._subscriptions.pop(channel, None) and self.online:
            self.ask(Command(unsubscribe=UnsubscribeRequest(channel=channel)))

    @property
    def channels(self) -> list[str]:
        """Channels that are subscribed or wait for it."""
        return list(self._subscriptions)

    def position(self, channel: str) -> tuple[str, int] | None:
        """Return (epoch, offset) of a subscription, or None while it has none."""
        subscription = self._subscriptions.get(channel)
        if subscription is None or subscription.epoch is None:
            return None
        return subscription.epoch, subscription.offset

    def restore(self) -> None:
        """Subscribe again to everything; call it on `Online`, after what has to be said before."""
        for channel in self._subscriptions:
            self._ask_subscribe(channel)

    def receive(self, frame: str | bytes, now: float) -> list[Notice]:
        """Take a frame of the hub and return what it means."""
        self._heard_at = now
        try:
            replies = decode_replies(frame)
            notices: list[Notice] = []
            for reply in replies:
                self._reply(reply, now, notices)
        except (FrameError, msgspec.DecodeError) as error:
            return [Garbled(str(error))]
        return notices

    def tick(self, now: float) -> list[Notice]:
        """Do what is due; call it about every half second while connected."""
        if self._silence_s is not None and now - self._heard_at > self._silence_s:
            return [Silent()]
        if self.online:
            for channel, subscription in self._subscriptions.items():
                if subscription.retry_at is not None and subscription.retry_at <= now:
                    self._ask_subscribe(channel)
        return []

    def _command(self, command: Command) -> int:
        self._last_id += 1
        command.id = self._last_id
        self._lines.append(encode(command))
        return self._last_id

    def _ask_subscribe(self, channel: str) -> None:
        subscription = self._subscriptions[channel]
        subscription.retry_at = None
        request = SubscribeRequest(channel=channel, data=subscription.data)
        if subscription.epoch is not None:
            request.recover = True
            request.epoch = subscription.epoch
            request.offset = subscription.offset
        self._subscribes[self._command(Command(subscribe=request))] = channel

    def _reply(self, reply: Reply, now: float, notices: list[Notice]) -> None:
        if not reply.id:
            if reply.push is not None:
                self._push(reply.push, now, notices)
            elif self._pong:
                self._lines.append(PONG)
        elif reply.id == self._connect_id:
            if reply.error is not None or reply.connect is None:
                notices.append(Refused(reply.error or Error(100, "the hub answered connect with no result")))
                return
            self.online = True
            self.client = reply.connect.client
            self._pong = reply.connect.pong
            if reply.connect.ping:
                self._silence_s = reply.connect.ping + MAX_PING_DELAY_S
            notices.append(Online(reply.connect))
        elif (channel := self._subscribes.pop(reply.id, None)) is not None:
            self._subscribe_reply(channel, reply, now, notices)
        elif reply.id in self._requests:
            self._requests.discard(reply.id)
            notices.append(Answered(reply.id, reply))

    def _subscribe_reply(self, channel: str, reply: Reply, now: float, notices: list[Notice]) -> None:
        subscription = self._subscriptions.get(channel)
        if subscription is None:  # unsubscribed while the reply was on its way
            return
        if reply.subscribe is None:
            error = reply.error or Error(100, "the hub answered subscribe with no result", temporary=True)
            if error.code == UNRECOVERABLE:
                subscription.epoch = None  # start over from a snapshot
            if error.temporary or error.code in RETRIED:
                subscription.retry_at = now + subscription.backoff.next()
            else:
                del self._subscriptions[channel]
                notices.append(SubscribeRefused(channel, error))
            return
        self._subscribed(channel, subscription, reply.subscribe, notices)

    def _subscribed(
        self, channel: str, subscription: _Subscription, result: SubscribeResult, notices: list[Notice]
    ) -> None:
        subscription.backoff.reset()
        again = subscription.was_live
        subscription.was_live = True
        seen = subscription.offset if subscription.epoch == result.epoch else None
        if result.recoverable or result.positioned:
            subscription.epoch = result.epoch
            subscription.offset = result.offset
        notices.append(
            Subscribed(channel, result.data, result.recovered, again, seen, result.epoch, result.offset)
        )
        for raw in result.publications:
            notices.append(Published(channel, _publication.decode(raw)))

    def _push(self, push: Push, now: float, notices: list[Notice]) -> None:
        if push.message is not None:
            notices.append(Told(push.message.data))
            return
        subscription = self._subscriptions.get(push.channel)
        if subscription is None:
            return
        if push.pub is not None:
            if push.pub.offset:
                subscription.offset = push.pub.offset
            notices.append(Published(push.channel, push.pub))
        elif push.join is not None:
            notices.append(Membership(push.channel, push.join.info, joined=True))
        elif push.leave is not None:
            notices.append(Membership(push.channel, push.leave.info, joined=False))
        elif push.unsubscribe is not None:
            if push.unsubscribe.code >= RESUBSCRIBE_FROM:
                subscription.retry_at = now + subscription.backoff.next()
            else:
                del self._subscriptions[push.channel]
                error = Error(push.unsubscribe.code, push.unsubscribe.reason or "unsubscribed by the hub")
                notices.append(SubscribeRefused(push.channel, error))

"""One client's connection: frames in, frames out."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from ..protocol import codec, codes
from ..protocol.messages import ClientInfo, Command, Error, Push, Reply, SubscribeResult, Unsubscribe
from . import requests
from .capabilities import Credentials
from .channel import Channel
from .cursor import Cursor
from .durable import Durable
from .figures import Transport
from .inbox import Inbox
from .kinds import NOBODY, Author
from .revocation import Revocation, Revocations
from .timers import Timer

if TYPE_CHECKING:
    from .hub import Hub


# With so much of notices waiting a client gets no hints.
MAX_HINTED_BYTES = 16 * 1024


class Connection:
    """The state of one connection.

    A driver feeds frames to `receive`, sends what `take` returns whenever `wake` was called, and closes the
    socket with `closing` once that is set and `take` returns None.

    Args:
        client: Id of this connection, for others to see.
        wake: Called when `take` has something to give or `closing` was set.
    """

    def __init__(self, hub: Hub, client: str, wake: Callable[[], None], now: float) -> None:
        self.hub = hub
        self.client = client
        # How it reaches the hub, for the figures: the driver says so.
        self.transport: Transport = "client"
        self.credentials: Credentials | None = None
        self.info = ClientInfo(client=client)
        self.encoded_info = b""
        self.author = NOBODY
        # Channels whose publish right was checked since `identify`.
        self.publishes_to: dict[str, Channel] = {}
        self.cursors: dict[str, Cursor] = {}
        # Channels whose demand it hears of.
        self.watches: tuple[Channel, ...] = ()
        self.closing: codes.Disconnect | None = None
        self.has_started = False
        self.ended = False
        # Subscriptions that the token asks for and that wait for others of them; and channels whose archive a
        # subscribe waits for.
        self.server_side: dict[str, tuple[Cursor, SubscribeResult]] = {}
        self.awaited: dict[str, Durable] = {}
        self.expired_timer: Timer | None = None
        self._wake = wake
        self.inbox = Inbox(self, wake, now)
        self._replies: list[bytes] = []
        self.replies_bytes = 0
        # How much of it the client did not ask for.
        self.notices_bytes = 0
        self._wanted: deque[Cursor] = deque()
        self._awaits_pong = False
        # When its user was last shown as typing.
        self.typed_at = -math.inf
        self._timer: Timer | None = None
        timeout_s = hub.rules.limits.connect_timeout_s
        if timeout_s:
            self._timer = hub.timers.at(now + timeout_s, self._on_stale)

    # frames in --------------------------------------------------------------

    def receive(self, frames: list[bytes], now: float) -> None:
        """Take frames of the client, as many as came together.

        What it does wrong becomes a reply error or `closing`.
        """
        figures = self.hub.figures
        figures.received_messages += len(frames)
        figures.received_bytes += sum(map(len, frames))
        self.inbox.receive(frames, now)

    def ping(self, count: int, now: float) -> None:
        """Note pings, pongs and such of the client's WebSocket; they count as commands."""
        self.inbox.ping(count, now)

    @property
    def congested(self) -> bool:
        """Whether commands wait, for replies to leave or for their time: read no further."""
        return self.inbox.congested

    @property
    def can_go_on(self) -> bool:
        """Whether `resume` may do something once `take` has nothing more."""
        return self.inbox.can_go_on

    def resume(self, now: float) -> None:
        """Go on with commands that were received, for a turn.

        When it is over and commands are left, the driver is woken: it calls again once others had theirs.
        """
        self.inbox.resume(now)

    def handle(self, command: Command, now: float) -> None:
        """Carry out a command."""
        request = requests.request_of(command)
        if request is None:
            if command.id:
                self.close(codes.BAD_FRAME)
            self._awaits_pong = False
            return
        requests.handle(self, command.id, request, now)

    # frames out -------------------------------------------------------------

    def reply(self, reply: Reply) -> None:
        """Send a reply."""
        self.answer(codec.encode(reply))

    def fail(self, request_id: int, error: Error, message: str | None = None) -> None:
        """Send an error reply, with a message of its own when there is more to say."""
        if message is not None:
            error = msgspec.structs.replace(error, message=message)
        self.hub.figures.errors[error.code] += 1
        self.reply(Reply(id=request_id, error=error))

    def answer(self, lines: bytes) -> None:
        """Send encoded replies, ahead of publications. With many waiting the next commands wait."""
        if self.closing is None:
            self._replies.append(lines)
            self.replies_bytes += len(lines)
            self._wake()

    def notify(self, line: bytes) -> None:
        """Send an encoded message that the client did not ask for, ahead of publications."""
        if self.closing is not None:
            return
        self.answer(line)
        self.notices_bytes += len(line)
        bound = self.hub.rules.limits.replies_bytes
        if bound and self.notices_bytes > max(bound, len(line)):
            self.hub.refused["replies_bytes"] += 1
            self.close(codes.SLOW)

    def is_behind(self, size: int, part: int) -> bool:
        """Say whether a notice of so many bytes would fill more than one of so many parts of what may wait.

        Where nothing waits it has room, however large it is.
        """
        bound, waits = self.hub.rules.limits.replies_bytes, self.notices_bytes
        return bool(bound and waits and waits + size > bound // part)

    def hint(self, line: bytes) -> None:
        """Send an encoded message that may as well be lost: not to a client that is behind with notices."""
        if self.notices_bytes < MAX_HINTED_BYTES:
            self.notify(line)

    @property
    def has_output(self) -> bool:
        """Whether `take` may have something to give."""
        return bool(self._replies or self._wanted)

    def want(self, cursor: Cursor) -> None:
        """Put a cursor that is behind in line."""
        if self.closing is not None:  # a slow reader may stay for a while; it gets nothing new
            return
        cursor.waiting = True
        self._wanted.append(cursor)
        self._wake()

    def take(self, max_bytes: int, now: float) -> bytes | None:
        """Return the next frame, or None when there is nothing to send.

        Replies come first. Then cursors that are behind get their turn, as long as half of `max_bytes` is
        free; a frame may exceed it by one publication.
        """
        size = self.replies_bytes
        frames: list[bytes] = []
        wanted, figures = self._wanted, self.hub.figures
        publications = figures.conflated + figures.gone
        # Nobody's turn is what little another has left: a hot channel would take every frame.
        while wanted and size <= max_bytes // 2:
            cursor = wanted.popleft()
            cursor.waiting = False
            log = cursor.channel.log
            if cursor.offset >= log.top or not cursor.visible:
                continue
            before = cursor.offset
            frame = cursor.read(max_bytes - size, now)
            if frame is None:
                figures.skipped += log.top - cursor.offset
                self.hub.refused["delivery_window"] += 1
                self.drop(cursor, codes.UNSUBSCRIBE_INSUFFICIENT, "insufficient state")
                continue
            publications += cursor.offset - before
            frames.append(frame)
            size += len(frame)
            if cursor.offset < log.top:
                cursor.waiting = True
                wanted.append(cursor)
        publications -= figures.conflated + figures.gone
        if self._replies:
            replies, self._replies = self._replies, []
            self.replies_bytes = self.notices_bytes = 0
            return figures.sent(b"\n".join(replies + frames), publications)
        if not frames:
            return None
        frame = frames[0] if len(frames) == 1 else b"\n".join(frames)
        if frame is figures.frame:
            figures.repeats += 1
            return frame
        return figures.sent(frame, publications)

    # life -------------------------------------------------------------------

    def start(self, now: float) -> None:
        """Start the life of a connection whose connect command was accepted."""
        self.has_started = True
        if self._timer is not None:
            self._timer.cancel()
        interval_s = self.hub.rules.limits.ping_interval_s
        if interval_s:
            self._timer = self.hub.timers.at(now + interval_s, self._on_ping)

    def identify(self, credentials: Credentials, now: float) -> None:
        """Take over who the client is, and when that ends."""
        self.credentials = credentials
        self.info = ClientInfo(user=credentials.user, client=self.client)
        if credentials.info is not None:
            self.info.conn_info = msgspec.Raw(credentials.info)
        self.encoded_info = codec.encode_info(self.info)
        self.author = Author(credentials.user, credentials.name, self.client)
        self.publishes_to.clear()
        if self.expired_timer is not None:
            self.expired_timer.cancel()
        self.expired_timer = None
        if credentials.expires_at is not None:
            grace = self.hub.tokens.rules.leeway_s + requests.EXPIRY_GRACE_S
            self.expired_timer = self.hub.timers.at(credentials.expires_at + grace, self._on_expired)

    def end_revoked(self, revocations: Revocations) -> bool:
        """End subscriptions whose own token is revoked, and say whether the connection's is.

        A revoked user's tokens that are dated ahead are revoked up to their date.
        """
        who = self.credentials
        if who is None:
            return False
        for cursor in list(self.cursors.values()):
            token = cursor.token
            if token is not None and revocations.cover(
                token.user, (token.token_id, token.parent), token.issued_at, token.maker
            ):
                self.drop(cursor, codes.UNSUBSCRIBE_EXPIRED, "subscription token revoked")
        is_revoked = False
        for part in who.parts or (who,):
            if revocations.cover(part.user, (part.token_id, part.parent), part.issued_at, part.maker):
                is_revoked = True
            if part.dated is not None and revocations.cover(part.user, (), part.issued_at):
                # Of a clock that is ahead: it must not be taken for a new one when its time has come.
                revocations.add(Revocation(user=part.user, before=part.dated))
        return is_revoked

    def forget_identity(self) -> None:
        """Go back to before a connect command that was refused after all."""
        self.credentials = None
        self.info = ClientInfo(client=self.client)
        if self.expired_timer is not None:
            self.expired_timer.cancel()

    def drop(self, cursor: Cursor, code: int, reason: str) -> None:
        """End a subscription from the hub's side and tell the client."""
        del self.cursors[cursor.channel.name]
        cursor.channel.exit(cursor)
        self.notify(
            codec.encode(Reply(push=Push(channel=cursor.channel.name, unsubscribe=Unsubscribe(code, reason))))
        )

    def close(self, disconnect: codes.Disconnect) -> None:
        """Ask the driver to close the socket after what `take` still has."""
        if self.closing is None:
            self.closing = disconnect
            self.hub.figures.disconnects[disconnect.code] += 1
            self.inbox.clear()
            self._wanted.clear()
            self.hub.withdraw_origins(self)  # now: a revoked one may leave its socket open for a while
            self._wake()

    def end(self, now: float) -> None:
        """Forget the connection: its socket is gone."""
        if self.ended:
            return
        self.ended = True
        self.closing = self.closing or codes.CONNECTION_CLOSED
        self.inbox.finish(now)
        if self._timer is not None:
            self._timer.cancel()
        if self.expired_timer is not None:
            self.expired_timer.cancel()
        self._leave_channels()
        self.keep_watches(lambda _: False)
        self.hub.forget(self, now)

    def keep_watches(self, may: Callable[[str], bool]) -> None:
        """Hear of the demand only of channels of which this says so."""
        gone = [channel for channel in self.watches if not may(channel.name)]
        self.watches = tuple(channel for channel in self.watches if channel not in gone)
        for channel in gone:
            channel.unwatch(self)
            self.hub.let_go(channel)

    def _on_stale(self, now: float) -> None:
        self.hub.refused["connect_timeout_s"] += 1
        self.close(codes.STALE)

    def _on_expired(self, now: float) -> None:
        self.close(codes.EXPIRED)

    def _leave_channels(self) -> None:
        for cursor in list(self.cursors.values()):
            cursor.channel.exit(cursor)
            self.hub.let_go(cursor.channel)
        self.cursors.clear()

    def _on_ping(self, now: float) -> None:
        self._awaits_pong = True
        self.notify(codec.PING)
        self._timer = self.hub.timers.at(now + self.hub.rules.limits.pong_timeout_s, self._on_pong_due)

    def _on_pong_due(self, now: float) -> None:
        limits = self.hub.rules.limits
        if self._awaits_pong and limits.pong_timeout_s:
            self.hub.refused["pong_timeout_s"] += 1
            self.close(codes.NO_PONG)
            # Others see it go now: a process that stands still would hold the close handshake up.
            self._leave_channels()
            return
        rest = limits.ping_interval_s - limits.pong_timeout_s
        self._timer = self.hub.timers.at(now + max(rest, 0.0), self._on_ping)

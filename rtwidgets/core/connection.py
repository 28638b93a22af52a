"""One client's connection: frames in, frames out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from ..protocol import codec, codes
from ..protocol.messages import ClientInfo, Command, Error, PublishRequest, Push, Reply, Unsubscribe
from . import requests
from .capabilities import Credentials
from .channel import Channel, Cursor
from .kinds import NOBODY, Author
from .revocation import Revocations
from .timers import Timer

if TYPE_CHECKING:
    from .hub import Hub


# With this much of replies waiting a connection's next commands wait too.
PAUSE_BYTES = 1024 * 1024
# Most publish commands that are carried out together: their replies wait together.
MAX_RUN = 512


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
        self.ended = False
        self.expired_timer: Timer | None = None
        self._wake = wake
        self._inbox: deque[Command] = deque()
        self._replies: list[bytes] = []
        self._replies_bytes = 0
        self._wanted: deque[Cursor] = deque()
        self._awaits_pong = False
        limits = hub.rules.limits
        self._timer = hub.timers.at(now + limits.connect_timeout_s, self._on_stale)

    # frames in --------------------------------------------------------------

    def receive(self, frames: list[bytes], now: float) -> None:
        """Take frames of the client, as many as came together.

        What it does wrong becomes a reply error or `closing`.
        """
        if self.closing is not None:
            return
        try:
            # Reading many at once costs a fraction of reading them one by one.
            commands = codec.decode_commands(frames)
        except codec.FrameError:
            if len(frames) == 1:
                self.close(codes.BAD_FRAME)
            else:  # those before the bad one count
                for frame in frames:
                    self.receive([frame], now)
            return
        self._inbox.extend(commands)
        self.resume(now)

    @property
    def congested(self) -> bool:
        """Whether commands wait because replies do: read no further, call `resume` after a `take`."""
        return bool(self._inbox)

    def resume(self, now: float) -> None:
        """Go on with commands that were received."""
        # The rest of the bound is for replies to what is under way and for notices.
        bound = min(self.hub.rules.limits.replies_bytes // 4, PAUSE_BYTES)
        inbox = self._inbox
        while inbox and self._replies_bytes <= bound and self.closing is None:
            command = inbox.popleft()
            if command.publish is None or not command.id or self.credentials is None:
                self._handle(command, now)
            else:
                self._publish(command.id, command.publish, now)

    def _publish(self, request_id: int, request: PublishRequest, now: float) -> None:
        """Carry out a publish command, and with it those right behind it for the same channel."""
        inbox, channel = self._inbox, request.channel
        ids, items = [request_id], [bytes(request.data)]
        while inbox and len(ids) < MAX_RUN:
            command = inbox[0]
            following = command.publish
            if following is None or following.channel != channel or not command.id:
                break
            inbox.popleft()
            ids.append(command.id)
            items.append(bytes(following.data))
        requests.publish(self, channel, ids, items, now)

    def _handle(self, command: Command, now: float) -> None:
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
        self.notify(codec.encode(reply))

    def fail(self, request_id: int, error: Error, message: str | None = None) -> None:
        """Send an error reply, with a message of its own when there is more to say."""
        if message is not None:
            error = msgspec.structs.replace(error, message=message)
        self.reply(Reply(id=request_id, error=error))

    def notify(self, lines: bytes) -> None:
        """Send an encoded message, or several joined ones, ahead of publications."""
        if self.closing is not None:
            return
        self._replies.append(lines)
        self._replies_bytes += len(lines)
        if self._replies_bytes > self.hub.rules.limits.replies_bytes and len(self._replies) > 1:
            self.close(codes.SLOW)
        self._wake()

    @property
    def has_output(self) -> bool:
        """Whether `take` may have something to give."""
        return bool(self._replies or self._wanted)

    def want(self, cursor: Cursor) -> None:
        """Put a cursor that is behind in line."""
        cursor.waiting = True
        self._wanted.append(cursor)
        self._wake()

    def take(self, max_bytes: int, now: float) -> bytes | None:
        """Return the next frame, or None when there is nothing to send.

        Replies come first. Then cursors that are behind get their turn, as long as half of `max_bytes` is
        free; a frame may exceed it by one publication.
        """
        size = self._replies_bytes
        frames: list[bytes] = []
        wanted = self._wanted
        # Nobody's turn is what little another has left: a hot channel would take every frame.
        while wanted and size <= max_bytes // 2:
            cursor = wanted.popleft()
            cursor.waiting = False
            log = cursor.channel.log
            if cursor.offset >= log.top or not cursor.visible:
                continue
            frame = cursor.read(max_bytes - size, now)
            if frame is None:
                self.drop(cursor, codes.UNSUBSCRIBE_INSUFFICIENT, "insufficient state")
                continue
            frames.append(frame)
            size += len(frame)
            if cursor.offset < log.top:
                cursor.waiting = True
                wanted.append(cursor)
        if self._replies:
            frames = self._replies + frames
            self._replies = []
            self._replies_bytes = 0
        if not frames:
            return None
        return frames[0] if len(frames) == 1 else b"\n".join(frames)

    # life -------------------------------------------------------------------

    def start(self, now: float) -> None:
        """Start the life of a connection whose connect command was accepted."""
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
        self.author = Author(credentials.user, _name_in(credentials.info) or credentials.user)
        self.publishes_to.clear()
        if self.expired_timer is not None:
            self.expired_timer.cancel()
        self.expired_timer = None
        if credentials.expires_at is not None:
            grace = requests.EXPIRY_GRACE_S
            self.expired_timer = self.hub.timers.at(credentials.expires_at + grace, self._on_expired)

    def is_revoked(self, revocations: Revocations) -> bool:
        """End subscriptions whose own token is revoked, and say whether the connection's is."""
        who = self.credentials
        if who is None:
            return False
        for cursor in list(self.cursors.values()):
            token = cursor.token
            if token is not None and revocations.cover(token.user, (token.token_id,), token.issued_at):
                self.drop(cursor, codes.UNSUBSCRIBE_EXPIRED, "subscription token revoked")
        parts = who.parts or (who,)
        return any(
            revocations.cover(part.user, (part.token_id, part.parent), part.issued_at) for part in parts
        )

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
            self._inbox.clear()
            self._wanted.clear()
            self._wake()

    def end(self, now: float) -> None:
        """Forget the connection: its socket is gone."""
        if self.ended:
            return
        self.ended = True
        self.closing = self.closing or codes.CONNECTION_CLOSED
        self._timer.cancel()
        if self.expired_timer is not None:
            self.expired_timer.cancel()
        for cursor in list(self.cursors.values()):
            cursor.channel.exit(cursor)
        self.cursors.clear()
        for channel in self.watches:
            channel.unwatch(self)
        self.hub.forget(self, now)

    def _on_stale(self, now: float) -> None:
        self.close(codes.STALE)

    def _on_expired(self, now: float) -> None:
        self.close(codes.EXPIRED)

    def _on_ping(self, now: float) -> None:
        self._awaits_pong = True
        self.notify(codec.PING)
        self._timer = self.hub.timers.at(now + self.hub.rules.limits.pong_timeout_s, self._on_pong_due)

    def _on_pong_due(self, now: float) -> None:
        if self._awaits_pong:
            self.close(codes.NO_PONG)
            return
        limits = self.hub.rules.limits
        rest = limits.ping_interval_s - limits.pong_timeout_s
        self._timer = self.hub.timers.at(now + max(rest, 0.0), self._on_ping)


def _name_in(info: bytes | None) -> str:
    """Return the name a token gives its user in `info.name`, or nothing."""
    if info is None:
        return ""
    try:
        name = msgspec.json.decode(info).get("name", "")
    except AttributeError:
        return ""
    return name if isinstance(name, str) else ""

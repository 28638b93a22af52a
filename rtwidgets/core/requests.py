"""The requests of the protocol, one function each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from ..protocol import codes
from ..protocol.messages import (
    ClientInfo,
    Command,
    ConnectRequest,
    ConnectResult,
    HistoryRequest,
    PingRequest,
    PingResult,
    PresenceRequest,
    PresenceResult,
    PresenceStatsRequest,
    PresenceStatsResult,
    RefreshRequest,
    RefreshResult,
    Reply,
    Request,
    RpcRequest,
    SendRequest,
    SubRefreshRequest,
    SubRefreshResult,
    SubscribeRequest,
    SubscribeResult,
    UnsubscribeRequest,
    UnsubscribeResult,
)
from ..protocol.names import is_channel, users_of
from . import history, recovery, rpc
from .capabilities import Credentials
from .channel import Channel
from .cursor import Cursor
from .durable import Durable
from .publishing import Steps
from .recovery import position, size_of
from .refusal import Refusal
from .sessions import with_role
from .staging import OVERHEAD_BYTES, Wait
from .tokens import Subscription, TokenError, TokenExpired, TokenRevoked
from .wish import granted, wish_of, with_grant

if TYPE_CHECKING:
    from .connection import Connection
    from .hub import Hub

# How long a client may be late with a new token, when the old one is not taken any more.
EXPIRY_GRACE_S = 5.0
# More than a connection may have waiting: it holds back whatever else comes.
HOLD_BYTES = 1 << 40
# What a client is told at most of the time it has left; the wire has 32 bits for it.
MAX_TTL_S = 2.0**31 - 1

_FIELDS = tuple(name for name in Command.__struct_fields__ if name != "id")


def request_of(command: Command) -> Request | None:
    """Return the first request that is set, or None for a pong."""
    for name in _FIELDS:
        request: Request | None = getattr(command, name)
        if request is not None:
            return request
    return None


def handle(connection: Connection, request_id: int, request: Request, now: float) -> None:
    """Carry out one request and reply."""
    if isinstance(request, SendRequest):
        connection.close(codes.NO_MESSAGES)
        return
    if not request_id:
        connection.close(codes.BAD_FRAME)
        return
    if (connection.credentials is None) != isinstance(request, ConnectRequest):
        # The first command must be connect, and only the first.
        connection.close(codes.BAD_FRAME)
        return
    hub = connection.hub
    hub.made.clear()
    try:
        _handlers[type(request)](connection, request_id, request, now)
    except Wait as wait:
        _handle_later(connection, request_id, request, wait.durable, now)
        return
    except Exception as error:
        _fail(connection, request_id, error)
    _let_go(hub)


def go_on(connection: Connection, request_id: int, steps: Steps, now: float) -> bool:
    """Go on with a request that is carried out in steps; return whether there are more."""
    hub = connection.hub
    hub.made.clear()
    has_more = False
    try:
        steps.send(now)
        has_more = True
    except StopIteration:
        pass
    except Exception as error:
        _fail(connection, request_id, error)
    _let_go(hub)
    return has_more


def _fail(connection: Connection, request_id: int, error: Exception) -> None:
    told = error if isinstance(error, Refusal) else connection.hub.refusal_of(error)
    connection.fail(request_id, told.error, told.message)


def _let_go(hub: Hub) -> None:
    for channel in hub.made:
        hub.let_go(channel)


def _handle_later(
    connection: Connection, request_id: int, request: Request, durable: Durable, now: float
) -> None:
    """Carry a request out when its channel is ready; what comes behind a connect waits until then, too."""
    size = HOLD_BYTES if isinstance(request, ConnectRequest) else OVERHEAD_BYTES
    connection.inbox.pending += size

    if isinstance(request, SubscribeRequest):
        connection.awaited[request.channel] = durable

    def act(refusal: Refusal | None, now: float) -> None:
        connection.inbox.pending -= size
        if isinstance(request, SubscribeRequest):
            del connection.awaited[request.channel]
        if connection.closing is not None:
            return
        if refusal is not None:
            connection.server_side.clear()
            connection.fail(request_id, refusal.error, refusal.message)
        else:
            handle(connection, request_id, request, now)

    durable.read(act, now)


def _connect(connection: Connection, request_id: int, request: ConnectRequest, now: float) -> None:
    hub = connection.hub
    if request.token:
        try:
            credentials = hub.tokens.credentials(request.token, now)
        except TokenExpired:
            raise Refusal(codes.TOKEN_EXPIRED) from None
        except TokenError as error:
            connection.close(_disconnect_for(error))
            return
    elif hub.rules.anonymous:
        credentials = Credentials()
    else:
        connection.close(codes.INVALID_TOKEN)
        return
    bound = hub.rules.limits.connections_per_user
    if bound and credentials.user and hub.users[credentials.user] >= bound:
        hub.refused["connections_per_user"] += 1
        connection.close(codes.CONNECTION_LIMIT)
        return
    connection.identify(credentials, now)
    try:
        subs = _server_side(connection, credentials, request, now)
    except Wait:
        connection.forget_identity()
        raise
    except Refusal:
        connection.forget_identity()
        connection.server_side.clear()
        raise
    connection.start(now)
    hub.users[credentials.user] += 1
    expires, ttl = _time_left(connection, credentials.expires_at, now)
    limits = hub.rules.limits
    result = ConnectResult(
        client=connection.client,
        version=hub.version,
        expires=expires,
        ttl=ttl,
        data=msgspec.Raw(hub.greeting),
        subs=subs,
        ping=max(1, int(limits.ping_interval_s)) if limits.ping_interval_s else 0,
        pong=bool(limits.ping_interval_s),
    )
    connection.reply(Reply(id=request_id, connect=result))
    for cursor in list(connection.cursors.values()):
        cursor.channel.enter(cursor)
        cursor.catch_up()


def _disconnect_for(error: TokenError) -> codes.Disconnect:
    # Whose token was good once may know that it was revoked; of all others it is not said what is wrong.
    return codes.REVOKED if isinstance(error, TokenRevoked) else codes.INVALID_TOKEN


def _server_side(
    connection: Connection, credentials: Credentials, request: ConnectRequest, now: float
) -> dict[str, SubscribeResult]:
    """Make the subscriptions that the token and the rules ask for."""
    hub = connection.hub
    # What is there already when the archive of another channel lets this one wait stays as it is: what comes
    # meanwhile follows behind it.
    found = connection.server_side
    room = recovery.REPLY_BYTES - sum(size_of(result) for _, result in found.values())
    for name in _server_side_names(hub, credentials):
        if name not in found:
            channel = hub.channel_for(connection, name, None)
            cursor = Cursor(channel, connection, _info_in(connection, name, None))
            result = _positioned(cursor, request.subs.get(name, SubscribeRequest()), room, now)
            room -= size_of(result)
            found[name] = cursor, result
    connection.server_side = {}
    connection.cursors.update((name, cursor) for name, (cursor, _) in found.items())
    return {name: result for name, (_, result) in found.items()}


def _server_side_names(hub: Hub, credentials: Credentials) -> list[str]:
    """Return the channels that the token and the rules subscribe to, each once."""
    names, user = list(credentials.channels), credentials.user
    own = f"#{user}"
    # No name, or one that is no channel name or stands for several users, has no channel of its own.
    if hub.rules.user_channel and user and is_channel(own) and users_of(own) == frozenset((user,)):
        names.append(own)
    return list(dict.fromkeys(names))


def _subscribe(connection: Connection, request_id: int, request: SubscribeRequest, now: float) -> None:
    name = request.channel
    token = _subscription(connection, request, now) if request.token else None
    channel = connection.hub.channel_for(connection, name, "subscribe" if token is None else None)
    if name in connection.cursors or name in connection.awaited:
        raise Refusal(codes.ALREADY_SUBSCRIBED)
    connection.hub.check("channels_per_connection", len(connection.cursors), "subscriptions of a connection")
    cursor = Cursor(channel, connection, _info_in(connection, name, token), token=token)
    result = _positioned(cursor, request, recovery.REPLY_BYTES, now)
    if token is not None:
        result.expires, result.ttl = _time_left(connection, token.expires_at, now)
    connection.cursors[name] = cursor
    connection.reply(Reply(id=request_id, subscribe=result))
    channel.enter(cursor)
    cursor.catch_up()
    _watch_expiry(cursor)


def _info_in(connection: Connection, name: str, token: Subscription | None) -> ClientInfo:
    """Return what others see of a subscriber, by the tokens that hold now."""
    info = connection.info
    if token is not None and token.info is not None:
        info = msgspec.structs.replace(info, chan_info=msgspec.Raw(token.info))
    assert connection.credentials is not None
    return with_role(info, connection.credentials, name)


def _positioned(cursor: Cursor, request: SubscribeRequest, room: int, now: float) -> SubscribeResult:
    """Grant what a subscribe request wishes, and say where the subscription starts."""
    durable = cursor.channel.durable
    if durable is not None:
        if request.recover:
            durable.await_position(request.epoch, request.offset)
        else:
            durable.await_turn()
        cursor.offset = cursor.channel.log.top
    wish = wish_of(request.data)
    cursor.max_hz, cursor.visible = granted(cursor, wish)
    result = _resumed(cursor, request, wish.snapshot, room, now)
    if wish.max_hz is not UNSET or wish.visible is not UNSET:
        result.data = with_grant(result.data, cursor)
    return result


def _resumed(
    cursor: Cursor, request: SubscribeRequest, snapshot: bool, room: int, now: float
) -> SubscribeResult:
    recoveries = cursor.connection.hub.figures.recoveries
    try:
        result = position(cursor, request, snapshot, room, now)
    except Refusal:
        recoveries["unrecovered"] += 1
        raise
    if result.was_recovering:
        recoveries["recovered" if result.recovered else "unrecovered"] += 1
    return result


def _unsubscribe(connection: Connection, request_id: int, request: UnsubscribeRequest, now: float) -> None:
    cursor = connection.cursors.pop(request.channel, None)
    if cursor is not None:
        cursor.channel.exit(cursor)
        connection.hub.let_go(cursor.channel)
    elif request.channel in connection.awaited:
        raise Wait(connection.awaited[request.channel])
    connection.reply(Reply(id=request_id, unsubscribe=UnsubscribeResult()))


def _presence(connection: Connection, request_id: int, request: PresenceRequest, now: float) -> None:
    members = _members(connection, request.channel)
    connection.reply(Reply(id=request_id, presence=PresenceResult(members)))


def _presence_stats(
    connection: Connection, request_id: int, request: PresenceStatsRequest, now: float
) -> None:
    users = [info.user for info in _channel_with_presence(connection, request.channel).members()]
    result = PresenceStatsResult(num_clients=len(users), num_users=len(set(users)))
    connection.reply(Reply(id=request_id, presence_stats=result))


def _ping(connection: Connection, request_id: int, request: PingRequest, now: float) -> None:
    connection.reply(Reply(id=request_id, ping=PingResult()))


def _rpc(connection: Connection, request_id: int, request: RpcRequest, now: float) -> None:
    rpc.handle(connection, request_id, request, now)


def _refresh(connection: Connection, request_id: int, request: RefreshRequest, now: float) -> None:
    assert connection.credentials is not None
    try:
        credentials = connection.hub.tokens.credentials(request.token, now)
    except TokenExpired:
        raise Refusal(codes.TOKEN_EXPIRED) from None
    except TokenError as error:
        connection.close(_disconnect_for(error))
        return
    if credentials.user != connection.credentials.user:
        connection.close(codes.INVALID_TOKEN)
        return
    connection.identify(credentials, now)
    _drop_without_right(connection)
    connection.hub.commands.keep_allowed(connection, now)
    expires, ttl = _time_left(connection, credentials.expires_at, now)
    result = RefreshResult(client=connection.client, version=connection.hub.version, expires=expires, ttl=ttl)
    connection.reply(Reply(id=request_id, refresh=result))


def _drop_without_right(connection: Connection) -> None:
    """End what a new token gives no right to: subscriptions, origins, and what is told of the demand.

    In the subscriptions that stay others see who the new token says it is.
    """
    assert connection.credentials is not None
    if not connection.credentials.owner:
        connection.hub.withdraw_origins(connection)
    named = _server_side_names(connection.hub, connection.credentials)
    for name, cursor in list(connection.cursors.items()):
        cursor.look_up_rights()
        # One with a token of its own ends with that.
        if (
            cursor.token is None
            and name not in named
            and not connection.hub.may(connection, "subscribe", name)
        ):
            connection.drop(cursor, codes.UNSUBSCRIBE_EXPIRED, "the new token gives no right to it")
        else:
            cursor.channel.show_as(cursor, _info_in(connection, name, cursor.token))
    connection.keep_watches(lambda name: connection.hub.may(connection, "publish", name))


def _sub_refresh(connection: Connection, request_id: int, request: SubRefreshRequest, now: float) -> None:
    cursor = connection.cursors.get(request.channel)
    if cursor is None:
        raise Refusal(codes.PERMISSION_DENIED)
    cursor.token = _subscription(connection, request, now)
    cursor.channel.show_as(cursor, _info_in(connection, request.channel, cursor.token))
    expires, ttl = _time_left(connection, cursor.token.expires_at, now)
    connection.reply(Reply(id=request_id, sub_refresh=SubRefreshResult(expires=expires, ttl=ttl)))
    _watch_expiry(cursor)


def _subscription(
    connection: Connection, request: SubscribeRequest | SubRefreshRequest, now: float
) -> Subscription:
    """Verify a subscription token: it must be for this channel and user."""
    assert connection.credentials is not None
    try:
        token = connection.hub.tokens.subscription(request.token, now)
    except TokenExpired:
        raise Refusal(codes.TOKEN_EXPIRED) from None
    except TokenError:
        raise Refusal(codes.PERMISSION_DENIED) from None
    if token.channel != request.channel or token.user != connection.credentials.user:
        raise Refusal(codes.PERMISSION_DENIED)
    return token


def _channel_with_presence(connection: Connection, name: str) -> Channel:
    channel = connection.hub.channel_for(connection, name, "presence")
    if not channel.namespace.presence:
        raise Refusal(codes.NOT_AVAILABLE)
    return channel


def _members(connection: Connection, name: str) -> dict[str, ClientInfo]:
    channel = _channel_with_presence(connection, name)
    if not channel.tells_members:
        connection.hub.refused["members"] += 1
        bound = connection.hub.rules.limits.members
        raise Refusal(codes.LIMIT_EXCEEDED, f"presence tells of at most {bound} members")
    return {info.client: info for info in channel.members()}


def _time_left(connection: Connection, expires_at: float | None, now: float) -> tuple[bool, int]:
    if expires_at is None:
        return False, 0
    if expires_at <= now:  # taken all the same: the clock that it goes by is behind
        expires_at += connection.hub.tokens.rules.leeway_s
    return True, int(min(max(1.0, expires_at - now), MAX_TTL_S))


def _watch_expiry(cursor: Cursor) -> None:
    if cursor.expiry is not None:
        cursor.expiry.cancel()
    if cursor.token is None or cursor.token.expires_at is None:
        return

    def expire(now: float) -> None:
        if cursor.connection.cursors.get(cursor.channel.name) is cursor:
            cursor.connection.drop(cursor, codes.UNSUBSCRIBE_EXPIRED, "subscription expired")

    hub = cursor.connection.hub
    cursor.expiry = hub.timers.at(
        cursor.token.expires_at + hub.tokens.rules.leeway_s + EXPIRY_GRACE_S, expire
    )


_handlers: dict[type, Callable[[Connection, int, Any, float], None]] = {
    ConnectRequest: _connect,
    SubscribeRequest: _subscribe,
    UnsubscribeRequest: _unsubscribe,
    PresenceRequest: _presence,
    PresenceStatsRequest: _presence_stats,
    HistoryRequest: history.by_position,
    PingRequest: _ping,
    RpcRequest: _rpc,
    RefreshRequest: _refresh,
    SubRefreshRequest: _sub_refresh,
}

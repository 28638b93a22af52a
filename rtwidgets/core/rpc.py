"""The rpc methods `rtwidgets.*`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Raw, Struct

from ..protocol import codes
from ..protocol.messages import Reply, RpcRequest, RpcResult
from . import chat_rpc, history, session_rpc
from .commands import rpc as commands
from .declaring import Declare, declare
from .notices import Notify, notify
from .origins import parse_origin
from .patterns import check_patterns
from .publishing import Publish, publish_batch
from .refusal import Refusal
from .revocation import Maker, revocation_of
from .revoking import revoke
from .rules import Verb
from .setting import SetValue, set_value
from .wish import Wish, grant_of, granted

if TYPE_CHECKING:
    from .connection import Connection

PREFIX = "rtwidgets."
PUBLISH = "rtwidgets.publish"
MAX_ORIGINS = 256

_encode = msgspec.json.Encoder().encode


class Subscription(Wish, frozen=True, kw_only=True):
    channel: str


class DemandOf(Struct):
    channel: str


class Token(Struct):
    ttl_s: float
    sub: str | None = None
    info: Raw = Raw()
    caps: dict[str, frozenset[Verb]] | None = None


class AllowOrigin(Struct):
    origin: str


class Status(Struct):
    pass


class Revoke(Struct):
    jti: str = ""
    expires_at_ms: float | None = None
    user: str = ""


def handle(connection: Connection, request_id: int, request: RpcRequest, now: float) -> None:
    """Carry out an rpc and reply, now or, for a call, when its handler answers.

    Raises:
        Refusal: If the method is unknown, its data is malformed or the caller has no right.
        DataError: If a channel does not take what it would lead to.
    """
    if not request.method.startswith(PREFIX):
        raise Refusal(codes.NOT_AVAILABLE)
    method = _methods.get(request.method.removeprefix(PREFIX))
    if method is None:
        raise Refusal(codes.METHOD_NOT_FOUND, f"there is no method {request.method!r}")
    decoder, act = method
    try:
        data = decoder.decode(bytes(request.data) or b"{}")
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refusal(codes.BAD_REQUEST, f"{request.method}: {error}") from None
    result = act(connection, request_id, data, now)
    if result is not None:
        connection.reply(Reply(id=request_id, rpc=RpcResult(Raw(_encode(result)))))


def _notify(connection: Connection, request_id: int, data: Notify, now: float) -> object:
    return {"subscribers": notify(connection, data, now)}


def _subscription(connection: Connection, request_id: int, data: Subscription, now: float) -> object:
    cursor = connection.cursors.get(data.channel)
    if cursor is None:
        raise Refusal(codes.BAD_REQUEST, f"not subscribed to {data.channel!r}")
    cursor.channel.adjust(cursor, *granted(cursor, data))
    return grant_of(cursor)


def _demand(connection: Connection, request_id: int, data: DemandOf, now: float) -> object:
    hub = connection.hub
    channel = hub.channel_for(connection, data.channel, "publish")
    if channel not in connection.watches:
        hub.check(
            "channels_per_connection", len(connection.watches), "channels whose demand a connection hears of"
        )
        connection.watches += (channel,)
    return channel.watch(connection).as_json()


def _token(connection: Connection, request_id: int, data: Token, now: float) -> object:
    credentials, hub = connection.credentials, connection.hub
    assert credentials is not None
    if not credentials.token_id or credentials.parent is not None:
        raise Refusal(
            codes.PERMISSION_DENIED, "tokens are made from a token that has a jti and was not made so itself"
        )
    for_itself = data.sub is None and not data.info
    if not for_itself:
        _owner(connection)
    caps = credentials.caps if data.caps is None else data.caps
    try:
        check_patterns(caps)
    except ValueError as error:
        raise Refusal(codes.BAD_REQUEST, f"rtwidgets.token: {error}") from None
    if not credentials.rights.cover(caps):
        raise Refusal(codes.PERMISSION_DENIED, "a token can't give more than its maker has")
    if not 0 < data.ttl_s <= 31 * 86_400:
        raise Refusal(codes.BAD_REQUEST, "ttl_s must be above 0 and at most 31 days")
    ttl_s = data.ttl_s if credentials.expires_at is None else min(data.ttl_s, credentials.expires_at - now)
    info = bytes(data.info) or credentials.info
    try:
        token = hub.tokens.mint(
            user=credentials.user if data.sub is None else data.sub,
            caps=caps,
            now=now,
            token_id=hub.make_id(),
            ttl_s=ttl_s,
            info=None if info is None else msgspec.json.decode(info),
            parent=credentials.token_id if for_itself else None,
            # Also of one for itself: it is younger than a revocation of the user that is still on its way.
            maker=Maker(credentials.user, credentials.token_id, credentials.issued_at, credentials.maker),
        )
    except (ValueError, RecursionError) as error:
        raise Refusal(codes.BAD_REQUEST, f"rtwidgets.token: {error}") from None
    return {"token": token, "expires_at_ms": int((now + ttl_s) * 1000)}


def _allow_origin(connection: Connection, request_id: int, data: AllowOrigin, now: float) -> object:
    _owner(connection)
    origin = parse_origin(data.origin)
    if origin is None:
        raise Refusal(
            codes.BAD_REQUEST, f"{data.origin[:80]!r} is no origin such as 'https://lab.example.org'"
        )
    origins = connection.hub.origins
    if origin not in origins and len(origins) >= MAX_ORIGINS:
        raise Refusal(codes.LIMIT_EXCEEDED, f"at most {MAX_ORIGINS} origins may be allowed at a time")
    origins.allow(origin, connection.client)
    if connection.hub.nodes is not None:
        connection.hub.nodes.tell("origin", origin, connection.client, b"1")
    return {}


def _revoke(connection: Connection, request_id: int, data: Revoke, now: float) -> object:
    _owner(connection)
    # What was issued until now is meant, whichever clock is right.
    latest = max(now, connection.hub.archiving.time(now))
    try:
        entry = revocation_of(data.jti, data.user, latest, data.expires_at_ms)
    except ValueError as error:
        raise Refusal(codes.BAD_REQUEST, str(error)) from None
    return revoke(connection, request_id, entry, now)


def _status(connection: Connection, request_id: int, data: Status, now: float) -> object:
    hub = connection.hub
    return {
        "hub": hub.hub_id,
        "version": hub.version,
        "uptime_s": round(now - hub.started_at, 3),
        "connections": len(hub.connections),
        "channels": len(hub.channels),
        "user": connection.info.user,
    }


def _owner(connection: Connection) -> Any:
    credentials = connection.credentials
    if credentials is None or not credentials.owner:
        raise Refusal(codes.PERMISSION_DENIED, "only the hub's owner may do this")
    return credentials


_methods: dict[str, session_rpc.Method] = {
    "declare": (msgspec.json.Decoder(Declare), declare),
    "publish": (msgspec.json.Decoder(Publish), publish_batch),
    "history": (msgspec.json.Decoder(history.Between), history.by_time),
    **commands.METHODS,
    "set": (msgspec.json.Decoder(SetValue), set_value),
    "notify": (msgspec.json.Decoder(Notify), _notify),
    "token": (msgspec.json.Decoder(Token), _token),
    "allow_origin": (msgspec.json.Decoder(AllowOrigin), _allow_origin),
    "subscription": (msgspec.json.Decoder(Subscription), _subscription),
    "demand": (msgspec.json.Decoder(DemandOf), _demand),
    "revoke": (msgspec.json.Decoder(Revoke), _revoke),
    "status": (msgspec.json.Decoder(Status), _status),
    "messages": (msgspec.json.Decoder(chat_rpc.Messages), chat_rpc.messages),
    "typing": (msgspec.json.Decoder(chat_rpc.Typing), chat_rpc.typing),
    **session_rpc.METHODS,
}

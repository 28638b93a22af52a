"""The rpc methods `rtwidgets.*` of sessions and invites."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from ..errors import ChannelNameError
from ..protocol import codes
from ..protocol.names import check_session
from .about_hub import ADMIN_CAPS, ADMIN_USER
from .capabilities import Credentials
from .invites import MAX_MAKERS, MAX_TTL_S, SIGN_IN_S, Invite, InviteError, make_invite, read_invite
from .refusal import Refusal
from .revocation import Revocation
from .revoking import revoke
from .roles import ROLES, role_in_session
from .sessions import NAMED_MEMBERS, Session, about, members_of
from .tokens import TokenError

if TYPE_CHECKING:
    from .connection import Connection

Method = tuple[msgspec.json.Decoder[Any], Callable[["Connection", int, Any, float], object]]

MAX_TITLE = 120


class SessionOf(Struct):
    session: str
    title: str | None = None


class Share(Struct):
    session: str
    ttl_s: float
    role: str = "viewer"


class Unshare(Struct):
    invite: str


class Nothing(Struct):
    pass


class SignIn(Struct):
    """Data of `rtwidgets.sign_in`.

    Args:
        admin: Whether it is to look at the hub itself, and for nothing else.
    """

    admin: bool = False


def _session(connection: Connection, request_id: int, data: SessionOf, now: float) -> object:
    name, role = _named(data.session), _role(connection, data.session)
    if role == "owner":
        title = " ".join((data.title or "").split())
        if len(title) > MAX_TITLE:
            raise Refusal(codes.BAD_REQUEST, f"a session's title has at most {MAX_TITLE} characters")
        return _shown(connection.hub.sessions.open(connection, name, title or None, now), role)
    session = connection.hub.sessions.get(name)
    if session is None or not connection.hub.may(connection, "subscribe", about(name)):
        raise Refusal(
            codes.PERMISSION_DENIED,
            f"there is no session {name!r} that you may see, and to make it you need every right on its "
            f"channels and commands, such as 'value:{name}/*' and 'command:{name}/*'",
        )
    return _shown(session, role)


def _sessions(connection: Connection, request_id: int, data: Nothing, now: float) -> object:
    sessions = connection.hub.sessions
    connection.inbox.charge(sessions.work)
    shown = []
    for session in sessions.seen_by(connection):
        # Who is there is told to whom their channel tells it.
        may_ask = connection.hub.may(connection, "presence", members_of(session.name))
        members, count = sessions.members(session.name, NAMED_MEMBERS) if may_ask else ([], 0)
        about_it = _shown(session, _role(connection, session.name))
        shown.append({**about_it, "members": members, "member_count": count})
    return {"sessions": shown}


def _share(connection: Connection, request_id: int, data: Share, now: float) -> object:
    name = _named(data.session)
    if data.role not in ROLES:
        raise Refusal(codes.BAD_REQUEST, f"there is no role {data.role[:40]!r}; use {', '.join(ROLES)}")
    _owner_of(connection, name)
    if connection.hub.sessions.get(name) is None:
        raise Refusal(codes.BAD_REQUEST, f"there is no session {name!r}: make it before it is shared")
    if not 0 < data.ttl_s <= MAX_TTL_S:
        raise Refusal(codes.BAD_REQUEST, f"a link is good for up to {MAX_TTL_S / 86_400:.0f} days")
    return _invited(connection, Invite(session=name, role=data.role), data.ttl_s, now)


def _unshare(connection: Connection, request_id: int, data: Unshare, now: float) -> object:
    hub = connection.hub
    try:
        invite, claims = read_invite(hub.tokens, data.invite, now)
    except InviteError as error:
        if error.reason == "invalid":
            raise Refusal(codes.BAD_REQUEST, str(error)) from None
        return {"closed": 0}
    if not invite.session:
        raise Refusal(codes.BAD_REQUEST, "a sign-in link is not revoked: it ends by itself in minutes")
    _owner_of(connection, invite.session)
    return revoke(connection, request_id, Revocation(jti=claims.jti, until=claims.exp), now)


def _sign_in(connection: Connection, request_id: int, data: SignIn, now: float) -> object:
    who = _maker(connection)
    if data.admin and not who.owner:
        raise Refusal(codes.PERMISSION_DENIED, "only the hub's owner may look at all of it")
    invite = Invite(
        user=ADMIN_USER if data.admin else who.user,
        info=None if who.info is None else msgspec.json.decode(who.info),
        caps=ADMIN_CAPS if data.admin else who.caps,
        until=who.expires_at,
    )
    return _invited(connection, invite, SIGN_IN_S, now)


def _invited(connection: Connection, invite: Invite, ttl_s: float, now: float) -> object:
    hub, token_id = connection.hub, connection.hub.make_id()
    try:
        text, ends = make_invite(
            hub.tokens, _maker(connection), invite, now=now, ttl_s=ttl_s, token_id=token_id
        )
    except TokenError as error:
        raise Refusal(codes.BAD_REQUEST, str(error)) from None
    return {
        "invite": text,
        "id": token_id,
        "expires_at_ms": int(ends * 1000),
        "public_url": hub.rules.public_url or None,
    }


def _maker(connection: Connection) -> Credentials:
    """Return who makes an invite: the holder of a whole token, which can be revoked."""
    who = connection.credentials
    assert who is not None
    if not who.token_id or who.parent is not None or not who.user:
        raise Refusal(
            codes.PERMISSION_DENIED, "links are made with a token that has a jti and was not made for a page"
        )
    if who.maker is not None and who.maker.depth >= MAX_MAKERS:
        raise Refusal(codes.PERMISSION_DENIED, "guests of guests make no more links")
    return who


def _owner_of(connection: Connection, session: str) -> None:
    if _role(connection, session) != "owner":
        raise Refusal(codes.PERMISSION_DENIED, f"only an owner of the session {session!r} may do this")


def _role(connection: Connection, session: str) -> str | None:
    assert connection.credentials is not None
    return role_in_session(connection.credentials.rights, session)


def _named(session: str) -> str:
    try:
        return check_session(session)
    except ChannelNameError as error:
        raise Refusal(codes.BAD_REQUEST, str(error)) from None


def _shown(session: Session, role: str | None) -> dict[str, object]:
    return {**msgspec.structs.asdict(session), "role": role or "viewer"}


METHODS: dict[str, Method] = {
    "session": (msgspec.json.Decoder(SessionOf), _session),
    "sessions": (msgspec.json.Decoder(Nothing), _sessions),
    "share": (msgspec.json.Decoder(Share), _share),
    "unshare": (msgspec.json.Decoder(Unshare), _unshare),
    "sign_in": (msgspec.json.Decoder(SignIn), _sign_in),
}

"""`POST /api/join`: an invite and a name go in, a connection token comes out."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..core import Hub
from ..core.capabilities import Caps
from ..core.invites import GUEST, InviteError, Ticket, guest_name, read_invite, ticket
from ..core.origins import parse_origin
from ..core.tokens import TokenError
from .addresses import Addresses
from .api import read_body

# What an invite and a name may take together.
MAX_BODY = 32_768
EXAMPLE_CHAT = "chat:examples/chat"
EXAMPLE_TTL_S = 3_600.0
_EXAMPLE_CAPS: Caps = {EXAMPLE_CHAT: frozenset(("subscribe", "publish", "history", "presence"))}
_STATUS = {"no_session": 404, "no_name": 400}


class JoinBody(Struct):
    """Body of `POST /api/join`: an invite, or the example that somebody tries."""

    invite: str = ""
    name: str = ""
    example: str = ""

    def __repr__(self) -> str:
        return "JoinBody(...)"  # an invite opens the hub, and a repr may land in a log


class Join:
    """Serve `/api/join`.

    Args:
        addresses: Counts how many invites each address shows.
        examples: Whether anybody may try the example chat.
    """

    def __init__(self, hub: Hub, now: Callable[[], float], addresses: Addresses, *, examples: bool) -> None:
        self._hub = hub
        self._now = now
        self._addresses = addresses
        self._examples = examples

    async def join(self, request: Request) -> Response:
        """Answer with a token, or say why there is none."""
        allowed = _cross_origin(request)
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=allowed)
        self._addresses.note_join(self._addresses.of(request.scope))
        body = await read_body(request, self._hub, "join_bytes", MAX_BODY)
        if isinstance(body, Response):
            return body
        answer, status = self._answer(body)
        return JSONResponse(answer, status, headers=allowed)

    def _answer(self, body: bytes) -> tuple[dict[str, object], int]:
        try:
            wanted = msgspec.json.decode(body.decode(), type=JoinBody)
        except (ValueError, RecursionError) as error:
            return {
                "error": f'a join takes {{"invite": "…", "name": "…"}}: {error}',
                "reason": "bad_request",
            }, 400
        now = self._now()
        try:
            if wanted.example:
                return self._try_example(wanted, now), 200
            return self._admit(wanted, now), 200
        except InviteError as error:
            answer: dict[str, object] = {"error": str(error), "reason": error.reason}
            if error.expired_at is not None:
                answer["expired_at_ms"] = int(error.expired_at * 1000)
            return answer, _STATUS.get(error.reason, 403)
        except TokenError as error:
            return {"error": str(error), "reason": "no_secret"}, 503

    def _admit(self, wanted: JoinBody, now: float) -> dict[str, object]:
        hub = self._hub
        opened: Ticket = ticket(*read_invite(hub.tokens, wanted.invite, now), wanted.name, hub.make_id(), now)
        name = opened.invite.session
        session = hub.sessions.get(name) if name else None
        if name and session is None:
            raise InviteError(
                "no_session",
                f"the session {name!r} is not there now: it comes back when its owner's notebook is running",
            )
        token = hub.tokens.mint(
            user=opened.user,
            caps=opened.caps,
            now=now,
            token_id=hub.make_id(),
            ttl_s=opened.expires_at - now,
            info=opened.info,
            maker=opened.maker,
        )
        return {
            "token": token,
            "expires_at_ms": int(opened.expires_at * 1000),
            "user": opened.user,
            "name": opened.name,
            "session": name,
            "role": opened.invite.role,
            "title": session.title if session is not None else "",
        }

    def _try_example(self, wanted: JoinBody, now: float) -> dict[str, object]:
        hub = self._hub
        if not self._examples or wanted.example != "chat":
            raise InviteError(
                "off",
                "the example is switched off on this hub: who runs it sets examples = true under [hub], "
                "or signs in with hub.sign_in_link().url",
            )
        name = guest_name(wanted.name)
        user = GUEST + hub.make_id()
        token = hub.tokens.mint(
            user=user,
            caps=_EXAMPLE_CAPS,
            now=now,
            token_id=hub.make_id(),
            ttl_s=EXAMPLE_TTL_S,
            info={"name": name, "guest": True},
        )
        return {
            "token": token,
            "expires_at_ms": int((now + EXAMPLE_TTL_S) * 1000),
            "user": user,
            "name": name,
        }


def _cross_origin(request: Request) -> dict[str, str]:
    """Return the headers for a page of another origin; the gate lets only allowed ones come here."""
    origin = request.headers.get("origin", "")
    if parse_origin(origin) != origin:
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "content-type",
        "Access-Control-Max-Age": "600",
        "Vary": "Origin",
    }

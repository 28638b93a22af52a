"""The HTTP API for programs that have the API key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
from msgspec import Raw, Struct
from starlette.requests import Request
from starlette.responses import JSONResponse

from ..core import Hub
from ..core.channel import Channel
from ..core.hub import is_reserved
from ..core.kinds import DataError
from ..core.nodes import NOT_TOLD
from ..core.refusal import Refusal
from ..core.revocation import revocation_of
from ..core.staging import Faults, Staging, Write
from ..errors import ChannelNameError
from ..protocol import codec
from ..protocol.names import check_channel

# Like a request's head, its body is not waited for without end.
BODY_TIMEOUT_S = 10.0


class PublishBody(Struct):
    """Body of `POST /api/publish`."""

    channel: str
    data: Raw


class RevokeBody(Struct):
    """Body of `POST /api/revoke`."""

    jti: str = ""
    expires_at_ms: float | None = None
    user: str = ""


class HttpApi:
    """Serve `/api/publish` and `/api/revoke`. The gate asks for the key."""

    def __init__(self, hub: Hub, now: Callable[[], float]) -> None:
        self._hub = hub
        self._now = now

    async def publish(self, request: Request) -> JSONResponse:
        body = await self._body(request)
        if isinstance(body, JSONResponse):
            return body
        try:
            wanted = msgspec.json.decode(body.decode(), type=PublishBody)
            if is_reserved(wanted.channel):
                raise ChannelNameError(f"only the hub publishes to {wanted.channel!r}")
            channel = self._hub.channel(check_channel(wanted.channel))
            offset = await published(channel, codec.on_one_line(bytes(wanted.data)), self._now())
        except (DataError, Refusal) as error:
            refusal = self._hub.refusal_of(error)
            return JSONResponse({"error": str(refusal)}, 503 if refusal.error.temporary else 400)
        except (msgspec.DecodeError, RecursionError, ChannelNameError, UnicodeError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"result": {"offset": offset, "epoch": channel.log.epoch}})

    async def revoke(self, request: Request) -> JSONResponse:
        body = await self._body(request)
        if isinstance(body, JSONResponse):
            return body
        now = self._now()
        # What was issued until now is meant, whichever clock is right.
        latest = max(now, self._hub.archiving.time(now))
        try:
            wanted = msgspec.json.decode(body.decode(), type=RevokeBody)
            entry = revocation_of(wanted.jti, wanted.user, latest, wanted.expires_at_ms)
        except ValueError as error:  # all that can be wrong with it is one
            return JSONResponse({"error": str(error)}, status_code=400)
        try:
            closed = self._hub.revoke_and_keep(entry)
        except Refusal as refusal:
            return JSONResponse({"error": str(refusal)}, status_code=500)
        if self._hub.nodes is not None:
            told: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

            def tell(is_told: bool) -> None:
                if not told.done():  # whoever asked has gone
                    told.set_result(is_told)

            self._hub.nodes.when_shared(tell, now)
            if not await told:
                return JSONResponse({"error": NOT_TOLD}, status_code=500)
        return JSONResponse({"result": {"closed": closed}})

    async def _body(self, request: Request) -> bytes | JSONResponse:
        return await read_body(
            request, self._hub, "max_message_bytes", self._hub.rules.limits.max_message_bytes
        )


async def read_body(request: Request, hub: Hub, limit: str, max_bytes: int) -> bytes | JSONResponse:
    """Return a request's body, or the answer when it is too slow, or larger than a limit; 0 is none."""
    body = b""
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.stream():
                body += chunk
                if 0 < max_bytes < len(body):
                    hub.refused[limit] += 1
                    fault = f"the body has more than {max_bytes} bytes: {limit}"
                    return JSONResponse({"error": fault}, status_code=413)
    except TimeoutError:
        fault = f"the body did not come within {BODY_TIMEOUT_S:g} s"
        return JSONResponse({"error": fault}, status_code=408, headers={"Connection": "close"})
    return body


async def published(channel: Channel, data: bytes, now: float) -> int:
    """Publish and return the offset, once the archive has it where there is one.

    Raises:
        DataError: If the data breaks the rules of the channel's kind.
        Refusal: If the archive does not take it.
    """
    if channel.durable is None:
        return channel.publish(data, now=now)
    kept: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    offset = 0

    def act(staging: Staging) -> Faults:
        nonlocal offset
        faults = staging.publish([data])
        offset = staging.top
        return faults

    def done(faults: Faults, refusal: Refusal | None, now: float) -> None:
        if kept.done():  # whoever asked has gone
            return
        fault = refusal or faults.get(0)
        if fault is not None:
            kept.set_exception(fault)
        else:
            kept.set_result(offset)

    channel.durable.write(Write(len(data), act, done), now)
    return await kept

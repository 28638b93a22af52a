"""The HTTP API for programs that have the API key."""

from __future__ import annotations

import hmac
from collections.abc import Callable

import msgspec
from msgspec import Raw, Struct
from starlette.requests import Request
from starlette.responses import JSONResponse

from ..core import Hub
from ..core.hub import is_reserved
from ..core.kinds import DataError
from ..core.refusal import Refusal
from ..errors import ChannelNameError
from ..protocol.names import check_channel


class PublishBody(Struct):
    """Body of `POST /api/publish`."""

    channel: str
    data: Raw


class HttpApi:
    """Serve `/api/publish`: ``{"channel": "...", "data": ...}`` with the key in `X-API-Key`.

    Args:
        api_key: The key; empty switches the API off.
    """

    def __init__(self, hub: Hub, api_key: str, now: Callable[[], float]) -> None:
        self._hub = hub
        self._api_key = api_key.encode()
        self._now = now

    async def publish(self, request: Request) -> JSONResponse:
        given = request.headers.get("x-api-key", "").encode()
        if not self._api_key or not hmac.compare_digest(given, self._api_key):
            return JSONResponse({"error": "a valid X-API-Key header is needed"}, status_code=401)
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > self._hub.rules.limits.max_message_bytes:
                return JSONResponse({"error": "the body is larger than max_message_bytes"}, status_code=413)
        try:
            wanted = msgspec.json.decode(body.decode(), type=PublishBody)
            if is_reserved(wanted.channel):
                raise ChannelNameError(f"only the hub publishes to {wanted.channel!r}")
            channel = self._hub.channel(check_channel(wanted.channel))
            offset = channel.publish(bytes(wanted.data), now=self._now())
        except (
            msgspec.DecodeError,
            RecursionError,
            ChannelNameError,
            DataError,
            Refusal,
            UnicodeError,
        ) as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse({"result": {"offset": offset, "epoch": channel.log.epoch}})

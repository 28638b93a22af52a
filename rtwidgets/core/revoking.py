"""Revoking for a client: the answer comes when all hubs know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw

from ..protocol import codes
from ..protocol.messages import Reply, RpcResult
from .nodes import NOT_TOLD
from .revocation import Revocation

if TYPE_CHECKING:
    from .connection import Connection


def revoke(connection: Connection, request_id: int, entry: Revocation, now: float) -> object:
    """Revoke, and return the result; None when it comes once the other hubs know, or a fault if they do not.

    Raises:
        Refusal: If it is done here, but neither kept nor known to others.
    """
    hub = connection.hub
    result = {"closed": hub.revoke_and_keep(entry)}
    if hub.nodes is None:
        return result

    def done(is_told: bool) -> None:
        if is_told:
            connection.reply(Reply(id=request_id, rpc=RpcResult(Raw(msgspec.json.encode(result)))))
        else:
            connection.fail(request_id, codes.INTERNAL, NOT_TOLD)

    hub.nodes.when_shared(done, now)
    return None

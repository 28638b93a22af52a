"""Messages of the Centrifuge client protocol, version 2, as msgspec structs.

Field names are the protocol's. `data` fields are raw JSON slices: the hub passes them on without parsing.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Raw, Struct

NOTHING = Raw()


class Message(Struct, omit_defaults=True, gc=False):
    """Base of all messages: fields at their default are left out on the wire."""

    def __repr__(self) -> str:
        # A repr may land in a log, and a token is a secret.
        given = ((name, getattr(self, name)) for name in self.__struct_fields__ if name != "token")
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in given)})"


class Error(Struct, frozen=True, omit_defaults=True):
    code: int
    message: str
    temporary: bool = False


class ClientInfo(Message):
    user: str = ""
    client: str = ""
    conn_info: Raw = NOTHING
    chan_info: Raw = NOTHING


class Publication(Message):
    data: Raw = NOTHING
    info: ClientInfo | None = None
    offset: int = 0
    time: int = 0


# requests ---------------------------------------------------------------------


# Bit of `SubscribeRequest.flag`: answer a failed recovery with error 112 and not with `recovered: false`.
REJECT_UNRECOVERED = 2


class SubscribeRequest(Message):
    channel: str = ""
    token: str = ""
    recover: bool = False
    epoch: str = ""
    offset: int = 0
    data: Raw = NOTHING
    flag: int = 0


class ConnectRequest(Message):
    token: str = ""
    data: Raw = NOTHING
    subs: dict[str, SubscribeRequest] = {}
    name: str = ""
    version: str = ""


class UnsubscribeRequest(Message):
    channel: str = ""


class PublishRequest(Message):
    channel: str = ""
    data: Raw = NOTHING


class PresenceRequest(Message):
    channel: str = ""


class PresenceStatsRequest(Message):
    channel: str = ""


class StreamPosition(Message):
    offset: int = 0
    epoch: str = ""


class HistoryRequest(Message):
    channel: str = ""
    limit: int = 0
    since: StreamPosition | None = None
    reverse: bool = False


class PingRequest(Message):
    pass


class SendRequest(Message):
    data: Raw = NOTHING


class RpcRequest(Message):
    method: str = ""
    data: Raw = NOTHING


class RefreshRequest(Message):
    token: str = ""


class SubRefreshRequest(Message):
    channel: str = ""
    token: str = ""


class Command(Message):
    """One request of a client; an empty one is a pong. The first field that is set counts."""

    id: int = 0
    connect: ConnectRequest | None = None
    subscribe: SubscribeRequest | None = None
    unsubscribe: UnsubscribeRequest | None = None
    publish: PublishRequest | None = None
    presence: PresenceRequest | None = None
    presence_stats: PresenceStatsRequest | None = None
    history: HistoryRequest | None = None
    ping: PingRequest | None = None
    send: SendRequest | None = None
    rpc: RpcRequest | None = None
    refresh: RefreshRequest | None = None
    sub_refresh: SubRefreshRequest | None = None


Request: TypeAlias = (
    ConnectRequest
    | SubscribeRequest
    | UnsubscribeRequest
    | PublishRequest
    | PresenceRequest
    | PresenceStatsRequest
    | HistoryRequest
    | PingRequest
    | SendRequest
    | RpcRequest
    | RefreshRequest
    | SubRefreshRequest
)


# results ----------------------------------------------------------------------


class SubscribeResult(Message):
    expires: bool = False
    ttl: int = 0
    recoverable: bool = False
    epoch: str = ""
    publications: list[Raw] = []
    recovered: bool = False
    offset: int = 0
    positioned: bool = False
    data: Raw = NOTHING
    was_recovering: bool = False


class ConnectResult(Message):
    client: str = ""
    version: str = ""
    expires: bool = False
    ttl: int = 0
    data: Raw = NOTHING
    subs: dict[str, SubscribeResult] = {}
    ping: int = 0
    pong: bool = False


class UnsubscribeResult(Message):
    pass


class PublishResult(Message):
    pass


class PresenceResult(Message):
    presence: dict[str, ClientInfo]


class PresenceStatsResult(Message):
    num_clients: int
    num_users: int


class HistoryResult(Message):
    publications: list[Raw] = []
    epoch: str = ""
    offset: int = 0


class PingResult(Message):
    pass


class RpcResult(Message):
    data: Raw = NOTHING


class RefreshResult(Message):
    client: str = ""
    version: str = ""
    expires: bool = False
    ttl: int = 0


class SubRefreshResult(Message):
    expires: bool = False
    ttl: int = 0


# pushes -----------------------------------------------------------------------


class Join(Message):
    info: ClientInfo


class Leave(Message):
    info: ClientInfo


class Unsubscribe(Message):
    code: int
    reason: str = ""


class PushedMessage(Message):
    data: Raw


class Push(Message):
    channel: str = ""
    pub: Publication | None = None
    join: Join | None = None
    leave: Leave | None = None
    unsubscribe: Unsubscribe | None = None
    message: PushedMessage | None = None


class Reply(Message):
    """An answer to the command of the same id, or, without an id, a push; an empty one is a ping."""

    id: int = 0
    error: Error | None = None
    push: Push | None = None
    connect: ConnectResult | None = None
    subscribe: SubscribeResult | None = None
    unsubscribe: UnsubscribeResult | None = None
    publish: PublishResult | None = None
    presence: PresenceResult | None = None
    presence_stats: PresenceStatsResult | None = None
    history: HistoryResult | None = None
    ping: PingResult | None = None
    rpc: RpcResult | None = None
    refresh: RefreshResult | None = None
    sub_refresh: SubRefreshResult | None = None

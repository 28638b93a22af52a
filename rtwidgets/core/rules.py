"""What a hub allows: namespaces and limits, as values."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct, field

KindName: TypeAlias = Literal["event", "stream", "table", "value", "chat"]
Verb: TypeAlias = Literal["subscribe", "publish", "history", "presence", "command"]


class Namespace(Struct, frozen=True, forbid_unknown_fields=True):
    """The rules of the channels that share a prefix.

    Args:
        kind: What publications mean and what a late joiner gets.
        history_size: Publications kept for history and recovery; 0 keeps none.
        history_ttl_s: Seconds a publication is kept.
        presence: Whether members can be asked for.
        join_leave: Whether members hear of each other.
        recover: Whether every subscriber gets a position and can resume from it.
        allow: What any connected client may do here without a capability.
    """

    kind: KindName = "event"
    history_size: int = 0
    history_ttl_s: float = 300
    presence: bool = False
    join_leave: bool = False
    recover: bool = False
    allow: frozenset[Verb] = frozenset()


def default_namespaces() -> dict[str, Namespace]:
    """Return the namespaces that exist without being written: one for each kind."""
    return {
        "event": Namespace("event", history_size=1_000, history_ttl_s=3_600, presence=True, recover=True),
        "stream": Namespace("stream", history_size=20_000, history_ttl_s=3_600, recover=True),
        "table": Namespace("table", history_size=1_000, history_ttl_s=600, recover=True),
        "value": Namespace("value", history_size=100, history_ttl_s=600, recover=True),
        "chat": Namespace(
            "chat", history_size=1_000, history_ttl_s=86_400, presence=True, join_leave=True, recover=True
        ),
    }


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds that keep one client from harming the others. Sizes are bytes, `_s` seconds.

    Args:
        max_message_bytes: Largest frame a client may send.
        connections_per_ip: Connections from one address at a time.
        channels_per_connection: Subscriptions of one connection.
        history_bytes: Size of one channel's log.
        delivery_window: Publications a channel keeps for subscribers that are behind.
        conflate_after: A table or value reader this many publications behind gets one merged publication.
        replies_bytes: Replies and notices that wait for one connection; a connection with more is too slow.
        calls_per_connection: Commands that one connection may have under way.
        connect_timeout_s: Time a new socket has to send its connect command.
        send_timeout_s: Time one frame may take to leave.
        ping_interval_s: Time between pings of the hub; 0 sends none.
        pong_timeout_s: Time a client has to answer one.
    """

    max_message_bytes: int = 65_536
    connections_per_ip: int = 64
    channels_per_connection: int = 128
    history_bytes: int = 8 * 1024 * 1024
    delivery_window: int = 1_000
    conflate_after: int = 32
    replies_bytes: int = 32 * 1024 * 1024
    calls_per_connection: int = 64
    connect_timeout_s: float = 10
    send_timeout_s: float = 15
    ping_interval_s: float = 25
    pong_timeout_s: float = 8


class HubRules(Struct, frozen=True):
    """All rules of a hub."""

    namespaces: dict[str, Namespace] = field(default_factory=default_namespaces)
    limits: Limits = field(default_factory=Limits)
    anonymous: bool = False
    user_channel: bool = False

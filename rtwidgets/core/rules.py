"""What a hub allows: namespaces and limits, as values."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct, field

KindName: TypeAlias = Literal["event", "stream", "table", "value", "chat"]
Verb: TypeAlias = Literal["subscribe", "publish", "history", "presence", "command"]

# Rows that a publication upserts or removes: the hub does nothing else meanwhile, some milliseconds.
MAX_TABLE_ROWS = 2_000


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
        archive: Whether the hub's archive keeps these channels; by default it keeps chats.
        archive_ttl_s: Seconds that the archive keeps a publication; 0 is for ever.
        archive_size: Publications of one channel that the archive keeps; 0 is no bound.
    """

    kind: KindName = "event"
    history_size: int = 0
    history_ttl_s: float = 300
    presence: bool = False
    join_leave: bool = False
    recover: bool = False
    allow: frozenset[Verb] = frozenset()
    archive: bool | None = None
    archive_ttl_s: float = 0
    archive_size: int = 1_000_000

    @property
    def wants_archive(self) -> bool:
        """Whether an archive keeps these channels where there is one."""
        return self.kind == "chat" if self.archive is None else self.archive


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
    """Bounds that keep one client from harming the others. Sizes are bytes, `_s` seconds; 0 is no bound.

    What each answers with stands in docs/limits.md.

    Args:
        connects_per_ip_per_s: Requests and WebSocket handshakes from one address in a second.
        connections_per_ip: WebSockets from one address at a time.
        connections_per_user: Connections of one user at a time; anonymous ones are not counted.
        connect_timeout_s: Time a new socket has to send its connect command.
        send_timeout_s: Time one frame may take to leave.
        ping_interval_s: Time between pings of the hub.
        pong_timeout_s: Time a client has to answer one.
        max_message_bytes: Largest message of a client.
        fragments_per_message: WebSocket frames that one message may come in.
        commands_per_s: Commands and WebSocket pings of one connection in a second; more of them wait.
        publishes_per_s: Publications of one connection in a second; more of them wait.
        work_ms_per_s: Time in a second that the hub works on commands of one connection; more of them wait.
        notices_per_s: Notices of one user to users and sessions in a second.
        json_depth: Levels of nesting in what goes on to others: publications, arguments, results, schemas.
        channel_name_chars: Characters of a channel's name; the grammar allows 255 at most.
        channels: Channels of the hub.
        channels_per_user: Channels that one user was the first to publish to, or all guests of a link.
        channels_per_connection: Subscriptions of one connection.
        members: Members that presence tells of, and that hear of each other.
        calls_per_connection: Calls whose answer one connection may wait for.
        calls_per_user: Calls of one user under way, also those whose caller has gone.
        call_rows: Rows in the table of calls of one scope, those of ended calls included.
        outcomes_bytes: Outcomes of calls with a key, kept for who asks again.
        commands_per_connection: Commands that one connection may serve.
        sessions: Sessions of the hub.
        sessions_per_user: Sessions that one user has made.
        joins_per_ip_per_s: Invites that one address may show in a second.
        history_bytes: Size of one channel's log.
        history_total_bytes: Size of all logs; above it the largest lose their oldest publications.
        history_reply_bytes: Publications in one reply to a history request; the rest is asked for next.
        table_bytes: Size of one table's rows in the hub's memory.
        state_total_bytes: Size of all rows, values and chats there.
        delivery_window: Publications a channel keeps for subscribers that are behind.
        conflate_after: A table or value reader this many publications behind gets one merged publication.
        replies_bytes: Notices that wait for one connection; one with more is too slow.
        archive_queue_bytes: Publications that wait for archive or broker; more are refused for now.
        archive_channels: Channels that the archive keeps.
        archive_bytes: Publications that the archive keeps; beyond, the largest channels lose their oldest.
    """

    connects_per_ip_per_s: float = 100
    connections_per_ip: int = 64
    connections_per_user: int = 128
    connect_timeout_s: float = 10
    send_timeout_s: float = 15
    ping_interval_s: float = 10
    pong_timeout_s: float = 8
    max_message_bytes: int = 65_536
    fragments_per_message: int = 64
    commands_per_s: float = 1_000
    publishes_per_s: float = 50_000
    work_ms_per_s: float = 150
    notices_per_s: float = 5
    json_depth: int = 64
    channel_name_chars: int = 255
    channels: int = 100_000
    channels_per_user: int = 2_000
    channels_per_connection: int = 128
    members: int = 1_000
    calls_per_connection: int = 64
    calls_per_user: int = 256
    call_rows: int = 200
    outcomes_bytes: int = 16 * 1024 * 1024
    commands_per_connection: int = 256
    sessions: int = 1_000
    sessions_per_user: int = 100
    joins_per_ip_per_s: float = 10
    history_bytes: int = 8 * 1024 * 1024
    history_total_bytes: int = 1024 * 1024 * 1024
    history_reply_bytes: int = 512 * 1024
    table_bytes: int = 256 * 1024 * 1024
    state_total_bytes: int = 1024 * 1024 * 1024
    delivery_window: int = 1_000
    conflate_after: int = 32
    replies_bytes: int = 1024 * 1024
    archive_queue_bytes: int = 64 * 1024 * 1024
    archive_channels: int = 100_000
    archive_bytes: int = 10 * 1024 * 1024 * 1024


class HubRules(Struct, frozen=True):
    """All rules of a hub.

    Args:
        archive: Whether the hub has an archive.
        shared: Whether a broker keeps the channels, for several hubs.
        anonymous: Whether clients may connect without a token.
        user_channel: Whether every user is subscribed to ``#<user>``.
        public_url: Where browsers reach the hub; empty for where the client reaches it.
    """

    namespaces: dict[str, Namespace] = field(default_factory=default_namespaces)
    limits: Limits = field(default_factory=Limits)
    anonymous: bool = False
    user_channel: bool = False
    archive: bool = False
    shared: bool = False
    public_url: str = ""

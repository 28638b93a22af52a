"""Channel kinds: what a publication's data means, what a late joiner gets, how a late reader catches up."""

from __future__ import annotations

from ..log import ChannelLog
from ..rules import KindName, Limits
from .base import NOBODY, Author, DataError, FullError, Kind, Moderator, Start
from .chat import Chat
from .event import Event
from .stream import Stream
from .table import Table
from .value import Value

__all__ = [
    "NOBODY",
    "Author",
    "Chat",
    "DataError",
    "Event",
    "FullError",
    "Kind",
    "Moderator",
    "Start",
    "Stream",
    "Table",
    "Value",
    "make_kind",
]


def make_kind(name: KindName, log: ChannelLog, limits: Limits) -> Kind:
    """Make the state of a channel of this kind over its log."""
    match name:
        case "event":
            return Event(log)
        case "stream":
            return Stream(log)
        case "table":
            return Table(limits.table_bytes)
        case "value":
            return Value()
        case "chat":
            return Chat(limits.history_bytes)

"""Sources out of settings, and their feeds: what `rtwidgets-hub feed` runs."""

from __future__ import annotations

import inspect
import logging
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from ..client.channel import Channel
from ..client.feeds import Feed, open_channel
from ..client.hub import Hub
from ..errors import ChannelError, ConfigError
from .connector import Connector

log = logging.getLogger("rtwidgets")

KINDS = ("kafka", "mqtt", "nats", "postgres", "redis")
LOOK_INTERVAL_S = 0.5


def start_feed(hub: Hub, name: str, settings: Mapping[str, Any]) -> Feed:
    """Start the feed of one ``[sources.<name>]``.

    Args:
        settings: ``kind``, the arguments of that kind, and ``channel`` to feed or ``from`` to write out.

    Raises:
        ConfigError: If a key is missing, unknown or has an unusable value.
    """
    where = f"[sources.{name}]"
    options = dict(settings)
    if "from" in options:
        name = str(options.pop("from"))
        channel = _channel(hub, where, name, options.get("key"))
        return hub.run(channel, into=_source(where, options))
    channel = _channel(hub, where, options.pop("channel", None), options.get("key"))
    return hub.run(_source(where, options), into=channel)


def watch(feeds: Mapping[str, Feed], stopping: threading.Event) -> bool:
    """Return when it is time to stop, or all feeds have ended; say whether none has failed."""
    told: set[str] = set()
    while not stopping.wait(LOOK_INTERVAL_S):
        ended = {name for name, feed in feeds.items() if feed.status.startswith(("failed", "stopped"))}
        for name in ended - told:
            log.error("source %r has ended: %s", name, feeds[name].status)
        told |= ended
        if len(ended) == len(feeds):
            break
    for feed in feeds.values():
        feed.stop()
    return not told


def _source(where: str, options: dict[str, Any]) -> Connector:
    kind = options.pop("kind", None)
    if kind not in KINDS:
        raise ConfigError(f"{where} has kind = {kind!r}: use {', '.join(map(repr, KINDS))}")
    make: Callable[..., Connector] = getattr(import_module(f".{kind}", __package__), kind)
    try:
        inspect.signature(make).bind(**options)
    except TypeError as error:
        known = ", ".join(inspect.signature(make).parameters)
        raise ConfigError(f"{where}: {error}; a {kind} source has {known}") from None
    try:
        return make(**options)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None


def _channel(hub: Hub, where: str, name: object, key: object) -> Channel:
    if not isinstance(name, str) or not name:
        raise ConfigError(f'{where} names no channel: write channel = "table:orders"')
    try:
        if not name.startswith("table:"):
            return open_channel(hub, name, {})
        if not isinstance(key, str) or not key:
            raise ConfigError(f'{where} feeds a table and names no key column: write key = "id"')
        return open_channel(hub, name, {"key": key})
    except ChannelError as error:
        raise ConfigError(f"{where}: {error}") from None

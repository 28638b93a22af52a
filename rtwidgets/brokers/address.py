"""Addresses of brokers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ConfigError

if TYPE_CHECKING:
    from .redis import RedisBroker

SCHEMES = ("redis", "rediss", "redis+sentinel", "redis+cluster", "rediss+cluster")


def open_broker(address: str) -> RedisBroker:
    """Return the broker at an address; it is not connected yet.

    Args:
        address: ``redis://host:port/db``, ``rediss://…`` with TLS,
            ``redis+sentinel://host:port,…/service/db`` or ``redis+cluster://host:port,…``; user and password
            stand before the first host.

    Raises:
        ConfigError: If it is no such address, or the package is missing.
    """
    scheme, _, rest = address.partition("://")
    if scheme not in SCHEMES or not rest:
        # The address itself may hold a password.
        raise ConfigError(
            f"hub.broker begins with {scheme[:20]!r}; use 'memory', 'redis://host:6379/0', "
            "'redis+sentinel://host:26379,host:26379/service' or 'redis+cluster://host:6379'"
        )
    try:
        from .client import client_of
        from .redis import RedisBroker
    except ImportError:
        raise ConfigError(
            "hub.broker names Redis, which needs a package: pip install 'rtwidgets[redis]'"
        ) from None
    try:
        return RedisBroker(lambda: client_of(scheme, rest))
    except ValueError as error:
        raise ConfigError(f"hub.broker is no address of Redis: {error}") from None

"""What goes wrong with Redis: for now, or for as long as the settings stay as they are."""

from __future__ import annotations

from collections.abc import Iterator

from redis.asyncio.sentinel import MasterNotFoundError
from redis.exceptions import (
    AuthenticationError,
    AuthenticationWrongNumberOfArgsError,
    AuthorizationError,
    NoPermissionError,
    OutOfMemoryError,
    RedisClusterException,
    RedisError,
    ResponseError,
)

from ..core.batch import ArchiveFault
from ..errors import ConfigError

# What the library raises when Redis is away or refuses; of a cluster that is no RedisError.
FAULTS = (RedisError, RedisClusterException, OSError, TimeoutError)

_REFUSED = (
    AuthenticationError,
    AuthenticationWrongNumberOfArgsError,
    AuthorizationError,
    NoPermissionError,
)
# Answers that have no class of their own.
_REFUSALS = ("DB index is out of range", "invalid DB index", "cluster support disabled")


def fault_of(error: Exception) -> ArchiveFault:
    """Return what whoever asked is told; the hub's log says more."""
    if isinstance(error, OutOfMemoryError) or "OOM command" in str(error):
        does = "is full"
    else:
        does = "can't do it now" if isinstance(error, ResponseError) else "can't be reached now"
    fault = ArchiveFault(f"the broker {does}", in_doubt=True)
    # Behind the colon are the library's own objects.
    is_long = isinstance(error, MasterNotFoundError)
    fault.__cause__ = MasterNotFoundError(str(error).partition(" : ")[0]) if is_long else error
    return fault


def refusal_of(fault: ArchiveFault) -> ConfigError | None:
    """Return what to say at the start, if the settings are why Redis refuses."""
    for error in _causes(fault):
        if isinstance(error, _REFUSED) or any(text in str(error) for text in _REFUSALS):
            return ConfigError(f"hub.broker can't be used: {error}")
    return None


def _causes(fault: ArchiveFault) -> Iterator[BaseException]:
    # A cluster's answer is the context of what the library makes of it.
    error: BaseException | None = fault.__cause__
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__

"""That all hubs of a broker have the same archive."""

from __future__ import annotations

import logging

from ..brokers.redis import PREFIX, RedisBroker
from ..core.batch import ArchiveFault
from ..errors import ConfigError
from .archived_channels import ArchivedChannels
from .attempts import Attempts

log = logging.getLogger("rtwidgets.hub")

# Stands for the archive of hubs that have none.
NONE = "none"


class Pairing:
    """See that the archive of this hub is the one that goes with the broker: the one of who came first.

    Hubs of one broker with different archives would each acknowledge what the others' archives never get.

    Args:
        attempts: The broker's.
        archived: None when this hub has no archive.
    """

    def __init__(self, broker: RedisBroker, attempts: Attempts, archived: ArchivedChannels | None) -> None:
        self._broker = broker
        self._attempts = attempts
        self._archived = archived
        self._mine = "" if archived else NONE
        self._fits = False
        self._is_told = False

    async def open(self) -> None:
        """Look for the first time; what is away now is looked at by `check` as soon as it is there.

        Raises:
            ConfigError: If the broker is used with another archive.
        """
        try:
            await self._look()
        except ArchiveFault as fault:
            if isinstance(fault.__cause__, ConfigError):
                raise fault.__cause__ from None

    async def check(self) -> None:
        """Raise an ArchiveFault unless they are known to fit."""
        if not self._fits:
            await self._look_and_say()

    async def look_again(self) -> None:
        """Look if that needs no archive, which may be away: others do not wait for it."""
        if self._mine:
            await self._look_and_say()

    async def _look_and_say(self) -> None:
        """Ask the broker, which may have lost it, and say once when they don't fit.

        Raises:
            ArchiveFault: If they don't, or that can't be seen now.
        """
        try:
            await self._look()
            self._is_told = False
        except ArchiveFault as fault:
            if isinstance(fault.__cause__, ConfigError) and not self._is_told:
                self._is_told = True
                log.error("%s", fault.__cause__)
            raise

    async def _look(self) -> None:
        if self._archived is not None and not self._mine:
            self._mine = await self._archived.identity()
        found = await self._attempts.do(self._broker.archive(self._mine))
        self._fits = found == self._mine
        if not self._fits:
            raise ArchiveFault("the broker is used with another archive") from _error(found)


def _error(found: str) -> ConfigError:
    other = "no archive" if found == NONE else "another archive"
    return ConfigError(
        f"hub.broker is used by hubs that have {other}, and hub.archive must be the same for all hubs of a "
        "broker: use the same, or a Redis database of its own. To go over to this one, stop all hubs and "
        f"delete the key {PREFIX}archive"
    )

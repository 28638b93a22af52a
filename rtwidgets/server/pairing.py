"""That hubs of a broker have alike what has to be: the same archive, and the kinds of their namespaces."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod

from ..brokers.redis import PREFIX, RedisBroker
from ..core.batch import ArchiveFault
from ..core.rules import HubRules
from ..errors import ConfigError
from .archived_channels import ArchivedChannels
from .attempts import Attempts

log = logging.getLogger("rtwidgets.hub")

# Stands for the archive of hubs that have none.
NONE = "none"


class Agreement(ABC):
    """See that this hub has what goes with the broker: what the hub had that came first.

    Args:
        attempts: The broker's.
    """

    def __init__(self, broker: RedisBroker, attempts: Attempts) -> None:
        self._broker = broker
        self._attempts = attempts
        self._is_told = False

    async def open(self) -> None:
        """Look for the first time; what is away now is looked at later.

        Raises:
            ConfigError: If the broker is used with something else.
        """
        try:
            await self._look()
        except ArchiveFault as fault:
            if isinstance(fault.__cause__, ConfigError):
                raise fault.__cause__ from None

    async def look_again(self) -> None:
        """Ask the broker, which may have lost it, and say once when it does not fit.

        Raises:
            ArchiveFault: If it does not, or that can't be seen now.
        """
        try:
            await self._look()
            self._is_told = False
        except ArchiveFault as fault:
            if isinstance(fault.__cause__, ConfigError) and not self._is_told:
                self._is_told = True
                log.error("%s", fault.__cause__)
            raise

    @abstractmethod
    async def _look(self) -> None:
        """Raise an ArchiveFault because of a ConfigError where it does not fit."""

    async def _agree(self, what: str, mine: dict[str, str]) -> tuple[str, str, str] | None:
        """Return the first name that others have something else for, this hub's and theirs."""
        found = await self._attempts.do(self._broker.agree(what, mine))
        differing = [(name, mine[name], other) for name, other in found.items() if other != mine[name]]
        return differing[0] if differing else None


class SameKinds(Agreement):
    """See that every namespace is of one kind.

    Otherwise a channel would belong to the hubs of whoever used it first, and be a permanent error at others;
    as it is once this hub runs.
    """

    def __init__(self, broker: RedisBroker, attempts: Attempts, rules: HubRules) -> None:
        super().__init__(broker, attempts)
        self._mine = {name: str(namespace.kind) for name, namespace in rules.namespaces.items()}

    async def _look(self) -> None:
        differing = await self._agree("kinds", self._mine)
        if differing is not None:
            name, mine, theirs = differing
            words = f"have a namespace {name!r} of kind {theirs!r}, which is {mine!r} here"
            raise ArchiveFault(f"the broker is used by hubs that {words}") from _error(words, "kinds", name)


class Pairing(Agreement):
    """See that the archive of this hub is the one that goes with the broker, for the same namespaces.

    Hubs of one broker with different archives would each acknowledge what the others' archives never get.

    Args:
        archived: None when this hub has no archive.
    """

    def __init__(
        self, broker: RedisBroker, attempts: Attempts, rules: HubRules, archived: ArchivedChannels | None
    ) -> None:
        super().__init__(broker, attempts)
        self._archived = archived
        self._fits = False
        self._mine = "" if archived else NONE
        self._kept = {
            name: "true" if namespace.wants_archive else "false"
            for name, namespace in rules.namespaces.items()
            if archived is not None
        }

    async def check(self) -> None:
        """Raise an ArchiveFault unless they are known to fit."""
        if not self._fits:
            await super().look_again()

    async def look_again(self) -> None:
        if self._mine:  # others do not wait for an archive that may be away
            await super().look_again()

    async def _look(self) -> None:
        if self._archived is not None and not self._mine:
            self._mine = await self._archived.identity()
        found = await self._attempts.do(self._broker.archive(self._mine))
        self._fits = False
        if found != self._mine:
            raise ArchiveFault("the broker is used with another archive") from _other_archive(found)
        differing = await self._agree("archived", self._kept)
        if differing is not None:
            name, mine, theirs = differing
            words = f"have archive = {theirs} for the namespace {name!r}, which is {mine} here"
            raise ArchiveFault(f"the broker is used by hubs that {words}") from _error(
                words, "archived", name
            )
        self._fits = True


def _error(words: str, key: str, name: str) -> ConfigError:
    return ConfigError(
        f"hub.broker is used by hubs that {words}, and namespaces must be the same for all hubs of a broker: "
        "write the same, give this one another name, or use a Redis database of its own. To go over to what "
        f"is here, stop all hubs and run: redis-cli HDEL {PREFIX}{key} {name}"
    )


def _other_archive(found: str) -> ConfigError:
    other = "no archive" if found == NONE else "another archive"
    return ConfigError(
        f"hub.broker is used by hubs that have {other}, and hub.archive must be the same for all hubs of a "
        "broker: use the same, or a Redis database of its own. To go over to this one, stop all hubs and "
        f"delete the key {PREFIX}archive"
    )

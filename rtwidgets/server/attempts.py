"""Attempts at something that may be away for a while: an archive, a broker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from ..core.batch import ArchiveFault

log = logging.getLogger("rtwidgets.hub")

# After a failure the next request fails at once for so long: asking again would keep it waiting for nothing.
PAUSE_S = 0.5
# Channels of which it is said that they can't be loaded.
MAX_TOLD = 1_000

T = TypeVar("T")


class Attempts:
    """Do things with it, unless that has failed a moment ago, and say once that it fails.

    Args:
        what: Its name in words.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        # Called when it works again.
        self.on_back: Callable[[], None] = lambda: None
        self._fault: ArchiveFault | None = None
        self._failed_at = 0.0
        self._turn = asyncio.Lock()

    def check(self) -> None:
        """Raise what went wrong if that was a moment ago."""
        if self._fault is not None and asyncio.get_running_loop().time() < self._failed_at + PAUSE_S:
            raise ArchiveFault(self._fault.message)

    async def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what comes before all else; where it fails for now that is said, and later attempts may work."""
        try:
            await work
        except ArchiveFault as fault:
            log.error("the %s can't be opened yet: %s", self.what, reason_of(fault))

    async def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something.

        Raises:
            ArchiveFault: Whatever goes wrong.
        """
        try:
            self.check()
        except ArchiveFault:
            work.close()
            raise
        try:
            result = await work
        except Exception as error:
            fault = error if isinstance(error, ArchiveFault) else self.unexpected(error)
            if not fault.limit:
                if self._fault is None:
                    log.error("the %s fails: %s", self.what, reason_of(fault))
                self._fault, self._failed_at = fault, asyncio.get_running_loop().time()
            raise fault from fault.__cause__
        if self._fault is not None:
            log.warning("the %s works again", self.what)
            self._fault = None
            self.on_back()
        return result

    async def do_in_turn(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something behind others that are done so, if those did not fail."""
        try:
            await self._turn.acquire()
        except asyncio.CancelledError:
            work.close()
            raise
        try:
            return await self.do(work)
        finally:
            self._turn.release()

    def unexpected(self, error: Exception) -> ArchiveFault:
        """Log what nobody has thought of, and return what to tell whoever waits: nobody may wait for ever."""
        log.error("the %s fails in a way that nobody has thought of", self.what, exc_info=error)
        return ArchiveFault(f"the {self.what} can't be used now", in_doubt=True)


class Loads:
    """Say once of a channel that it can't be loaded, and why, until it can."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}

    def note(self, channel: str, fault: ArchiveFault | None) -> None:
        """Hear that a channel was loaded, or why not."""
        known = self._reasons.get(channel, "")
        if fault is None:
            if known:
                del self._reasons[channel]
                log.warning("channel %r can be loaded again", channel)
        elif fault.message != known and (known or len(self._reasons) < MAX_TOLD):
            self._reasons[channel] = fault.message
            log.error("channel %r can't be loaded: %s", channel, reason_of(fault))


def reason_of(fault: ArchiveFault) -> str:
    """Return what went wrong for the hub's log, which may say more than its clients are told."""
    cause = fault.__cause__
    if cause is None:
        return fault.message
    words = f": {cause}" if str(cause) else ""
    return f"{fault.message}: {type(cause).__name__}{words}"

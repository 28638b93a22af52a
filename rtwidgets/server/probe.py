"""Whether the hub does what it is there for: a publication goes in at one end and comes out at the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from ..core import Connection, Hub
from ..core.about_hub import PROBE
from ..core.capabilities import Caps, Credentials
from ..core.refusal import Refusal
from ..protocol.messages import Command, SubscribeRequest
from .api import published

TIMEOUT_S = 3.0
# However many ask, the hub is looked at so often.
KEPT_S = 1.0
_CAPS: Caps = {PROBE: frozenset(("subscribe",))}


class Probe:
    """Publish to a channel of the hub's own, through the archive where there is one, and read it."""

    def __init__(self, hub: Hub, now: Callable[[], float]) -> None:
        self._hub = hub
        self._now = now
        self._look: asyncio.Task[str] | None = None
        self._looked_at = 0.0

    async def fault(self) -> str:
        """Return what is wrong with the hub; empty when nothing is."""
        loop = asyncio.get_running_loop()
        if self._look is None or (self._look.done() and loop.time() >= self._looked_at + KEPT_S):
            self._look = loop.create_task(self._fault())
        # Who asks may go away; others wait for the same.
        return await asyncio.shield(self._look)

    async def _fault(self) -> str:
        woken = asyncio.Event()
        connection = self._hub.open(woken.set, self._now())
        step = "the hub did not let its probe subscribe"
        try:
            async with asyncio.timeout(TIMEOUT_S):
                connection.identify(Credentials(caps=_CAPS), self._now())
                request = Command(id=1, subscribe=SubscribeRequest(channel=PROBE))
                connection.receive([msgspec.json.encode(request)], self._now())
                reply = msgspec.json.decode(await _take_until(connection, woken, b'"id":1', self._now))
                if "error" in reply:
                    return str(reply["error"]["message"])
                step = "a publication was not taken"
                data = msgspec.json.encode(self._hub.make_id())
                await published(self._hub.channel(PROBE), data, self._now())
                step = "a publication was not delivered"
                await _take_until(connection, woken, data, self._now)
        except TimeoutError:
            return f"{step} within {TIMEOUT_S:g} s"
        except Refusal as refusal:
            return str(refusal)
        except Exception as error:  # it is to be said, and not to end in a traceback for who asks
            self._hub.on_fault(error)
            return f"{step}: {type(error).__name__}"
        finally:
            connection.end(self._now())
            self._looked_at = asyncio.get_running_loop().time()
        return ""


async def _take_until(
    connection: Connection, woken: asyncio.Event, sought: bytes, now: Callable[[], float]
) -> bytes:
    """Take what a connection has until something is in it, and return that line."""
    while True:
        await woken.wait()
        woken.clear()
        while (frame := connection.take(1 << 16, now())) is not None:
            for line in frame.split(b"\n"):
                if sought in line:
                    return line

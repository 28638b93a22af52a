"""What was revoked, as far as a program beside the hub can know."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from ..brokers.address import open_broker
from ..core.batch import ArchiveFault
from ..core.nodes import SEPARATOR
from ..core.revocation import Revocation
from .revocation_file import RevocationFile
from .settings import Settings


def known_revocations(settings: Settings) -> tuple[list[Revocation], str]:
    """Return the entries of the file and of the broker, and what was not looked at; empty for nothing.

    Raises:
        ConfigError: If the file or the broker are of no use.
    """
    file, broker = settings.auth.revocation_file, settings.hub.broker
    entries = list(RevocationFile(Path(file)).news()) if file else []
    if broker == "memory":
        return entries, "" if file else "a hub without auth.revocation_file keeps that in its memory alone"
    try:
        return entries + asyncio.run(_of_broker(broker)), ""
    except ArchiveFault:
        return entries, "hub.broker, which keeps that, can't be asked now"


async def _of_broker(address: str) -> list[Revocation]:
    from ..brokers.nodes import NodeBook

    broker = open_broker(address)
    try:
        await broker.open()
        shared = await NodeBook(broker, "").shared()
    finally:
        await broker.close()
    return [
        msgspec.json.decode(value, type=Revocation)
        for name, value in shared.items()
        if name.startswith(f"revoked{SEPARATOR}")
    ]

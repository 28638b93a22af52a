from __future__ import annotations

import asyncio
from typing import cast

import pytest

from rtwidgets.client import exchange as module
from rtwidgets.client.exchange import Exchange
from rtwidgets.client.session import Session
from rtwidgets.protocol.codes import ARCHIVE_AWAY, PERMISSION_DENIED
from rtwidgets.protocol.messages import Command, Error, Reply


class Asked:
    """A session that only notes what it is asked for."""

    def __init__(self) -> None:
        self.online = True
        self.asked: list[Command] = []

    def ask(self, command: Command) -> int:
        self.asked.append(command)
        return len(self.asked)


async def test_what_the_hub_can_not_take_for_now_is_told_again_on_the_same_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.01)
    session, errors = Asked(), list[Error]()
    exchange = Exchange(cast("Session", session), lambda: None)
    exchange.tell("rtwidgets.declare", b"{}", errors.append)
    for number in (1, 2):
        exchange.answer(number, Reply(id=number, error=ARCHIVE_AWAY))
        await asyncio.sleep(0.05)
        assert len(session.asked) == number + 1
    exchange.answer(3, Reply(id=3, error=PERMISSION_DENIED))
    await asyncio.sleep(0.05)
    assert len(session.asked) == 3 and errors == [PERMISSION_DENIED]
    exchange.tell("rtwidgets.declare", b"{}", errors.append)
    exchange.answer(4, Reply(id=4, error=ARCHIVE_AWAY))
    await asyncio.sleep(0)
    exchange.offline([])  # the next connection tells it by itself
    exchange.online()
    await asyncio.sleep(0.05)
    assert len(session.asked) == 4

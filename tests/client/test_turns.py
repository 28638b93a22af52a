"""Calls of a chat's handler: how many at once, and in which order."""

from __future__ import annotations

import asyncio

import pytest

from rtwidgets.client import turns
from rtwidgets.client.chat_copy import Message
from rtwidgets.client.turns import Turns


class Handler:
    """Notes which messages it has begun with, and is done with each when it may be."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.may_end: set[str] = set()

    async def handle(self, message: Message) -> None:
        self.begun.append(message.id)
        while message.id not in self.may_end:
            await asyncio.sleep(0.001)
        raise SystemExit(3)  # whatever it does: the next one's turn comes

    async def has_begun(self, *ids: str) -> None:
        async with asyncio.timeout(10):
            while len(self.begun) < len(ids):
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.02)  # one too many would begin now
        assert self.begun == list(ids)


def said(calls: Turns, user: str, *numbers: int) -> None:
    for number in numbers:
        calls.call(Message(f"{user}{number}", "hi", user, user, 0.0))


async def test_authors_take_turns_and_the_messages_of_each_stay_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "MAX_AT_ONCE", 2)
    handler = Handler()
    calls = Turns(handler.handle, "on_message of 'chat:turns'")
    said(calls, "ann", 1, 2)
    said(calls, "bob", 1)
    said(calls, "eve", 1)
    await handler.has_begun("ann1", "bob1")
    handler.may_end.add("ann1")
    await handler.has_begun("ann1", "bob1", "eve1")
    handler.may_end.add("bob1")
    await handler.has_begun("ann1", "bob1", "eve1", "ann2")
    said(calls, "ann", 3)
    calls.close()
    handler.may_end |= {"eve1", "ann2"}
    await handler.has_begun("ann1", "bob1", "eve1", "ann2")


async def test_who_floods_a_handler_loses_messages_and_nobody_else_does(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(turns, "MAX_WAITING", 3)
    monkeypatch.setattr(turns, "MAX_AT_ONCE", 0)
    handler = Handler()
    calls = Turns(handler.handle, "on_message of 'chat:flood'")
    said(calls, "eve", 1, 2, 3, 4, 5)
    said(calls, "ann", 1)
    monkeypatch.setattr(turns, "MAX_AT_ONCE", 10)
    said(calls, "bob", 1)
    await handler.has_begun("eve5", "ann1", "bob1")
    assert caplog.text.count("on_message of 'chat:flood' is slower than its messages") == 1
    handler.may_end |= set(handler.begun)

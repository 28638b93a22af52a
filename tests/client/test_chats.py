"""Chats through a real hub."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from rtwidgets.client import running, turns
from rtwidgets.client.chat_copy import Message
from rtwidgets.client.hub import Hub
from rtwidgets.core.kinds.chat import MAX_MESSAGES
from rtwidgets.errors import ChannelError, ChannelNameError, PermissionDeniedError, ReplyError
from rtwidgets.protocol.chat import MAX_TEXT, PAGE
from rtwidgets.protocol.messages import ClientInfo, Publication

from ..server.sockets import open_line
from .conftest import Join, eventually
from .hub_process import HubProcess, Proxy, environment, token

VERBS = ["subscribe", "publish", "history", "presence"]


def guest(join: Join, user: str) -> Hub:
    """Somebody who may talk and no more."""
    return join(own_token=token(user, owner=False, caps={"chat:*": VERBS}))


def test_history_members_and_answers_that_grow(join: Join) -> None:
    ann, ben = join(own_token=token("ann")), join(own_token=token("ben"))
    desk = ann.chat("c1")
    first = desk.say("hello")
    assert ann.flush()

    @desk.on_message
    async def bot(message: Message) -> AsyncIterator[str]:
        yield f"looking, {message.name}"
        await asyncio.sleep(0.05)
        yield " … found"

    desk._wait()
    ben.chat("c1").say("where is it?")
    eventually(lambda: len(desk.history()) == 3 and not desk.history()[-1].open)
    time.sleep(0.2)  # an answer to its own answer would come now
    messages = ben.chat("c1").history()
    assert [(m.user, m.name, m.text) for m in messages] == [
        ("ann", "Ann", "hello"),
        ("ben", "Ben", "where is it?"),
        ("ann", "Ann", "looking, Ben … found"),
    ]
    assert messages[0].id == first
    assert [(m.user, m.name) for m in desk.members()] == [("ann", "Ann"), ("ben", "Ben")]
    bot()
    assert desk.history(1)[0].text == "looking, Ben … found"


def test_an_answer_that_breaks_off_says_so_and_a_long_one_goes_on_in_further_messages(
    join: Join, caplog: pytest.LogCaptureFixture
) -> None:
    ann, ben = join(own_token=token("ann")), join(own_token=token("ben"))
    desk, other = ann.chat("c1broken"), ben.chat("c1broken")
    heard: list[Message] = []
    other.on_message(heard.append)

    @desk.on_message(label="Plain")
    def plain(message: Message) -> Iterator[str]:
        if message.text == "?":
            yield "do not s"
            raise ValueError("no model")

    @desk.on_message(label="Async")
    async def awaits(message: Message) -> AsyncIterator[str]:
        if message.text == "?":
            yield "do not s"
            raise ValueError("no model")
        for _ in range(4):
            yield "🙂" * 5_000
        yield "." * (2 * MAX_TEXT + 1)

    desk._wait()
    other.say("?")
    eventually(lambda: [m.interrupted for m in desk.history()] == [False, True, True])
    assert {(m.label, m.text, m.open) for m in desk.history()[1:]} == {
        ("Plain", "do not s", False),
        ("Async", "do not s", False),
    }
    eventually(lambda: caplog.text.count("ValueError: no model") == 2)
    # Who listens hears of it, with its mark; who joins late sees it.
    eventually(lambda: [m.interrupted for m in heard] == [False, True, True])
    assert [m.interrupted for m in join().chat("c1broken").history()] == [False, True, True]
    other.say("long")
    eventually(lambda: len(desk.history()) == 8 and not desk.history(1)[0].open)
    half = MAX_TEXT // 2
    texts = ["🙂" * 15_000, "🙂" * 5_000 + "." * half, "." * MAX_TEXT, "." * (half + 1)]
    assert [(m.text, m.interrupted) for m in desk.history(4)] == [(text, False) for text in texts]


@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_who_asks_what_never_ends_keeps_nobody_else_waiting(
    join: Join, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, blocks: bool
) -> None:
    monkeypatch.setattr(turns, "LONG_AFTER_S", 0.2)
    monkeypatch.setattr(running, "BLOCKED_AFTER_S", 0.3)
    ann, bob, eve = (join(own_token=token(name)) for name in ("ann", "bob", "eve"))
    desk = ann.chat(f"c1never{blocks}")
    ends = threading.Event()

    @desk.on_message
    async def bot(message: Message) -> AsyncIterator[str]:
        yield f"{message.text}:"
        if message.text == "never":
            while not ends.wait(30 if blocks else 0):
                await asyncio.sleep(0.01)
        yield " done"

    def answers() -> list[str]:
        return [m.text for m in desk.history() if m.user == "ann"]

    desk._wait()
    eve.chat(desk.name).say("never")
    eve.chat(desk.name).say("next")
    eventually(lambda: f"on_message of '{desk.name}' has been at one message for 0.2 s" in caplog.text)
    if blocks:
        eventually(lambda: "blocks the loop of async functions" in caplog.text)
    bob.chat(desk.name).say("fast")
    eventually(lambda: answers() == ["never:", "fast: done"])
    ends.set()
    eventually(lambda: answers() == ["never: done", "fast: done", "next: done"])
    assert caplog.text.count("has been at one message") == 1


def test_a_plain_handler_that_never_ends_is_noticed(
    join: Join, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "LONG_AFTER_S", 0.2)
    desk = join().chat("c1plain")
    ends = threading.Event()
    handle = desk.on_message(lambda _: ends.wait(30))
    desk._wait()
    desk.say("never")
    eventually(lambda: "has been at one message for 0.2 s; all others wait for it" in caplog.text)
    handle()
    ends.set()


def test_a_message_that_is_deleted_while_it_grows_ends_what_writes_it(join: Join) -> None:
    desk, other = join(own_token=token("ann")).chat("c1gone"), join(own_token=token("ben")).chat("c1gone")
    closed: list[str] = []

    @desk.on_message(label="Plain")
    def plain(message: Message) -> Iterator[str]:
        try:
            while True:
                yield "."
                time.sleep(0.01)
        finally:
            closed.append("plain")

    @desk.on_message(label="Async")
    async def awaits(message: Message) -> AsyncIterator[str]:
        try:
            while True:
                yield "."
                await asyncio.sleep(0.01)
        finally:
            closed.append("async")

    desk._wait()
    other.say("tell me all")
    eventually(lambda: len(desk.history()) == 3)
    for message in desk.history()[1:]:
        desk.delete(message)
    eventually(lambda: sorted(closed) == ["async", "plain"])
    assert [m.text for m in other.history()] == ["tell me all"]


BOT = """
import sys, time
import rtwidgets as rt

desk = rt.connect(sys.argv[1], token=sys.argv[2]).chat("killed")

@desk.on_message
def bot(message):
    yield "looking"
    time.sleep(60)

desk.history()
print("ready", flush=True)
time.sleep(60)
"""


def test_a_message_whose_author_was_killed_names_a_connection_that_is_not_there(
    join: Join, running_hub: HubProcess
) -> None:
    command = [sys.executable, "-c", BOT, running_hub.url, token("ann")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as bot:
        try:
            assert bot.stdout is not None and bot.stdout.readline() == "ready\n"
            # The same user is here besides: that says nothing of the process.
            desk = join(own_token=token("ann")).chat("killed")
            desk.say("where is it?")
            eventually(lambda: desk.history()[-1].text == "looking")
            with open_line(running_hub, "late") as late:
                joined = late.ask(subscribe={"channel": "chat:killed"})["subscribe"]
                answer = joined["data"]["messages"][-1]
                assert answer["open"]

                def present() -> Any:
                    return late.ask(presence={"channel": "chat:killed"})["presence"]["presence"]

                assert answer["writer"] in present()
                bot.kill()
                eventually(lambda: answer["writer"] not in present())
                assert "ann" in {who["user"] for who in present().values()}
        finally:
            bot.kill()


def test_history_has_what_was_just_said_here(join: Join) -> None:
    desk = join().chat("just")
    for number in range(20):
        desk.say(f"line {number}")
        assert desk.history(1)[0].text == f"line {number}"
    with pytest.raises(ChannelError, match="a text that can be seen"):
        desk.say(" \u3164")
    with pytest.raises(ChannelError, match="a reaction needs something that can be seen"):
        desk.react(desk.history(1)[0], "\u202e \u0301")


def test_a_handler_that_says_something_does_not_answer_itself(join: Join) -> None:
    desk = join().chat("c2")
    desk._wait()

    @desk.on_message
    def echo(message: Message) -> None:
        desk.say(f"re: {message.text}", reply_to=message)

    @desk.on_message(label="Letters")
    def letters(message: Message) -> Iterator[str]:
        yield from "ok"

    first = desk.say("hi")
    eventually(lambda: len(desk.history()) == 3 and not any(m.open for m in desk.history()))
    time.sleep(0.2)
    said = {(m.text, m.reply_to, m.label) for m in desk.history()}
    assert said == {("hi", None, None), ("re: hi", first, None), ("ok", None, "Letters")}


def test_messages_are_answered_edited_reacted_to_and_deleted(join: Join) -> None:
    ann, bob = guest(join, "ann"), guest(join, "bob")
    desk, other = ann.chat("c3"), bob.chat("c3")
    first = desk.say("@bob look", label="Prices")
    assert ann.flush()
    [message] = other.history()
    assert (message.mentions, message.label, message.user) == (["bob"], "Prices", "ann")
    other.say("at what?", reply_to=message)
    other.react(message, "👀")
    assert bob.flush()
    eventually(lambda: desk.history()[0].reactions == {"👀": ["bob"]})
    assert desk.history()[1].reply_to == first
    desk.edit(first, "at ACME, @bob")
    other.react(message, "👀", on=False)
    eventually(
        lambda: next((m.text, m.edited, m.reactions) for m in other.history(2)) == ("at ACME, @bob", True, {})
    )
    with pytest.raises(ChannelError, match="Ann wrote that message of 'chat:c3'"):
        other.edit(message, "mine")
    other.delete(other.history()[1])
    eventually(lambda: len(desk.history()) == 1)
    # What a message was is the caller's own: later changes leave it alone.
    assert message.text == "@bob look"


def test_owners_delete_what_others_said_and_guests_do_not(join: Join) -> None:
    ann, bob, owner = guest(join, "ann"), guest(join, "bob"), join(own_token=token("olga"))
    first = ann.chat("c4").say("spam")
    assert ann.flush()
    with pytest.raises(ReplyError, match="only its author may change a message"):
        bob.chat("c4").delete(first)
    with pytest.raises(ReplyError, match="only its author may change a message"):
        bob.chat("c4").edit(first, "mine")
    bob.chat("c4").say("next")
    assert bob.flush()
    assert [message.text for message in owner.chat("c4").history()] == ["spam", "next"]
    owner.chat("c4").delete(first)
    eventually(lambda: [message.text for message in ann.chat("c4").history()] == ["next"])


def test_what_was_refused_keeps_no_other_message_from_being_sent(
    join: Join, caplog: pytest.LogCaptureFixture
) -> None:
    ann = guest(join, "ann")
    desk = ann.chat("c4refused")
    # The hub takes no label of no characters; a client that checks it has no way to send one.
    desk._send({"type": "message", "id": "bad", "text": "refused", "label": ""})
    assert ann.flush()
    assert "publishing to 'chat:c4refused' failed" in caplog.text
    desk.say("next")
    assert ann.flush()
    assert [message.text for message in desk.history()] == ["next"]


def test_history_pages_back_beyond_what_a_late_joiner_gets(join: Join) -> None:
    ann = guest(join, "ann")
    desk = ann.chat("c5")
    for number in range(3 * PAGE):
        desk.say(str(number))
    assert ann.flush()
    late = guest(join, "bob").chat("c5")
    assert [m.text for m in late.history(10)] == [str(number) for number in range(3 * PAGE - 10, 3 * PAGE)]
    assert len(late._copy.messages) == PAGE
    assert [m.text for m in late.history(PAGE + 50)] == [str(n) for n in range(2 * PAGE - 50, 3 * PAGE)]
    assert [m.text for m in late.history(10_000)] == [str(number) for number in range(3 * PAGE)]
    for number in range(3 * PAGE, MAX_MESSAGES + 5):
        desk.say(str(number))
    eventually(lambda: late.history(1)[0].text == str(MAX_MESSAGES + 4))
    # The hub keeps no more, and says so.
    assert late.history(10_000)[0].text == "5"


def test_a_direct_chat_reaches_one_user_and_no_other(join: Join) -> None:
    ann, bob, eve = (guest(join, name) for name in ("ann", "bob", "eve"))
    secret = ann.chat("c6").direct("bob")
    assert secret.name == "chat:c6#ann,bob"
    assert bob.chat("c6").direct("ann").name == secret.name
    assert secret.direct("eve").name == "chat:c6#ann,eve"
    told: list[Any] = []
    bob.event("rtwidgets.notices#bob").on_event(lambda event: told.append((event.user, event.data)))
    bob.event("rtwidgets.notices#bob")._wait()
    secret.say("for you")
    eventually(lambda: [m.text for m in bob.chat("c6").direct("ann").history()] == ["for you"])
    notice = {"text": "wrote to you", "type": "direct", "channel": secret.name}
    eventually(lambda: told == [("ann", notice)])
    spied = eve.chat(secret.name)
    for act in (spied.history, spied.members):
        with pytest.raises(PermissionDeniedError):
            act()
    with pytest.raises(PermissionDeniedError):
        eve.event("rtwidgets.notices#bob").history()
    spied.say("let me in")
    eve.flush()
    assert [m.text for m in secret.history()] == ["for you"]


@pytest.mark.parametrize("user", ["", "ann", "bob,eve", "b#ob", "Bób", "b ob"])
def test_a_direct_chat_wants_a_user_that_a_channel_can_be_named_after(join: Join, user: str) -> None:
    with pytest.raises(ChannelNameError, match=r"direct channel is for two|no channel can be named"):
        guest(join, "ann").chat("c7").direct(user)


def test_typing_is_seen_by_others_for_a_moment(join: Join) -> None:
    ann, bob = guest(join, "ann"), guest(join, "bob")
    seen: list[tuple[str, str]] = []
    desk = bob.chat("c8")
    plain = desk.on_publication

    def spy(publication: Publication) -> None:
        info = publication.info or ClientInfo()
        seen.append((info.user, json.loads(bytes(publication.data))["type"]))
        plain(publication)

    desk.on_publication = spy  # type: ignore[method-assign]
    desk._wait()
    ann.chat("c8").typing()
    eventually(lambda: seen == [("ann", "typing")])
    assert desk.history() == []


def test_what_is_too_long_is_refused_at_the_call(join: Join) -> None:
    desk = guest(join, "ann").chat("c9")
    for text in ("x" * 1_000_000, "ü" * 16_385):
        with pytest.raises(ChannelError, match=f"{len(text):,} characters, a message takes 16,384"):
            desk.say(text)
        with pytest.raises(ChannelError, match="shorten it or say it in parts"):
            desk.edit("m1", text)
    # Few enough characters and still too many bytes for the hub's messages.
    with pytest.raises(ChannelError, match="bytes, the hub takes"):
        desk.say("🙂" * 16_384)
    with pytest.raises(ChannelError, match="1 to 40 characters"):
        desk.say("hi", label="x" * 41)
    with pytest.raises(ChannelError, match="1 to 40 characters"):
        desk.on_message(label="")
    with pytest.raises(ChannelError, match="1 to 16 characters"):
        desk.react("m1", "")
    desk.say("ok")
    eventually(lambda: [m.text for m in desk.history()] == ["ok"])


def test_a_slash_is_text_in_python(join: Join) -> None:
    hub = join()
    called = []

    @hub.command(name="c10-halt")
    def halt(symbol: str = "") -> None:
        called.append(symbol)

    desk = hub.chat("c10")
    desk.say("/c10-halt ACME")
    eventually(lambda: [m.text for m in desk.history()] == ["/c10-halt ACME"])
    time.sleep(0.2)
    assert called == []


@pytest.mark.timeout(120)
def test_thirty_bots_chat_and_every_reader_ends_with_the_same_list(
    running_hub: HubProcess, join: Join
) -> None:
    """30 bots say 50 messages a second in all while connections break; nobody misses or repeats one."""
    proxy = Proxy(running_hub.port)
    bots, rounds = 30, 10
    hubs = [
        join(f"http://127.0.0.1:{proxy.port}" if number % 3 == 0 else None, token(f"bot{number}"))
        for number in range(bots)
    ]
    desks = [hub.chat("c11") for hub in hubs]
    heard: list[list[str]] = [[] for _ in desks]
    for desk, texts in zip(desks, heard, strict=True):
        desk.on_message(lambda message, texts=texts: texts.append(message.text))  # type: ignore[misc]
        desk._wait()
    began = time.monotonic()
    for turn in range(rounds):
        for number, desk in enumerate(desks):
            desk.say(f"{number}: {turn}")
            time.sleep(max(0.0, began + (turn * bots + number) / 50 - time.monotonic()))
        if turn in (3, 6):
            threading.Thread(target=proxy.cut).start()
    for hub in hubs:
        assert hub.flush(20)
    wanted = bots * rounds
    eventually(lambda: all(len(desk._copy.messages) == wanted for desk in desks), 20)
    late = join(own_token=token("late")).chat("c11")
    truth = late.history(2 * wanted)
    assert sorted(m.text for m in truth) == sorted(
        f"{n}: {turn}" for n in range(bots) for turn in range(rounds)
    )
    assert all(desk.history(2 * wanted) == truth for desk in desks)
    texts = [m.text for m in truth]
    eventually(lambda: all(len(own) == wanted for own in heard))
    assert all(own == texts for own in heard)
    proxy.close()

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rtwidgets.core.kinds import Author, Chat, DataError
from rtwidgets.core.kinds.chat import MAX_MESSAGES, MAX_TEXT

ANN = Author("ann", "Ann")
BOB = Author("bob", "Bob")


def send(chat: Chat, who: Author, **form: Any) -> bytes | None:
    return chat.accept(msgspec.json.encode(form), 1, 1000, who)


def messages(chat: Chat) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = msgspec.json.decode(chat.snapshot(0.0))["messages"]
    return found


def test_author_and_time_are_the_hubs() -> None:
    chat = Chat()
    send(chat, ANN, type="message", id="1", text="hi")
    assert messages(chat) == [{"id": "1", "text": "hi", "user": "ann", "name": "Ann", "time": 1000}]
    with pytest.raises(DataError, match="unknown field `user`"):
        send(chat, ANN, type="message", id="2", text="hi", user="bob")


def test_streamed_message_grows_until_done() -> None:
    chat = Chat()
    send(chat, ANN, type="message", id="1", text="a", open=True)
    send(chat, ANN, type="append", id="1", text="b")
    assert messages(chat)[0] | {"time": 0} == {
        "id": "1",
        "text": "ab",
        "user": "ann",
        "name": "Ann",
        "time": 0,
        "open": True,
    }
    send(chat, ANN, type="append", id="1", done=True)
    assert "open" not in messages(chat)[0]


def test_message_sent_again_is_not_shown_twice() -> None:
    chat = Chat()
    assert send(chat, ANN, type="message", id="1", text="hi") is not None
    assert send(chat, ANN, type="message", id="1", text="hi") is None
    with pytest.raises(DataError, match="id already"):
        send(chat, BOB, type="message", id="1", text="mine")


@pytest.mark.parametrize(
    "form", [{"type": "edit", "text": "x"}, {"type": "delete"}, {"type": "append", "text": "x"}]
)
def test_only_the_author_changes_a_message(form: dict[str, Any]) -> None:
    chat = Chat()
    send(chat, ANN, type="message", id="1", text="hi")
    with pytest.raises(DataError, match="author"):
        send(chat, BOB, id="1", **form)
    send(chat, ANN, id="1", **form)
    assert messages(chat) != [{"id": "1", "text": "hi", "user": "ann", "name": "Ann", "time": 1000}]


def test_nobody_owns_a_message_without_a_name() -> None:
    chat = Chat()
    nobody = Author()
    send(chat, nobody, type="message", id="1", text="hi")
    with pytest.raises(DataError, match="author"):
        send(chat, nobody, type="edit", id="1", text="mine")


def test_reactions_are_one_a_user() -> None:
    chat = Chat()
    send(chat, ANN, type="message", id="1", text="hi")
    for who in (ANN, BOB, BOB):
        send(chat, who, type="reaction", id="1", emoji="+")
    assert messages(chat)[0]["reactions"] == {"+": ["ann", "bob"]}
    for who in (ANN, BOB):
        send(chat, who, type="reaction", id="1", emoji="+", on=False)
    assert "reactions" not in messages(chat)[0]


def test_bounds() -> None:
    chat = Chat()
    with pytest.raises(DataError, match=f"at most {MAX_TEXT}"):
        send(chat, ANN, type="message", id="1", text="x" * (MAX_TEXT + 1))
    with pytest.raises(DataError, match="1 to 64"):
        send(chat, ANN, type="message", id="x" * 65, text="x")
    for number in range(MAX_MESSAGES + 5):
        send(chat, ANN, type="message", id=str(number), text="x")
    assert messages(chat)[0]["id"] == "5"
    assert len(messages(chat)) == MAX_MESSAGES

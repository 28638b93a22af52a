from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rtwidgets.core.kinds import Author, Chat, DataError, Moderator
from rtwidgets.core.kinds.chat import MAX_MESSAGES, MAX_PAGE_BYTES, MAX_REACTING, MAX_REACTIONS
from rtwidgets.protocol.chat import MAX_TEXT, PAGE, mentions_in

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/chat.json").read_text())
ANN = Author("ann", "Ann")
BOB = Author("bob", "Bob")


def send(chat: Chat, who: Author, **form: Any) -> bytes | None:
    return chat.accept(msgspec.json.encode(form), 1, 1000, who)


def messages(chat: Chat) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = msgspec.json.decode(chat.snapshot(0.0, MAX_PAGE_BYTES).data)["messages"]
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


@pytest.mark.parametrize("text", ["", "  \n\t", "\u200b\u2060", "\u3164\u2800", "\u0301"])
def test_message_that_shows_nothing_is_none(text: str) -> None:
    chat = Chat()
    with pytest.raises(DataError, match="a text that can be seen"):
        send(chat, ANN, type="message", id="1", text=text)
    send(chat, ANN, type="message", id="2", text=text, open=True)
    send(chat, ANN, type="message", id="3", text=text, command={"name": "halt", "state": "running"})
    send(chat, ANN, type="message", id="4", text="\U0001f44d")
    with pytest.raises(DataError, match="a text that can be seen"):
        send(chat, ANN, type="edit", id="4", text=text)


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


@pytest.mark.parametrize("emoji", [" ", "\n\u2003", "\u0301", "\u202e\u200b", "\u3164"])
def test_reaction_that_shows_nothing_is_none(emoji: str) -> None:
    chat = Chat()
    send(chat, ANN, type="message", id="1", text="hi")
    with pytest.raises(DataError, match="a reaction needs something that can be seen"):
        send(chat, ANN, type="reaction", id="1", emoji=emoji)
    # Who has given one to an older hub may take it back.
    send(chat, ANN, type="reaction", id="1", emoji=emoji, on=False)
    for shown in ("\U0001f44d\U0001f3fd", "1\ufe0f\u20e3", "\U0001f1e9\U0001f1ea", "ok"):
        send(chat, ANN, type="reaction", id="1", emoji=shown)


def test_reactions_are_one_a_user() -> None:
    chat = Chat()
    send(chat, ANN, type="message", id="1", text="hi")
    for who in (ANN, BOB, BOB):
        send(chat, who, type="reaction", id="1", emoji="+")
    assert messages(chat)[0]["reactions"] == {"+": ["ann", "bob"]}
    for who in (ANN, BOB):
        send(chat, who, type="reaction", id="1", emoji="+", on=False)
    assert "reactions" not in messages(chat)[0]


@pytest.mark.parametrize("case", GOLDEN["folds"], ids=lambda case: case["name"])
def test_forms_leave_the_messages_that_every_copy_has(case: dict[str, Any]) -> None:
    chat = Chat()
    for said in case["publications"]:
        author = Author(said["user"], said["name"] or said["user"], "c")
        assert chat.accept(json.dumps(said["data"]).encode(), 1, said["time"], author) is not None
    assert messages(chat) == case["messages"]


@pytest.mark.parametrize("case", GOLDEN["mentions"], ids=lambda case: case["text"][:20])
def test_mentions(case: dict[str, Any]) -> None:
    assert mentions_in(case["text"]) == case["users"]


def test_an_open_message_names_the_connection_that_wrote_last_of_it() -> None:
    chat = Chat()
    first, second = ANN._replace(client="c1"), ANN._replace(client="c2")
    send(chat, first, type="message", id="1", text="a", open=True)
    send(chat, first, type="message", id="2", text="whole")
    assert [message.get("writer") for message in messages(chat)] == ["c1", None]
    send(chat, second, type="append", id="1", text="b")
    assert messages(chat)[0]["writer"] == "c2"
    send(chat, second, type="append", id="1", text="c", done=True)
    assert "writer" not in messages(chat)[0]


def test_a_deleted_message_does_not_come_back() -> None:
    chat = Chat()
    send(chat, ANN, type="message", id="1", text="hi")
    send(chat, ANN, type="delete", id="1")
    assert messages(chat) == []
    # Sent again after a lost acknowledgement.
    assert send(chat, ANN, type="message", id="1", text="hi") is None
    assert messages(chat) == []
    with pytest.raises(DataError, match="no message '1'"):
        send(chat, BOB, type="reaction", id="1", emoji="+")


def test_who_moderates_deletes_what_others_said_and_does_not_change_it() -> None:
    chat = Chat()
    owner = Moderator("olga", "Olga")
    for name in "12":
        send(chat, ANN, type="message", id=name, text="hi")
    send(chat, owner, type="delete", id="1")
    assert [message["id"] for message in messages(chat)] == ["2"]
    for form in ({"type": "edit", "text": "x"}, {"type": "append", "text": "x"}):
        with pytest.raises(DataError, match="author"):
            send(chat, owner, id="2", **form)


def test_a_command_note_stays_on_the_messages_that_had_one() -> None:
    chat = Chat()
    send(chat, ANN, type="message", id="1", text="hi")
    note = {"name": "halt", "state": "done"}
    with pytest.raises(DataError, match="'1' is not about a command"):
        send(chat, ANN, type="edit", id="1", text="hi", command=note)
    for wrong in (
        {**note, "state": "great"},
        {**note, "fraction": 2},
        {**note, "by": "hub"},
        {**note, "name": ""},
    ):
        with pytest.raises(DataError, match="command"):
            send(chat, ANN, type="message", id="2", text="", command=wrong)


def test_late_joiners_get_the_newest_and_page_back() -> None:
    chat = Chat()
    for number in range(2 * PAGE + 5):
        send(chat, ANN, type="message", id=str(number), text="x")
    snapshot = msgspec.json.decode(chat.snapshot(0.0, MAX_PAGE_BYTES).data)
    assert snapshot["more"] is True
    found = [message["id"] for message in snapshot["messages"]]
    assert found == [str(number) for number in range(PAGE + 5, 2 * PAGE + 5)]
    # The oldest that a reader has may be deleted before it asks for what came before.
    send(chat, ANN, type="delete", id=found[0])
    while True:
        page = chat.page(found[0], 60)
        assert page is not None
        found[:0] = [message.id for message in page.messages]
        if not page.more:
            break
    assert found == [str(number) for number in range(2 * PAGE + 5)]
    assert chat.page("unknown", 10) is None


def test_a_page_is_bounded_in_bytes_and_never_empty_before_the_end() -> None:
    chat = Chat()
    for number in range(40):
        send(chat, ANN, type="message", id=str(number), text="ü" * MAX_TEXT)
    page = chat.page(None, PAGE)
    assert page is not None and page.more
    assert len(page.messages) == MAX_PAGE_BYTES // (2 * MAX_TEXT) - 1  # with all that is around the text
    for number in range(MAX_REACTING):
        send(chat, Author(f"{number:0500}"), type="reaction", id="39", emoji="+")
    page = chat.page(None, PAGE)
    assert page is not None and len(page.messages) == 4


def test_bounds() -> None:
    chat = Chat()
    with pytest.raises(DataError, match=f"at most {MAX_TEXT}"):
        send(chat, ANN, type="message", id="1", text="x" * (MAX_TEXT + 1))
    for name, most in {"id": 64, "reply_to": 64, "label": 40}.items():
        for wrong in ("", "x" * (most + 1)):
            with pytest.raises(DataError, match=rf"length [<>]= .* at `\$.{name}`"):
                send(chat, ANN, **{"type": "message", "id": "1", "text": "x", name: wrong})
    send(chat, ANN, type="message", id="1", text="x")
    for number in range(MAX_REACTIONS):
        send(chat, ANN, type="reaction", id="1", emoji=str(number))
    with pytest.raises(DataError, match=f"{MAX_REACTIONS} different"):
        send(chat, ANN, type="reaction", id="1", emoji="+")
    for number in range(MAX_REACTING - 1):
        send(chat, Author(f"u{number}"), type="reaction", id="1", emoji="0")
    with pytest.raises(DataError, match=f"{MAX_REACTING} users"):
        send(chat, BOB, type="reaction", id="1", emoji="0")
    for number in range(MAX_MESSAGES + 5):
        send(chat, ANN, type="message", id=f"n{number}", text="x")
    assert len(list(chat.messages)) == MAX_MESSAGES
    assert next(iter(chat.messages)).id == "n5"


def test_memory_is_bounded_in_bytes_whatever_the_messages_do() -> None:
    chat = Chat(max_bytes=20_000)
    for number in range(50):
        send(chat, ANN, type="message", id=str(number), text="x", open=True)
    for number in range(40, 50):
        send(chat, ANN, type="append", id=str(number), text="ü" * 4_000)
    assert sum(len(message.text.encode()) for message in chat.messages) <= 20_000
    assert [message.id for message in chat.messages] == ["48", "49"]
    send(chat, ANN, type="edit", id="48", text="short")
    send(chat, ANN, type="delete", id="49")
    for number in range(50, 100):
        send(chat, ANN, type="message", id=str(number), text="x")
    assert len(chat.messages) == 52

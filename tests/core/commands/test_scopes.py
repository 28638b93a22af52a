"""Commands of a scope: names, catalogues, and who sees them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtwidgets.core.patterns import matches, reaches
from rtwidgets.core.rules import Verb
from rtwidgets.errors import CommandNameError
from rtwidgets.protocol.names import check_command, commands_shown_in, scope_of

from ..peers import Peer, make_hub, publications
from .crew import Watcher, call, caller_of, calls, serve

COMMAND: frozenset[Verb] = frozenset(("command",))


def test_scope_has_its_own_catalogue_calls_and_audit() -> None:
    hub = make_hub()
    handler = serve(hub, "halt", "morning/halt")
    root, morning = Watcher(hub), Watcher(hub, "morning")
    caller = caller_of(hub, "morning/halt")
    rows = caller.ask(subscribe={"channel": "table:morning/rtwidgets.commands"})["subscribe"]["data"]["rows"]
    assert rows["name"] == ["morning/halt"]
    call(caller, "morning/halt")
    (got,) = calls(handler)
    handler.rpc("rtwidgets.progress", call=got["id"], fraction=0.5)
    assert [row["command"] for row in morning.rows.values()] == ["morning/halt"]
    assert [entry["what"] for entry in morning.audit] == ["started"]
    assert (root.rows, root.audit) == ({}, [])


@pytest.mark.parametrize(
    ("pattern", "sees", "not_"),
    [
        ("command:halt", [""], ["morning", "evening"]),
        ("command:morning/halt", ["morning"], ["", "evening"]),
        ("command:morning/*", ["morning"], ["", "evening"]),
        ("command:*", ["", "morning", "evening"], []),
        ("command:*/halt", ["morning", "evening"], [""]),
    ],
)
def test_who_may_call_some_command_of_a_scope_sees_its_catalogue_and_calls(
    pattern: str, sees: list[str], not_: list[str]
) -> None:
    hub = make_hub()
    peer = Peer(hub, caps={pattern: COMMAND}).connect()
    for scope in (*sees, *not_):
        prefix = f"{scope}/" if scope else ""
        for name in ("commands", "calls"):
            reply = peer.ask(subscribe={"channel": f"table:{prefix}rtwidgets.{name}"})
            assert ("error" in reply) == (scope in not_), (scope, name)
        # The audit is for who has the right to subscribe to it, and other channels are not meant at all.
        for other in (f"event:{prefix}rtwidgets.audit", f"table:{prefix}rtwidgets.other", f"table:{prefix}x"):
            assert peer.ask(subscribe={"channel": other})["error"]["code"] == 103
        assert peer.ask(history={"channel": f"table:{prefix}rtwidgets.calls"})["error"]["code"] == 103


def test_nobody_but_the_hub_writes_calls_and_audit() -> None:
    peer = Peer(make_hub()).connect()
    for channel in ("table:s/rtwidgets.calls", "event:s/rtwidgets.audit", "event:rtwidgets.audit"):
        assert peer.ask(publish={"channel": channel, "data": {"what": "done"}})["error"]["code"] == 103
        batch = peer.rpc("rtwidgets.publish", producer="p", seq=1, items=[{"channel": channel, "data": {}}])
        assert batch["rpc"]["data"].get("errors", [{"code": 103}])[0]["code"] == 103
    assert peer.hub.channels == {}


def test_catalogue_that_nobody_fills_is_there_with_its_key_and_ends_with_its_last_reader() -> None:
    hub = make_hub()
    peer = Peer(hub).connect()
    snapshot = peer.ask(subscribe={"channel": "table:morning/rtwidgets.commands"})["subscribe"]["data"]
    assert snapshot == {"kind": "table", "key": "name", "rows": {"name": []}}
    handler = serve(hub, "morning/halt")
    (change,) = publications(peer.messages(), "table:morning/rtwidgets.commands")
    assert change["data"]["upsert"]["name"] == ["morning/halt"]
    peer.connection.end(1.0)
    hub.tick(2_000.0)
    assert "table:morning/rtwidgets.commands" in hub.channels, "a command is listed"
    handler.connection.end(2_000.0)
    hub.tick(2_700.0)
    assert hub.channels == {}


@pytest.mark.parametrize("name", ["halt", "größer als", "morning/halt", "team-1/morning.x/a:b", "a" * 128])
def test_names_of_commands(name: str) -> None:
    assert check_command(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "/", "/halt", "morning/", "*", "a*", "a\nb", "mor ning/halt", "a//b", "a#b/c", "a" * 129, "-/x"],
)
def test_names_that_no_command_has(name: str) -> None:
    with pytest.raises(CommandNameError, match="is not allowed"):
        check_command(name)
    reply = Peer(make_hub()).connect().rpc("rtwidgets.register", commands=[{"name": name}])
    assert reply["error"]["code"] == 107


def test_scope_of_a_name() -> None:
    assert [scope_of(name) for name in ("halt", "m/halt", "a/b/c")] == ["", "m", "a/b"]
    shown = (
        "table:rtwidgets.calls",
        "table:a/b/rtwidgets.commands",
        "event:rtwidgets.calls",
        "table:/rtwidgets.calls",
    )
    assert [commands_shown_in(name) for name in shown] == ["", "a/b", None, None]


@given(st.text("ab/*", max_size=8), st.sampled_from(["", "a/", "ab/", "a/b/"]))
def test_pattern_reaches_a_scope_when_it_matches_a_name_in_it(pattern: str, scope: str) -> None:
    """A star that has to stand for a name's own text never needs more than the pattern's own letters."""
    letters = re.sub(r"[*/]", "", pattern)
    tails = {
        letters[start:stop] for start in range(len(letters) + 1) for stop in range(start, len(letters) + 1)
    }
    owns = {f"{one}{two}{three}" for one in tails for two in ("", "x") for three in tails} - {""}
    expected = any(matches(pattern, scope + own) for own in owns | {"x", "a", "b"})
    assert reaches(pattern, scope) == expected

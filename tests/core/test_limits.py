"""Every limit of the core: what happens at it, that it is counted, and that 0 ends it."""

from __future__ import annotations

import re
import tracemalloc
from copy import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtwidgets.core import Hub, Limits, Namespace
from rtwidgets.core.commands.handlers import MAX_SCOPES
from rtwidgets.core.kinds import NOBODY, Author, Chat, FullError, Table
from rtwidgets.core.kinds.recency import MAX_TOMBSTONE_BYTES
from rtwidgets.core.rates import Bucket
from rtwidgets.protocol.json_rules import is_too_deep
from rtwidgets.server.local import _LIMITS as LOCAL

from ..client.hub_process import ROOT
from .peers import Peer, make_hub


def hub_with(**limits: Any) -> Hub:
    return make_hub(limits=Limits(**limits), namespaces={"seen": Namespace(presence=True, join_leave=True)})


def code(reply: dict[str, Any]) -> int:
    return int(reply.get("error", {}).get("code", 0))


def test_documented_limits_are_the_real_ones() -> None:
    text = (ROOT / "docs/limits.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([\d,.]+) \| ([\d,.]*) ?\|", text, re.MULTILINE)
    found = {name: float(default.replace(",", "")) for name, default, _ in rows}
    local = {name: float(value.replace(",", "")) for name, _, value in rows if value}
    assert found == {name: float(getattr(Limits(), name)) for name in Limits.__struct_fields__}
    differing = {name for name in Limits.__struct_fields__ if getattr(LOCAL, name) != getattr(Limits(), name)}
    assert local == {name: float(getattr(LOCAL, name)) for name in differing}


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(1, 50)), min_size=5, max_size=60), st.floats(1, 100))
def test_bucket_lets_its_rate_through_and_no_more(steps: list[tuple[float, int]], rate: float) -> None:
    now, taken, largest = 0.0, 0, 0
    bucket = Bucket(rate, now)
    for wait, count in steps:
        now += wait
        if not bucket.wait_s(now):
            bucket.take(count)
            taken, largest = taken + count, max(largest, count)
        else:
            # After the time it names there is something to take.
            assert not copy(bucket).wait_s(now + bucket.wait_s(now) + 1e-6)
    assert taken <= rate + now * rate + largest + 1e-6


def burst(peer: Peer, count: int, **request: Any) -> list[dict[str, Any]]:
    peer.send(*({"id": 1_000 + number, **request} for number in range(count)))
    return [message for message in peer.messages() if message.get("id", 0) >= 1_000]


@pytest.mark.parametrize(
    ("limit", "request_"),
    [
        ("commands_per_s", {"ping": {}}),
        ("publishes_per_s", {"publish": {"channel": "event:a", "data": 1}}),
    ],
)
def test_what_comes_too_fast_waits_and_none_is_lost(limit: str, request_: dict[str, Any]) -> None:
    hub = hub_with(**{limit: 20})
    peer = Peer(hub).connect()
    peer.now = 2.0
    for number in range(50):
        peer.send({"id": 1_000 + number, **request_})
    assert len(peer.messages()) == 20
    assert peer.connection.congested and not peer.connection.can_go_on
    assert hub.refused[limit] == 1
    answered = 20
    for step in range(1, 20):
        peer.now = 2.0 + step / 10
        hub.tick(peer.now)
        if peer.connection.can_go_on:
            peer.connection.resume(peer.now)
        answered += len(peer.messages())
        # Publications that wait are carried out as one run, and owed for.
        assert answered <= 20 + 2 * step + 1 or limit == "publishes_per_s"
    assert answered == 50 and not peer.connection.congested
    free = Peer(hub_with(**{limit: 0})).connect()
    assert len(burst(free, 5_000, **request_)) == 5_000


def test_runs_and_batches_of_publications_are_owed_for() -> None:
    hub = hub_with(publishes_per_s=100)
    peer = Peer(hub).connect()
    peer.now = 2.0
    assert len(burst(peer, 300, publish={"channel": "event:a", "data": 1})) == 300
    peer.send({"id": 7, "publish": {"channel": "event:a", "data": 1}})
    assert peer.messages() == [] and peer.connection.congested
    hub.tick(3.9)
    assert not peer.connection.can_go_on
    hub.tick(4.1)
    assert peer.connection.can_go_on
    other = Peer(hub).connect()
    other.now = 2.0
    items = [{"channel": "event:a", "data": 1}] * 500
    other.rpc("rtwidgets.publish", producer="p", seq=1, items=items)
    other.send({"id": 8, "publish": {"channel": "event:a", "data": 1}})
    assert other.messages() == []
    batches = Peer(hub, "bob").connect()
    batches.now = 2.0
    for seq in (1, 2, 3):
        data = {"producer": "p", "seq": seq, "items": items}
        batches.send({"id": seq + 10, "rpc": {"method": "rtwidgets.publish", "data": data}})
    assert [message["id"] for message in batches.messages()] == [11]
    assert batches.connection.congested and hub.refused["publishes_per_s"] == 3
    batches.now = 6.1
    hub.tick(6.1)
    batches.connection.resume(6.1)
    assert [message["id"] for message in batches.messages()] == [12]


def test_client_with_far_too_many_commands_is_cut_off() -> None:
    hub = hub_with(commands_per_s=10)
    peer = Peer(hub).connect()
    peer.send(*({"id": number, "ping": {}} for number in range(1, 100)))
    assert peer.connection.closing == (3013, "too many requests")
    assert hub.refused["commands_per_s"] == 1


def test_pings_of_the_socket_are_commands() -> None:
    hub = hub_with(commands_per_s=10)
    peer = Peer(hub).connect()
    peer.connection.ping(1_000, 1.0)
    assert peer.connection.congested
    hub.tick(50.0)
    assert peer.connection.congested
    hub.tick(102.0)
    assert not peer.connection.congested


def test_connections_of_a_user() -> None:
    hub = hub_with(connections_per_user=2)
    first, _second = Peer(hub).connect(), Peer(hub).connect()
    third = Peer(hub)
    third.send({"id": 1, "connect": {"token": third.token}})
    assert third.connection.closing == (3504, "connection limit")
    assert hub.refused["connections_per_user"] == 1
    Peer(hub, "bob").connect()
    third.connection.end(1.0)
    first.connection.end(1.0)
    Peer(hub).connect()
    assert hub.users == {"ann": 2, "bob": 1}
    for connection in list(hub.connections.values()):
        connection.end(1.0)
    assert not hub.users
    free = hub_with(connections_per_user=0)
    for _ in range(200):
        Peer(free).connect()


def test_depth_of_data() -> None:
    hub = hub_with(json_depth=5)
    peer = Peer(hub).connect()
    assert code(peer.ask(publish={"channel": "event:a", "data": [[[[[1]]]]]})) == 0
    assert code(peer.ask(publish={"channel": "event:a", "data": [[[[[[1]]]]]]})) == 106
    assert hub.refused["json_depth"] == 1
    handler, caller = Peer(hub).connect(), Peer(hub, "bob").connect()
    deep: list[Any] = [[[[[[1]]]]]]
    assert code(handler.rpc("rtwidgets.register", commands=[{"name": "b", "schema": {"a": deep}}])) == 106
    assert code(caller.rpc("rtwidgets.call", command="b")) == 1000
    handler.rpc("rtwidgets.register", commands=[{"name": "a"}])
    assert code(caller.rpc("rtwidgets.call", command="a", args={"a": deep})) == 106
    caller.send({"id": 90, "rpc": {"method": "rtwidgets.call", "data": {"command": "a"}}})
    (push,) = handler.messages()
    call = push["push"]["message"]["data"]["rtwidgets"]["call"]["id"]
    assert code(handler.rpc("rtwidgets.reply", call=call, result=deep)) == 106
    assert [code(reply) for reply in caller.messages()] == [1001]
    assert code(caller.rpc("rtwidgets.declare", channel="value:a", default=deep)) == 106
    assert hub.refused["json_depth"] == 5
    deep = []
    for _ in range(300):
        deep = [deep]
    assert code(Peer(hub_with(json_depth=0)).connect().ask(publish={"channel": "event:a", "data": deep})) == 0


def test_length_of_a_channels_name() -> None:
    hub = hub_with(channel_name_chars=10)
    peer = Peer(hub).connect()
    assert code(peer.ask(subscribe={"channel": "event:abcd"})) == 0
    assert code(peer.ask(subscribe={"channel": "event:abcde"})) == 107
    assert hub.refused["channel_name_chars"] == 1
    assert (
        code(Peer(hub_with(channel_name_chars=0)).connect().ask(subscribe={"channel": "event:" + "a" * 249}))
        == 0
    )


def test_number_of_channels() -> None:
    hub = hub_with(channels=3)
    peer = Peer(hub).connect()
    for name in "abc":
        assert code(peer.ask(publish={"channel": f"event:{name}", "data": 1})) == 0
    assert code(peer.ask(publish={"channel": "event:d", "data": 1})) == 106
    assert code(peer.ask(subscribe={"channel": "event:d"})) == 106
    assert code(peer.rpc("rtwidgets.declare", channel="table:d", key="id")) == 106
    assert code(peer.ask(publish={"channel": "event:a", "data": 1})) == 0
    assert hub.refused["channels"] == 3
    free = Peer(hub_with(channels=0)).connect()
    assert all(code(free.ask(publish={"channel": f"event:{n}", "data": 1})) == 0 for n in range(50))


def test_channels_of_a_user() -> None:
    hub = hub_with(channels_per_user=2)
    ann, bob, owner = Peer(hub).connect(), Peer(hub, "bob").connect(), Peer(hub, "eve", owner=True).connect()

    def publishes(peer: Peer, name: str) -> int:
        return code(peer.ask(publish={"channel": f"value:{name}", "data": 1}))

    # Neither what is only asked for nor what somebody else has made.
    assert code(ann.ask(subscribe={"channel": "value:a"})) == 0
    assert code(ann.rpc("rtwidgets.typing", channel="chat:a")) == 0
    assert [publishes(owner, name) for name in "abc"] == [0, 0, 0]
    assert [publishes(ann, name) for name in "abcdef"] == [0, 0, 0, 0, 0, 106]
    assert code(ann.rpc("rtwidgets.declare", channel="table:f", key="id")) == 106
    items = [{"channel": "value:f", "data": 1}]
    batch = ann.rpc("rtwidgets.publish", producer="p", seq=1, items=items)["rpc"]["data"]
    assert [error["code"] for error in batch["errors"]] == [106] and hub.refused["channels_per_user"] == 3
    assert "value:f" not in hub.channels
    assert [publishes(bob, name) for name in "fgh"] == [0, 0, 106]
    # A channel that ends makes room.
    assert code(Peer(hub, "joe").connect().ask(publish={"channel": "event:a", "data": 1})) == 0
    assert hub.makers._made["user", "joe"] == 1
    hub.tick(4_000.0)
    assert hub.makers._made == {("user", "ann"): 2, ("user", "bob"): 2}
    free = Peer(hub_with(channels_per_user=0)).connect()
    assert all(publishes(free, str(number)) == 0 for number in range(50))


def test_subscriptions_of_a_connection() -> None:
    hub = hub_with(channels_per_connection=1)
    peer = Peer(hub).connect()
    assert code(peer.ask(subscribe={"channel": "event:a"})) == 0
    assert code(peer.ask(subscribe={"channel": "event:b"})) == 106
    assert code(peer.rpc("rtwidgets.demand", channel="event:a")) == 0
    assert code(peer.rpc("rtwidgets.demand", channel="event:b")) == 106
    assert hub.refused["channels_per_connection"] == 2
    free = Peer(hub_with(channels_per_connection=0)).connect()
    assert all(code(free.ask(subscribe={"channel": f"event:{n}"})) == 0 for n in range(300))


def test_members_that_are_told_of() -> None:
    hub = hub_with(members=2)
    peers = [Peer(hub, f"u{n}").connect() for n in range(3)]
    for peer in peers[:2]:
        peer.ask(subscribe={"channel": "seen:a"})
    assert "join" in str(peers[0].messages())
    assert len(peers[0].ask(presence={"channel": "seen:a"})["presence"]["presence"]) == 2
    peers[2].ask(subscribe={"channel": "seen:a"})
    assert peers[0].messages() == []
    assert code(peers[0].ask(presence={"channel": "seen:a"})) == 106
    assert peers[0].ask(presence_stats={"channel": "seen:a"})["presence_stats"]["num_clients"] == 3
    assert hub.refused["members"] == 1
    free = hub_with(members=0)
    many = [Peer(free, f"u{n}").connect() for n in range(5)]
    for peer in many:
        peer.ask(subscribe={"channel": "seen:a"})
    assert len(many[0].ask(presence={"channel": "seen:a"})["presence"]["presence"]) == 5


def test_calls_and_commands_of_a_connection() -> None:
    hub = hub_with(calls_per_connection=1, commands_per_connection=2)
    handler, caller = Peer(hub).connect(), Peer(hub, "bob").connect()
    specs = [{"name": name} for name in "abc"]
    assert code(handler.rpc("rtwidgets.register", commands=specs)) == 106
    assert code(handler.rpc("rtwidgets.register", commands=specs[:2])) == 0
    assert code(handler.rpc("rtwidgets.register", commands=specs[:2])) == 0
    assert code(handler.rpc("rtwidgets.register", commands=specs[2:])) == 106
    for number in (90, 91):
        caller.send({"id": number, "rpc": {"method": "rtwidgets.call", "data": {"command": "a"}}})
    assert [(message["id"], code(message)) for message in caller.messages()] == [(91, 106)]
    assert (hub.refused["calls_per_connection"], hub.refused["commands_per_connection"]) == (1, 2)


def test_schemas_of_a_connections_commands() -> None:
    hub = hub_with()
    handler = Peer(hub).connect()

    def register(*names: str, size: int = 15_000) -> int:
        schema: Any = {"a": [{}] * (size // 3)}
        return code(
            handler.rpc("rtwidgets.register", commands=[{"name": n, "schema": schema} for n in names])
        )

    tracemalloc.start()
    try:
        assert [register(f"c{n}") for n in range(17)] == [0] * 17
        assert register("more") == 106 and register("more", "most", size=4_500) == 106
        assert tracemalloc.get_traced_memory()[0] < 3 * 256 * 1024
    finally:
        tracemalloc.stop()
    # Another connection has as much, and what is said anew counts once.
    assert register("c0") == 0 and register("more", size=4_500) == 0
    assert register("most", size=4_500) == 106 and hub.refused["schemas_bytes"] == 3
    handler.rpc("rtwidgets.unregister", names=["c1"])
    assert register("most", size=4_500) == 0
    handler = Peer(hub, "bob").connect()
    assert register("more") == 0


def test_scopes_of_a_connections_commands() -> None:
    hub = hub_with(channels_per_user=40)
    handler, other = Peer(hub).connect(), Peer(hub).connect()

    def register(peer: Peer, *scopes: int) -> int:
        specs = [{"name": f"s{scope}/{name}"} for scope in scopes for name in "ab"]
        return code(peer.rpc("rtwidgets.register", commands=specs))

    assert register(handler, *range(MAX_SCOPES)) == register(handler, 0) == 0
    assert register(handler, 99) == 106 and hub.refused["command_scopes"] == 1
    handler.rpc("rtwidgets.unregister", names=["s1/a", "s1/b"])
    assert register(handler, 99) == 0
    # Catalogues are channels of the user who has made them.
    assert register(other, *range(100, 107)) == 0 and register(other, 107) == 106
    assert hub.refused["channels_per_user"] == 1 and "table:s107/rtwidgets.commands" not in hub.channels


def fill(hub: Hub, name: str, count: int, size: int = 1_000) -> None:
    for number in range(count):
        hub.channel(name).publish(b'{"n":[%d],"x":["%s"]}' % (number, b"x" * size), now=1.0)


def test_size_of_a_log() -> None:
    hub = hub_with(history_bytes=50_000)
    fill(hub, "stream:a", 500)
    assert hub.channel("stream:a").log.size <= 50_000 * 9 / 8 + 1_100
    free = hub_with(history_bytes=0)
    fill(free, "stream:a", 500)
    assert len(free.channel("stream:a").log.publications(1, 501)) == 500


def test_size_of_all_logs() -> None:
    hub = hub_with(history_total_bytes=300_000)
    fill(hub, "stream:small", 20)
    reader, behind = Peer(hub).connect(), Peer(hub).connect()
    for peer in (reader, behind):
        peer.ask(subscribe={"channel": "stream:large"})
    for step in range(50):
        fill(hub, "stream:large", 20)
        hub.flush(1.0)
        assert hub.budget.used == sum(channel.log.size for channel in hub.channels.values())
        assert hub.budget.used <= 300_000
        reader.connection.take(1 << 20, 1.0)
        assert step < 20 or hub.refused["history_total_bytes"] > 0
    # Who fills the hub pays for it, and nothing is lost in silence.
    assert len(hub.channel("stream:small").log.publications(1, 21)) == 20
    (told,) = behind.messages()
    assert told["push"]["unsubscribe"]["code"] == 2500
    # Nor is the bound passed with one large publication in each of many channels.
    for number in range(40):
        fill(hub, f"stream:{number}", 1, 20_000)
    hub.flush(1.0)
    assert hub.budget.used == sum(channel.log.size for channel in hub.channels.values()) <= 300_000
    fill(hub, "stream:1", 1)
    assert hub.channel("stream:1").log.top == 2
    free = hub_with(history_total_bytes=0)
    fill(free, "stream:large", 1_000)
    free.flush(1.0)
    assert free.budget.used > 1_000_000


def test_size_of_a_history_reply() -> None:
    hub = hub_with(history_reply_bytes=10_000)
    fill(hub, "event:a", 50)
    peer = Peer(hub).connect()
    seen: list[int] = []
    epoch = hub.channel("event:a").log.epoch
    while True:
        since = {"offset": len(seen), "epoch": epoch}
        found = peer.ask(history={"channel": "event:a", "limit": -1, "since": since})["history"]
        if not found.get("publications"):
            break
        assert len(found["publications"]) <= 9 and found["offset"] == 50
        seen += [publication["offset"] for publication in found["publications"]]
    assert seen == list(range(1, 51))
    last = peer.ask(history={"channel": "event:a", "limit": -1, "reverse": True})["history"]["publications"]
    assert [publication["offset"] for publication in last] == list(range(50, 41, -1))
    fill(hub, "event:large", 1, 20_000)
    assert len(peer.ask(history={"channel": "event:large", "limit": -1})["history"]["publications"]) == 1
    free = hub_with(history_reply_bytes=0)
    fill(free, "event:a", 500)
    answer = Peer(free).connect().ask(history={"channel": "event:a", "limit": -1})
    assert len(answer["history"]["publications"]) == 500


def test_size_of_a_table() -> None:
    hub = hub_with(table_bytes=100_000)
    peer = Peer(hub).connect()
    peer.rpc("rtwidgets.declare", channel="table:a", key="id")

    def upsert(keys: list[int], text: str, **more: Any) -> int:
        change = {"upsert": {"id": keys, "text": [text] * len(keys)}, **more}
        return code(peer.ask(publish={"channel": "table:a", "data": change}))

    assert upsert(list(range(100)), "x" * 100) == 0
    # More rows, and more in the rows that are there.
    assert upsert(list(range(100, 200)), "x" * 1_000) == 106
    assert upsert(list(range(50)), "x" * 2_000) == 106
    assert hub.refused["table_bytes"] == 2
    # What makes it smaller, or does not make it larger, is always taken.
    assert upsert(list(range(100)), "y" * 100) == 0
    assert upsert([], "", remove=list(range(90))) == 0
    assert upsert(list(range(100, 150)), "x" * 1_000) == 0
    assert upsert(list(range(5)), "x", replace=True) == 0
    assert upsert(list(range(5, 60)), "x" * 1_000) == 0
    table: Any = hub.channel("table:a").kind
    before = table._rows.bytes
    assert upsert([], "", remove=list(range(60))) == 0
    assert before > 50_000 and table._rows.bytes == 0
    free = Peer(hub_with(table_bytes=0)).connect()
    free.rpc("rtwidgets.declare", channel="table:a", key="id")
    assert (
        code(free.ask(publish={"channel": "table:a", "data": {"upsert": {"id": [1], "text": ["x" * 10**6]}}}))
        == 0
    )


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("many_cells", '{"upsert":{"id":[#],' + ",".join(f'"c{n}":[null]' for n in range(200)) + "}}"),
        ("long_names", '{"upsert":{"id":[#],"' + "c" * 255 + '":[1]}}'),
        ("nested", '{"upsert":{"id":[#],"x":[[' + ",".join(["{}"] * 500) + "]]}}"),
        ("small_nested", '{"upsert":{"id":[#],"a":[[]],"b":[{}],"c":[[]],"d":[[]],"e":[[]],"f":[[]]}}'),
        ("wide_texts", '{"upsert":{"id":[#],"x":["😀' + "a" * 400 + '"]}}'),
        ("removed_keys", '{"upsert":{"id":["#K"]},"remove":["#K"]}'.replace("K", "k" * 1_000)),
    ],
    ids=lambda value: value if value.isidentifier() else "",
)
def test_table_takes_about_what_it_is_weighed_as(name: str, change: str) -> None:
    table = Table(max_bytes := 2_000_000)
    table.declare("id")
    tracemalloc.start()
    try:
        for number in range(10_000):
            try:
                table.accept(change.replace("#", str(number)).encode(), number + 1, 0, NOBODY)
            except FullError as error:
                assert error.limit == "table_bytes"
                break
        else:
            assert name == "removed_keys"
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert taken < 1.2 * table.size
    # Removed keys have a bound of their own, and there is what is taken on the way.
    assert taken < 1.5 * (max_bytes if name != "removed_keys" else MAX_TOMBSTONE_BYTES)


def test_names_of_columns_and_keys_of_rows_are_short() -> None:
    peer = Peer(hub_with()).connect()
    for key, bad in (("k" * 255, False), ("k" * 256, True)):
        assert ("error" in peer.rpc("rtwidgets.declare", channel=f"table:{bad}", key=key)) == bad
    peer.rpc("rtwidgets.declare", channel="table:a", key="id")

    def upsert(key: str, name: str) -> dict[str, Any]:
        return peer.ask(publish={"channel": "table:a", "data": {"upsert": {"id": [key], name: [1]}}})

    assert code(upsert("k" * 1_024, "c" * 255)) == 0
    for refused in (upsert("k" * 1_025, "c"), upsert("\u00e9" * 513, "c"), upsert("k", "c" * 256)):
        assert code(refused) == 107 and "at most" in refused["error"]["message"]


def test_size_of_all_states() -> None:
    hub = hub_with(state_total_bytes=195_000)
    peer = Peer(hub).connect()
    peer.rpc("rtwidgets.declare", channel="table:a", key="id")

    def put(channel: str, data: object) -> int:
        answer = code(peer.ask(publish={"channel": channel, "data": data}))
        assert hub.budget.kept == sum(channel.kind.size for channel in hub.channels.values())
        return answer

    def row(key: int, size: int) -> object:
        return {"upsert": {"id": [key], "x": ["x" * size]}}

    def message(message_id: str, size: int) -> object:
        return {"type": "message", "id": message_id, "text": "x" * size}

    assert [put("table:a", row(1, 40_000)), put("value:a", "x" * 40_000)] == [0, 0]
    assert [put(f"chat:{n}", message(f"m{n}", 14_000)) for n in range(4)] == [0] * 4
    assert 175_000 < hub.budget.kept < 195_000
    growing = [
        put("table:a", row(2, 40_000)),
        put("value:b", "x" * 20_000),
        put("value:a", "x" * 60_000),
        put("chat:0", message("m9", 16_000)),
        put("chat:1", message("m9", 10)),
        put("chat:0", {"type": "edit", "id": "m0", "text": "x" * 16_384}),
    ]
    assert growing == [106, 106, 106, 106, 0, 0] and hub.refused["state_total_bytes"] == 4
    # What takes as much as before or less is taken, and makes room.
    assert [put("table:a", row(1, 40_000)), put("value:a", "y" * 40_000)] == [0, 0]
    assert [put("table:a", {"remove": [1]}), put("table:a", row(2, 40_000))] == [0, 0]
    assert [put("value:a", 0), put("value:b", "x" * 20_000)] == [0, 0]
    assert put("chat:0", {"type": "delete", "id": "m0"}) == 0
    # A session is refused, too, rather than failing; streams go on.
    while put("table:a", row(hub.budget.kept, 100)) == 0:
        pass
    assert code(peer.rpc("rtwidgets.session", session="s" * 60, title="t" * 100)) == 106
    assert code(peer.rpc("rtwidgets.declare", channel="value:new", default="x" * 500)) == 106
    refused = hub.refused["state_total_bytes"]
    assert code(peer.rpc("rtwidgets.register", commands=[{"name": "a", "schema": {"a": "x" * 500}}])) == 106
    assert hub.refused["state_total_bytes"] == refused + 1
    assert put("stream:a", {"x": [1]}) == 0
    free = Peer(hub_with(state_total_bytes=0)).connect()
    assert not [
        n for n in range(50) if code(free.ask(publish={"channel": f"value:{n}", "data": "x" * 60_000}))
    ]


@pytest.mark.parametrize("text", ["x" * 40, "😀" + "x" * 4_000], ids=["short", "wide"])
def test_chat_takes_about_what_it_is_weighed_as(text: str) -> None:
    chat = Chat()
    tracemalloc.start()
    try:
        for number in range(1_000):
            said = {"type": "message", "id": f"message {number}", "text": text, "open": True}
            chat.accept(msgspec.json.encode(said), number + 1, 0, Author("ann"))
            for user in range(5):
                reaction = msgspec.json.encode({"type": "reaction", "id": f"message {number}", "emoji": "+1"})
                chat.accept(reaction, number + 1, 0, Author(f"user {user}"))
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert taken < 1.2 * chat.size


def test_notices_that_nobody_reads() -> None:
    hub = hub_with(replies_bytes=2_000)
    reader = Peer(hub).connect()
    reader.ask(subscribe={"channel": "seen:a"})
    for number in range(40):
        Peer(hub, f"u{number}").connect().ask(subscribe={"channel": "seen:a"})
    assert reader.connection.closing == (3008, "slow")
    assert hub.refused["replies_bytes"] > 0
    # What a client asked for may be as large as it is.
    fill(hub, "stream:a", 20)
    asking = Peer(hub).connect()
    asking.send(
        {"id": 50, "subscribe": {"channel": "stream:a"}}, {"id": 51, "subscribe": {"channel": "stream:b"}}
    )
    hub.tick(30.0)
    assert asking.connection.closing is None
    free = hub_with(replies_bytes=0)
    reader = Peer(free).connect()
    reader.ask(subscribe={"channel": "seen:a"})
    for number in range(100):
        Peer(free, f"u{number}").connect().ask(subscribe={"channel": "seen:a"})
    assert reader.connection.closing is None


def test_times_that_a_client_has() -> None:
    hub = hub_with(connect_timeout_s=3, ping_interval_s=10, pong_timeout_s=4)
    silent, quiet = Peer(hub), Peer(hub).connect()
    hub.tick(4.1)
    assert silent.connection.closing == (3502, "stale")
    hub.tick(11.1)
    hub.tick(15.2)
    assert quiet.connection.closing == (3012, "no pong")
    assert (hub.refused["connect_timeout_s"], hub.refused["pong_timeout_s"]) == (1, 1)
    free = hub_with(connect_timeout_s=0, pong_timeout_s=0)
    silent, quiet = Peer(free), Peer(free).connect()
    for now in range(0, 300, 5):
        free.tick(float(now))
    assert silent.connection.closing is None and quiet.connection.closing is None


def test_commands_that_find_no_room_in_the_catalogue_are_not_served() -> None:
    hub = hub_with(table_bytes=2_000)
    handler, caller = Peer(hub).connect(), Peer(hub, "bob").connect()
    assert code(handler.rpc("rtwidgets.register", commands=[{"name": "a"}])) == 0
    assert (
        code(handler.rpc("rtwidgets.register", commands=[{"name": "b", "schema": {"a": "x" * 2_000}}])) == 106
    )
    assert code(caller.rpc("rtwidgets.call", command="b")) == 1000


def test_id_of_a_producer_is_short() -> None:
    hub = hub_with()
    peer = Peer(hub).connect()
    items = [{"channel": "event:a", "data": 1}]
    assert code(peer.rpc("rtwidgets.publish", producer="p" * 64, seq=1, items=items)) == 0
    assert code(peer.rpc("rtwidgets.publish", producer="p" * 65, seq=1, items=items)) == 107
    assert list(hub.producers._last["ann"]) == ["p" * 64]


def test_depth_of_a_long_text_is_found_without_much_memory() -> None:
    data = b'["' + b"x" * 1_000_000 + b'",' + b"[" * 69 + b"]" * 70
    tracemalloc.start()
    try:
        assert not is_too_deep(data, 70) and is_too_deep(data, 69)
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


def test_what_a_log_lets_go_of_for_its_size_is_counted() -> None:
    for bound in (2_000, 0):
        hub = hub_with(history_bytes=bound, delivery_window=10)
        reader, writer = Peer(hub).connect(), Peer(hub).connect()
        reader.ask(subscribe={"channel": "event:a"})
        for _ in range(20):
            writer.ask(publish={"channel": "event:a", "data": "x" * 400})
        ended = [message for message in reader.messages() if "unsubscribe" in message.get("push", {})]
        assert len(ended) == hub.refused["delivery_window"] == (1 if bound else 0)
        assert (hub.refused["history_bytes"] > 0) == bool(bound)


def test_readers_that_get_one_merged_publication_are_counted() -> None:
    for most in (1, 5):
        hub = hub_with(conflate_after=most)
        reader, writer = Peer(hub).connect(), Peer(hub).connect()
        reader.ask(subscribe={"channel": "value:a"})
        for number in (*range(most), None, *range(most + 1)):
            if number is None:  # as many as there may be
                assert len(reader.messages()) == most and hub.refused["conflate_after"] == 0
            else:
                writer.ask(publish={"channel": "value:a", "data": number})
        assert len(reader.messages()) == hub.refused["conflate_after"] == 1


def test_readers_that_may_be_behind_as_far_as_they_like() -> None:
    hub = make_hub(
        limits=Limits(conflate_after=0, delivery_window=0, history_bytes=400_000),
        namespaces={"live": Namespace(recover=True), "value": Namespace("value", recover=True)},
    )
    reader, writer = Peer(hub).connect(), Peer(hub).connect()
    for name in ("live:a", "value:a"):
        reader.ask(subscribe={"channel": name})
        for number in range(1_200):
            writer.send({"id": 1, "publish": {"channel": name, "data": number}})
            writer.messages()
        got = [message["push"]["pub"]["data"] for message in reader.messages()]
        assert got == list(range(1_200))
    # Bytes are a bound of their own.
    for _ in range(1_200):
        writer.send({"id": 1, "publish": {"channel": "live:a", "data": "x" * 600}})
    (told,) = reader.messages()
    assert told["push"]["unsubscribe"]["code"] == 2500
    assert hub.refused["conflate_after"] == 0 and hub.refused["delivery_window"] == 1
    assert hub.channel("live:a").log.size < 460_000


@pytest.mark.parametrize("limit", Limits.__struct_fields__)
def test_limit_at_0_is_none(limit: str) -> None:
    hub = make_hub(limits=Limits(**{limit: 0}), namespaces={"bare": Namespace(recover=True, presence=True)})
    ann, bob = Peer(hub).connect(), Peer(hub, "bob").connect()
    data = {"x": "x" * 2_000, "deep": [[[[[[]]]]]]}
    asked: list[dict[str, Any]] = [
        *({"subscribe": {"channel": f"{name}:a"}} for name in ("bare", "event", "stream", "value", "chat")),
        {"rpc": {"method": "rtwidgets.declare", "data": {"channel": "table:a", "key": "id"}}},
        {"publish": {"channel": "table:a", "data": {"upsert": {"id": list(range(50)), "x": [data] * 50}}}},
        {"subscribe": {"channel": "table:a"}},
        {"presence": {"channel": "bare:a"}},
        {"rpc": {"method": "rtwidgets.session", "data": {"session": "a"}}},
        *({"rpc": {"method": "rtwidgets.notify", "data": {"text": "x"}}} for _ in range(3)),
    ]
    assert not [request for request in asked if "error" in ann.ask(**request)]
    for number in range(40):
        for name in ("bare", "event", "value"):
            bob.ask(publish={"channel": f"{name}:a", "data": [number, data]})
        said = {"type": "message", "id": f"m{number}", "text": "x" * 2_000}
        assert "error" not in bob.ask(publish={"channel": "chat:a", "data": said})
    assert len(ann.ask(history={"channel": "event:a", "limit": -1})["history"]["publications"]) == 40
    assert not [message for message in ann.messages() if "unsubscribe" in message.get("push", {})]
    ann.rpc("rtwidgets.register", commands=[{"name": "do", "schema": data}])
    for number in range(3):
        call = {"command": "do", "key": f"k{number}", "args": data}
        bob.send({"id": 500 + number, "rpc": {"method": "rtwidgets.call", "data": call}})
    calls = [str(message) for message in ann.messages() if "'call'" in str(message)]
    assert len(calls) == 3 and bob.messages() == []
    for step in range(1, 40):
        hub.flush(float(step))
        hub.tick(float(step))
    assert not hub.refused[limit]


def test_history_that_is_cut_short_is_counted() -> None:
    hub = hub_with(history_reply_bytes=1_000)
    peer = Peer(hub).connect()
    for _ in range(10):
        peer.ask(publish={"channel": "event:a", "data": "x" * 400})
    assert len(peer.ask(history={"channel": "event:a", "limit": 1})["history"]["publications"]) == 1
    assert hub.refused["history_reply_bytes"] == 0
    assert len(peer.ask(history={"channel": "event:a", "limit": -1})["history"]["publications"]) < 10
    assert "error" not in peer.rpc("rtwidgets.history", channel="event:a")
    assert hub.refused["history_reply_bytes"] == 2

"""One connection's commands do not hold up the others: a turn each, and a share of the hub's time."""

from __future__ import annotations

from itertools import count
from typing import Any

import msgspec
import pytest

from rtwidgets.client.table_copy import Change, TableCopy
from rtwidgets.core import Limits, Namespace
from rtwidgets.core.inbox import MAX_RUN_BYTES, MAX_STATEFUL_RUN, TURN_S
from rtwidgets.core.publishing import ITEMS_AT_ONCE
from rtwidgets.core.rules import MAX_TABLE_ROWS
from rtwidgets.protocol import codes

from .model_archive import ModelArchive
from .peers import ALL, Peer, make_hub, publications

PING: dict[str, Any] = {"ping": {}}


class Work:
    """The clock of a hub at which each look takes as long as a quarter of a turn."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        self.at += TURN_S / 4
        return self.at


def numbered(count: int, **request: Any) -> list[dict[str, Any]]:
    return [{"id": 1_000 + number, **request} for number in range(count)]


def ids(peer: Peer) -> list[int]:
    return [message["id"] for message in peer.messages() if "id" in message]


def test_a_turn_ends_and_the_driver_is_asked_to_come_back() -> None:
    hub = make_hub(limits=Limits(work_ms_per_s=0))
    heavy, other = Peer(hub).connect(), Peer(hub, "bob").connect()
    hub.clock = Work()
    heavy.send(*numbered(20, **PING))
    assert ids(heavy) == [1_000, 1_001, 1_002, 1_003]
    assert heavy.connection.congested and heavy.connection.can_go_on
    assert "ping" in other.ask(**PING)
    answered, woken = 4, heavy.woken
    while heavy.connection.can_go_on:
        heavy.connection.resume(heavy.now)
        found = len(ids(heavy))
        assert found == 4
        answered += found
    assert answered == 20 and not heavy.connection.congested
    # Once for each reply, and once for each turn but the last.
    assert heavy.woken - woken == 16 + 3


def test_who_has_used_up_its_share_of_the_hubs_time_waits_and_others_do_not() -> None:
    hub = make_hub(limits=Limits(work_ms_per_s=50))
    heavy, other = Peer(hub).connect(), Peer(hub, "bob").connect()
    heavy.now = other.now = 2.0
    hub.clock = Work()
    heavy.send(*numbered(40, **PING))
    answered = len(ids(heavy))
    while heavy.connection.can_go_on:
        heavy.connection.resume(heavy.now)
        answered += len(ids(heavy))
    # Of half a millisecond each: a tenth of a second's share, to the end of the turn in which it was used up.
    assert answered == 12 and heavy.connection.congested
    assert hub.refused["work_ms_per_s"] == 1
    assert "ping" in other.ask(**PING)
    heavy.now = 2.1
    hub.tick(heavy.now)
    assert heavy.connection.can_go_on
    heavy.connection.resume(heavy.now)
    assert len(ids(heavy)) == 4


def test_who_comes_and_goes_before_many_members_is_slowed_down() -> None:
    hub = make_hub(limits=Limits(commands_per_s=20))
    for number in range(100):
        Peer(hub, f"m{number}").connect().ask(subscribe={"channel": "chat:large"})
    storm, other = Peer(hub).connect(), Peer(hub, "bob").connect()

    def comes_and_goes(peer: Peer, channel: str) -> int:
        asked = [{"subscribe": {"channel": channel}}, {"unsubscribe": {"channel": channel}}] * 5
        peer.send(*({"id": 10 + number, **request} for number, request in enumerate(asked)))
        return len(ids(peer))

    assert comes_and_goes(storm, "chat:large") == 1
    assert comes_and_goes(other, "chat:small") == 10


def test_who_shows_others_info_to_many_members_is_slowed_down() -> None:
    hub = make_hub(limits=Limits(commands_per_s=20))
    for number in range(100):
        Peer(hub, f"m{number}").connect().ask(subscribe={"channel": "chat:large"})
    storm, other = Peer(hub).connect(), Peer(hub, "bob").connect()

    def changes(peer: Peer, user: str, channel: str) -> int:
        peer.ask(subscribe={"channel": channel})
        peer.now += 5.0  # what that has cost is paid
        tokens = [
            hub.tokens.mint(user=user, caps=ALL, now=0.0, token_id="t", info={"name": name})
            for name in "ABABABABAB"
        ]
        peer.send(*({"id": 10 + number, "refresh": {"token": text}} for number, text in enumerate(tokens)))
        return len(ids(peer))

    assert changes(storm, "ann", "chat:large") == 1
    assert changes(other, "bob", "chat:small") == 10


def test_pieces_of_a_snapshot_count_as_work_for_who_asked_for_it() -> None:
    hub = make_hub(limits=Limits(work_ms_per_s=1))
    ann = Peer(hub).connect()
    ann.now = 2.0
    ann.rpc("rtwidgets.declare", channel="table:t", key="id")
    for start in range(0, 40_000, MAX_TABLE_ROWS):
        rows = {"id": list(range(start, start + MAX_TABLE_ROWS)), "a": ["x" * 20] * MAX_TABLE_ROWS}
        ann.ask(publish={"channel": "table:t", "data": {"upsert": rows}})
    reader = Peer(hub, "bob").connect()
    reader.now = 2.0
    hub.clock = Work()
    reader.send({"id": 7, "subscribe": {"channel": "table:t"}})
    assert len(reader.messages()) > 3
    reader.send(*numbered(1, **PING))
    assert reader.messages() == [] and hub.refused["work_ms_per_s"] == 1


def batch_of(*names: str, seq: int = 1) -> dict[str, Any]:
    items = [{"channel": name, "data": {"upsert": {"id": [number]}}} for number, name in enumerate(names)]
    return {"rpc": {"method": "rtwidgets.publish", "data": {"producer": "p", "seq": seq, "items": items}}}


def test_others_have_their_turn_between_the_tables_of_a_batch_and_what_follows_waits() -> None:
    hub = make_hub(limits=Limits(work_ms_per_s=0))
    heavy, other = Peer(hub).connect(), Peer(hub, "bob").connect()
    heavy.rpc("rtwidgets.declare", channel="table:t", key="id")
    other.join("table:t")
    hub.clock = Work()
    # The third is refused, and its channel is not kept for having been asked for.
    heavy.send({"id": 1, **batch_of("table:t", "table:t", "table:none", "table:t")}, {"id": 2, **PING})
    assert ids(heavy) == [] and heavy.connection.can_go_on and heavy.connection.congested
    assert hub.channel("table:t").log.top == 2
    other.send({"id": 7, **PING})
    assert ids(other) == [7]
    heavy.connection.resume(heavy.now + 5)
    found = heavy.messages()
    assert [reply["id"] for reply in found] == [1, 2]
    assert [error["index"] for error in found[0]["rpc"]["data"]["errors"]] == [2]
    assert hub.channel("table:t").log.top == 3 and "table:none" not in hub.channels
    assert not heavy.connection.can_go_on and not heavy.connection.congested
    # Its time is when it was published, not when the batch began: a log's times never go back.
    (last,) = publications(other.messages(), "table:t")
    assert last["time"] == (heavy.now + 5) * 1000


@pytest.mark.parametrize("way", ["command", "batch"])
def test_a_large_replacement_has_pauses_and_ends_as_the_new_table(way: str) -> None:
    hub = make_hub(limits=Limits(work_ms_per_s=0))
    heavy, other = Peer(hub).connect(), Peer(hub, "bob").connect()
    heavy.rpc("rtwidgets.declare", channel="table:t", key="id")
    other.join("table:t")
    hub.clock = Work()
    log, seen, seqs = hub.channel("table:t").log, TableCopy(), count(1)
    seen.key = "id"

    def replace(keys: list[Any], cell: object) -> tuple[int, dict[str, Any] | None]:
        """Replace the table; return how many pauses there were, and the error."""
        data = {"replace": True, "upsert": {"id": keys, "a": [cell] * len(keys)}}
        if way == "command":
            heavy.send({"id": 1, "publish": {"channel": "table:t", "data": data}})
        else:
            batch = {"producer": "p", "seq": next(seqs), "items": [{"channel": "table:t", "data": data}]}
            heavy.send({"id": 1, "rpc": {"method": "rtwidgets.publish", "data": batch}})
        pauses, top = 0, log.top
        while heavy.connection.can_go_on:
            heavy.connection.resume(heavy.now)
            pauses, top = pauses + (log.top > top), log.top
        (reply,) = heavy.messages()
        for publication in publications(other.messages(1 << 24), "table:t"):
            seen.apply(msgspec.convert(publication["data"], Change))
        errors = reply.get("rpc", {}).get("data", {}).get("errors", [None])
        return pauses, reply.get("error", errors[0])

    many = 20 * MAX_TABLE_ROWS
    tables: list[list[int]] = [[*range(many)], [*range(9, many)], [5, many], [], [7]]
    for keys, at_least in zip(tables, (4, 4, 4, 0, 0), strict=True):
        pauses, error = replace(keys, len(keys))
        assert error is None and pauses >= at_least
        assert seen.rows == {key: {"id": key, "a": len(keys)} for key in keys}
    _, error = replace([*range(many), None], "x")
    assert error is not None and error["code"] == 107 and "'table:t'" in error["message"]


@pytest.mark.parametrize(("kind", "together"), [("chat", 1), ("event", ITEMS_AT_ONCE)])
def test_a_batch_is_carried_out_in_turns(kind: str, together: int) -> None:
    hub = make_hub(limits=Limits(work_ms_per_s=0))
    heavy = Peer(hub).connect()
    hub.clock = Work()
    items = [
        {"channel": f"{kind}:a", "data": {"type": "message", "id": str(number), "text": "x"}}
        for number in range(10 * together)
    ]
    data = {"producer": "p", "seq": 1, "items": items}
    heavy.send({"id": 1, "rpc": {"method": "rtwidgets.publish", "data": data}})
    log = hub.channel(f"{kind}:a").log
    assert ids(heavy) == [] and 0 < log.top <= 4 * together
    heavy.connection.resume(heavy.now)
    heavy.connection.resume(heavy.now)
    assert ids(heavy) == [1] and log.top == len(items)


def test_a_batch_that_has_begun_is_done_though_its_connection_ends() -> None:
    hub = make_hub(limits=Limits(work_ms_per_s=0))
    heavy = Peer(hub).connect()
    heavy.rpc("rtwidgets.declare", channel="table:t", key="id")
    hub.clock = Work()
    heavy.send({"id": 1, **batch_of(*["table:t"] * 9)})
    heavy.connection.close(codes.STALE)
    assert not heavy.connection.can_go_on and hub.channel("table:t").log.top < 9
    heavy.connection.end(heavy.now)
    assert hub.channel("table:t").log.top == 9


def test_small_publications_are_carried_out_together_where_that_is_little_work() -> None:
    hub = make_hub(limits=Limits(work_ms_per_s=0))
    ann = Peer(hub).connect()
    ann.ask(publish={"channel": "event:a", "data": 0})
    hub.clock = Work()
    ann.send(*numbered(200, publish={"channel": "event:a", "data": 1}))
    assert len(ids(ann)) == 200
    ann.send(*numbered(200, publish={"channel": "event:a", "data": "x" * (MAX_RUN_BYTES // 2)}))
    assert len(ids(ann)) == 2 * 4
    bob = Peer(hub, "bob")
    bob.send({"id": 1, "connect": {"token": bob.token}})
    assert ids(bob) == [1]
    bob.send(*numbered(200, publish={"channel": "value:v", "data": 1}))
    assert len(ids(bob)) == MAX_STATEFUL_RUN * 4


@pytest.mark.parametrize(("kind", "together"), [("table", 2 * 4), ("event", 20)])
def test_an_archive_takes_large_runs_but_of_tables(kind: Any, together: int) -> None:
    archive = ModelArchive()
    names = {kind: Namespace(kind, history_size=100, recover=True, archive=True)}
    hub = make_hub(archive=archive, namespaces=names, limits=Limits(work_ms_per_s=0))
    ann = Peer(hub).connect()
    ann.send({"id": 1, "rpc": {"method": "rtwidgets.declare", "data": {"channel": f"{kind}:a", "key": "id"}}})
    archive.work()
    hub.clock = Work()
    change = {"upsert": {"id": [1], "text": ["x" * (MAX_RUN_BYTES // 2)]}}
    ann.send(*numbered(20, publish={"channel": f"{kind}:a", "data": change}))
    archive.begin()
    assert sum(len(batch.publications) for batch in archive.under_way) == together

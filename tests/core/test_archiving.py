"""Channels with an archive: nothing is acknowledged or shown before its commit, and all is there again."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from rtwidgets.core import Hub, Limits, Namespace
from rtwidgets.core.batch import ArchiveFault
from rtwidgets.core.rules import default_namespaces

from .model_archive import AWAY, IN_DOUBT, ModelArchive
from .peers import SECRET, Peer, make_hub, publications

NAMES = {
    name: Namespace(
        rules.kind,
        history_size=rules.history_size,
        history_ttl_s=rules.history_ttl_s,
        recover=True,
        presence=True,
        archive=True,
    )
    for name, rules in default_namespaces().items()
} | {"live": Namespace("event", history_size=10, recover=True)}


def start(archive: ModelArchive, **options: Any) -> Hub:
    return make_hub(archive=archive, namespaces=options.pop("namespaces", NAMES), **options)


def publish(peer: Peer, channel: str, *data: Any, first_id: int = 100) -> None:
    peer.send(
        *({"id": first_id + n, "publish": {"channel": channel, "data": item}} for n, item in enumerate(data))
    )


def answers(peer: Peer) -> dict[int, dict[str, Any]]:
    return {message["id"]: message for message in peer.messages() if "id" in message}


def subscribe(archive: ModelArchive, peer: Peer, channel: str, **options: Any) -> dict[str, Any]:
    peer.send({"id": 1_000, "subscribe": {"channel": channel, **options}})
    archive.work()
    reply = answers(peer)[1_000]
    assert "subscribe" in reply, reply
    found: dict[str, Any] = reply["subscribe"]
    return found


def test_publication_is_neither_acknowledged_nor_shown_before_its_commit() -> None:
    archive = ModelArchive()
    hub = start(archive)
    ann, bob = Peer(hub).connect(), Peer(hub, "bob").connect()
    subscribe(archive, bob, "event:a")
    publish(ann, "event:a", 1, 2)
    (batch,) = archive.begin()
    assert (batch.before, batch.last, batch.kind) == (0, 2, "event")
    assert ann.messages() == bob.messages() == []
    archive.end()
    assert list(answers(ann)) == [100, 101]
    assert [pub["offset"] for pub in publications(bob.messages(), "event:a")] == [1, 2]


def test_what_comes_during_a_commit_is_in_the_next_one() -> None:
    archive = ModelArchive()
    hub = start(archive)
    ann, bob = Peer(hub).connect(), Peer(hub, "bob").connect()
    subscribe(archive, ann, "event:a")
    publish(ann, "event:a", 1)
    archive.begin()
    publish(bob, "event:a", 2, 3)
    publish(ann, "event:a", 4, first_id=200)
    assert len(archive.begin()) == 1
    archive.end()
    (batch,) = archive.begin()
    assert (batch.before, batch.last) == (1, 4)
    archive.end()
    assert list(answers(bob)) == [100, 101]
    assert [pub["data"] for pub in publications(ann.messages(), "event:a")] == [1, 2, 3, 4]


def test_other_channels_do_not_wait() -> None:
    archive = ModelArchive()
    hub = start(archive)
    ann = Peer(hub).connect()
    assert "subscribe" in ann.ask(subscribe={"channel": "live:a"})
    publish(ann, "event:slow", 1)
    archive.begin()
    publish(ann, "live:a", 2, first_id=200)
    messages = ann.messages()
    assert publications(messages, "live:a") and {"id": 200, "publish": {}} in messages


def test_commands_of_one_connection_keep_their_order_on_a_channel() -> None:
    archive = ModelArchive()
    ann = Peer(start(archive)).connect()
    ann.send(
        {"id": 1, "publish": {"channel": "value:v", "data": 1}},
        {"id": 2, "subscribe": {"channel": "value:v"}},
        {"id": 3, "publish": {"channel": "value:v", "data": 2}},
        {"id": 4, "unsubscribe": {"channel": "value:v"}},
    )
    assert ann.messages() == []
    archive.work()
    messages = ann.messages()
    assert [message["id"] for message in messages if "id" in message] == [1, 2, 3, 4]
    (subscribed,) = (message["subscribe"] for message in messages if "subscribe" in message)
    assert (subscribed["offset"], subscribed["data"]["value"]) == (1, 1)
    assert ann.connection.cursors == {}
    assert ann.connection.inbox.pending == ann.hub.archiving.waiting_bytes == 0


def test_subscribe_that_waits_can_not_be_made_twice() -> None:
    archive = ModelArchive()
    ann = Peer(start(archive)).connect()
    ann.send({"id": 1, "subscribe": {"channel": "event:a"}}, {"id": 2, "subscribe": {"channel": "event:a"}})
    assert answers(ann)[2]["error"]["code"] == 105
    archive.work()
    assert "subscribe" in answers(ann)[1]


@pytest.mark.parametrize("fault", [AWAY, IN_DOUBT])
def test_failed_commit_is_a_temporary_error_and_changes_nothing(fault: ArchiveFault) -> None:
    archive = ModelArchive()
    hub = start(archive)
    ann, bob = Peer(hub).connect(), Peer(hub, "bob").connect()
    ann.rpc_later(archive, "rtwidgets.declare", channel="table:t", key="id")
    table = {"upsert": {"id": [1, 2], "x": [1, 2]}}
    publish(ann, "table:t", table)
    publish(ann, "value:v", 1)
    publish(ann, "chat:c", {"type": "message", "id": "m", "text": "hi"})
    archive.work()
    ann.messages()
    before = {
        name: subscribe(archive, bob, name)
        for name in ("table:t", "value:v", "chat:c", "event:e", "stream:s")
    }
    publish(ann, "table:t", {"upsert": {"id": [3, 1], "y": [0, 0]}, "remove": [2]}, first_id=1)
    publish(ann, "value:v", 2, first_id=2)
    publish(ann, "chat:c", {"type": "edit", "id": "m", "text": "oh"}, first_id=3)
    publish(ann, "chat:c", {"type": "message", "id": "n", "text": "more"}, first_id=4)
    publish(ann, "event:e", 1, first_id=5)
    publish(ann, "stream:s", {"x": [1]}, first_id=6)
    archive.begin()
    archive.end(fault)
    errors = answers(ann)
    assert {n: (r["error"]["code"], r["error"]["temporary"]) for n, r in errors.items()} == dict.fromkeys(
        range(1, 7), (100, True)
    )
    assert bob.messages() == []
    late = Peer(hub, "late").connect()
    assert {name: subscribe(archive, late, name) for name in before} == before
    publish(ann, "table:t", {"upsert": {"id": [1], "x": [5]}})
    archive.work()
    (pub,) = publications(late.messages(), "table:t")
    assert pub["offset"] == before["table:t"]["offset"] + 1


def test_batch_in_doubt_that_was_committed_is_shown_and_not_published_again() -> None:
    archive = ModelArchive()
    hub = start(archive)
    ann, bob = Peer(hub).connect(), Peer(hub, "bob").connect()
    subscribe(archive, bob, "value:v")
    batch = {"producer": "p", "seq": 1, "items": [{"channel": "value:v", "data": 1}]}
    ann.send({"id": 1, "rpc": {"method": "rtwidgets.publish", "data": batch}})
    archive.begin()
    archive.end(IN_DOUBT, keep=True)
    assert answers(ann)[1]["rpc"]["data"]["errors"][0]["temporary"] is True
    assert publications(bob.messages(), "value:v") == []
    # Until that is found out who writes hears that it does not go; who reads sees what is sure.
    ann.send({"id": 2, "rpc": {"method": "rtwidgets.publish", "data": batch}})
    archive.begin()
    archive.answer_settles(AWAY)
    assert answers(ann)[2]["rpc"]["data"]["errors"][0]["temporary"] is True
    late = Peer(hub, "late").connect()
    assert "offset" not in subscribe(archive, late, "value:v")  # which is 0
    ann.send({"id": 3, "rpc": {"method": "rtwidgets.publish", "data": {**batch, "seq": 2}}})
    archive.work()
    assert answers(ann)[3]["rpc"]["data"]["errors"][0]["message"] == "an earlier batch has to come first"
    ann.send(
        {"id": 4, "rpc": {"method": "rtwidgets.publish", "data": batch}},
        {"id": 5, "rpc": {"method": "rtwidgets.publish", "data": {**batch, "seq": 2}}},
    )
    archive.work()
    done = {"versions": [[0, 2]]}
    assert [reply["rpc"]["data"] for reply in answers(ann).values()] == [
        {"seq": 1, **done},
        {"seq": 2, **done},
    ]
    for peer in (bob, late):
        assert [pub["offset"] for pub in publications(peer.messages(), "value:v")] == [1, 2]


def test_batch_in_doubt_that_was_not_committed_is_forgotten() -> None:
    archive = ModelArchive()
    ann = Peer(start(archive)).connect()
    subscribe(archive, ann, "event:e")
    publish(ann, "event:e", 1)
    archive.begin()
    archive.end(IN_DOUBT, keep=False)
    publish(ann, "event:e", 2, first_id=200)
    archive.work()
    assert [(pub["data"], pub["offset"]) for pub in publications(ann.messages(), "event:e")] == [(2, 1)]


def test_producers_later_batches_wait_for_the_one_that_failed() -> None:
    archive = ModelArchive()
    hub = start(archive)
    ann = Peer(hub).connect()

    def send(number: int, seq: int, **items: Any) -> None:
        batch = [{"channel": f"event:{name}", "data": data} for name, data in items.items()]
        data = {"producer": "p", "seq": seq, "items": batch}
        ann.send({"id": number, "rpc": {"method": "rtwidgets.publish", "data": data}})

    subscribe(archive, ann, "event:a")
    subscribe(archive, ann, "event:b")
    send(1, 7, a=1)
    archive.begin()
    send(2, 8, a=2, b=2)
    archive.end(AWAY)
    archive.work()
    found = {n: m["rpc"]["data"] for n, m in answers(ann).items()}
    assert found[1]["errors"] == [
        {"index": 0, "code": 100, "message": "the archive is away", "temporary": True}
    ]
    assert [error["index"] for error in found[2]["errors"]] == [0]
    send(3, 7, a=1)
    send(4, 8, a=2, b=2)
    archive.work()
    messages = ann.messages()
    assert [m["rpc"]["data"] for m in messages if "id" in m] == [{"seq": 7}, {"seq": 8}]
    assert [pub["data"] for pub in publications(messages, "event:a")] == [1, 2]
    assert publications(messages, "event:b") == []  # it had come through before


def test_batch_sent_again_after_a_restart_is_not_published_twice() -> None:
    archive = ModelArchive()
    ann = Peer(start(archive)).connect()
    batch = {"producer": "p", "seq": 3, "items": [{"channel": "stream:s", "data": {"x": [1]}}]}
    ann.send({"id": 1, "rpc": {"method": "rtwidgets.publish", "data": batch}})
    archive.work()  # and the hub is gone before it can say so
    again = Peer(start(archive)).connect()
    again.send({"id": 1, "rpc": {"method": "rtwidgets.publish", "data": batch}})
    archive.work()
    assert answers(again)[1]["rpc"]["data"] == {"seq": 3}
    assert archive.channels["stream:s"].top == 1


def test_position_goes_on_after_a_restart() -> None:
    archive = ModelArchive()
    ann = Peer(start(archive)).connect()
    subscribed = subscribe(archive, ann, "stream:s")
    publish(ann, "stream:s", {"x": [1]}, {"x": [2]}, {"x": [3]})
    archive.work()
    again = Peer(start(archive)).connect()
    recovered = subscribe(archive, again, "stream:s", recover=True, epoch=subscribed["epoch"], offset=1)
    assert recovered["recovered"] and recovered["epoch"] == subscribed["epoch"]
    assert [pub["data"] for pub in recovered["publications"]] == [{"x": [2]}, {"x": [3]}]
    publish(again, "stream:s", {"x": [4]})
    archive.work()
    assert [pub["offset"] for pub in publications(again.messages(), "stream:s")] == [4]


def test_states_are_there_after_a_restart() -> None:
    archive = ModelArchive()
    ann = Peer(start(archive)).connect()
    ann.rpc_later(archive, "rtwidgets.declare", channel="table:t", key="id")
    ann.rpc_later(archive, "rtwidgets.declare", channel="value:default", default=7)
    publish(ann, "table:t", {"upsert": {"id": [3, "a", 2], "x": [1.5, None, "é"]}}, {"remove": [3]})
    publish(ann, "table:t", {"upsert": {"id": [4, 2], "y": [[1], {"z": 1}]}})
    publish(ann, "value:v", {"deep": [1]})
    publish(ann, "chat:c", {"type": "message", "id": "1", "text": "a", "open": True})
    publish(ann, "chat:c", {"type": "append", "id": "1", "text": "b"})
    publish(ann, "chat:c", {"type": "message", "id": "2", "text": "c"}, {"type": "delete", "id": "2"})
    publish(ann, "chat:c", {"type": "reaction", "id": "1", "emoji": "👍"})
    archive.work()
    ann.messages()
    names = ("table:t", "value:v", "value:default", "chat:c")
    before = {name: subscribe(archive, ann, name) for name in names}
    again = Peer(start(archive)).connect()
    assert {name: subscribe(archive, again, name) for name in names} == before
    # The key is known, so a publisher need not declare it again.
    publish(again, "table:t", {"upsert": {"id": [9]}})
    publish(again, "chat:c", {"type": "append", "id": "1", "text": "!", "done": True}, first_id=200)
    archive.work()
    assert all("error" not in message for message in answers(again).values())


def test_load_that_fails_is_a_temporary_error_and_is_tried_again() -> None:
    archive = ModelArchive()
    hub = start(archive)
    ann = Peer(hub).connect()
    ann.send(
        {"id": 1, "subscribe": {"channel": "event:a"}},
        {"id": 2, "publish": {"channel": "event:a", "data": 1}},
        {"id": 3, "history": {"channel": "event:a", "limit": 1}},
        {"id": 4, "rpc": {"method": "rtwidgets.declare", "data": {"channel": "event:a", "default": 1}}},
    )
    assert len(archive.loads) == 1
    archive.answer_loads(AWAY)
    assert {n: r["error"]["temporary"] for n, r in answers(ann).items()} == dict.fromkeys((1, 2, 3, 4), True)
    assert ann.connection.inbox.pending == hub.archiving.waiting_bytes == 0
    subscribe(archive, ann, "event:a")
    publish(ann, "event:a", 1)
    archive.work()
    assert len(publications(ann.messages(), "event:a")) == 1


def test_connect_waits_for_the_channels_of_its_token() -> None:
    archive = ModelArchive()
    hub = start(archive)
    first = Peer(hub).connect()
    publish(first, "event:a", 1)
    publish(first, "event:b", 1)
    archive.work()
    hub = start(archive)
    peer = Peer(hub)
    claims = {"sub": "ann", "channels": ["event:a", "event:b"], "caps": {"*": ["publish"]}}
    peer.token = jwt.encode(claims, SECRET, algorithm="HS256")
    peer.send(
        {"id": 1, "connect": {"token": peer.token}},
        {"id": 2, "publish": {"channel": "event:a", "data": 2}},
    )
    assert peer.connection.can_go_on is False
    archive.work()
    assert peer.connection.can_go_on
    peer.connection.resume(1.0)
    archive.work()
    messages = peer.messages()
    subs = messages[0]["connect"]["subs"]
    assert {name: sub["offset"] for name, sub in subs.items()} == {"event:a": 1, "event:b": 1}
    assert [m["id"] for m in messages if "id" in m] == [1, 2]
    assert [pub["data"] for pub in publications(messages, "event:a")] == [2]


def test_history_goes_on_in_the_archive() -> None:
    archive = ModelArchive()
    names = {"event": Namespace("event", history_size=3, history_ttl_s=60, recover=True, archive=True)}
    hub = start(archive, namespaces=names, limits=Limits(delivery_window=3))
    ann = Peer(hub).connect()
    subscribe(archive, ann, "event:a")
    for number in range(1, 11):
        publish(ann, "event:a", number)
        archive.work()
    ann.messages()

    def history(**wanted: Any) -> list[int]:
        ann.send({"id": 5, "history": {"channel": "event:a", **wanted}})
        archive.work()
        return [pub["data"] for pub in answers(ann)[5]["history"]["publications"]]

    epoch = hub.channels["event:a"].log.epoch
    assert history(limit=-1) == [8, 9, 10]
    assert history(limit=-1, reverse=True) == [10, 9, 8]
    assert history(limit=5, reverse=True) == [10, 9, 8, 7, 6]
    assert history(limit=2) == [1, 2]
    assert history(limit=3, since={"epoch": epoch, "offset": 2}) == [3, 4, 5]
    assert history(limit=-1, since={"epoch": epoch, "offset": 8}, reverse=True) == [7, 6, 5, 4, 3, 2, 1]
    assert history(limit=-1, since={"epoch": epoch, "offset": 8}) == [9, 10]
    assert archive.reads == []
    ann.send({"id": 5, "history": {"channel": "event:a", "limit": 5, "reverse": True}})
    archive.answer_reads(AWAY)
    assert answers(ann)[5]["error"]["temporary"]


def test_unused_channel_is_let_go_of_and_found_again() -> None:
    archive = ModelArchive()
    hub = start(archive)
    ann = Peer(hub).connect()
    subscribe(archive, ann, "value:v")
    publish(ann, "value:v", 5)
    archive.work()
    hub.tick(1_000.0)
    assert "value:v" in hub.channels
    ann.connection.end(1_000.0)
    hub.tick(2_000.0)
    assert "value:v" not in hub.channels and hub.budget.used == hub.budget.kept == 0
    bob = Peer(hub, "bob").connect()
    found = subscribe(archive, bob, "value:v")
    assert (found["offset"], found["data"]["value"]) == (1, 5)


def test_publisher_that_is_faster_than_the_archive_is_read_more_slowly() -> None:
    archive = ModelArchive()
    hub = start(archive)
    ann = Peer(hub).connect()
    for number in range(100):
        publish(ann, "event:a", "x" * 20_000, first_id=number + 1)
    assert hub.archiving.waiting_bytes < 400_000
    assert ann.connection.congested and not ann.connection.can_go_on
    archive.work()
    assert archive.channels["event:a"].top < 20
    ann.messages()
    assert ann.connection.can_go_on
    ann.connection.resume(1.0)
    archive.work()
    assert archive.channels["event:a"].top == 100 and not ann.connection.congested


def test_more_than_may_wait_is_refused_for_now() -> None:
    archive = ModelArchive()
    hub = start(archive, limits=Limits(archive_queue_bytes=3_000))
    ann = Peer(hub).connect()
    publish(ann, "event:a", "x" * 1_000, first_id=1)
    publish(ann, "event:b", "x" * 1_000, first_id=2)
    assert answers(ann)[2]["error"] == {
        "code": 100,
        "message": "too much waits to be committed: archive_queue_bytes",
        "temporary": True,
    }
    assert hub.refused["archive_queue_bytes"] == 1
    archive.work()
    assert hub.archiving.waiting_bytes == 0


def test_limit_of_the_archive_is_no_temporary_error() -> None:
    archive = ModelArchive()
    hub = start(archive)
    ann = Peer(hub).connect()
    publish(ann, "event:a", 1)
    archive.answer_loads()
    archive.begin()
    archive.end(ArchiveFault("at most 5 channels: archive_channels", limit="archive_channels"))
    error = answers(ann)[100]["error"]
    assert (error["code"], error.get("temporary")) == (106, None)
    assert hub.refused["archive_channels"] == 1


def test_what_the_hub_tells_of_itself_is_not_archived() -> None:
    archive = ModelArchive()
    hub = start(archive)
    owner = Peer(hub).connect()
    assert "rpc" in owner.rpc("rtwidgets.register", commands=[{"name": "halt"}])
    assert archive.loads == []
    assert hub.channel("event:rtwidgets.audit").durable is not None


def test_items_that_the_kind_refuses_do_not_keep_others_from_the_commit() -> None:
    archive = ModelArchive()
    ann = Peer(start(archive)).connect()
    publish(ann, "stream:s", {"x": [1]}, 5, {"x": [2]})
    archive.work()
    found = answers(ann)
    assert found[101]["error"]["code"] == 107 and "error" not in found[102]
    assert archive.channels["stream:s"].top == 2


def test_times_of_a_channel_never_go_back() -> None:
    archive = ModelArchive()
    ann = Peer(start(archive)).connect()
    ann.now = 500.0
    publish(ann, "event:a", 1)
    archive.work(now=500.0)
    again = Peer(start(archive)).connect()  # on a machine whose clock is late
    publish(again, "event:a", 2)
    archive.work(now=100.0)
    publish(again, "event:a", 3)
    archive.work(now=200.0)
    assert [time_ms for time_ms, _ in archive.channels["event:a"].publications] == [500_000] * 3


def test_reader_that_gets_merged_changes_gets_none_that_is_not_committed() -> None:
    archive = ModelArchive()
    hub = start(archive)
    ann, slow = Peer(hub).connect(), Peer(hub, "slow").connect()
    ann.rpc_later(archive, "rtwidgets.declare", channel="table:t", key="id")
    publish(ann, "table:t", {"upsert": {"id": [1, 2, 3], "x": [1, 1, 1]}})
    archive.work()
    subscribe(archive, slow, "table:t", data={"rtwidgets": {"max_hz": 1}})
    for number in range(2, 5):
        publish(ann, "table:t", {"upsert": {"id": [1], "x": [number]}})
        archive.work()
        slow.messages()  # the first change; the others wait for their turn
    publish(ann, "table:t", {"upsert": {"id": [1, 4], "new": [9, 9]}, "remove": [2]})
    archive.begin()
    slow.now += 10
    (merged,) = publications(slow.messages(), "table:t")
    assert (merged["offset"], merged["data"]) == (4, {"upsert": {"id": [1], "x": [4]}})
    archive.end(AWAY)
    publish(ann, "table:t", {"upsert": {"id": [3], "x": [7]}})
    archive.work()
    publish(ann, "table:t", {"remove": [2]})
    archive.work()
    slow.now += 10
    (merged,) = publications(slow.messages(), "table:t")
    assert merged["data"] == {"upsert": {"id": [3], "x": [7]}, "remove": [2]}


def test_batch_is_not_larger_than_what_the_log_keeps_for_readers() -> None:
    archive = ModelArchive()
    hub = start(archive)
    ann, bob = Peer(hub).connect(), Peer(hub, "bob").connect()
    subscribe(archive, bob, "event:a")
    for number in range(5):
        publish(ann, "event:a", *range(400), first_id=1_000 * (number + 1))
        if not number:
            archive.begin()
    seen: list[int] = []
    while archive.under_way:
        assert len(archive.under_way[0].publications) <= 900
        archive.end()
        seen += [pub["offset"] for pub in publications(bob.messages(), "event:a")]
        archive.begin()
    assert seen == list(range(1, 2_001))


def test_batch_of_a_table_has_no_more_rows_than_are_carried_out_at_once() -> None:
    archive = ModelArchive()
    hub = start(archive)
    ann, bob = Peer(hub).connect(), Peer(hub, "bob").connect()
    ann.send({"id": 1, "rpc": {"method": "rtwidgets.declare", "data": {"channel": "table:t", "key": "id"}}})
    archive.work()
    rows = [{"upsert": {"id": list(range(first, first + 1_200))}} for first in range(0, 6_000, 1_200)]
    publish(ann, "table:t", rows[0])
    archive.begin()
    for number, change in enumerate(rows):
        publish(ann if number % 2 else bob, "table:t", change, first_id=200 + number)
    archive.end()
    found = []
    while archive.begin():
        found.append([len(batch.publications) for batch in archive.under_way])
        archive.end()
    assert found == [[2], [2], [1]]

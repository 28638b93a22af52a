"""Channels of hubs that share a broker: one order, and whatever is missed is found."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from rtwidgets.core.batch import News, Place, Stored

from .model_broker import AWAY, ModelBroker, Port
from .peers import Peer, make_hub, publications
from .test_archiving import NAMES, answers, publish


class Two:
    """Two hubs, a client at each, both subscribed to a channel."""

    def __init__(self, channel: str = "event:a") -> None:
        self.channel = channel
        self.broker = ModelBroker()
        self.one, self.other = self._hub(), self._hub()
        self.ann, self.bob = Peer(self.one.hub).connect(), Peer(self.other.hub, "bob").connect()
        self.epochs = [self.subscribe(port, peer)["epoch"] for port, peer in self.sides]

    @property
    def sides(self) -> list[tuple[Port, Peer]]:
        return [(self.one, self.ann), (self.other, self.bob)]

    def _hub(self) -> Port:
        return self.broker.join(make_hub(broker=self.broker, namespaces=NAMES))

    def subscribe(self, port: Port, peer: Peer, **options: Any) -> dict[str, Any]:
        peer.send({"id": 1, "subscribe": {"channel": self.channel, **options}})
        port.work()
        found: dict[str, Any] = answers(peer)[1]["subscribe"]
        return found

    def seen(self, peer: Peer) -> list[Any]:
        return [pub["data"] for pub in publications(peer.messages(), self.channel)]


def test_both_hubs_have_one_epoch_before_anything_is_published() -> None:
    two = Two()
    assert two.epochs[0] == two.epochs[1]


def test_publication_is_acknowledged_by_one_hub_and_shown_by_the_other() -> None:
    two = Two()
    publish(two.ann, "event:a", 1, 2)
    two.one.begin()
    assert two.ann.messages() == []
    two.one.end()
    assert list(answers(two.ann)) == [100, 101]
    two.other.deliver()
    assert two.seen(two.bob) == [1, 2]


def test_batch_that_was_overtaken_is_made_again_behind_the_other() -> None:
    two = Two()
    publish(two.ann, "event:a", "first")
    publish(two.bob, "event:a", "second", "third")
    two.one.begin()
    two.other.begin()
    two.one.end()
    two.other.end()
    assert two.bob.messages() and not answers(two.bob)
    two.other.work()
    assert list(answers(two.bob)) == [100, 101]
    two.one.work()
    assert two.seen(two.ann) == ["first", "second", "third"]
    assert [batch.place.offset for batch in two.broker.channels["event:a"].batches] == [1, 3]


def test_what_was_decided_on_is_decided_again() -> None:
    two = Two("value:v")
    data = {"channel": "value:v", "data": 1, "if_version": 0}
    for _, peer in two.sides:
        peer.send({"id": 9, "rpc": {"method": "rtwidgets.set", "data": data}})
    two.one.begin()
    two.other.begin()
    two.one.end()
    two.other.end()
    two.other.work()
    assert answers(two.ann)[9]["rpc"]["data"]["version"] == 1
    assert answers(two.bob)[9]["error"]["code"] == 1005


def test_what_is_refused_is_refused_for_what_the_broker_has() -> None:
    two = Two("value:v")

    def set_(peer: Peer, id: int, version: int) -> None:
        data = {"channel": "value:v", "data": id, "if_version": version}
        peer.send({"id": id, "rpc": {"method": "rtwidgets.set", "data": data}})

    set_(two.ann, 1, 0)
    two.one.work()
    two.other.hints.clear()
    # One that is right, and one that comes when the broker has been asked already and has moved again since.
    set_(two.bob, 2, 1)
    set_(two.bob, 3, 9)
    two.other.begin()
    two.other.answer_asked()
    set_(two.ann, 4, 1)
    two.one.work()
    two.other.hints.clear()
    set_(two.bob, 5, 2)
    two.other.work()
    found = answers(two.bob)
    assert [found[id]["error"]["code"] for id in (2, 3)] == [1005, 1005]
    assert found[5]["rpc"]["data"]["version"] == 3
    two.one.work()
    two.broker.trim(0)
    # Nothing but refusals, and each of them only on what was there after it came.
    set_(two.bob, 6, 9)
    two.other.begin()
    set_(two.ann, 7, 3)
    two.one.work()
    set_(two.bob, 8, 9)
    two.other.hints.clear()
    two.other.work()
    found = answers(two.bob)
    assert "at 4: 7" in found[6]["error"]["message"] and "at 4: 7" in found[8]["error"]["message"]


def test_position_that_is_ahead_of_what_is_here_is_asked_for() -> None:
    two = Two()

    def resume(offset: int) -> Peer:
        eve = Peer(two.other.hub, "eve").connect()
        position = {"recover": True, "epoch": two.epochs[0], "offset": offset}
        eve.send({"id": 1, "subscribe": {"channel": "event:a", **position}})
        return eve

    def say(*data: int) -> None:
        publish(two.ann, "event:a", *data)
        two.one.work()
        two.other.hints.clear()

    def is_recovered(eve: Peer) -> bool:
        two.other.work()
        return bool(answers(eve)[1]["subscribe"].get("recovered"))

    say(1, 2)
    assert is_recovered(resume(2))
    say(3)
    # What the broker has is on its way, but from before.
    two.other.sweep()
    two.other.begin()
    ((name, _, place),) = two.other.asked
    two.other.asked.clear()
    news = deepcopy(two.broker.news(name, place))
    say(4)
    eve = resume(4)
    two.other.sharing.news(name, news, 1.0)
    assert is_recovered(eve)
    # Nobody has it.
    assert not is_recovered(resume(9))


def test_hint_that_got_lost_is_found_by_the_next_one() -> None:
    two = Two()
    for number in range(3):
        publish(two.ann, "event:a", number)
        two.one.work()
        if number == 1:
            two.other.hints.clear()
    two.other.work()
    assert two.seen(two.bob) == [0, 1, 2]


def test_silent_hints_are_found_by_the_sweep() -> None:
    two = Two()
    publish(two.ann, "event:a", 1)
    two.one.work()
    two.other.hints.clear()
    two.other.sweep()
    two.other.work()
    assert two.seen(two.bob) == [1]


def test_more_than_the_broker_keeps_is_declared() -> None:
    two = Two()
    for number in range(9):
        publish(two.ann, "event:a", number)
        two.one.work()
    two.other.hints.clear()
    two.broker.trim(2)
    two.other.sweep()
    two.other.work()
    pushes = [message["push"] for message in two.bob.messages()]
    assert [push["unsubscribe"]["code"] for push in pushes] == [2500]
    reply = two.subscribe(two.other, two.bob, recover=True, epoch=two.epochs[1], offset=0)
    assert not reply.get("recovered") and reply["epoch"] == two.epochs[1] and reply["offset"] == 9


def test_broker_that_has_lost_everything_is_a_new_epoch_for_all() -> None:
    two = Two()
    publish(two.ann, "event:a", 1)
    two.one.work()
    two.other.work()
    assert two.seen(two.ann) == two.seen(two.bob) == [1]
    two.broker.channels.clear()
    epochs = set()
    for port, peer in two.sides:
        port.sweep()
        port.work()
        assert [message["push"]["unsubscribe"]["code"] for message in peer.messages()] == [2500]
        reply = two.subscribe(port, peer, recover=True, epoch=two.epochs[0], offset=1)
        assert not reply.get("recovered")
        epochs.add(reply["epoch"])
    assert len(epochs) == 1 and two.epochs[0] not in epochs


def test_broker_that_is_away_lets_read_what_is_in_memory() -> None:
    two = Two()
    publish(two.ann, "event:a", 1)
    two.one.work()
    two.ann.messages()
    publish(two.ann, "event:a", 2, first_id=200)
    two.one.begin()
    two.one.end(AWAY)
    (refused,) = answers(two.ann).values()
    assert refused["error"]["code"] == 100 and refused["error"]["temporary"]
    cat = Peer(two.one.hub, "cat").connect()
    cat.send({"id": 1, "subscribe": {"channel": "event:a", "recover": True, "epoch": two.epochs[0]}})
    two.one.begin()
    two.one.answer_asked(AWAY)
    assert answers(cat)[1]["subscribe"]["publications"][0]["data"] == 1
    publish(two.ann, "event:a", 3, first_id=300)
    two.one.work()
    assert "error" not in answers(two.ann)[300]
    assert two.seen(cat) == [3]


def test_channel_that_nobody_uses_is_left() -> None:
    two = Two()
    publish(two.ann, "event:a", 1)
    two.one.work()
    two.other.work()
    two.bob.connection.end(2.0)
    left: list[str] = []
    two.other.leave = left.append  # type: ignore[assignment, method-assign]
    two.other.hub.tick(31.0)
    assert left == []
    two.other.hub.tick(100.0)
    assert left == ["event:a"] and "event:a" not in two.other.hub.channels


def test_broker_that_has_gone_back_makes_a_new_epoch() -> None:
    two = Two()
    publish(two.ann, "event:a", 1)
    two.one.work()
    before = deepcopy(two.broker.channels)
    publish(two.ann, "event:a", 2)
    two.one.work()
    two.other.work()
    two.ann.messages()
    two.broker.channels = before
    publish(two.ann, "event:a", 3)
    two.one.work()
    told = [message["push"] for message in two.ann.messages() if "push" in message]
    assert [push["unsubscribe"]["code"] for push in told] == [2500]
    reply = two.subscribe(two.one, two.ann, recover=True, epoch=two.epochs[0], offset=2)
    assert reply["epoch"] != two.epochs[0] and not reply.get("recovered")
    assert (reply["offset"], two.broker.channels["event:a"].publications[-1][:10]) == (2, b'{"data":3,')


def test_all_that_was_missed_is_asked_for_piece_by_piece() -> None:
    two = Two()
    for number in range(10):
        publish(two.ann, "event:a", number)
        two.one.work()
    two.other.hints.clear()
    two.other.sweep()
    two.other.work()
    assert two.seen(two.bob) == list(range(10))


def test_snapshot_stands_where_it_says_though_others_commit_while_it_is_loaded() -> None:
    two = Two("table:t")
    two.ann.rpc_later(two.one, "rtwidgets.declare", channel="table:t", key="id")
    publish(two.ann, "table:t", {"upsert": {"id": [1, 2], "n": [1, 1]}})
    two.one.work()
    publish(two.ann, "table:t", {"upsert": {"id": [1], "n": [2]}, "remove": [2]})
    two.one.begin()
    late = two._hub()
    cat = Peer(late.hub, "cat").connect()
    cat.send({"id": 1, "subscribe": {"channel": "table:t"}})
    late.begin()
    late.answer_entering()
    late.begin()
    reply = answers(cat)[1]["subscribe"]
    assert (reply["offset"], reply["data"]["rows"]) == (2, {"id": [1], "n": [2]})


def test_hub_that_has_shown_more_than_can_be_loaded_is_told_so() -> None:
    two = Two()
    publish(two.ann, "event:a", 1, 2)
    two.one.work()
    kept = two.broker.channels["event:a"]
    before = Stored("event", kept.epoch, 1, place=Place(1, 0))
    assert two.one.sharing.has_more("event:a", before, News(kept.epoch))
    assert not two.one.sharing.has_more("event:a", before, News(kept.epoch, batches=kept.batches))
    assert not two.one.sharing.has_more("event:a", Stored("event", "another", 0), News("another"))

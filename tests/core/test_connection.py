from __future__ import annotations

import msgspec

from rtwidgets.core import Limits
from rtwidgets.protocol import codes

from .peers import Peer, make_hub, publications


def test_socket_without_connect_is_stale() -> None:
    hub = make_hub()
    peer = Peer(hub)
    hub.tick(10.9)
    assert peer.connection.closing is None
    hub.tick(11.1)
    assert peer.connection.closing == (3502, "stale")


def test_ping_that_is_answered_goes_on() -> None:
    hub = make_hub()
    peer = Peer(hub).connect()
    for now in (26.0, 54.0, 82.0):
        hub.tick(now)
        assert {} in peer.messages()
        peer.now = now + 1
        peer.connection.receive([b"{}"], peer.now)
        hub.tick(now + 9)
    assert peer.connection.closing is None


def test_ping_without_pong_ends_with_3012() -> None:
    hub = make_hub()
    peer = Peer(hub).connect()
    hub.tick(26.0)
    hub.tick(34.5)
    assert peer.connection.closing == (3012, "no pong")


def test_publications_are_encoded_and_joined_once_for_all_readers() -> None:
    hub = make_hub()
    readers = [Peer(hub).connect() for _ in range(3)]
    for reader in readers:
        reader.ask(subscribe={"channel": "event:a"})
    channel = hub.channel("event:a")
    for number in range(5):
        channel.publish(b"%d" % number, now=1.0)
    hub.flush(1.0)
    frames = [reader.connection.take(1 << 20, 1.0) for reader in readers]
    assert frames[0] is frames[1] is frames[2]


def test_reader_that_is_behind_holds_no_payloads() -> None:
    hub = make_hub(limits=Limits(delivery_window=10))
    peer = Peer(hub).connect()
    peer.ask(subscribe={"channel": "stream:a"})
    for number in range(1000):
        hub.channel("stream:a").publish(b'{"x":[%d]}' % number, now=1.0)
        hub.flush(1.0)
    # One turn in line for one cursor, whatever the number of publications.
    assert len(peer.connection._wanted) == 1
    assert peer.connection._replies == []


def test_reader_that_the_log_has_left_behind_is_told_and_may_come_back() -> None:
    hub = make_hub(limits=Limits(delivery_window=10))
    peer = Peer(hub).connect()
    peer.ask(subscribe={"channel": "event:a"})
    for number in range(2000):
        hub.channel("event:a").publish(b"%d" % number, now=1.0)
    (message,) = peer.messages()
    assert message == {
        "push": {"channel": "event:a", "unsubscribe": {"code": 2500, "reason": "insufficient state"}}
    }
    result = peer.ask(subscribe={"channel": "event:a", "recover": True, "offset": 0})["subscribe"]
    assert result["was_recovering"] and "recovered" not in result and result["offset"] == 2000


def test_value_reader_that_is_behind_gets_the_last_value_only() -> None:
    hub = make_hub(limits=Limits(conflate_after=3))
    peer = Peer(hub).connect()
    peer.ask(subscribe={"channel": "value:v"})
    for number in range(50):
        hub.channel("value:v").publish(b"%d" % number, now=1.0)
    (publication,) = publications(peer.messages(), "value:v")
    assert (publication["data"], publication["offset"]) == (49, 50)


def test_merged_value_says_who_set_it() -> None:
    hub = make_hub(limits=Limits(conflate_after=3))
    reader, writer = Peer(hub).connect(), Peer(hub, "bob").connect()
    reader.ask(subscribe={"channel": "value:v"})
    for number in range(50):
        writer.send({"id": 100 + number, "publish": {"channel": "value:v", "data": number}})
    (publication,) = publications(reader.messages(), "value:v")
    assert publication["info"]["user"] == "bob"


def test_cancelled_timers_do_not_pile_up() -> None:
    hub = make_hub()
    peer = Peer(hub).connect()
    before = len(hub.timers._heap)
    for _ in range(5_000):
        hub.timers.at(1e9, lambda now: None).cancel()
    assert len(hub.timers._heap) < before + 2_500
    assert peer.connection.closing is None


def test_channels_take_turns() -> None:
    hub = make_hub()
    peer = Peer(hub).connect()
    for name in ("event:hot", "event:calm"):
        peer.ask(subscribe={"channel": name})
    for number in range(500):
        hub.channel("event:hot").publish(b"%d" % number, now=1.0)
    hub.channel("event:calm").publish(b"1", now=1.0)
    hub.flush(1.0)
    frame = (peer.connection.take(200, 1.0) or b"") + (peer.connection.take(200, 1.0) or b"")
    assert b"event:calm" in frame


def test_channels_share_evenly_while_all_of_them_are_hot() -> None:
    hub = make_hub()
    peer = Peer(hub).connect()
    names = [f"event:{name}" for name in ("hot", "warm", "calm")]
    for name in names:
        peer.ask(subscribe={"channel": name})
    seen = dict.fromkeys(names, 0)
    for turn in range(60):
        for name, count in zip(names, (15, 5, turn % 10 == 0), strict=True):
            for _ in range(count):
                hub.channel(name).publish(b"1", now=1.0)
        hub.flush(1.0)
        # A slow reader: room for some publications only, at each turn.
        frame = peer.connection.take(300, 1.0) or b""
        for name in names:
            seen[name] += frame.count(name.encode())
        if turn % 10 == 3:
            assert seen["event:calm"] == turn // 10 + 1
    assert abs(seen["event:hot"] - seen["event:warm"]) <= 6


def test_notices_come_before_publications_however_many_wait() -> None:
    hub = make_hub()
    reader, other = Peer(hub).connect(), Peer(hub, "bob").connect()
    for name in ("event:a", "chat:b"):
        reader.ask(subscribe={"channel": name})
    for _ in range(500):
        hub.channel("event:a").publish(b'"%s"' % (b"x" * 100), now=1.0)
    hub.flush(1.0)
    reader.connection.take(1000, 1.0)
    other.send({"id": 7, "subscribe": {"channel": "chat:b"}})
    hub.tick(30.0)
    reader.send({"id": 8, "ping": {}})
    lines = (reader.connection.take(1000, 30.0) or b"").split(b"\n")
    first = [msgspec.json.decode(line) for line in lines[:3]]
    assert first[0]["push"]["join"]["info"]["user"] == "bob"
    assert first[1:] == [{}, {"id": 8, "ping": {}}]
    assert reader.connection.has_output


def test_replies_come_before_publications() -> None:
    hub = make_hub()
    peer = Peer(hub).connect()
    peer.ask(subscribe={"channel": "event:a"})
    hub.channel("event:a").publish(b"1", now=1.0)
    hub.flush(1.0)
    peer.send({"id": 9, "ping": {}})
    assert peer.messages()[0] == {"id": 9, "ping": {}}


def test_commands_wait_while_replies_do() -> None:
    hub = make_hub()
    peer = Peer(hub).connect()
    hub.channel("event:a").publish(b'"%s"' % (b"x" * 9_000), now=1.0)
    peer.send(*({"id": n, "history": {"channel": "event:a", "limit": -1}} for n in range(1, 51)))
    assert peer.connection.congested and peer.connection.closing is None
    answered = []
    while True:
        found = peer.messages()
        if not found:
            break
        answered += [message["id"] for message in found]
        peer.connection.resume(1.0)
    assert answered == list(range(1, 51))


def test_client_that_reads_no_notices_is_too_slow() -> None:
    hub = make_hub(limits=Limits(replies_bytes=2000))
    reader, other = Peer(hub).connect(), Peer(hub, "bob").connect()
    reader.ask(subscribe={"channel": "chat:a"})
    for _ in range(40):
        other.ask(subscribe={"channel": "chat:a"})
        other.ask(unsubscribe={"channel": "chat:a"})
    assert reader.connection.closing == (3008, "slow")


def test_connection_that_is_closed_gets_nothing_published_later() -> None:
    hub = make_hub()
    reader, writer = Peer(hub).connect(), Peer(hub, "bob").connect()
    reader.ask(subscribe={"channel": "event:a"})
    writer.ask(publish={"channel": "event:a", "data": 1})
    assert len(publications(reader.messages(), "event:a")) == 1
    # A slow reader stays until what it has been sent has left.
    reader.connection.close(codes.INVALID_TOKEN)
    writer.ask(publish={"channel": "event:a", "data": 2})
    assert reader.messages() == [] and not reader.connection.has_output


def test_what_comes_behind_a_bad_frame_does_not_wait() -> None:
    peer = Peer(make_hub()).connect()
    peer.connection.receive([b'{"id":1,"ping":{}}', b"no", b'{"id":2,"ping":{}}'], 0.0)
    assert peer.connection.closing == codes.BAD_FRAME
    assert not peer.connection.congested and not peer.connection.can_go_on


def test_ended_connection_leaves_nothing() -> None:
    hub = make_hub()
    peer = Peer(hub).connect()
    peer.ask(subscribe={"channel": "event:a"})
    peer.connection.end(1.0)
    peer.connection.end(2.0)
    assert hub.connections == {} and hub.channel("event:a").cursors == {}

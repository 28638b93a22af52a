"""What hubs that share a broker know of each other, over a wire that a test steps through."""

from __future__ import annotations

from typing import Any

import msgspec

from rtwidgets.core import Namespace
from rtwidgets.core.capabilities import ALL_VERBS
from rtwidgets.core.node_messages import Anew, Answered, Progressed, Shared, Told, decode, encode

from .model_broker import ModelBroker
from .peers import ALL, Peer, make_hub

NAMES = {"room": Namespace("event", presence=True, join_leave=True)}


class Wire:
    """Carries what hubs tell, in order, once `run` is called."""

    def __init__(self) -> None:
        self.nodes: dict[str, Side] = {}
        self.sent: list[tuple[str | None, bytes]] = []
        # Not the subject here, but there has to be one.
        self.broker = ModelBroker()

    def join(self, node: str) -> Side:
        side = self.nodes[node] = Side(self, node)
        return side

    def run(self, now: float = 1.0) -> None:
        while self.sent:
            to, message = self.sent.pop(0)
            for node, side in list(self.nodes.items()):
                if to in (None, node):
                    side.core.hear(decode(message), now)
            for side in self.nodes.values():
                side.read_now(now)

    def kill(self, node: str, now: float = 1.0) -> None:
        del self.nodes[node]
        for side in self.nodes.values():
            side.core.keep(self.nodes, now)


class Side:
    is_away = False
    is_behind = False

    def __init__(self, wire: Wire, node: str) -> None:
        self.wire, self.node = wire, node
        self.hub = make_hub(broker=wire.broker, namespaces=NAMES)
        wire.broker.join(self.hub)
        self.hub.process_id = node
        self.core = self.hub.join_nodes(self)
        self.seq = 0
        self.to_read: set[str] = set()

    def tell(self, facts: dict[str, bytes | None]) -> None:
        self.seq += 1
        self.wire.sent.append((None, encode(Told(self.node, self.seq, facts))))

    def share(self, facts: dict[str, bytes | None]) -> None:
        self.wire.sent.append((None, encode(Shared(facts))))

    def pass_on(self, message: bytes) -> None:
        self.wire.sent.append((None, message))

    def send(self, node: str, message: bytes) -> None:
        self.wire.sent.append((node, message))

    def read(self, node: str) -> None:
        self.to_read.add(node)

    def read_now(self, now: float) -> None:
        while self.to_read:
            other = self.wire.nodes.get(self.to_read.pop())
            if other is not None:
                self.core.know(other.node, other.seq, dict(other.core.own), now)


class Two:
    def __init__(self) -> None:
        self.wire = Wire()
        self.one, self.other = self.wire.join("one"), self.wire.join("other")
        self.ann = Peer(self.one.hub).connect()
        self.bob = Peer(self.other.hub, "bob").connect()

    def subscribe(self, peer: Peer, channel: str) -> dict[str, Any]:
        # Channels of the broker are not the subject here.
        found = peer.hub.channel(channel)
        found.durable = None
        return peer.ask(subscribe={"channel": channel})

    def register(self, peer: Peer, name: str = "go") -> None:
        spec = {"name": name, "title": "Go", "schema": {}}
        assert "error" not in peer.rpc("rtwidgets.register", commands=[spec])
        self.wire.run()

    def catalogue(self, peer: Peer) -> dict[str, Any]:
        reply = peer.ask(subscribe={"channel": "table:rtwidgets.commands"})["subscribe"]
        peer.ask(unsubscribe={"channel": "table:rtwidgets.commands"})
        rows: dict[str, Any] = reply["data"]["rows"]
        return rows

    def call(self, peer: Peer) -> None:
        data = {"command": "go", "args": {"n": 1}}
        peer.send({"id": 700, "rpc": {"method": "rtwidgets.call", "data": data}})
        self.wire.run()

    def told(self, peer: Peer, what: str) -> list[Any]:
        pushes = [message["push"]["message"]["data"] for message in peer.messages() if "push" in message]
        return [push["rtwidgets"][what] for push in pushes if what in push["rtwidgets"]]


def outcome(peer: Peer) -> dict[str, Any]:
    (reply,) = (message for message in peer.messages() if message.get("id") == 700)
    return reply


def test_members_of_a_hub_that_ends_leave() -> None:
    two = Two()
    two.subscribe(two.ann, "room:a")
    two.subscribe(two.bob, "room:a")
    two.wire.run()
    assert [p["push"]["join"]["info"]["user"] for p in two.ann.messages() if "push" in p] == ["bob"]
    two.wire.kill("other")
    assert [p["push"]["leave"]["info"]["user"] for p in two.ann.messages() if "push" in p] == ["bob"]
    assert len(two.ann.ask(presence={"channel": "room:a"})["presence"]["presence"]) == 1


def test_other_hubs_hear_who_a_member_is_by_its_newest_token() -> None:
    two = Two()
    two.subscribe(two.ann, "room:a")
    two.subscribe(two.bob, "room:a")
    two.wire.run()
    two.ann.messages()
    token = two.other.hub.tokens.mint(user="bob", caps=ALL, now=0.0, token_id="t", info={"name": "B"})
    assert "refresh" in two.bob.ask(refresh={"token": token})
    two.wire.run()
    left, joined = (message["push"] for message in two.ann.messages())
    assert left["leave"]["info"]["conn_info"] == {"name": "Bob"}
    assert joined["join"]["info"]["conn_info"] == {"name": "B"}
    there = two.ann.ask(presence={"channel": "room:a"})["presence"]["presence"]
    assert there[two.bob.connection.client]["conn_info"] == {"name": "B"}
    two.bob.connection.end(2.0)
    two.wire.run()
    assert two.one.core.count_members("room:a") == 0


def test_origins_are_of_all_hubs_and_go_with_who_allows_them() -> None:
    two = Two()
    owners = [Peer(side.hub, owner=True).connect() for side in (two.one, two.one, two.other)]
    origin = "http://localhost:8888"
    for owner in owners:
        owner.rpc("rtwidgets.allow_origin", origin=origin)
    two.wire.run()
    for left in (2, 1, 0):
        assert origin in two.one.hub.origins and origin in two.other.hub.origins
        owners[left].connection.end(2.0)
        two.wire.run()
    assert not two.one.hub.origins and not two.other.hub.origins
    Peer(two.other.hub, owner=True).connect().rpc("rtwidgets.allow_origin", origin=origin)
    two.wire.run()
    assert two.one.hub.origins == {origin}
    two.wire.kill("other")
    assert not two.one.hub.origins


def test_hub_that_missed_something_reads_all_there_is() -> None:
    two = Two()
    two.subscribe(two.bob, "room:a")
    two.wire.sent.clear()
    two.subscribe(two.bob, "room:b")
    two.wire.run()
    for channel in ("room:a", "room:b"):
        two.subscribe(two.ann, channel)
        assert len(two.ann.ask(presence={"channel": channel})["presence"]["presence"]) == 2


def test_facts_that_were_told_anew_replace_the_old_ones() -> None:
    two = Two()
    two.subscribe(two.bob, "room:a")
    two.wire.run()
    two.other.core.own.clear()
    two.other.seq += 1
    two.wire.sent.append((None, encode(Anew("other"))))
    two.wire.run()
    two.subscribe(two.ann, "room:a")
    assert len(two.ann.ask(presence={"channel": "room:a"})["presence"]["presence"]) == 1


def test_catalogue_counts_handlers_of_all_hubs() -> None:
    two = Two()
    two.register(two.ann)
    two.register(two.bob)
    for peer in (two.ann, two.bob):
        assert two.catalogue(peer)["handlers"] == [2]
    two.wire.kill("other")
    assert two.catalogue(two.ann)["handlers"] == [1]
    two.ann.connection.end(2.0)
    assert not any(two.catalogue(Peer(two.one.hub, "cat").connect()).values())


def test_call_whose_handlers_hub_ends_is_unknown() -> None:
    two = Two()
    two.register(two.ann)
    two.call(two.bob)
    assert two.told(two.ann, "call")[0]["caller"]["user"] == "bob"
    two.wire.kill("one")
    assert outcome(two.bob)["error"]["code"] == 1003


def test_call_that_finds_its_handler_gone_is_refused() -> None:
    two = Two()
    two.register(two.ann)
    two.ann.rpc("rtwidgets.unregister", names=["go"])
    two.wire.sent.clear()
    two.call(two.bob)
    assert outcome(two.bob)["error"]["code"] == 1000


def test_only_the_hub_that_has_the_handler_answers_for_it() -> None:
    two = Two()
    third = two.wire.join("third")
    two.register(two.ann)
    two.call(two.bob)
    (call,) = two.told(two.ann, "call")
    answer = {"call": call["id"], "result": 1}
    other = Peer(third.hub, "eve").connect()
    other.rpc("rtwidgets.reply", **answer)
    Peer(two.one.hub, "eve").connect().rpc("rtwidgets.reply", **answer)
    # Nor does a hub that says so, where it was not given the call.
    for said in (
        Answered("third", call["id"], msgspec.json.encode(answer)),
        Answered("nobody", call["id"], lost=True),
    ):
        two.wire.sent.append(("other", encode(said)))
    two.wire.run()
    assert not [message for message in two.bob.messages() if message.get("id") == 700]
    two.ann.rpc("rtwidgets.reply", **answer)
    two.wire.run()
    assert outcome(two.bob)["rpc"]["data"] == {"result": 1}


def test_no_other_hub_answers_for_a_handler_that_is_here() -> None:
    two = Two()
    two.register(two.ann)
    two.call(two.ann)
    (call,) = two.told(two.ann, "call")
    for said in (Answered("other", call["id"], lost=True), Progressed("other", call["id"], 0.5, "half")):
        two.wire.sent.append(("one", encode(said)))
    two.wire.run()
    assert two.ann.messages() == []
    reply = two.ann.rpc("rtwidgets.reply", call=call["id"], result=1)
    assert "error" not in reply


def test_calls_from_elsewhere_do_not_cut_off_a_handler_that_is_behind() -> None:
    two = Two()
    two.register(two.ann)
    for number in range(40):
        data = {"command": "go", "args": {"note": "x" * 60_000}}
        two.bob.send({"id": 700 + number, "rpc": {"method": "rtwidgets.call", "data": data}})
        two.wire.run()
    refused = [message for message in two.bob.messages() if message.get("id", 0) >= 700]
    assert {message["error"]["code"] for message in refused} == {1001}
    assert refused[0]["error"]["message"].startswith("Busy: what serves 'go' has not read")
    assert two.ann.connection.closing is None
    assert len(two.told(two.ann, "call")) == 40 - len(refused) > 5


def test_who_may_not_call_a_command_does_not_cancel_its_calls_from_elsewhere() -> None:
    two = Two()
    two.register(two.ann)
    two.call(two.ann)
    (call,) = two.told(two.ann, "call")
    two.one.hub.tick(2.0)  # so that it is shown, also to the other hub
    two.wire.run(2.0)
    eve = Peer(two.other.hub, "eve", {"value:*": ALL_VERBS}).connect()
    assert eve.rpc("rtwidgets.cancel", call=call["id"])["error"]["code"] == 103
    assert two.bob.rpc("rtwidgets.cancel", call=call["id"])["rpc"]["data"] == {"state": "cancelling"}
    two.wire.run(2.0)
    assert two.told(two.ann, "cancel")[0]["by"] == "Bob"


def test_deadline_is_told_to_a_handler_elsewhere() -> None:
    two = Two()
    two.register(two.ann)
    two.call(two.bob)
    two.other.hub.tick(40.0)
    two.wire.run(40.0)
    assert outcome(two.bob)["error"]["code"] == 1002
    assert two.told(two.ann, "cancel")[0]["reason"] == "deadline"


def test_what_is_shared_outlives_the_hub_that_said_it() -> None:
    two = Two()
    assert "error" not in two.ann.rpc("rtwidgets.session", session="desk", title="Desk")
    two.wire.run()
    kept = dict(two.one.core.shared)
    two.wire.kill("one")
    late = two.wire.join("late")
    assert late.core.know_shared(kept, 1.0) == {}
    for side in (two.other, late):
        session = side.hub.sessions.get("desk")
        assert session is not None and session.title == "Desk"
    assert late.core.know_shared({"session\nother": msgspec.json.encode(session)}, 1.0) == {}
    assert late.hub.sessions.get("desk") is None


def test_shared_facts_that_the_broker_lost_are_told_again_and_revocations_always() -> None:
    two = Two()
    two.one.core.share("revoked", "t ", b'{"jti":"t"}')
    two.one.core.share("session", "desk", b"{}")
    assert set(two.one.core.know_shared({}, 1.0)) == {"revoked\nt ", "session\ndesk"}
    assert set(two.one.core.know_shared({"revoked\nu ": b'{"jti":"u"}'}, 1.0)) == {"revoked\nt "}


def test_session_is_kept_while_somebody_elsewhere_holds_it() -> None:
    two = Two()
    two.ann.rpc("rtwidgets.session", session="desk")
    two.wire.run()
    for now in (100.0, 90_000.0, 180_000.0):
        two.other.hub.sessions.sweep(now)
    assert two.other.hub.sessions.get("desk") is not None
    two.ann.connection.end(2.0)
    two.wire.run()
    for now in (180_001.0, 270_000.0):
        two.other.hub.sessions.sweep(now)
    two.wire.run()
    assert two.one.hub.sessions.get("desk") is two.other.hub.sessions.get("desk") is None

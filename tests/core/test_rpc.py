from __future__ import annotations

from typing import Any

import pytest

from rtwidgets.core import Hub, Limits

from .peers import ALL, Peer, make_hub, publications


def serve(hub: Hub, *names: str) -> Peer:
    handler = Peer(hub, "owner").connect()
    specs = [{"name": name, "title": name.title(), "schema": {"type": "object"}} for name in names]
    assert handler.rpc("rtwidgets.register", commands=specs)["rpc"]["data"] == {}
    return handler


def calls(peer: Peer) -> list[dict[str, Any]]:
    return [m["push"]["message"]["data"]["rtwidgets"]["call"] for m in peer.messages() if "push" in m]


def call(peer: Peer, name: str, **data: Any) -> None:
    peer.send({"id": 77, "rpc": {"method": "rtwidgets.call", "data": {"command": name, **data}}})


def test_call_goes_to_the_handler_and_back() -> None:
    hub = make_hub()
    handler, caller = serve(hub, "halt"), Peer(hub).connect()
    call(caller, "halt", args={"symbol": "ACME"}, timeout_ms=5000)
    (got,) = calls(handler)
    assert (got["command"], got["args"], got["deadline_ms"]) == ("halt", {"symbol": "ACME"}, 6000)
    assert got["caller"]["user"] == "ann"
    handler.rpc("rtwidgets.reply", call=got["id"], result={"ok": 1})
    assert caller.messages() == [{"id": 77, "rpc": {"data": {"result": {"ok": 1}}}}]


def test_handlers_failure_is_1001_with_type_and_text() -> None:
    hub = make_hub()
    handler, caller = serve(hub, "halt"), Peer(hub).connect()
    call(caller, "halt")
    handler.rpc(
        "rtwidgets.reply", call=calls(handler)[0]["id"], error={"type": "ValueError", "message": "no"}
    )
    assert caller.messages()[0]["error"] == {"code": 1001, "message": "ValueError: no"}


def test_call_without_handler_is_1000() -> None:
    caller = Peer(make_hub()).connect()
    call(caller, "halt")
    assert caller.messages()[0]["error"]["code"] == 1000


def test_deadline_is_1002_and_a_late_answer_is_dropped() -> None:
    hub = make_hub()
    handler, caller = serve(hub, "halt"), Peer(hub).connect()
    call(caller, "halt", timeout_ms=1000)
    (got,) = calls(handler)
    hub.tick(2.5)
    assert caller.messages()[0]["error"]["code"] == 1002
    handler.rpc("rtwidgets.reply", call=got["id"], result=1)
    assert caller.messages() == []


def test_handler_that_goes_away_is_1003_and_leaves_the_catalogue() -> None:
    hub = make_hub()
    handler, caller = serve(hub, "halt"), Peer(hub).connect()
    caller.ask(subscribe={"channel": "table:rtwidgets.commands"})
    call(caller, "halt")
    handler.connection.end(1.0)
    messages = caller.messages()
    assert [m["error"]["code"] for m in messages if "error" in m] == [1003]
    assert publications(messages, "table:rtwidgets.commands")[0]["data"] == {"remove": ["halt"]}


def test_answer_of_another_connection_is_ignored() -> None:
    hub = make_hub()
    handler, caller = serve(hub, "halt"), Peer(hub).connect()
    call(caller, "halt")
    (got,) = calls(handler)
    caller.rpc("rtwidgets.reply", call=got["id"], result="forged")
    handler.rpc("rtwidgets.reply", call=got["id"], result="real")
    assert caller.messages() == [{"id": 77, "rpc": {"data": {"result": "real"}}}]


def test_several_handlers_take_turns() -> None:
    hub = make_hub()
    handlers, caller = [serve(hub, "halt") for _ in range(2)], Peer(hub).connect()
    for _ in range(4):
        call(caller, "halt")
    assert [len(calls(handler)) for handler in handlers] == [2, 2]


def test_calls_under_way_are_limited() -> None:
    hub = make_hub(limits=Limits(calls_per_connection=1))
    serve(hub, "halt")
    caller = Peer(hub).connect()
    call(caller, "halt")
    call(caller, "halt")
    assert caller.messages()[0]["error"]["code"] == 106


def test_catalogue_lists_title_schema_and_number_of_handlers() -> None:
    hub = make_hub()
    serve(hub, "halt")
    serve(hub, "halt", "go")
    caller = Peer(hub, caps={"command:halt": frozenset(("command",))}).connect()
    rows = caller.ask(subscribe={"channel": "table:rtwidgets.commands"})["subscribe"]["data"]["rows"]
    assert rows == {
        "name": ["halt", "go"],
        "title": ["Halt", "Go"],
        "schema": [{"type": "object"}] * 2,
        "handlers": [2, 1],
    }


def test_catalogue_is_the_hubs_alone() -> None:
    peer = Peer(make_hub()).connect()
    reply = peer.ask(publish={"channel": "table:rtwidgets.commands", "data": {"remove": ["halt"]}})
    assert reply["error"]["code"] == 103


def test_calling_and_serving_need_their_rights() -> None:
    hub = make_hub()
    serve(hub, "halt")
    may_call = Peer(hub, caps={"command:halt": frozenset(("command",))}).connect()
    may_serve = Peer(hub, caps={"command:halt": frozenset(("publish",))}).connect()
    spec = [{"name": "halt"}]
    assert may_call.rpc("rtwidgets.register", commands=spec)["error"]["code"] == 103
    assert "error" not in may_serve.rpc("rtwidgets.register", commands=spec)
    assert may_serve.rpc("rtwidgets.call", command="halt")["error"]["code"] == 103


def test_batch_is_published_once_however_often_it_comes() -> None:
    hub = make_hub()
    peer, reader = Peer(hub).connect(), Peer(hub).connect()
    reader.ask(subscribe={"channel": "stream:a"})
    items = [{"channel": "stream:a", "data": {"x": [1]}}, {"channel": "nowhere:a", "data": 1}]
    first = peer.rpc("rtwidgets.publish", producer="p", seq=1, items=items)["rpc"]["data"]
    assert first == {"seq": 1, "errors": [{"index": 1, "code": 102, "message": "unknown channel"}]}
    again = Peer(hub).connect().rpc("rtwidgets.publish", producer="p", seq=1, items=items)
    assert again["rpc"]["data"] == {"seq": 1}
    assert len(publications(reader.messages(), "stream:a")) == 1
    other_user = Peer(hub, "bob").connect()
    other_user.rpc("rtwidgets.publish", producer="p", seq=1, items=items[:1])
    assert len(publications(reader.messages(), "stream:a")) == 1


def test_default_is_set_only_where_there_is_no_value() -> None:
    hub = make_hub()
    peer = Peer(hub).connect()
    for default in (100, 200):
        peer.rpc("rtwidgets.declare", channel="value:v", default=default)
    assert peer.ask(subscribe={"channel": "value:v"})["subscribe"]["data"]["value"] == 100


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"channel": "stream:a", "key": "id"}, "is no table"),
        ({"channel": "table:a", "default": 1}, "is no value"),
    ],
)
def test_declaring_what_a_kind_has_not_is_refused(data: dict[str, Any], words: str) -> None:
    reply = Peer(make_hub()).connect().rpc("rtwidgets.declare", **data)
    assert reply["error"]["code"] == 107 and words in reply["error"]["message"]


def test_owner_mints_tokens_no_wider_than_its_own() -> None:
    hub = make_hub()
    owner = Peer(hub, "owner", {"stream:*": frozenset(("subscribe", "publish"))}, owner=True).connect()
    narrow: dict[str, list[str]] = {"stream:a": ["subscribe"]}
    minted = owner.rpc("rtwidgets.token", ttl_s=60, sub="guest", caps=narrow)["rpc"]["data"]
    assert minted["expires_at_ms"] == 61_000
    guest = Peer(hub, "guest")
    guest.token = minted["token"]
    guest.connect()
    assert "error" not in guest.ask(subscribe={"channel": "stream:a"})
    assert guest.ask(publish={"channel": "stream:a", "data": {}})["error"]["code"] == 103
    assert guest.rpc("rtwidgets.token", ttl_s=60, sub="other")["error"]["code"] == 103
    for wide in ({"*": ["subscribe"]}, {"stream:a": ["history"]}, {"str*": ["subscribe"]}):
        assert owner.rpc("rtwidgets.token", ttl_s=60, caps=wide)["error"]["code"] == 103


def test_only_the_owner_allows_origins() -> None:
    hub = make_hub()
    assert (
        Peer(hub).connect().rpc("rtwidgets.allow_origin", origin="http://evil.example")["error"]["code"]
        == 103
    )
    owner = Peer(hub, owner=True).connect()
    assert owner.rpc("rtwidgets.allow_origin", origin="null")["error"]["code"] == 107
    owner.rpc("rtwidgets.allow_origin", origin="http://localhost:8888")
    assert hub.origins == {"http://localhost:8888"}


def test_batch_with_one_bad_item_publishes_the_others() -> None:
    peer = Peer(make_hub()).connect()
    deep: Any = 1
    for _ in range(100):
        deep = [deep]
    items = [{"channel": "event:a", "data": deep}, {"channel": "event:a", "data": "important"}]
    result = peer.rpc("rtwidgets.publish", producer="p", seq=1, items=items)["rpc"]["data"]
    assert [error["index"] for error in result["errors"]] == [0]
    assert "64 levels" in result["errors"][0]["message"]
    assert peer.hub.channel("event:a").log.top == 1


def test_producer_numbers_of_one_user_are_safe_from_another() -> None:
    hub = make_hub(limits=Limits(commands_per_s=0))
    ann, bob = Peer(hub).connect(), Peer(hub, "bob", caps={}).connect()
    batch = {"producer": "p", "seq": 1, "items": [{"channel": "event:a", "data": 1}]}
    ann.rpc("rtwidgets.publish", **batch)
    for number in range(1_500):
        bob.rpc("rtwidgets.publish", producer=f"p{number}", seq=1, items=[])
    ann.rpc("rtwidgets.publish", **batch)
    assert hub.channel("event:a").log.top == 1


def test_reserved_channels_can_not_be_declared() -> None:
    hub = make_hub()
    peer = Peer(hub).connect()
    reply = peer.rpc("rtwidgets.declare", channel="table:rtwidgets.commands", key="x")
    assert reply["error"]["code"] == 103
    serve(hub, "halt")


@pytest.mark.parametrize("schema", ["1e999", "[" * 90 + "]" * 90])
def test_unusable_schema_is_an_error_and_the_hub_goes_on(schema: str) -> None:
    peer = Peer(make_hub(), owner=True).connect()
    data = b'{"commands":[{"name":"x","schema":%s}]}' % schema.encode()
    peer.connection.receive([b'{"id":50,"rpc":{"method":"rtwidgets.register","data":%s}}' % data], 1.0)
    replies = peer.messages()
    assert [reply["id"] for reply in replies] == [50]
    peer.connection.receive(
        [b'{"id":51,"rpc":{"method":"rtwidgets.token","data":{"ttl_s":9,"info":1e999}}}'], 1.0
    )
    assert peer.messages()[0]["id"] == 51
    assert "error" not in peer.ask(ping={})


def test_minted_token_does_not_outlive_its_makers() -> None:
    hub = make_hub()
    owner = Peer(hub, "owner", owner=True)
    owner.token = hub.tokens.mint(user="owner", caps=ALL, now=0.0, token_id="t", ttl_s=60, owner=True)
    owner.connect()
    assert owner.rpc("rtwidgets.token", ttl_s=3_600)["rpc"]["data"]["expires_at_ms"] <= 60_000

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtwidgets.core import Limits, Namespace
from rtwidgets.core.capabilities import Caps
from rtwidgets.core.roles import caps_of_session
from rtwidgets.core.tokens import TokenRules, Tokens
from rtwidgets.protocol.messages import Command

from .peers import SECRET, Peer, make_hub, publications

OPEN = Namespace(
    "event",
    history_size=5,
    history_ttl_s=60,
    presence=True,
    join_leave=True,
    recover=True,
    allow=frozenset(("subscribe", "publish", "history", "presence")),
)


def open_hub(**options: Any) -> Any:
    return make_hub(namespaces={"default": OPEN}, **options)


def sub_token(channel: str, user: str = "ann", **claims: Any) -> str:
    import jwt

    return jwt.encode({"sub": user, "channel": channel, **claims}, SECRET, algorithm="HS256")


def code_of(reply: dict[str, Any]) -> int:
    code: int = reply["error"]["code"]
    return code


# connect ----------------------------------------------------------------------


def test_connect_reply_names_hub_and_ping() -> None:
    peer = Peer(make_hub())
    reply = peer.ask(connect={"token": peer.token})["connect"]
    assert reply == {
        "client": peer.connection.client,
        "version": "1",
        "ping": 10,
        "pong": True,
        "data": {"rtwidgets": {"hub": "hub", "version": "1", "max_message_bytes": 65536}},
    }


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
def test_connect_without_a_good_token_ends_with_3500(token: str) -> None:
    peer = Peer(make_hub())
    peer.send({"id": 1, "connect": {"token": token}})
    assert peer.messages() == []
    assert peer.connection.closing == (3500, "invalid token")


@pytest.mark.parametrize("user_channel", [False, True])
def test_anonymous_may_connect_when_the_rules_say_so(user_channel: bool) -> None:
    peer = Peer(open_hub(anonymous=True, user_channel=user_channel))
    assert "connect" in peer.ask(connect={})
    assert "error" not in peer.ask(publish={"channel": "a", "data": 1})
    assert code_of(peer.ask(publish={"channel": "stream:a", "data": {}})) == 103


def test_expired_token_gets_109() -> None:
    peer = Peer(make_hub())
    peer.now = 1000.0
    token = Tokens(SECRET).mint(user="ann", caps={}, now=0.0, token_id="t", ttl_s=10)
    assert code_of(peer.ask(connect={"token": token})) == 109


def test_connection_ends_when_its_token_does_unless_refreshed() -> None:
    hub = make_hub()
    peer = Peer(hub)
    mint = Tokens(SECRET).mint
    token = mint(user="ann", caps={}, now=0.0, token_id="t", ttl_s=100)
    reply = peer.ask(connect={"token": token})["connect"]
    assert (reply["expires"], reply["ttl"]) == (True, 99)
    peer.now = 95.0
    fresh = mint(user="ann", caps={}, now=95.0, token_id="t", ttl_s=100)
    assert peer.ask(refresh={"token": fresh})["refresh"]["ttl"] == 100
    hub.tick(150.0)
    peer.send({})
    assert peer.connection.closing is None
    hub.tick(300.0)
    assert peer.connection.closing == (3005, "connection expired")


def test_token_that_leeway_takes_is_good_until_that_is_over() -> None:
    hub = make_hub(limits=Limits(ping_interval_s=0))
    hub.tokens.rules = TokenRules(leeway_s=60)
    peer = Peer(hub)
    peer.now = 130.0
    token = Tokens(SECRET).mint(user="ann", caps={}, now=0.0, token_id="t", ttl_s=100)
    assert peer.ask(connect={"token": token})["connect"]["ttl"] == 30
    one = sub_token("event:a", exp=99)
    assert peer.ask(subscribe={"channel": "event:a", "token": one})["subscribe"]["ttl"] == 29
    hub.tick(161.0)
    assert peer.connection.closing is None and "event:a" in peer.connection.cursors
    hub.tick(164.5)
    assert [m["push"]["unsubscribe"]["code"] for m in peer.messages() if "push" in m] == [2501]
    hub.tick(165.0)
    assert peer.connection.closing == (3005, "connection expired")


def test_refresh_for_another_user_ends_the_connection() -> None:
    peer = Peer(make_hub()).connect()
    peer.send(
        {"id": 9, "refresh": {"token": Tokens(SECRET).mint(user="bob", caps={}, now=0.0, token_id="t")}}
    )
    assert peer.connection.closing == (3500, "invalid token")


def test_user_channel_is_subscribed_by_the_hub_and_recovers() -> None:
    hub = open_hub(user_channel=True)
    peer = Peer(hub)
    sub = peer.ask(connect={"token": peer.token})["connect"]["subs"]["#ann"]
    other = Peer(hub, "bob").connect()
    assert code_of(other.ask(subscribe={"channel": "#ann"})) == 103
    peer.connection.end(1.0)
    hub.channel("#ann").publish(b"1", now=1.0)
    back = Peer(hub)
    wanted = {"#ann": {"recover": True, "epoch": sub["epoch"], "offset": sub.get("offset", 0)}}
    result = back.ask(connect={"token": back.token, "subs": wanted})["connect"]["subs"]["#ann"]
    assert result["recovered"] and [p["data"] for p in result["publications"]] == [1]


# frames -------------------------------------------------------------------------


def test_text_that_is_not_utf8_never_reaches_a_reader() -> None:
    peer = Peer(open_hub()).connect()
    peer.connection.receive([b'{"id":5,"publish":{"channel":"a","data":"\xff"}}'], 1.0)
    assert peer.connection.closing == (3501, "bad request")
    assert peer.hub.channel("a").log.top == 0


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"nonsense",
        b"[]",
        b'{"id":"x"}',
        b'{"id":1}',
        b'{"id":1,"subscribe":{"channel":"a"}}',
        b"\xff",
        b"[" * 9999,
    ],
)
def test_malformed_frame_ends_with_3501(frame: bytes) -> None:
    peer = Peer(make_hub())
    peer.connection.receive([frame], 1.0)
    assert peer.connection.closing == (3501, "bad request")


def test_command_without_id_ends_with_3501() -> None:
    peer = Peer(make_hub()).connect()
    peer.send({"subscribe": {"channel": "a"}})
    assert peer.connection.closing == (3501, "bad request")


def test_send_ends_with_3508() -> None:
    peer = Peer(make_hub()).connect()
    peer.send({"send": {"data": 1}})
    assert peer.connection.closing == (3508, "not available")


def test_second_connect_ends_with_3501() -> None:
    peer = Peer(make_hub()).connect()
    peer.send({"id": 5, "connect": {}})
    assert peer.connection.closing == (3501, "bad request")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
requests = st.sampled_from(tuple(Command.__struct_fields__)[1:])
fields = st.dictionaries(
    st.sampled_from(["channel", "data", "token", "recover", "epoch", "offset", "limit", "since", "method"]),
    json_values
    | st.sampled_from(
        [
            "stream:a",
            "table:t",
            "chat:c",
            "value:v",
            "rtwidgets.publish",
            "rtwidgets.call",
            "rtwidgets.declare",
        ]
    ),
)


@given(st.lists(st.tuples(st.integers(0, 9), requests, fields), max_size=6), st.binary(max_size=40))
def test_no_frame_raises_out_of_the_core(
    commands: list[tuple[int, str, dict[str, Any]]], noise: bytes
) -> None:
    peer = Peer(make_hub(), owner=True).connect()
    for number, name, values in commands:
        peer.connection.receive([msgspec.json.encode({"id": number, name: values})], 2.0)
        peer.messages()
    peer.connection.receive([noise], 3.0)
    peer.messages()
    peer.hub.tick(100.0)


# channels -----------------------------------------------------------------------


def test_publication_reaches_subscribers_with_the_publishers_info() -> None:
    hub = open_hub()
    ann, bob = Peer(hub).connect(), Peer(hub, "bob").connect()
    ann.ask(subscribe={"channel": "a"})
    assert bob.ask(publish={"channel": "a", "data": {"x": 1}}) == {"id": 2, "publish": {}}
    (publication,) = publications(ann.messages(), "a")
    assert publication == {
        "data": {"x": 1},
        "offset": 1,
        "time": 1000,
        "info": {"user": "bob", "client": bob.connection.client, "conn_info": {"name": "Bob"}},
    }


def test_subscribe_twice_gets_105() -> None:
    peer = Peer(make_hub()).connect()
    peer.ask(subscribe={"channel": "stream:a"})
    assert code_of(peer.ask(subscribe={"channel": "stream:a"})) == 105


@pytest.mark.parametrize("channel", ["", "a b", "é", "x" * 256, "a\nb"])
def test_channel_name_outside_the_grammar_gets_107(channel: str) -> None:
    reply = Peer(open_hub()).connect().ask(subscribe={"channel": channel})
    assert code_of(reply) == 107
    assert "printable ASCII" in reply["error"]["message"]


def test_channel_that_may_not_be_used_is_not_made() -> None:
    hub = make_hub()
    peer = Peer(hub, caps={}).connect()
    for request in ("subscribe", "history", "presence"):
        assert code_of(peer.ask(**{request: {"channel": "event:a"}})) == 103
    assert code_of(peer.ask(publish={"channel": "event:a", "data": 1})) == 103
    assert hub.channels == {}


def test_connect_that_is_refused_leaves_nothing_behind() -> None:
    import jwt

    peer = Peer(make_hub())
    good = peer.token
    peer.token = jwt.encode({"sub": "ann", "channels": ["event:ok", "bad name"]}, SECRET, algorithm="HS256")
    assert code_of(peer.ask(connect={"token": peer.token})) == 107
    assert peer.connection.cursors == {}
    assert "connect" in peer.ask(connect={"token": good})


@pytest.mark.parametrize("user", ["zoë", "ann smith", "a#b", "a,b"])
def test_user_whose_name_is_no_channel_connects_without_a_channel_of_its_own(user: str) -> None:
    peer = Peer(open_hub(user_channel=True), user)
    assert "subs" not in peer.ask(connect={"token": peer.token})["connect"]


def test_half_a_character_is_replaced_and_not_refused() -> None:
    peer = Peer(open_hub()).connect()
    text = rb'{"id":5,"publish":{"channel":"a","data":"hi \ud83d, \ud83d\ude00, \\ud83d"}}'
    peer.connection.receive([text], 1.0)
    (publication,) = peer.ask(history={"channel": "a", "limit": 1})["history"]["publications"]
    assert publication["data"] == "hi \ufffd, \U0001f600, \\ud83d"


@pytest.mark.parametrize("kind", ["event", "stream", "table", "value", "chat"])
def test_deep_data_is_refused_and_harms_no_late_joiner(kind: str) -> None:
    peer = Peer(make_hub()).connect()
    channel = f"{kind}:deep"
    if kind == "table":
        peer.rpc("rtwidgets.declare", channel=channel, key="id")
    for depth in (70, 500, 970):
        data = b'{"a":%s}' % (b"[" * depth + b"]" * depth)
        command = b'{"id":90,"publish":{"channel":"%s","data":%s}}' % (channel.encode(), data)
        peer.connection.receive([command], 1.0)
        if peer.connection.closing is None:
            assert [code_of(message) for message in peer.messages()] == [106]
        else:  # so deep that the parser itself gave up
            assert depth > 70 and peer.connection.closing == (3501, "bad request")
            break
    late = Peer(peer.hub).connect()
    assert "subscribe" in late.ask(subscribe={"channel": channel})


def test_brackets_inside_texts_are_no_depth() -> None:
    peer = Peer(open_hub()).connect()
    assert "error" not in peer.ask(publish={"channel": "a", "data": ["[" * 200, '"{' * 100]})


def test_unknown_namespace_gets_102() -> None:
    assert code_of(Peer(make_hub()).connect().ask(subscribe={"channel": "nowhere:a"})) == 102


@pytest.mark.parametrize(
    ("request_name", "verb"),
    [("subscribe", "subscribe"), ("publish", "publish"), ("history", "history"), ("presence", "presence")],
)
def test_each_request_needs_its_verb(request_name: str, verb: Any) -> None:
    caps: Caps = {"event:a*": frozenset((verb,))}
    peer = Peer(make_hub(), caps=caps).connect()
    data = {"data": 1} if verb == "publish" else {}
    for other in ("subscribe", "publish", "history", "presence"):
        reply = peer.ask(
            **{other: {"channel": "event:abc", "data": 1} if other == "publish" else {"channel": "event:abc"}}
        )
        assert ("error" not in reply) == (other == request_name), (other, reply)
    assert code_of(peer.ask(**{request_name: {"channel": "event:b", **data}})) == 103


def test_who_has_no_name_uses_no_channel_for_users() -> None:
    peer = Peer(open_hub(anonymous=True), "").connect()
    for channel in ("#", "#,ann", "desk#"):
        assert code_of(peer.ask(subscribe={"channel": channel})) == 103
        assert code_of(peer.ask(publish={"channel": channel, "data": 1})) == 103


def test_subscription_token_opens_its_channel_for_its_user() -> None:
    hub = make_hub(limits=Limits(ping_interval_s=0))
    peer = Peer(hub, caps={}).connect()
    assert code_of(peer.ask(subscribe={"channel": "event:a"})) == 103
    for token in ("bad", sub_token("event:b"), sub_token("event:a", "bob"), peer.token):
        assert code_of(peer.ask(subscribe={"channel": "event:a", "token": token})) == 103
    assert code_of(peer.ask(subscribe={"channel": "event:a", "token": sub_token("event:a", exp=-100)})) == 109
    result = peer.ask(subscribe={"channel": "event:a", "token": sub_token("event:a", exp=50)})["subscribe"]
    assert (result["expires"], result["ttl"]) == (True, 49)
    newer = sub_token("event:a", exp=90, info={"seat": 2})
    reply = peer.ask(sub_refresh={"channel": "event:a", "token": newer})
    assert reply["sub_refresh"] == {"expires": True, "ttl": 89}
    (shown,) = Peer(hub).connect().ask(presence={"channel": "event:a"})["presence"]["presence"].values()
    assert shown["chan_info"] == {"seat": 2}
    hub.tick(70.0)
    assert "event:a" in peer.connection.cursors
    hub.tick(100.0)
    assert [m["push"]["unsubscribe"]["code"] for m in peer.messages() if "push" in m] == [2501]


def test_subscription_with_a_token_of_its_own_outlives_the_right_of_the_connections() -> None:
    peer = Peer(make_hub()).connect()
    peer.ask(subscribe={"channel": "event:a", "token": sub_token("event:a")})
    peer.ask(subscribe={"channel": "event:b"})
    assert "refresh" in peer.ask(refresh={"token": Peer(peer.hub, caps={}).token})
    assert list(peer.connection.cursors) == ["event:a"]


def test_info_of_a_subscription_token_is_not_the_role_in_a_session() -> None:
    hub = make_hub()
    owner = Peer(hub).connect()
    owner.rpc("rtwidgets.session", session="m")
    members = "event:m/rtwidgets.members"
    guest = Peer(hub, "bob", caps_of_session("viewer", "m")).connect()
    token = sub_token(members, "bob", info={"role": "owner"})
    assert "subscribe" in guest.ask(subscribe={"channel": members, "token": token})
    (info,) = owner.ask(presence={"channel": members})["presence"]["presence"].values()
    assert info["chan_info"] == {"role": "viewer"}


def test_history_limit_since_and_reverse() -> None:
    peer = Peer(open_hub()).connect()
    for number in range(1, 9):
        peer.ask(publish={"channel": "a", "data": number})

    def history(**request: Any) -> list[int]:
        return [
            p["data"]
            for p in peer.ask(history={"channel": "a", **request})["history"].get("publications", [])
        ]

    top = peer.ask(history={"channel": "a"})["history"]
    assert (top["offset"], "publications" in top) == (8, False)
    assert history(limit=-1) == [4, 5, 6, 7, 8]
    assert history(limit=2) == [4, 5]
    assert history(limit=2, reverse=True) == [8, 7]
    since = {"offset": 5, "epoch": top["epoch"]}
    assert history(limit=-1, since=since) == [6, 7, 8]
    assert history(limit=1, since=since) == [6]
    assert history(limit=-1, since=since, reverse=True) == [4]
    assert history(limit=5, since={"offset": 8, "epoch": top["epoch"]}) == []
    assert code_of(peer.ask(history={"channel": "a", "since": {"offset": 1, "epoch": "other"}})) == 112
    assert code_of(peer.ask(history={"channel": "a", "limit": 1, "reverse": True, "since": {}})) == 107


@pytest.mark.parametrize(("missed", "recovered"), [(0, True), (5, True), (6, False)])
def test_recovery_reaches_as_far_as_the_history(missed: int, recovered: bool) -> None:
    hub = open_hub()
    peer = Peer(hub).connect()
    epoch = peer.ask(subscribe={"channel": "a"})["subscribe"]["epoch"]
    peer.ask(publish={"channel": "a", "data": 0})
    peer.ask(unsubscribe={"channel": "a"})
    for number in range(missed):
        peer.ask(publish={"channel": "a", "data": number})
    position = {"channel": "a", "recover": True, "epoch": epoch, "offset": 1}
    result = peer.ask(subscribe=position)["subscribe"]
    assert result.get("recovered", False) == recovered
    assert len(result.get("publications", [])) == (missed if recovered else 0)
    peer.ask(unsubscribe={"channel": "a"})
    assert ("error" in peer.ask(subscribe={**position, "flag": 2})) == (not recovered)


def test_history_is_forgotten_after_its_time() -> None:
    peer = Peer(open_hub()).connect()
    peer.ask(publish={"channel": "a", "data": 1})
    peer.now = 100.0
    assert "publications" not in peer.ask(history={"channel": "a", "limit": -1})["history"]


def test_presence_and_its_stats_and_join_leave() -> None:
    hub = open_hub()
    ann, ann2, bob = Peer(hub).connect(), Peer(hub).connect(), Peer(hub, "bob").connect()
    for peer in (ann, ann2, bob):
        peer.ask(subscribe={"channel": "a"})
    presence = bob.ask(presence={"channel": "a"})["presence"]["presence"]
    assert {client: info["user"] for client, info in presence.items()} == {
        ann.connection.client: "ann",
        ann2.connection.client: "ann",
        bob.connection.client: "bob",
    }
    assert bob.ask(presence_stats={"channel": "a"})["presence_stats"] == {"num_clients": 3, "num_users": 2}
    bob.connection.end(1.0)
    pushes = [message["push"] for message in ann.messages()]
    assert [push["join"]["info"]["user"] for push in pushes if "join" in push] == ["ann", "bob"]
    assert [push["leave"]["info"]["user"] for push in pushes if "leave" in push] == ["bob"]


def test_rpc_outside_ours_gets_108_and_unknown_ones_104() -> None:
    peer = Peer(make_hub()).connect()
    assert code_of(peer.rpc("method")) == 108
    assert code_of(peer.rpc("rtwidgets.nothing")) == 104
    reply = peer.rpc("rtwidgets.declare", channel=1)
    assert code_of(reply) == 107
    assert "rtwidgets.declare: Expected `str`" in reply["error"]["message"]


# snapshots ----------------------------------------------------------------------


def test_snapshot_stands_at_the_replys_offset() -> None:
    hub = make_hub()
    peer = Peer(hub).connect()
    peer.rpc("rtwidgets.declare", channel="table:t", key="id")
    peer.ask(publish={"channel": "table:t", "data": {"upsert": {"id": [1], "x": [2]}}})
    peer.ask(publish={"channel": "value:v", "data": 5})
    peer.ask(publish={"channel": "chat:c", "data": {"type": "message", "id": "m", "text": "hi"}})
    peer.ask(publish={"channel": "event:e", "data": "x"})
    late = Peer(hub).connect()

    def joined(channel: str, **request: Any) -> tuple[int, Any]:
        result = late.ask(subscribe={"channel": channel, **request})["subscribe"]
        return result["offset"], result.get("data")

    assert joined("table:t") == (1, {"kind": "table", "key": "id", "rows": {"id": [1], "x": [2]}})
    by = {"user": "ann", "name": "Ann"}
    assert joined("value:v") == (1, {"kind": "value", "value": 5, "by": by, "time": 1000})
    offset, chat = joined("chat:c")
    assert (offset, [m["text"] for m in chat["messages"]]) == (1, ["hi"])
    assert joined("event:e") == (1, None)


def test_past_comes_behind_the_reply() -> None:
    hub = make_hub()
    peer, late = Peer(hub).connect(), Peer(hub).connect()
    peer.ask(publish={"channel": "stream:s", "data": {"time": [1]}})
    peer.ask(publish={"channel": "event:e", "data": "x"})
    assert late.join("event:e") == []
    late.ask(unsubscribe={"channel": "event:e"})
    result = late.ask(subscribe={"channel": "event:e", "data": {"rtwidgets": {"snapshot": True}}})[
        "subscribe"
    ]
    assert result["data"] == {"kind": "event", "until": 1} and "offset" not in result
    late.ask(unsubscribe={"channel": "event:e"})
    (event,) = late.join("event:e", data={"rtwidgets": {"snapshot": True}})
    assert (event["offset"], event["data"], event["info"]["user"]) == (1, "x", "ann")
    (batch,) = late.join("stream:s")
    assert (batch["offset"], batch["data"]) == (1, {"time": [1]})


def test_value_that_was_never_set_has_no_value() -> None:
    peer = Peer(make_hub()).connect()
    assert peer.ask(subscribe={"channel": "value:v"})["subscribe"]["data"] == {"kind": "value"}


@pytest.mark.parametrize(
    ("channel", "data", "words"),
    [
        ("stream:s", [1], "a stream takes columns"),
        ("table:t", {"upsert": {"id": [1]}}, "no key column yet"),
        ("chat:c", {"type": "shout"}, "a chat takes"),
    ],
)
def test_data_that_breaks_the_kind_gets_107_and_names_the_channel(
    channel: str, data: Any, words: str
) -> None:
    reply = Peer(make_hub()).connect().ask(publish={"channel": channel, "data": data})
    assert code_of(reply) == 107
    assert repr(channel) in reply["error"]["message"] and words in reply["error"]["message"]


def test_subscriptions_are_limited() -> None:
    peer = Peer(make_hub(limits=Limits(channels_per_connection=2))).connect()
    for name in "ab":
        assert "error" not in peer.ask(subscribe={"channel": f"event:{name}"})
    assert code_of(peer.ask(subscribe={"channel": "event:c"})) == 106


def test_unused_channels_end_and_their_successors_have_another_epoch() -> None:
    hub = make_hub(limits=Limits(ping_interval_s=0))
    peer = Peer(hub).connect()
    peer.ask(publish={"channel": "event:a", "data": 1})
    peer.ask(publish={"channel": "value:v", "data": 1})
    epoch = peer.ask(subscribe={"channel": "event:a"})["subscribe"]["epoch"]
    hub.tick(10_000.0)
    assert "event:a" in hub.channels
    peer.ask(unsubscribe={"channel": "event:a"})
    hub.tick(20_000.0)
    assert "event:a" not in hub.channels and "value:v" in hub.channels
    result = peer.ask(subscribe={"channel": "event:a", "recover": True, "epoch": epoch, "offset": 1})[
        "subscribe"
    ]
    assert result["epoch"] != epoch and "recovered" not in result


def frames_of(*commands: dict[str, Any]) -> list[bytes]:
    return [msgspec.json.encode(command) for command in commands]


def test_frames_that_come_together_are_answered_in_order() -> None:
    peer = Peer(make_hub()).connect()
    peer.connection.receive(
        frames_of(
            {"id": 50, "publish": {"channel": "event:a", "data": 1}},
            {"id": 51, "publish": {"channel": "event:a", "data": 2}},
            {"id": 52, "ping": {}},
            {"id": 53, "publish": {"channel": "event:b", "data": 3}},
            {"id": 54, "publish": {"channel": "table:t", "data": 4}},
            {"id": 55, "publish": {"channel": "event:b"}},
            {"id": 56, "publish": {"channel": "event:b", "data": 5}},
            {"id": 57, "publish": {"channel": "nowhere:b", "data": 6}},
        ),
        1.0,
    )
    replies = peer.messages()
    assert [(reply["id"], reply.get("error", {}).get("code")) for reply in replies] == [
        *((50, None), (51, None), (52, None), (53, None)),
        *((54, 107), (55, 107), (56, None), (57, 102)),
    ]
    assert peer.hub.channel("event:a").log.top == peer.hub.channel("event:b").log.top == 2


@pytest.mark.parametrize(
    "bad", [b"", b"{", b'{"id":0,"publish":{"channel":"event:a","data":9}}', b'{"id":51}', b'"\xff"']
)
def test_bad_frame_among_good_ones_ends_the_connection_after_those_before_it(bad: bytes) -> None:
    peer = Peer(make_hub()).connect()
    good = frames_of(*({"id": id, "publish": {"channel": "event:a", "data": id}} for id in (50, 52)))
    peer.connection.receive([good[0], bad, good[1]], 1.0)
    assert peer.connection.closing == (3501, "bad request")
    assert [message["id"] for message in peer.messages()] == [50]
    assert peer.hub.channel("event:a").log.top == 1


def test_publication_before_connect_ends_the_connection() -> None:
    peer = Peer(make_hub())
    peer.connection.receive(frames_of({"id": 1, "publish": {"channel": "event:a", "data": 1}}), 1.0)
    assert peer.connection.closing == (3501, "bad request")
    assert peer.hub.channels == {}


def test_fault_of_ours_fails_one_publication_and_not_those_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub = make_hub()
    faults: list[Exception] = []
    hub.on_fault = faults.append
    peer = Peer(hub).connect()
    kind = hub.channel("event:a").kind
    accept = kind.accept

    def broken(data: bytes, *rest: Any) -> bytes | None:
        if data == b"2":
            raise RuntimeError("ours")
        return accept(data, *rest)

    monkeypatch.setattr(kind, "accept", broken)
    commands = [{"id": 50 + n, "publish": {"channel": "event:a", "data": n}} for n in (1, 2, 3)]
    peer.connection.receive(frames_of(*commands), 1.0)
    assert [reply.get("error", {}).get("code") for reply in peer.messages()] == [None, 100, None]
    assert [str(fault) for fault in faults] == ["ours"]
    assert hub.channel("event:a").log.top == 2


def test_percent_signs_in_names_data_and_info_are_themselves() -> None:
    hub = make_hub()
    peer = Peer(hub, user="100%d").connect()
    peer.ask(subscribe={"channel": "event:50%d%%"})
    peer.send({"id": 60, "publish": {"channel": "event:50%d%%", "data": "7%b"}})
    (publication,) = publications(peer.messages(), "event:50%d%%")
    assert publication["data"] == "7%b" and publication["info"]["user"] == "100%d"


def test_fault_of_ours_while_publishing_is_an_error_and_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = make_hub()
    faults: list[Exception] = []
    hub.on_fault = faults.append
    peer = Peer(hub).connect()

    def fail(*args: object) -> Any:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(hub, "channel_for", fail)
        assert peer.ask(publish={"channel": "event:a", "data": 1})["error"]["code"] == 100
    assert "error" not in peer.ask(publish={"channel": "event:a", "data": 1})
    assert [type(fault) for fault in faults] == [ZeroDivisionError]

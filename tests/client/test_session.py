"""The protocol's client side as state: no socket, no clock."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from rtwidgets.client.notices import (
    Answered,
    Garbled,
    Membership,
    Online,
    Published,
    Refused,
    Silent,
    Subscribed,
    SubscribeRefused,
    Told,
    Unanswered,
)
from rtwidgets.client.session import Session
from rtwidgets.protocol.messages import Command, RpcRequest


def sent(session: Session) -> list[dict[str, Any]]:
    return [json.loads(line) for line in session.take()]


def frame(*messages: dict[str, Any]) -> str:
    return "\n".join(json.dumps(message) for message in messages)


def online(now: float = 0.0, *channels: str) -> Session:
    session = Session("test", lambda: 0.5)
    for channel in channels:
        session.subscribe(channel)
    session.open("secret", now)
    (connect,) = sent(session)
    session.receive(frame({"id": connect["id"], "connect": {"client": "c", "ping": 25, "pong": True}}), now)
    session.restore()
    return session


def subscribed(channel: str = "stream:a", **result: Any) -> Session:
    session = online(0.0, channel)
    (request,) = sent(session)
    reply = {"recoverable": True, "positioned": True, "epoch": "e1", "offset": 5, **result}
    session.receive(frame({"id": request["id"], "subscribe": reply}), 0.0)
    return session


def test_connect_carries_token_and_name() -> None:
    session = Session("bot", lambda: 0.5)
    session.open("secret", 0.0)
    (connect,) = sent(session)
    assert connect == {"id": 1, "connect": {"token": "secret", "name": "bot"}}
    assert not session.online


def test_connect_reply_makes_it_online() -> None:
    session = Session("bot", lambda: 0.5)
    session.open("secret", 0.0)
    session.take()
    (notice,) = session.receive(frame({"id": 1, "connect": {"client": "c9", "data": {"x": 1}}}), 0.0)
    assert isinstance(notice, Online) and session.online and session.client == "c9"


def test_connect_error_is_a_refusal() -> None:
    session = Session("bot", lambda: 0.5)
    session.open("secret", 0.0)
    error = {"code": 109, "message": "token expired"}
    (notice,) = session.receive(frame({"id": 1, "error": error}), 0.0)
    assert isinstance(notice, Refused) and notice.error.code == 109 and not session.online


def test_ping_is_answered_with_pong() -> None:
    session = online()
    assert session.receive("{}", 1.0) == []
    assert session.take() == [b"{}"]


def test_silence_beyond_ping_and_delay_is_noticed_and_any_frame_ends_it() -> None:
    session = online()
    assert session.tick(35.0) == []
    assert session.tick(35.1) == [Silent()]
    session.receive("{}", 36.0)
    assert session.tick(71.0) == []


def test_subscribe_keeps_the_position_of_reply_and_publications() -> None:
    session = subscribed()
    assert session.position("stream:a") == ("e1", 5)
    push = {"push": {"channel": "stream:a", "pub": {"data": {"x": [1]}, "offset": 9}}}
    (notice,) = session.receive(frame(push), 0.0)
    assert isinstance(notice, Published) and bytes(notice.publication.data) == b'{"x": [1]}'
    assert session.position("stream:a") == ("e1", 9)


def test_a_new_connection_recovers_from_the_position() -> None:
    session = subscribed()
    assert session.lost() == []
    session.open("secret", 1.0)
    (connect,) = sent(session)
    session.receive(frame({"id": connect["id"], "connect": {"client": "c2"}}), 1.0)
    session.restore()
    (request,) = sent(session)
    assert request["subscribe"] == {"channel": "stream:a", "recover": True, "epoch": "e1", "offset": 5}
    missed = [{"data": {"x": [1]}, "offset": 6}, {"data": {"x": [2]}, "offset": 7}]
    result = {"recoverable": True, "epoch": "e1", "offset": 7, "recovered": True, "publications": missed}
    notices = session.receive(frame({"id": request["id"], "subscribe": result}), 1.0)
    assert [type(notice) for notice in notices] == [Subscribed, Published, Published]
    first = notices[0]
    assert isinstance(first, Subscribed) and first.recovered and first.again and first.seen == 5
    assert session.position("stream:a") == ("e1", 7)


def test_position_in_another_epoch_is_none() -> None:
    session = subscribed()
    session.lost()
    session.open("secret", 1.0)
    (connect,) = sent(session)
    session.receive(frame({"id": connect["id"], "connect": {"client": "c2"}}), 1.0)
    session.restore()
    (request,) = sent(session)
    result = {"recoverable": True, "epoch": "e2", "offset": 2, "data": {"until": 2}}
    (notice,) = session.receive(frame({"id": request["id"], "subscribe": result}), 1.0)
    assert isinstance(notice, Subscribed) and not notice.recovered and notice.seen is None
    assert session.position("stream:a") == ("e2", 2)


def test_unsubscribe_push_from_2500_subscribes_again_later() -> None:
    session = subscribed()
    push = {"push": {"channel": "stream:a", "unsubscribe": {"code": 2500, "reason": "insufficient state"}}}
    assert session.receive(frame(push), 10.0) == []
    session.tick(10.05)
    assert sent(session) == []
    session.tick(10.2)
    (request,) = sent(session)
    assert request["subscribe"]["recover"] is True
    session.tick(11.0)
    assert sent(session) == []


def test_unsubscribe_push_below_2500_is_for_good() -> None:
    session = subscribed()
    push = {"push": {"channel": "stream:a", "unsubscribe": {"code": 2000, "reason": "server unsubscribe"}}}
    (notice,) = session.receive(frame(push), 0.0)
    assert isinstance(notice, SubscribeRefused) and session.channels == []


@pytest.mark.parametrize(
    ("error", "again"),
    [
        ({"code": 103, "message": "permission denied"}, False),
        ({"code": 100, "message": "internal", "temporary": True}, True),
        ({"code": 109, "message": "token expired"}, True),
        ({"code": 112, "message": "unrecoverable position"}, True),
    ],
)
def test_subscribe_errors_come_back_only_when_that_can_help(error: dict[str, Any], again: bool) -> None:
    session = online(0.0, "stream:a")
    (request,) = sent(session)
    notices = session.receive(frame({"id": request["id"], "error": error}), 0.0)
    assert [type(notice) for notice in notices] == ([] if again else [SubscribeRefused])
    session.tick(5.0)
    assert len(sent(session)) == again


def test_requests_without_reply_are_reported_when_the_connection_ends() -> None:
    session = online()
    first = session.ask(Command(rpc=RpcRequest("a", Raw(b"1"))))
    second = session.ask(Command(rpc=RpcRequest("b", Raw(b"2"))))
    (notice,) = session.receive(frame({"id": first, "rpc": {"data": 7}}), 0.0)
    assert isinstance(notice, Answered) and notice.id == first
    assert session.lost() == [Unanswered(second)]
    assert session.lost() == []


def test_unsubscribed_channels_are_silent_and_forgotten() -> None:
    session = subscribed()
    session.unsubscribe("stream:a")
    (request,) = sent(session)
    assert request["unsubscribe"] == {"channel": "stream:a"}
    push = {"push": {"channel": "stream:a", "pub": {"data": 1, "offset": 6}}}
    assert session.receive(frame(push), 0.0) == []


def test_pushes_of_messages_joins_and_leaves_are_passed_on() -> None:
    session = subscribed()
    info = {"user": "ann", "client": "c"}
    notices = session.receive(
        frame(
            {"push": {"message": {"data": {"hello": 1}}}},
            {"push": {"channel": "stream:a", "join": {"info": info}}},
            {"push": {"channel": "stream:a", "leave": {"info": info}}},
        ),
        0.0,
    )
    assert isinstance(notices[0], Told)
    assert [n.joined for n in notices[1:] if isinstance(n, Membership)] == [True, False]


@pytest.mark.parametrize("bad", ["", "x", "[]", '{"push":5}', '{"id":1}\n{', '{"id":"a"}'])
def test_frames_that_are_not_the_protocol_are_reported_not_raised(bad: str) -> None:
    (notice,) = online().receive(bad, 0.0)
    assert isinstance(notice, Garbled)


def test_a_bad_recovered_publication_is_reported_not_raised() -> None:
    session = online(0.0, "stream:a")
    (request,) = sent(session)
    reply = {"id": request["id"], "subscribe": {"recovered": True, "publications": [5]}}
    (notice,) = session.receive(frame(reply), 0.0)
    assert isinstance(notice, Garbled)

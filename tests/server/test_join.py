"""Coming in by a link, with plain requests to a real hub."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from rtwidgets.core import Limits
from rtwidgets.core.capabilities import Credentials
from rtwidgets.core.invites import Invite, make_invite
from rtwidgets.server.settings import AuthSection, HubSection, Settings

from ..client.hub_process import SECRET, token
from .inner_hub import InnerHub
from .sockets import Line, bare_line, open_line

AUTH = AuthSection(hmac_secret=SECRET, allowed_origins=("https://lab.example.org",))


@pytest.fixture
def hub() -> Iterator[InnerHub]:
    hub = InnerHub(Settings(auth=AUTH))
    yield hub
    hub.close()


def post(
    hub: InnerHub, body: object, headers: dict[str, str] | None = None, method: str = "POST"
) -> tuple[int, Any, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=5)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(method, "/api/join", data, headers or {})
    response = connection.getresponse()
    text = response.read()
    connection.close()
    return response.status, json.loads(text) if text else None, response.headers


def rpc(line: Line, method: str, **data: Any) -> Any:
    reply = line.ask(rpc={"method": f"rtwidgets.{method}", "data": data})
    assert "error" not in reply, reply
    return reply["rpc"]["data"]


def shared(owner: Line, role: str = "viewer", ttl_s: float = 60, session: str = "morning") -> str:
    rpc(owner, "session", session=session, title="Morning desk")
    return str(rpc(owner, "share", session=session, role=role, ttl_s=ttl_s)["invite"])


def test_guest_comes_in_and_is_cut_off_when_the_link_is_revoked(hub: InnerHub) -> None:
    with open_line(hub) as owner, bare_line(hub) as guest:
        invite = shared(owner, "editor")
        status, answer, headers = post(hub, {"invite": invite, "name": "Bob"})
        assert status == 200 and headers["Cache-Control"] == "no-store"
        assert answer["expires_at_ms"] - time.time() * 1000 < 61_000
        assert {key: answer[key] for key in ("session", "role", "name", "title")} == {
            "session": "morning",
            "role": "editor",
            "name": "Bob (guest)",
            "title": "Morning desk",
        }
        assert guest.ask(connect={"token": answer["token"]})["connect"]
        seen = guest.ask(subscribe={"channel": "value:morning/rtwidgets.session"})["subscribe"]["data"]
        assert seen["value"]["title"] == "Morning desk"
        assert rpc(owner, "unshare", invite=invite) == {"closed": 1}
        with pytest.raises(ConnectionClosed) as closed:
            guest.receive()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (3500, "token revoked")
        assert post(hub, {"invite": invite, "name": "Bob"})[:2] == (
            403,
            {"error": "this link was revoked: ask for a new one", "reason": "revoked"},
        )


def test_guests_see_each_other_come_and_go(hub: InnerHub) -> None:
    channel = "event:morning/rtwidgets.members"
    with open_line(hub) as owner, bare_line(hub) as first:
        invite = shared(owner)
        first.ask(connect={"token": post(hub, {"invite": invite, "name": "Ann"})[1]["token"]})
        first.ask(subscribe={"channel": channel})
        with bare_line(hub) as second:
            second.ask(connect={"token": post(hub, {"invite": invite, "name": "Bob"})[1]["token"]})
            second.ask(subscribe={"channel": channel})
            there = second.ask(presence={"channel": channel})["presence"]["presence"].values()
            assert {who["conn_info"]["name"] for who in there} == {"Ann (guest)", "Bob (guest)"}
        while len([push for push in first.pushes if "leave" in push]) < 1:
            first.receive()
    # Who subscribes hears of oneself as well.
    joined = [push["join"]["info"]["conn_info"]["name"] for push in first.pushes if "join" in push]
    assert joined == ["Ann (guest)", "Bob (guest)"]


def test_what_keeps_somebody_out_is_told(hub: InnerHub) -> None:
    with open_line(hub) as owner:
        invite = shared(owner)
    for body, status, reason in (
        ({"invite": invite[:-2] + "xx", "name": "Bob"}, 403, "invalid"),
        ({"invite": token(), "name": "Bob"}, 403, "invalid"),
        ({"name": "Bob"}, 403, "invalid"),
        ({"invite": invite, "name": " \u200b"}, 400, "no_name"),
        ({"invite": invite}, 400, "no_name"),
        ({"invite": 7}, 400, "bad_request"),
        (b"\xff{", 400, "bad_request"),
        (b"[" * 5_000, 400, "bad_request"),
        ({"example": "chat", "name": "Bob"}, 403, "off"),
    ):
        got, answer, _ = post(hub, body)
        assert (got, answer["reason"]) == (status, reason), body
        assert len(answer["error"]) > 10
    got, answer, _ = post(hub, b"x" * 40_000)
    assert got == 413 and "join_bytes" in answer["error"]
    assert hub.call(lambda: hub.app.hub.refused["join_bytes"]) == 1
    ann, now = Credentials(user="ann", token_id="k"), time.time()
    old, ended = make_invite(
        hub.app.tokens, ann, Invite("morning", "viewer"), now=now - 60, ttl_s=50, token_id="i"
    )
    got, answer, _ = post(hub, {"invite": old, "name": "Bob"})
    assert (got, answer["reason"], answer["expired_at_ms"]) == (403, "expired", ended * 1000)


def test_session_that_is_not_there_now_is_told(hub: InnerHub) -> None:
    with open_line(hub) as owner:
        invite = shared(owner)
    other = InnerHub(Settings(auth=AUTH))  # the same secret, as after a restart
    try:
        status, answer, _ = post(other, {"invite": invite, "name": "Bob"})
        assert (status, answer["reason"]) == (404, "no_session")
        with open_line(other) as owner:
            shared(owner)
        assert post(other, {"invite": invite, "name": "Bob"})[0] == 200
    finally:
        other.close()


def test_address_that_shows_too_many_invites_waits() -> None:
    hub = InnerHub(Settings(auth=AUTH, limits=Limits(joins_per_ip_per_s=3)))
    try:
        answers = [post(hub, {"invite": "x"})[0] for _ in range(8)]
        assert answers[:3] == [403] * 3 and 429 in answers[3:]
        assert "joins_per_ip_per_s" in post(hub, {})[1]["error"]
        assert hub.call(lambda: hub.app.hub.refused["joins_per_ip_per_s"]) > 0
        # What else comes from there is not counted with it.
        with open_line(hub):
            pass
    finally:
        hub.close()


def test_pages_of_allowed_origins_may_ask_and_no_others(hub: InnerHub) -> None:
    own, lab = f"http://127.0.0.1:{hub.port}", "https://lab.example.org"
    for origin in (own, lab):
        status, _, headers = post(hub, {}, {"Origin": origin})
        assert (status, headers["Access-Control-Allow-Origin"], headers["Vary"]) == (403, origin, "Origin")
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    status, _, headers = post(hub, b"", {"Origin": lab, **asks}, "OPTIONS")
    assert (status, headers["Access-Control-Allow-Headers"]) == (204, "content-type")
    assert "Access-Control-Allow-Credentials" not in headers
    for method in ("POST", "OPTIONS"):
        status, _, headers = post(hub, {}, {"Origin": "https://evil.example", **asks}, method)
        assert status == 403 and "Access-Control-Allow-Origin" not in headers
    assert "Access-Control-Allow-Origin" not in post(hub, {})[2]


def test_example_is_for_everybody_where_it_is_switched_on() -> None:
    hub = InnerHub(Settings(hub=HubSection(examples=True), auth=AUTH))
    try:
        status, answer, _ = post(hub, {"example": "chat", "name": "Bob"})
        assert status == 200
        with bare_line(hub) as guest:
            guest.ask(connect={"token": answer["token"]})
            assert "subscribe" in guest.ask(subscribe={"channel": "chat:examples/chat"})
            for request in (
                {"subscribe": {"channel": "chat:desk"}},
                {"publish": {"channel": "value:limit", "data": 1}},
                {"rpc": {"method": "rtwidgets.call", "data": {"command": "halt"}}},
                {"rpc": {"method": "rtwidgets.share", "data": {"session": "examples", "ttl_s": 5}}},
            ):
                assert guest.ask(**request)["error"]["code"] == 103
        assert post(hub, {"example": "other", "name": "Bob"})[1]["reason"] == "off"
        assert post(hub, {"example": "chat", "name": ""})[1]["reason"] == "no_name"
    finally:
        hub.close()


def test_hub_that_signs_nothing_says_so() -> None:
    hub = InnerHub(Settings(hub=HubSection(examples=True), auth=AuthSection(anonymous=True)))
    try:
        status, answer, _ = post(hub, {"example": "chat", "name": "Bob"})
        assert (status, answer["reason"]) == (503, "no_secret")
    finally:
        hub.close()


def test_sign_in_opens_the_users_own_rights(hub: InnerHub) -> None:
    with open_line(hub) as owner, bare_line(hub) as browser:
        rpc(owner, "session", session="morning")
        invite = rpc(owner, "sign_in")["invite"]
        _, answer, _ = post(hub, {"invite": invite})
        assert (answer["user"], answer["name"], answer["session"]) == ("ann", "Ann", "")
        browser.ask(connect={"token": answer["token"]})
        assert [each["name"] for each in rpc(browser, "sessions")["sessions"]] == ["morning"]
        reply = browser.ask(rpc={"method": "rtwidgets.revoke", "data": {"user": "bob"}})
        assert reply["error"]["code"] == 103

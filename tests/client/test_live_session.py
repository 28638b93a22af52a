"""Sessions from Python: scopes, members, links, and what a guest's kernel may do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import rtwidgets as rt
from rtwidgets.client import connect as connecting
from rtwidgets.client.colors import _PALETTE, colors_of
from rtwidgets.client.hub import Hub
from rtwidgets.client.invitation import Invitation, parse_link
from rtwidgets.errors import (
    ChannelError,
    ChannelNameError,
    ClosedError,
    ConfigError,
    HubUnreachableError,
    PermissionDeniedError,
    TokenRefusedError,
)

from ..server.sockets import bare_line
from .conftest import Join, eventually
from .hub_process import ROOT, HubProcess, token


@pytest.fixture
def come(running_hub: HubProcess) -> Iterator[Any]:
    """Come in by a link, with a connection of one's own."""
    made: list[Hub] = []

    def come(url: str, name: str) -> Hub:
        connecting._hubs.clear()
        made.append(rt.connect(url, name=name))
        return made[-1]

    yield come
    for hub in made:
        hub.close(timeout_s=1)


def test_names_of_a_session_are_its_own(join: Join) -> None:
    hub, other = join(), join(own_token=token("bob"))
    session = hub.session("scoped", title="Scoped desk")
    session.stream("px").append(price=1.5)
    session.value("limit", default=7)
    session.table("orders", key="id").upsert(id=1, status="open")
    session.chat("desk").say("hello")
    hub.flush()
    assert other.value("scoped/limit").get() == 7
    assert [message.text for message in other.chat("scoped/desk").history()] == ["hello"]
    assert session.stream("stream:px").name == "stream:scoped/px"
    assert session.event("alerts").name == "event:scoped/alerts"

    @session.command
    def double(n: int) -> int:
        return 2 * n

    @session.command(name="half", title="Half of it")
    def halve(n: int) -> float:
        return n / 2

    assert other.session("scoped").call("double", n=4) == 8
    assert other.call("scoped/half", n=4) == 2
    assert (session.title, session.owner, session.role) == ("Scoped desk", "ann", "owner")
    assert repr(session) == f"<Session 'scoped' on {hub.url}, owner, connected>"
    assert hub.session("scoped") is session
    session.close()
    with pytest.raises(rt.errors.HandlerAwayError):
        other.call("scoped/double", n=4)
    for use in (lambda: session.stream("px"), session.members, session.share):
        with pytest.raises(ClosedError, match="get it again"):
            use()


@pytest.mark.parametrize("name", ["", "a b", "a/b", "*", ".a", "x" * 65, "rtwidgets.a"])
def test_bad_name_of_a_session_says_what_is_allowed(join: Join, name: str) -> None:
    with pytest.raises(ChannelNameError, match=r"session name .* is not allowed: use 1 to 64"):
        join().session(name)


def test_bad_names_within_a_session_say_the_way_out(join: Join) -> None:
    session = join().session("names")
    for name in ("", "table:px", "/px"):
        with pytest.raises(ChannelError, match=r"is no name in the session 'names'"):
            session.stream(name)
    for wrong in (7, None):
        with pytest.raises(TypeError):
            session.value(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        join().session(7)  # type: ignore[arg-type]


def test_feed_fills_channels_of_its_session(join: Join) -> None:
    hub = join()
    session = hub.session("fed")

    def pairs() -> Iterator[tuple[str, Any]]:
        yield "value:level", 3
        yield "stream:flow", {"n": [1]}

    def with_hub(hub: Any) -> Iterator[tuple[Any, Any]]:
        yield hub.value("other"), 4

    for source in (pairs, with_hub):
        assert session.run(source).status != "failed"
    eventually(lambda: session.value("other").get() == 4)
    session.run(iter([5]), into=session.value("third"))
    eventually(lambda: session.value("third").get() == 5)
    assert [hub.value(f"fed/{name}").get() for name in ("level", "other")] == [3, 4]


def test_members_are_told_as_they_come_and_go(join: Join, come: Any) -> None:
    session = join().session("people")
    told: list[list[str]] = []
    stop = session.on_members(lambda members: told.append([member.name for member in members]))
    share = session.share("editor")
    guest = come(share.url, "Zoë")
    assert guest.session("people").role == "editor"
    eventually(lambda: told[-1:] == [["Ann", "Zoë (guest)"]])
    ann, zoe = session.members()
    assert (ann.user, ann.role, ann.guest, ann.connections) == ("ann", "owner", False, 1)
    assert (zoe.role, zoe.guest, zoe.color) == ("editor", True, colors_of(["ann", zoe.user])[zoe.user])
    assert zoe.color != ann.color
    assert zoe.user.startswith("guest-")
    guest.close()
    eventually(lambda: told[-1:] == [["Ann"]])
    stop()


def test_guest_may_do_what_the_role_gives(join: Join, come: Any) -> None:
    hub = join()
    session = hub.session("roles")
    limit = session.value("limit", default=1)
    called = threading.Event()

    @session.command
    def act() -> str:
        called.set()
        return "done"

    viewer = come(session.share().url, "Vic").session("roles")
    assert viewer.value("limit").get() == 1
    with pytest.raises(PermissionDeniedError):
        viewer.call("act")
    with pytest.raises(PermissionDeniedError):
        viewer.command(act.fn)
    with pytest.raises(PermissionDeniedError):
        viewer.share()
    viewer.value("limit").set(99)
    viewer.hub.flush()
    assert not called.is_set() and limit.get() == 1
    editor = come(session.share("editor").url, "Ed").session("roles")
    editor.value("limit").set(2)
    eventually(lambda: limit.get() == 2)
    assert editor.call("act") == "done"
    with pytest.raises(PermissionDeniedError):
        editor.share()
    with pytest.raises(PermissionDeniedError, match="no session 'elsewhere' that you may see"):
        editor.hub.session("elsewhere")
    owner = come(session.share("owner").url, "Olga").session("roles")
    assert owner.share().role == "viewer"


def test_guests_kernel_makes_tokens_for_its_pages(join: Join, come: Any) -> None:
    session = join().session("kernels")
    guest = come(session.share("editor").url, "Ed")
    caps = {"value:kernels/limit": frozenset(("subscribe", "publish"))}
    text, _ = guest.portal.call(guest.mint_token(60, caps))
    assert text.count(".") == 2


def test_link_that_is_revoked_ends_its_guests(join: Join, come: Any) -> None:
    session = join().session("revoked")
    share, other = session.share("editor"), session.share()
    guest, stays = come(share.url, "Bob"), come(other.url, "Cat")
    assert share.revoke() == 1
    eventually(lambda: guest.is_closed)
    assert "token revoked" in guest.state
    with pytest.raises(rt.errors.HubError, match=r"token revoked .* ask an owner for a new token or link"):
        guest.session("revoked").value("limit").set(1)
    assert stays.session("revoked").role == "viewer"
    with pytest.raises(TokenRefusedError, match="revoked: ask for a new one"):
        come(share.url, "Bob")
    assert share.revoke() == 0


def test_share_says_what_it_is_and_hides_the_link(join: Join) -> None:
    hub = join()
    session = hub.session("shares")
    before = datetime.now(UTC)
    share = session.share(expires="30m")
    assert share.url.startswith(f"{hub.url}/s/shares#ey")
    assert 1_790 < (share.expires_at - before).total_seconds() < 1_805
    assert share.url.partition("#")[2] not in repr(share)
    assert repr(share).startswith(f"<Share {hub.url}/s/shares#…, viewer until ")
    with pytest.raises(ConfigError, match="role 'boss' does not exist"):
        session.share("boss")
    with pytest.raises(ValueError, match="duration"):
        session.share(expires="soon")


def test_links_that_lead_nowhere_say_why(running_hub: HubProcess, join: Join, come: Any) -> None:
    share = join().session("nowhere").share(expires=1)
    for url, error, said in (
        (f"{running_hub.url}/s/nowhere#rubbish", TokenRefusedError, "not valid here.*ask for a new one"),
        (f"{share.url}x", TokenRefusedError, "not valid here"),
        ("http://127.0.0.1:9/s/a#b", HubUnreachableError, "is it running"),
        ("ftp://127.0.0.1/s/a#b", HubUnreachableError, "not the URL of a hub"),
    ):
        with pytest.raises(error, match=said):
            come(url, "Bob")
    with pytest.raises(TokenRefusedError, match="a name is needed"):
        come(join().session("nowhere").share().url, "\u200b")
    with pytest.raises(TypeError, match="brings its own token"):
        rt.connect(share.url, token="t")


def test_page_of_a_session_without_its_link_says_the_same_whether_it_exists(
    running_hub: HubProcess, join: Join, come: Any
) -> None:
    join().session("known")
    said = []
    for name in ("known", "nosuch"):
        with pytest.raises(TokenRefusedError, match="ask an owner for a new one") as refused:
            come(f"{running_hub.url}/s/{name}", "Bob")
        said.append(str(refused.value).replace(name, "…"))
    assert said[0] == said[1] and said[0].startswith("there is no session '…' at")
    assert f"connect('{running_hub.url}', token=...)" in said[0]


def test_link_is_taken_apart() -> None:
    for url, base in (
        ("https://hub.example.org/s/morning#inv", "https://hub.example.org"),
        ("http://127.0.0.1:8090/desk/hub/s/a#inv", "http://127.0.0.1:8090/desk/hub"),
        ("http://127.0.0.1:8090/#inv", "http://127.0.0.1:8090"),
        (" https://hub.example.org/s/a/s/b#inv ", "https://hub.example.org/s/a"),
    ):
        found = parse_link(url)
        assert isinstance(found, Invitation)
        assert (found.address.base, found.invite) == (base, "inv")
        assert "inv" not in repr(found).replace("Invitation", "")
    for none in ("", "http://127.0.0.1:8090", "wss://hub.example.org/x"):
        assert parse_link(none) is None


def test_sign_in_link_is_for_the_lobby(join: Join, come: Any) -> None:
    hub = join()
    link = hub.sign_in_link()
    assert link.url.startswith(f"{hub.url}/#ey")
    assert 590 < (link.expires_at - datetime.now(UTC)).total_seconds() <= 600
    secret = link.url.partition("#")[2]
    # As a cell's last line, in a list and printed it may be saved with the notebook.
    assert all(f"{hub.url}/#…, yours until" in shown for shown in (repr(link), str([link]), f"{link}"))
    assert secret not in f"{link!r}{link}" and ".url has the link" in repr(link)
    me = come(link.url, "whoever")
    assert me.status()["user"] == "ann"


def test_session_is_there_again_when_the_hub_has_forgotten_it(mortal_hub: HubProcess, join: Join) -> None:
    hub = join(mortal_hub.url)
    session = hub.session("back", title="Back again")
    mortal_hub.kill()
    eventually(lambda: hub.state.startswith("disconnected"))
    mortal_hub.start()
    other = join(mortal_hub.url, own_token=token("bob"))
    eventually(lambda: hub.state == "connected")
    hub.status()  # it was told first of the session
    seen = other.session("back")
    assert (seen.title, seen.owner) == ("Back again", "ann")
    eventually(lambda: len(session.members()) == 2)


def test_member_whose_machine_vanishes_is_gone_soon(tmp_path: Path, join: Join) -> None:
    # The times that a hub has by itself make it 18 seconds at most: tests/core/test_sessions.py.
    process = HubProcess(tmp_path, "[limits]\nping_interval_s = 1\npong_timeout_s = 1\n")
    process.start()
    try:
        session = join(process.url).session("vanish")
        with bare_line(process) as line:
            line.ask(connect={"token": token("ghost")})
            line.ask(subscribe={"channel": "event:vanish/rtwidgets.members"})
            assert {member.user for member in session.members()} == {"ann", "ghost"}
            # From here on it answers no ping, as a machine that sleeps or has lost its network.
            eventually(lambda: {member.user for member in session.members()} == {"ann"})
    finally:
        process.kill()


def test_color_of_a_user_is_the_same_as_in_a_page() -> None:
    alone = json.loads((ROOT / "tests/golden/colors.json").read_text())
    together = json.loads((ROOT / "tests/golden/member_colors.json").read_text())
    for members in [*({user: number} for user, number in alone.items()), *together]:
        assert {user: _PALETTE.index(color) + 1 for user, color in colors_of(members).items()} == members
    css = (ROOT / "js/src/lib/base.css").read_text()
    for number, color in enumerate(_PALETTE, 1):
        assert f"--rtw-series-{number}: {color};" in css


def test_revoked_link_stays_revoked_when_the_hub_is_started_again(tmp_path: Path, join: Join) -> None:
    process = HubProcess(tmp_path, f'[hub]\narchive = "sqlite:///{tmp_path / "hub.db"}"\n')
    process.start()
    try:
        hub = join(process.url)
        session = hub.session("morning")
        good, bad = session.share(), session.share()
        bad.revoke()
        process.kill()
        eventually(lambda: hub.state != "connected")
        process.start()
        eventually(lambda: hub.state == "connected", 20)
        hub.status()  # it was told first of the session
        rt.connect(good.url, name="Guest").close()
        with pytest.raises(TokenRefusedError, match="revoked"):
            rt.connect(bad.url, name="Guest")
    finally:
        process.kill()


def test_hub_that_keeps_no_revocations_says_so(tmp_path: Path, join: Join) -> None:
    process = HubProcess(tmp_path)
    process.start()
    try:
        join(process.url).session("morning").share().revoke()
        assert "is good again when the hub restarts" in (tmp_path / "hub.log").read_text()
    finally:
        process.kill()

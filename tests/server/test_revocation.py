"""Revoking over real processes: what is open closes in every one that shares the file, and stays shut."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from centrifuge import Client, ClientEventHandler
from websockets.exceptions import ConnectionClosed

import rtwidgets as rt
from hatch_build import find_node
from rtwidgets.core.revocation import Revocation
from rtwidgets.errors import ConfigError
from rtwidgets.server.revocation_file import RevocationFile
from rtwidgets.server.settings import AuthSection, Settings, load

from ..client.hub_process import ROOT, SECRET, HubProcess, environment, token
from .inner_hub import InnerHub
from .sockets import Line, bare_line, open_line

ALLOWED_S = 2.0


@pytest.fixture(scope="module")
def hubs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[HubProcess]]:
    """Two hub processes that share a file."""
    shared = tmp_path_factory.mktemp("shared") / "revoked.jsonl"
    extra = f'revocation_file = "{shared}"\napi_key = "the api key"\n'
    hubs = [HubProcess(tmp_path_factory.mktemp("hub"), extra) for _ in range(2)]
    for hub in hubs:
        hub.start()
    yield hubs
    for hub in hubs:
        hub.kill()


def closed_within(line: Line, seconds: float) -> int:
    """Return the code that a connection is closed with."""
    deadline = time.monotonic() + seconds
    try:
        while True:
            line.receive(deadline - time.monotonic())
    except ConnectionClosed as error:
        assert error.rcvd is not None
        return error.rcvd.code


def connects(hub: HubProcess, text: str) -> bool:
    try:
        with bare_line(hub) as line:
            return "connect" in line.ask(connect={"token": text})
    except ConnectionClosed:
        return False


def by_rpc(hub: HubProcess, user: str) -> None:
    with open_line(hub, "root") as owner:
        assert "rpc" in owner.ask(rpc={"method": "rtwidgets.revoke", "data": {"user": user}})


def by_api(hub: HubProcess, user: str) -> None:
    body = json.dumps({"user": user}).encode()
    request = urllib.request.Request(f"{hub.url}/api/revoke", body, {"X-API-Key": "the api key"})
    with urllib.request.urlopen(request, timeout=5) as response:
        assert json.load(response)["result"]["closed"] >= 1


def by_command(hub: HubProcess, user: str) -> None:
    command = [
        sys.executable,
        "-m",
        "rtwidgets.server",
        "revoke",
        "--config",
        str(hub.config),
        "--user",
        user,
    ]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("way", [by_rpc, by_api, by_command])
def test_live_connections_close_in_every_process(hubs: list[HubProcess], way: object) -> None:
    user = getattr(way, "__name__", "")
    old = token(user)
    with (
        open_line(hubs[0], user) as here,
        open_line(hubs[1], user) as there,
        open_line(hubs[1], "bob") as bob,
    ):
        way(hubs[0], user)  # type: ignore[operator]
        assert closed_within(here, ALLOWED_S) == 3500
        assert closed_within(there, ALLOWED_S) == 3500
        assert "rpc" in bob.ask(rpc={"method": "rtwidgets.status", "data": {}})
    for hub in hubs:
        assert not connects(hub, old)
        # In the second of the revocation a token with whole seconds can't be told from an older one.
        time.sleep(1.0)
        assert connects(hub, token(user))


@contextmanager
def javascript_client(url: str, text: str) -> Iterator[Callable[[], str]]:
    command = [find_node()[0], str(Path(__file__).with_name("revoked_client.mjs")), url, text]
    with subprocess.Popen(command, cwd=ROOT / "js", stdout=subprocess.PIPE, text=True) as node:
        assert node.stdout is not None
        assert [node.stdout.readline() for _ in range(2)] == ["connecting 0\n", "connected\n"]
        yield node.stdout.read


@contextmanager
def python_client(url: str, text: str) -> Iterator[Callable[[], str]]:
    said: list[str] = []
    connected, gone = threading.Event(), threading.Event()

    class Events(ClientEventHandler):  # type: ignore[misc]
        async def on_connected(self, ctx: Any) -> None:
            connected.set()

        async def on_connecting(self, ctx: Any) -> None:
            said.append(f"connecting {ctx.code}\n")

        async def on_disconnected(self, ctx: Any) -> None:
            said.append(f"disconnected {ctx.code}\n")
            gone.set()

    async def live() -> None:
        client = Client(url, events=Events(), token=text, min_reconnect_delay=0.01, max_reconnect_delay=0.05)
        await client.connect()
        while not gone.is_set():
            await asyncio.sleep(0.05)
        await asyncio.sleep(1.5)

    def rest() -> str:
        thread.join(20)
        return "".join(said[1:])

    thread = threading.Thread(target=asyncio.run, args=(live(),))
    thread.start()
    assert connected.wait(10)
    yield rest


@contextmanager
def our_client(url: str, text: str) -> Iterator[Callable[[], str]]:
    hub = rt.connect(url.removesuffix("/connection/websocket"), token=text)
    said: list[str] = []
    hub.on_status(said.append)

    def rest() -> str:
        deadline = time.monotonic() + 10
        while not hub.is_closed and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1.5)
        assert text not in "".join(said)
        return "disconnected 3500\n" if "code 3500" in str(hub._link.driver.fatal) else f"{said}"

    try:
        yield rest
    finally:
        hub.close()


@pytest.mark.parametrize("client", [javascript_client, python_client, our_client])
def test_clients_do_not_come_back_with_a_revoked_token(inner_hub: InnerHub, client: Any) -> None:
    user = client.__name__
    opened = 0
    open_connection = inner_hub.app.hub.open

    def count(wake: Callable[[], None], now: float) -> Any:
        nonlocal opened
        opened += 1
        return open_connection(wake, now)

    inner_hub.app.hub.open = count  # type: ignore[method-assign]
    with client(inner_hub.url, token(user)) as rest:
        inner_hub.call(lambda: inner_hub.app.hub.revoke(Revocation(user=user, before=inner_hub.app.now())))
        assert rest() == "disconnected 3500\n"
    assert opened == 1


def test_revocations_outlive_the_hub(tmp_path: Path) -> None:
    path = tmp_path / "revoked"
    hub = HubProcess(tmp_path, f'revocation_file = "{path}"\n')
    hub.start()
    try:
        old = token("ann")
        by_rpc(hub, "ann")
        RevocationFile(path).append(Revocation(jti="ended", until=1.0))
        hub.kill()
        hub.start()
        assert not connects(hub, old)
        assert '"ann"' in path.read_text() and "ended" not in path.read_text()
    finally:
        hub.kill()


def test_without_a_revocation_the_same_tokens_go_on(hubs: list[HubProcess]) -> None:
    with open_line(hubs[0], "carol") as carol, pytest.raises(TimeoutError):
        closed_within(carol, 0.5)
    assert connects(hubs[1], token("carol"))


def test_file_is_private_and_half_written_lines_wait(tmp_path: Path) -> None:
    path = tmp_path / "revoked"
    one, other = RevocationFile(path), RevocationFile(path)
    assert path.stat().st_mode & 0o777 == 0o600
    one.append(Revocation(jti="a"))
    assert list(other.news()) == [Revocation(jti="a")]
    with path.open("ab") as file:
        file.write(b'{"jti":')
    assert list(other.news()) == []
    with path.open("ab") as file:
        file.write(b'"b"}\nnonsense\n{"user":"ann","before":5.0}\n')
    assert list(other.news()) == [Revocation(jti="b"), Revocation(user="ann", before=5.0)]
    assert list(other.news()) == []
    # Somebody has put another file there.
    path.unlink()
    path.write_text('{"jti":"c"}\n')
    assert list(other.news()) == [Revocation(jti="c")]
    path.unlink()
    assert list(other.news()) == []


def test_archive_in_no_directory_is_named() -> None:
    archive = "sqlite:////nosuch/dir/x.db"
    settings = load(None, {"RTWIDGETS_AUTH_HMAC_SECRET": SECRET}, {"archive": archive})
    words = r"^/nosuch/dir/x\.db\.revoked can't be used: No such .* kept beside hub\.archive$"
    with pytest.raises(ConfigError, match=words):
        RevocationFile(Path(settings.auth.revocation_file))


def test_line_that_a_crash_cut_short_takes_no_other_with_it(tmp_path: Path) -> None:
    path = tmp_path / "revoked"
    file = RevocationFile(path)
    file.append(Revocation(jti="a"))
    with path.open("ab") as torn:
        torn.write(b'{"jti":"b')
    file.append(Revocation(jti="c"))
    assert list(RevocationFile(path).news()) == [Revocation(jti="a"), Revocation(jti="c")]


def test_file_that_was_removed_comes_back_private_and_is_missed_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "revoked"
    file = RevocationFile(path)
    path.unlink()
    for _ in range(3):
        assert list(file.news()) == []
    assert len(caplog.records) == 1
    file.append(Revocation(jti="a"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(file.news()) == [Revocation(jti="a")]


def test_tidy_leaves_what_is_of_use_and_what_it_can_not_read(tmp_path: Path) -> None:
    path = tmp_path / "revoked"
    file, other = RevocationFile(path), RevocationFile(path)
    for entry in (Revocation(jti="ended", until=100.0), Revocation(jti="good")):
        file.append(entry)
    with path.open("ab") as unknown:
        unknown.write(b'{"jti":"x","from":"a newer hub"}\n')
    file.tidy(200.0)
    assert path.read_text().count("\n") == 3
    file.tidy(10_000.0)
    assert path.read_text() == '{"jti":"x","from":"a newer hub"}\n{"jti":"good"}\n'
    assert path.stat().st_mode & 0o777 == 0o600
    # The other process sees the new file, and both go on in it.
    file.append(Revocation(jti="next"))
    assert list(other.news()) == [Revocation(jti="good"), Revocation(jti="next")]


def test_no_entry_is_lost_while_hubs_start_and_tidy(tmp_path: Path) -> None:
    path = tmp_path / "revoked"
    adds = (
        "import sys; from pathlib import Path; from rtwidgets.core.revocation import Revocation; "
        "from rtwidgets.server.revocation_file import RevocationFile\n"
        "file = RevocationFile(Path(sys.argv[1]))\n"
        "for n in range(100):\n"
        "    file.append(Revocation(jti=f'{sys.argv[2]}-{n}'))\n"
        "    file.append(Revocation(jti=f'{sys.argv[2]}-ended-{n}', until=100.0))\n"
    )
    RevocationFile(path)
    writers = [
        subprocess.Popen([sys.executable, "-c", adds, str(path), str(n)], env=environment()) for n in range(2)
    ]
    tidied = 0
    while any(writer.poll() is None for writer in writers):
        before = path.stat().st_ino
        RevocationFile(path).tidy(10_000.0)
        tidied += path.stat().st_ino != before
        time.sleep(0.005)
    assert [writer.wait() for writer in writers] == [0, 0]
    assert tidied > 0
    kept = {entry.jti for entry in RevocationFile(path).news() if entry.until is None}
    assert kept == {f"{writer}-{n}" for writer in range(2) for n in range(100)}


def test_file_that_others_can_use_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "revoked"
    path.touch(0o600)
    for mode in (0o602, 0o620, 0o640, 0o604):
        path.chmod(mode)
        with pytest.raises(ConfigError, match="chmod 600"):
            RevocationFile(path)
    path.chmod(0o600)
    RevocationFile(path)
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    with pytest.raises(ConfigError, match="another user"):
        RevocationFile(path)


def test_file_that_can_not_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="revocation_file"):
        RevocationFile(tmp_path / "nowhere" / "revoked")


def test_revocation_that_can_not_be_written_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(auth=AuthSection(hmac_secret=SECRET, revocation_file=str(tmp_path / "revoked")))
    hub = InnerHub(settings)
    try:

        def full(self: RevocationFile, entry: Revocation) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(RevocationFile, "append", full)
        with bare_line(hub) as ann, bare_line(hub) as owner:
            ann.ask(connect={"token": token("ann")})
            owner.ask(connect={"token": token("root")})
            error = owner.ask(rpc={"method": "rtwidgets.revoke", "data": {"user": "ann"}})["error"]
            assert "auth.revocation_file: No space left" in error["message"]
            assert closed_within(ann, ALLOWED_S) == 3500
    finally:
        hub.close()

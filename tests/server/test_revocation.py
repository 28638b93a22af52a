"""Revoking over real processes: what is open closes in every one that shares the file, and stays shut."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from rtwidgets.core.revocation import Revocation
from rtwidgets.errors import ConfigError
from rtwidgets.server.revocation_file import RevocationFile

from ..client.hub_process import HubProcess, environment, token
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


def test_revocations_outlive_the_hub(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path, f'revocation_file = "{tmp_path / "revoked"}"\n')
    hub.start()
    try:
        old = token("ann")
        by_rpc(hub, "ann")
        hub.kill()
        hub.start()
        assert not connects(hub, old)
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


def test_file_that_can_not_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="revocation_file"):
        RevocationFile(tmp_path / "nowhere" / "revoked")

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from rtwidgets import connection_file
from rtwidgets.client.address import parse_address
from rtwidgets.client.hub import Hub
from rtwidgets.client.sites import FixedSite
from rtwidgets.errors import ConfigError
from rtwidgets.server.local import serve_local

from ..client.hub_process import environment

COMMAND = [sys.executable, "-m", "rtwidgets.server", "local"]


def start(directory: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, *arguments],
        env=environment(RTWIDGETS_RUNTIME_DIR=str(directory)),
        stdout=subprocess.DEVNULL,
    )


def run(directory: Path) -> subprocess.CompletedProcess[str]:
    where = environment(RTWIDGETS_RUNTIME_DIR=str(directory))
    return subprocess.run(COMMAND, env=where, capture_output=True, text=True, timeout=30)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_connection_file_is_private_and_goes_with_the_hub(tmp_path: Path) -> None:
    directory = tmp_path / "runtime"
    file = directory / "rtwidgets-hub.json"
    hub = start(directory)
    try:
        wait_for(file)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert json.loads(file.read_text())["pid"] == hub.pid
        hub.send_signal(signal.SIGTERM)
        hub.wait(10)
        assert not file.exists()
    finally:
        hub.kill()
        hub.wait()


def test_second_hub_of_a_user_gives_way(tmp_path: Path) -> None:
    first = start(tmp_path)
    try:
        wait_for(tmp_path / "rtwidgets-hub.json")
        before = (tmp_path / "rtwidgets-hub.json").read_text()
        second = run(tmp_path)
        assert second.returncode == 0 and "another process is the local hub" in second.stdout
        assert (tmp_path / "rtwidgets-hub.json").read_text() == before
    finally:
        first.kill()
        first.wait()


def test_unused_hub_ends(tmp_path: Path) -> None:
    hub = start(tmp_path, "--idle-after-s", "1")
    try:
        assert hub.wait(20) == 0
        assert not (tmp_path / "rtwidgets-hub.json").exists()
    finally:
        hub.kill()
        hub.wait()


def test_directory_that_cannot_be_private_is_refused(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    refused = run(blocked / "runtime")
    assert refused.returncode == 1
    assert "set RTWIDGETS_RUNTIME_DIR" in refused.stderr and "Traceback" not in refused.stderr


@pytest.mark.parametrize("mode", [0o777, 0o720, 0o702])
def test_directory_that_others_can_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(mode)
    refused = run(shared)
    assert refused.returncode == 1 and "chmod 700 it" in refused.stderr
    assert list(shared.iterdir()) == []


def test_directory_and_file_of_another_user_are_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTWIDGETS_RUNTIME_DIR", str(tmp_path))
    connection_file.write(connection_file.ConnectionFile("http://127.0.0.1:1", "secret", 1, "hub"))
    assert connection_file.read() is not None
    # Who can write the file would receive all that we publish.
    connection_file.path().chmod(0o620)
    assert connection_file.read() is None
    connection_file.path().chmod(0o600)
    # From now on they are another user's.
    somebody = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: somebody)
    assert connection_file.read() is None
    with pytest.raises(ConfigError, match="belongs to another user"):
        serve_local()


def test_readable_directory_is_made_private(tmp_path: Path) -> None:
    directory = tmp_path / "runtime"
    directory.mkdir()
    directory.chmod(0o755)
    hub = start(directory)
    try:
        wait_for(directory / "rtwidgets-hub.json")
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    finally:
        hub.kill()
        hub.wait()


def test_local_hub_listens_on_loopback_only(tmp_path: Path) -> None:
    hub = start(tmp_path)
    try:
        wait_for(tmp_path / "rtwidgets-hub.json")
        listening = [
            item.laddr for item in psutil.Process(hub.pid).net_connections() if item.status == "LISTEN"
        ]
        assert [address.ip for address in listening] == ["127.0.0.1"]
    finally:
        hub.kill()
        hub.wait()


# the archive --------------------------------------------------------------------------


@contextmanager
def local_hub(directory: Path) -> Iterator[Hub]:
    """Run a local hub and connect to it as its owner."""
    process = start(directory)
    try:
        wait_for(directory / "rtwidgets-hub.json")
        found = json.loads((directory / "rtwidgets-hub.json").read_text())
        hub = Hub(FixedSite(parse_address(found["url"]), found["token"]), name="test", buffer_bytes=1 << 20)
        yield hub
        hub.close(timeout_s=5)
    finally:
        process.kill()
        process.wait()
        (directory / "rtwidgets-hub.json").unlink(missing_ok=True)


def test_chats_outlive_the_hub_in_a_private_file_and_nothing_else_does(tmp_path: Path) -> None:
    with local_hub(tmp_path) as hub:
        hub.chat("desk").say("hello")
        hub.value("limit").set(3)
        assert hub.flush()
        files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("rtwidgets-hub.db*")}
        assert files == dict.fromkeys(
            ("rtwidgets-hub.db", "rtwidgets-hub.db-wal", "rtwidgets-hub.db-shm", "rtwidgets-hub.db.lock"),
            0o600,
        )
    with local_hub(tmp_path) as hub:
        assert [message.text for message in hub.chat("desk").history()] == ["hello"]
        assert hub.value("limit").get() is None


def test_damaged_archive_is_moved_aside_and_the_hub_goes_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rtwidgets-hub.db"
    for content in (b"no database, " * 1_000, b"nor is this, " * 1_000):
        for beside in tmp_path.glob("rtwidgets-hub.db-*"):
            beside.unlink()
        path.write_bytes(content)
        path.chmod(0o600)
        with local_hub(tmp_path) as hub:
            hub.chat("desk").say("hello")
            assert hub.flush()
            assert len(hub.chat("desk").history()) == 1
        assert f"{path} is damaged: it was moved to {path}.damaged" in capfd.readouterr().err
        assert Path(f"{path}.damaged").read_bytes() == content


@pytest.mark.parametrize("obstacle", ["newer", "directory", "open"])
def test_archive_that_can_not_be_used_keeps_no_hub_from_starting(
    tmp_path: Path, obstacle: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rtwidgets-hub.db"
    if obstacle == "directory":
        path.mkdir()
    else:
        with sqlite3.connect(path) as sql:
            sql.executescript("CREATE TABLE meta (key, value); INSERT INTO meta VALUES ('schema', '99')")
        sql.close()
        path.chmod(0o600 if obstacle == "newer" else 0o666)
    with local_hub(tmp_path) as hub:
        hub.chat("desk").say("hello")
        assert hub.flush() and len(hub.chat("desk").history()) == 1
    said = capfd.readouterr().err
    assert "the hub runs without its archive, chats end with it" in said and str(path) in said
    assert not Path(f"{path}.damaged").exists()

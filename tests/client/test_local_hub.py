"""The user's local hub: started, found, shared, replaced."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rtwidgets import connection_file
from rtwidgets.client import local
from rtwidgets.client.connect import connect
from rtwidgets.errors import HubStartError

from .conftest import eventually
from .hub_process import ROOT, environment


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("RTWIDGETS_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    yield tmp_path / "runtime"
    found = connection_file.read()
    if found is not None:
        os.kill(found.pid, signal.SIGTERM)
    for process in local._started:
        process.wait(20)
    local._started.clear()


def run_script(script: str, runtime: Path) -> subprocess.Popen[str]:
    env = environment(RTWIDGETS_RUNTIME_DIR=str(runtime))
    return subprocess.Popen(
        [sys.executable, "-c", script], env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=40)
    assert process.returncode == 0, err
    return out


def test_two_processes_that_start_at_once_share_one_hub(runtime: Path) -> None:
    script = (
        "import json, time, rtwidgets as rt\n"
        "hub = rt.connect()\n"
        "assert rt.connect() is hub\n"
        "counts = hub.table('who', key='pid')\n"
        "import os; counts.upsert(pid=os.getpid()); hub.flush()\n"
        "end = time.time() + 20\n"
        "while len(counts.rows()) < 2 and time.time() < end: time.sleep(0.02)\n"
        "time.sleep(0.3)\n"
        "print(json.dumps([hub.url, hub.key, len(counts.rows()), hub.is_local]))\n"
    )
    outputs = [json.loads(finish(process)) for process in [run_script(script, runtime) for _ in range(2)]]
    assert outputs[0] == outputs[1]
    assert outputs[0][1].startswith("local-")
    assert outputs[0][2:] == [2, True]
    file = connection_file.path()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert local.log_path().stat().st_mode & 0o777 == 0o600


def test_a_script_that_publishes_and_returns_loses_nothing(runtime: Path) -> None:
    script = "import rtwidgets as rt\nfor n in range(1000): rt.connect().stream('n').append(n=n)\n"
    finish(run_script(script, runtime))
    with connect() as hub:
        assert hub.stream("n").to_frame()["n"].tolist() == list(range(1000))


def test_a_killed_local_hub_is_replaced_and_the_client_moves_over(runtime: Path) -> None:
    with connect() as hub:
        limit = hub.value("limit", default=3)
        assert limit.get() == 3
        first = connection_file.read()
        assert first is not None
        key = hub.key
        os.kill(first.pid, signal.SIGKILL)
        eventually(lambda: hub.state.startswith("disconnected"))
        eventually(lambda: hub.state == "connected", 30)
        second = connection_file.read()
        assert second is not None and second.hub != first.hub
        assert hub.url == second.url and hub.key == key
        assert limit.get() == 3
        assert hub.status()["hub"] == second.hub


def test_many_threads_that_connect_at_once_get_one_hub_object(runtime: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        hubs = list(pool.map(lambda _: connect(), range(4)))
    assert len({id(hub) for hub in hubs}) == 1
    hubs[0].close()
    assert connect() is not hubs[0]
    connect().close()


def test_a_stale_file_that_names_a_living_process_is_not_believed(runtime: Path) -> None:
    stale = connection_file.ConnectionFile("http://127.0.0.1:9", "old", os.getpid(), "gone")
    connection_file.write(stale)
    with connect() as hub:
        found = connection_file.read()
        assert found is not None and found.hub == hub.hub_id != "gone"


class Impostor(ThreadingHTTPServer):
    """Who has taken a port, and writes down all that it is told there."""

    answer = b""
    drips = False

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Listening)
        self.heard: list[str] = []


class _Listening(BaseHTTPRequestHandler):
    server: Impostor

    def do_GET(self) -> None:
        self.server.heard.append(f"{self.requestline}\n{self.headers}")
        if self.server.drips:
            self.wfile.write(b"HTTP/1.0 200 OK\r\nX-Name: ")
            with suppress(OSError):
                for _ in range(200):
                    self.wfile.write(b"x")
                    time.sleep(0.05)
                self.server.heard.append("waited for the end")
            return
        self.wfile.write(self.server.answer)

    def log_message(self, *_: object) -> None:
        pass


def as_json(**said: object) -> bytes:
    return b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + json.dumps(said).encode()


def health(url: str, query: str = "") -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/health{query}", timeout=5) as response:
        said: dict[str, Any] = json.load(response)
    return said


@contextmanager
def listening(port: int) -> Iterator[Impostor]:
    with Impostor(port) as impostor:
        thread = threading.Thread(target=impostor.serve_forever, args=(0.05,))
        thread.start()
        yield impostor
        impostor.shutdown()
        thread.join()


def test_who_took_pid_and_port_of_a_killed_hub_is_not_believed_and_told_nothing(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, may_start = local._start, threading.Event()

    def start_later() -> subprocess.Popen[bytes]:
        if not may_start.is_set():
            raise HubStartError("not yet")
        return start()

    with connect() as hub, subprocess.Popen(["sleep", "60"]) as somebody:
        try:
            first = connection_file.read()
            assert first is not None and hub.port is not None
            # All of this anybody on the machine may learn while the hub lives.
            public = health(first.url)
            other = health(first.url, "?nonce=0123456789abcdef")["proof"]
            assert public.keys() == {"status", "hub", "version"} and public["hub"] == first.hub
            assert other == first.proof("0123456789abcdef")
            assert first.token not in other and "proof" not in health(first.url, f"?nonce={'0' * 65}")
            monkeypatch.setattr(local, "_start", start_later)
            os.kill(first.pid, signal.SIGKILL)
            eventually(lambda: hub.state.startswith("disconnected"))
            with listening(hub.port) as impostor:
                connection_file.write(replace(first, pid=somebody.pid))
                for answer in (
                    as_json(**public),
                    as_json(**public, proof=""),
                    as_json(**public, proof=other),
                    as_json(**public, proof="é" * 64),
                    as_json(**public, proof=None),
                    as_json(**public, proof=" " * 100_000),
                    b"HTTP/1.0 200 OK\r\n\r\n" + b"[" * 4_000,
                    b"HTTP/1.0 200 OK\r\n\r\n[]",
                    b"SSH-2.0-none\r\n",
                    f"HTTP/1.0 302 Found\r\nLocation: {first.url}/health?nonce=1\r\n\r\n".encode(),
                ):
                    impostor.answer = answer
                    assert local.find() is None, answer[:200]
                monkeypatch.setattr(local, "HEALTH_TIMEOUT_S", 0.5)
                impostor.drips = True
                assert local.find() is None
                impostor.drips = False
                # The relay's connections for the page, which bring a token of their own, go nowhere else.
                with pytest.raises(HubStartError, match="not yet"):
                    hub.portal.call(hub.open_pipe())
                impostor.answer = as_json(**public, proof=other)
                may_start.set()
                eventually(lambda: hub.state == "connected", 30)
                assert hub.url != first.url and hub.hub_id != first.hub
                found = connection_file.read()
                assert found is not None and found.url == hub.url
            nonces = [line.split()[1].removeprefix("/health?nonce=") for line in impostor.heard]
            assert "waited for the end" not in impostor.heard
            asked = [nonce for nonce in nonces if nonce != "1"]
            assert len(asked) == len(set(asked)) and all(len(nonce) == 32 for nonce in asked)
            assert not any(first.token in text or found.token in text for text in impostor.heard)
        finally:
            somebody.kill()


def test_a_proof_is_of_one_address_and_one_number() -> None:
    """Who listens elsewhere can't have the owner's hub answer in its place."""
    mine = connection_file.ConnectionFile("http://127.0.0.1:1", "t", 1, "mine")
    proofs = {
        file.proof(nonce)
        for file in (mine, replace(mine, url="http://127.0.0.1:2"), replace(mine, token="u"))
        for nonce in ("1", "2")
    }
    assert len(proofs) == 6 and mine.proof("1") == replace(mine, pid=2, hub="other").proof("1")


def test_a_hub_that_can_not_prove_itself_and_has_the_lock_is_named(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one of an earlier version that still runs."""
    found = local.find_or_start()
    monkeypatch.setattr(local, "START_TIMEOUT_S", 1.5)
    monkeypatch.setattr(connection_file.ConnectionFile, "proof", lambda *_: "another")
    with pytest.raises(
        HubStartError, match=rf"if process {found.pid} is a local hub of another version, end it"
    ):
        local.find_or_start()


def test_a_hub_that_can_not_start_is_reported_with_its_log(
    runtime: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "rtwidgets" / "server"
    broken.mkdir(parents=True)
    (broken.parent / "__init__.py").write_text("")
    (broken / "__init__.py").write_text("raise SystemExit('no module named starlette')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    started = time.monotonic()
    with pytest.raises(HubStartError, match=r"code 1.*rtwidgets-hub\.log(?s:.*)no module named starlette"):
        connect()
    assert time.monotonic() - started < 8


def test_a_directory_of_another_user_is_refused_before_anything_in_it_is_opened(
    runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"x" * 1_100_000)
    runtime.mkdir(mode=0o700)
    local.log_path().symlink_to(precious)
    owner = os.getuid()
    with monkeypatch.context() as patch:
        patch.setattr(os, "getuid", lambda: owner + 1)
        with pytest.raises(HubStartError, match="belongs to another user; set RTWIDGETS_RUNTIME_DIR"):
            local.find_or_start()
    runtime.chmod(0o777)
    with pytest.raises(HubStartError, match=r"others can write to .*chmod 700"):
        local.find_or_start()
    runtime.chmod(0o700)
    with pytest.raises(HubStartError, match=r"no log file for the local hub .*symbolic link"):
        local.find_or_start()
    assert "is empty" in local._log_tail()
    assert precious.read_bytes() == b"x" * 1_100_000


def test_what_is_no_file_of_ours_is_neither_read_nor_waited_for(runtime: Path) -> None:
    runtime.mkdir(mode=0o700)
    for path in (connection_file.path(), local.log_path()):
        os.mkfifo(path, 0o600)
        with pytest.raises(OSError, match="no file of yours"):
            connection_file.open_own(path, os.O_RDONLY)
    assert connection_file.read() is None
    with pytest.raises(HubStartError, match="no log file for the local hub"):
        local.find_or_start()
    assert "is empty" in local._log_tail()
    local.log_path().unlink()
    local.log_path().write_bytes(b"x" * 1_100_000)
    connection_file.path().unlink()
    local.find_or_start()
    assert local.log_path().stat().st_size < 1_100_000


def test_connection_file_is_removed_only_by_the_hub_it_names(runtime: Path) -> None:
    mine = connection_file.ConnectionFile("http://127.0.0.1:1", "t", 1, "mine")
    newer = connection_file.ConnectionFile("http://127.0.0.1:2", "t", 2, "newer")
    connection_file.write(mine)
    connection_file.write(newer)
    assert not connection_file.remove(mine)
    assert connection_file.read() == newer
    assert connection_file.remove(newer)
    assert connection_file.read() is None
    assert "t'" not in repr(newer)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"url": "x"}', '{"url":"u","token":"t","pid":"no","hub":"h"}']
)
def test_a_damaged_connection_file_counts_as_none(runtime: Path, text: str) -> None:
    runtime.mkdir(parents=True)
    connection_file.path().write_text(text)
    assert connection_file.read() is None

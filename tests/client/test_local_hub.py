"""The user's local hub: started, found, shared, replaced."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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

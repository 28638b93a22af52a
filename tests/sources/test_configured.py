"""`rtwidgets-hub feed`: sources of the settings, without a notebook."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rtwidgets import connect
from rtwidgets.sources.configured import KINDS

from ..client.hub_process import HubProcess, environment, token
from .conftest import StartFeed, Watch, wait_for
from .feed_process import RUN


def run(tmp_path: Path, hub: HubProcess, config: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "feed.toml"
    path.write_text(f"[auth]\nanonymous = true\n[hub]\nport = {hub.port}\n{config}")
    return subprocess.run(
        [*RUN, "feed", "--config", str(path), *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        env=environment(RTWIDGETS_HUB_TOKEN=token()),
    )


GOOD = 'kind = "redis"\nurl = "redis://127.0.0.1:1"\nstream = "s"\ngroup = "g"\n'


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("", "no [sources.NAME]"),
        ('[sources.a]\nkind = "smtp"\nchannel = "stream:a"', "kind = 'smtp': use 'kafka', 'mqtt'"),
        (f"[sources.a]\n{GOOD}", "names no channel"),
        (f'[sources.a]\n{GOOD}channel = "a"', "does not tell its kind"),
        (f'[sources.a]\n{GOOD}channel = "table:a"', "names no key column"),
        (f'[sources.a]\n{GOOD}channel = "stream:a"\nspeed = 1', "unexpected keyword argument 'speed'"),
        ('[sources.a]\nkind = "redis"\nchannel = "stream:a"', "missing a required argument: 'url'"),
        (f'[sources.a]\n{GOOD}channel = "stream:a"\non_error = "x"', "[sources.a]: on_error is 'x'"),
        (f'[sources.a]\n{GOOD}channel = "stream:a"\ndecode = "xml"', "[sources.a]: decode is 'xml'"),
    ],
    ids=["none", "kind", "channel", "name", "key", "option", "missing", "on_error", "decode"],
)
def test_mistakes_are_one_line(tmp_path: Path, hub_process: HubProcess, config: str, words: str) -> None:
    done = run(tmp_path, hub_process, config)
    assert done.returncode == 1
    assert words in done.stderr and "Traceback" not in done.stderr


def test_unknown_name_is_told(tmp_path: Path, hub_process: HubProcess) -> None:
    done = run(tmp_path, hub_process, f'[sources.a]\n{GOOD}channel = "stream:a"', "a", "b")
    assert done.returncode == 1 and "no [sources.b]" in done.stderr


def test_refused_token_ends_it(tmp_path: Path, hub_process: HubProcess, start_feed: StartFeed) -> None:
    settings: dict[str, Any] = {"kind": "redis", "url": "redis://127.0.0.1:1", "stream": "s", "group": "g"}
    feed = start_feed(channel="stream:token", **settings)
    feed.kill()
    feed._access["RTWIDGETS_HUB_TOKEN"] = "nonsense"
    feed.start()
    assert feed.wait() == 1 and "did not accept the token" in feed.log


def test_it_waits_for_a_hub_that_starts_later(own_hub: HubProcess, start_feed: StartFeed) -> None:
    own_hub.kill()
    settings: dict[str, Any] = {"kind": "redis", "url": "redis://127.0.0.1:1", "stream": "s", "group": "g"}
    feed = start_feed(own_hub, channel="stream:later", **settings)
    wait_for(lambda: "no hub at" in feed.log)
    own_hub.start()
    wait_for(lambda: "feeding under_test" in feed.log, said=lambda: feed.log)
    wait_for(lambda: "Redis is away" in feed.log, said=lambda: feed.log)
    assert feed.terminate() == 0


def test_source_that_fails_stops_alone(
    tmp_path: Path, hub_process: HubProcess, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One has no right to its channel; the other goes on."""
    path = tmp_path / "feed.toml"
    out = f'[sources.good]\n{GOOD}from = "event:good"\n'
    bad = f'[sources.bad]\n{GOOD}from = "event:bad"\n'
    path.write_text(f"[auth]\nanonymous = true\n{out}{bad}")
    caps = {"event:good": ["subscribe", "history"], "value:*": ["subscribe", "publish"]}
    access = {
        "RTWIDGETS_HUB_URL": hub_process.url,
        "RTWIDGETS_HUB_TOKEN": token("feed", owner=False, caps=caps),
    }
    log = tmp_path / "feed.log"
    with log.open("wb") as opened:
        process = subprocess.Popen(
            [*RUN, "feed", "--config", str(path)], stdout=opened, stderr=opened, env=environment(**access)
        )
    try:
        wait_for(lambda: "source 'bad' has ended: failed: PermissionDenied" in log.read_text())
        assert process.poll() is None and "'good'" not in log.read_text()
        process.terminate()
        assert process.wait(10) == 1
    finally:
        process.kill()
        process.wait()


def test_hub_takes_settings_that_name_sources(tmp_path: Path) -> None:
    process = HubProcess(tmp_path, f'[sources.a]\n{GOOD}channel = "stream:a"\n')
    process.start()
    try:
        with connect(process.url, token=token()) as hub:
            assert hub.state == "connected"
    finally:
        process.kill()


def test_every_kind_is_a_source() -> None:
    from rtwidgets import sources

    assert all(callable(getattr(sources, kind)) for kind in KINDS)


def test_libraries_are_loaded_by_who_uses_them() -> None:
    code = "import sys, rtwidgets.sources; print(*(name.partition('.')[0] for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment())
    loaded = set(done.stdout.split())
    assert "rtwidgets" in loaded and not loaded & {"asyncpg", "confluent_kafka", "nats", "paho", "redis"}

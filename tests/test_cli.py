"""`rtwidgets-hub tail` and `publish`, as a terminal runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .client.hub_process import HubProcess, environment, token

RUN = [sys.executable, "-c", "from rtwidgets.cli import main; main(prog_name='rtwidgets-hub')"]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    process = HubProcess(tmp_path_factory.mktemp("hub"))
    process.start()
    yield process
    process.kill()


def run(*arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RUN, *arguments], capture_output=True, text=True, timeout=30, env=environment(**extra)
    )


def test_tail_prints_the_snapshot_and_every_publication(hub: HubProcess) -> None:
    access = {"RTWIDGETS_HUB_URL": hub.url, "RTWIDGETS_HUB_TOKEN": token()}
    assert run("publish", "value:limit", "100", **access).returncode == 0
    command = [*RUN, "tail", "value:limit"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(**access)) as tail:
        assert tail.stdout is not None
        try:
            snapshot = json.loads(tail.stdout.readline())["snapshot"]
            assert (snapshot["kind"], snapshot["value"], snapshot["by"]["user"]) == ("value", 100, "ann")
            assert run("publish", "value:limit", '{"a": "b"}', **access).returncode == 0
            assert json.loads(tail.stdout.readline())["data"] == {"a": "b"}
        finally:
            tail.kill()


def test_a_local_hub_is_named(tmp_path: Path) -> None:
    done = run("publish", "event:a", "1", RTWIDGETS_RUNTIME_DIR=str(tmp_path / "runtime"))
    found = json.loads((tmp_path / "runtime/rtwidgets-hub.json").read_text())
    os.kill(found["pid"], signal.SIGTERM)
    wanted = f"your own local hub at {found['url']}; --url or RTWIDGETS_HUB_URL names another\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, "", wanted)


def test_token_may_come_from_a_file(hub: HubProcess, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(token() + "\n")
    done = run("publish", "event:a", "1", "--url", hub.url, "--token-file", str(path))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("publish", "event:a", "NaN"), "DATA is not JSON"),
        (("publish", "event:a", "hello"), "quote texts"),
        (("publish", "event a", "1"), "printable ASCII"),
        (("publish", "stream:a", "1"), "a stream takes columns"),
        (("tail", "nowhere:a"), "nowhere:a"),
        (("tail", "event:a", "--url", "http://127.0.0.1:9"), "no hub at http://127.0.0.1:9"),
    ],
)
def test_mistakes_are_one_line(hub: HubProcess, arguments: tuple[str, ...], words: str) -> None:
    done = run(*arguments, RTWIDGETS_HUB_URL=hub.url, RTWIDGETS_HUB_TOKEN=token())
    assert done.returncode == 1
    assert words in done.stderr and "Traceback" not in done.stderr


def test_refused_token_is_said(hub: HubProcess) -> None:
    done = run("tail", "event:a", RTWIDGETS_HUB_URL=hub.url, RTWIDGETS_HUB_TOKEN="nonsense")
    assert done.returncode == 1 and "did not accept the token" in done.stderr


def test_minted_token_opens_the_hub(hub: HubProcess, tmp_path: Path) -> None:
    config = hub.config
    made = run("token", "--config", str(config), "--user", "bob", "--caps", '{"event:*": ["publish"]}')
    access = {"RTWIDGETS_HUB_URL": hub.url, "RTWIDGETS_HUB_TOKEN": made.stdout.strip()}
    assert run("publish", "event:a", "1", **access).returncode == 0
    assert "permission denied" in run("publish", "value:a", "1", **access).stderr
    wrong = run("token", "--config", str(config), "--user", "bob", "--caps", '{"event:*": ["fly"]}')
    assert wrong.returncode == 1 and "unknown verb 'fly'" in wrong.stderr

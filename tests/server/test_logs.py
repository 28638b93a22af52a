"""The log as JSON lines: each of them one object, with ids and counts and nothing that clients send."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rtwidgets.server.logs import JsonFormatter, TextFormatter

from ..client.hub_process import HubProcess, environment
from .sockets import bare_line, open_line


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    process = HubProcess(tmp_path, '[hub]\nlog_format = "json"\n')
    process.start()
    yield process
    process.kill()


def lines(hub: HubProcess) -> list[dict[str, Any]]:
    """End a hub in the ordinary course and read its log; the first line says on the terminal where it is."""
    hub.terminate()
    hub.wait()
    said = hub._log.read_text().splitlines()
    assert sum(not line.startswith("{") for line in said) == 1
    return [json.loads(line) for line in said if line.startswith("{")]


def test_what_happens_is_an_object_a_line(hub: HubProcess) -> None:
    with open_line(hub, "ann") as line:
        client = line.ask(rpc={"method": "rtwidgets.status", "data": {}})
        assert client
        line.ask(publish={"channel": "event:a", "data": "said in private"})
    with bare_line(hub):
        pass  # nobody came in
    found = lines(hub)
    assert [line["message"] for line in found] == [
        "hub started",
        "connection ended",
        "drain started",
        "drain ended",
        "hub ended",
    ]
    ended = found[1]
    assert (ended["user"], ended["transport"], ended["code"]) == ("ann", "client", 3000)
    assert ended["client"] and ended["seconds"] >= 0
    assert all(line["time"] and line["level"] == "info" and line["logger"] for line in found)
    assert "private" not in hub._log.read_text()


def test_fault_is_told_by_where_it_was_and_not_by_what_it_quotes() -> None:
    try:
        raise KeyError("said in private")
    except KeyError:
        record = logging.getLogger("any").makeRecord(
            "any", logging.ERROR, __file__, 1, "a request %s", ("failed",), sys.exc_info()
        )
    text = JsonFormatter().format(record)
    line = json.loads(text)
    assert (line["message"], line["error"]) == ("a request failed", "KeyError")
    assert line["at"][-1].endswith("test_fault_is_told_by_where_it_was_and_not_by_what_it_quotes")
    assert "private" not in text and "\n" not in text


def test_text_log_tells_no_more_of_a_fault() -> None:
    try:
        try:
            raise KeyError("said in private")
        except KeyError as error:
            raise ValueError("and 'said in private' again") from error
    except ValueError:
        record = logging.getLogger("any").makeRecord(
            "any", logging.ERROR, __file__, 1, "a request %s", ("failed",), sys.exc_info()
        )
    message, kind, place = TextFormatter().format(record).splitlines()
    assert (message, kind) == ("a request failed", "ValueError")
    assert place.startswith(f"  at {__file__}:") and place.endswith("test_text_log_tells_no_more_of_a_fault")


def test_text_log_says_nothing_in_the_ordinary_course(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path)
    hub.start()
    with open_line(hub):
        pass
    hub.terminate()
    hub.wait()
    assert hub._log.read_text().splitlines() == [f"rtwidgets hub at {hub.url}"]


def test_format_is_a_flag_too(tmp_path: Path) -> None:
    config = tmp_path / "hub.toml"
    config.write_text("[hub]\nport = 70000\n")
    command = [sys.executable, "-m", "rtwidgets.server", "serve", "--config", str(config)]
    done = subprocess.run(
        [*command, "--log-format", "xml"], capture_output=True, text=True, env=environment(), check=False
    )
    assert done.returncode == 2 and "'xml' is not one of" in done.stderr

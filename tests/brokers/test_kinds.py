"""A namespace is of one kind for all hubs of a broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ..client.hub_process import HubProcess
from ..server.sockets import open_line
from ..server.worker_processes import wait_for
from .redis_server import RedisServer

CONFIG = """
[hub]
broker = "{broker}"
[namespaces.px]
kind = "{kind}"
history_size = 10
recover = true
"""

Make = Callable[[str, str], HubProcess]


@pytest.fixture
def server(need_redis: None) -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def make(server: RedisServer, tmp_path: Path, start_hubs: list[HubProcess]) -> Make:
    """Make hubs of one broker, each with a name and a kind of its namespace `px`."""

    def hub(name: str, kind: str) -> HubProcess:
        (tmp_path / name).mkdir()
        start_hubs.append(HubProcess(tmp_path / name, CONFIG.format(broker=server.url, kind=kind)))
        return start_hubs[-1]

    return hub


def test_hub_with_another_kind_does_not_start_and_what_is_kept_as_another_is_a_final_error(
    server: RedisServer, make: Make
) -> None:
    one = make("one", "stream")
    one.start()
    with open_line(one) as line:
        assert "error" not in line.ask(publish={"channel": "px:a", "data": {"x": [1]}})
    refused = (
        r"Error: hub\.broker is used by hubs that have a namespace 'px' of kind 'stream', which is 'event' "
        r"here.*redis-cli HDEL rtwidgets:kinds px"
    )
    with pytest.raises(AssertionError, match=refused):
        make("other", "event").start()
    # Whoever goes over to another kind, with all hubs stopped, finds what was there.
    one.kill()
    server.ask("HDEL", "rtwidgets:kinds", "px")
    late = make("late", "event")
    late.start()
    log = late.config.parent / "hub.log"
    with open_line(late) as line:
        for _ in range(3):
            for request in ({"publish": {"channel": "px:a", "data": 1}}, {"subscribe": {"channel": "px:a"}}):
                error = line.ask(**request)["error"]
                assert error["code"] == 108 and not error.get("temporary")
                assert "has 'px:a' as 'stream', and its namespace is of kind 'event' now" in error["message"]
        assert "error" not in line.ask(publish={"channel": "px:b", "data": 1})
        assert log.read_text().count("channel 'px:a' can't be loaded") == 1
        server.ask("DEL", *(f"rtwidgets:{{c:px:a}}:{part}" for part in ("meta", "log", "sizes")))
        assert "error" not in line.ask(publish={"channel": "px:a", "data": 1})
        wait_for("it is said", lambda: "channel 'px:a' can be loaded again" in log.read_text())

"""`/ready`: a publication goes through the hub, and through its archive, before it says so."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rtwidgets.core import Limits
from rtwidgets.core.about_hub import PROBE
from rtwidgets.core.batch import ArchiveFault
from rtwidgets.server import probe
from rtwidgets.server.archiver import Archiver
from rtwidgets.server.settings import AuthSection, HubSection, Settings

from ..client.hub_process import SECRET
from .inner_hub import InnerHub
from .sockets import open_line

Start = Callable[..., InnerHub]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[InnerHub] = []

    def begin(archive: str = "none", **limits: int) -> InnerHub:
        auth = AuthSection(hmac_secret=SECRET)
        settings = Settings(hub=HubSection(archive=archive), auth=auth, limits=Limits(**limits))
        started.append(InnerHub(settings))
        return started[0]

    yield begin
    for hub in started:
        hub.close()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "TIMEOUT_S", 0.3)
    monkeypatch.setattr(probe, "KEPT_S", 0.0)


def ask(hub: InnerHub) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{hub.port}/ready", timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.parametrize("archived", [False, True])
def test_ready_hub_says_so_and_keeps_nothing_of_who_looked(
    start: Start, hasty: None, tmp_path: Path, archived: bool
) -> None:
    hub = start(f"sqlite:///{tmp_path}/hub.db" if archived else "none")
    for _ in range(3):
        assert ask(hub) == (200, {"status": "ready"})
    core = hub.app.hub
    assert hub.call(lambda: (len(core.connections), len(core.channel(PROBE).cursors))) == (0, 0)
    assert hub.call(lambda: core.channel(PROBE).log.top) == 3
    if archived:
        assert hub.app._keeper is not None and hub.app._keeper.figures._publications == 3


def test_many_who_ask_are_one_look_a_second(start: Start) -> None:
    hub = start()
    threads = [threading.Thread(target=ask, args=(hub,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= hub.call(lambda: hub.app.hub.channel(PROBE).log.top) <= 3


def test_hub_whose_publications_do_not_arrive_is_not_ready(start: Start, hasty: None) -> None:
    hub = start()
    deliver = hub.app.hub.on_dirty
    hub.app.hub.on_dirty = lambda: None
    assert ask(hub) == (
        503,
        {"status": "failing", "reason": "a publication was not delivered within 0.3 s"},
    )
    hub.app.hub.on_dirty = deliver
    hub.call(lambda: hub.app.hub.flush(hub.app.now()))
    assert ask(hub)[0] == 200


def test_hub_whose_archive_fails_is_not_ready(start: Start, hasty: None, tmp_path: Path) -> None:
    hub = start(f"sqlite:///{tmp_path}/hub.db")
    assert ask(hub)[0] == 200
    assert isinstance(hub.app._keeper, Archiver)
    archive = hub.app._keeper.archive
    commit = archive.commit

    async def fail(*arguments: object) -> Any:
        raise ArchiveFault("the disk is full")

    archive.commit = fail  # type: ignore[method-assign, assignment]
    assert ask(hub) == (503, {"status": "failing", "reason": "the disk is full"})
    archive.commit = commit  # type: ignore[method-assign]
    while ask(hub)[0] != 200:
        pass  # it looks at the archive again after half a second


def test_full_hub_is_ready(start: Start, hasty: None) -> None:
    hub = start(channels=1)
    with open_line(hub) as line:
        line.ask(subscribe={"channel": "event:only"})
        assert "error" in line.ask(subscribe={"channel": "event:more"})
        assert ask(hub)[0] == 200


def test_nobody_else_publishes_to_the_probe(start: Start) -> None:
    hub = start()
    with open_line(hub) as line:
        assert line.ask(publish={"channel": PROBE, "data": 1})["error"]["code"] == 103

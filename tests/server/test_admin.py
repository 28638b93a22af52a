"""What the hub tells of itself, to whom, and only while they look."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import rtwidgets.cli  # noqa: F401  adds its commands to the group
from rtwidgets.core.about_hub import ADMIN_USER, CHANNELS, CONNECTIONS, DASHBOARD, RATES
from rtwidgets.server import reporter
from rtwidgets.server.cli import main
from rtwidgets.server.hub_layout import MOST_ROWS, layout
from rtwidgets.server.settings import AuthSection, Settings

from ..client.hub_process import SECRET
from .inner_hub import InnerHub
from .sockets import Line, bare_line, open_line
from .test_join import post


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[InnerHub]:
    monkeypatch.setattr(reporter, "INTERVAL_S", 0.05)
    inner = InnerHub(Settings(auth=AuthSection(hmac_secret=SECRET)))
    yield inner
    inner.close()


def until(line: Line, seek: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 10
    while not (found := seek()):
        assert time.monotonic() < deadline
        line.receive()
    return found


def test_dashboard_shows_what_there_is(hub: InnerHub) -> None:
    with open_line(hub) as line:
        shown = line.ask(subscribe={"channel": DASHBOARD})["subscribe"]["data"]["value"]
        assert shown["title"] == f"Hub {hub.app.hub.hub_id}"
        for name in ("event:any", RATES, CONNECTIONS, CHANNELS):
            line.ask(subscribe={"channel": name})

        def columns(channel: str) -> set[str]:
            datas = [
                push["pub"]["data"]
                for push in line.pushes
                if push.get("channel") == channel and "pub" in push
            ]
            return {name for data in datas for name in data.get("upsert", data)}

        has = {}
        for name in (RATES, CONNECTIONS, CHANNELS):
            has[name] = until(line, partial(columns, name))
    specs = [panel["spec"] for panel in shown["panels"]]
    assert {spec["kind"] for spec in specs} == {"metric", "chart", "table"}
    for spec in specs:
        options = spec["options"]
        wanted = options.get("y") or options.get("columns") or [options["column"]]
        assert set(wanted) <= has[spec["channels"]["data"]], spec


def test_rates_are_what_happens(hub: InnerHub) -> None:
    with open_line(hub) as line, open_line(hub, "bob") as other:
        line.ask(subscribe={"channel": RATES})
        other.ask(subscribe={"channel": "event:busy"})
        for number in range(200):
            other.ask(publish={"channel": "event:busy", "data": number})

        def busy() -> bool:
            rows = [push["pub"]["data"] for push in line.pushes if "pub" in push]
            return any(row["published"][0] > 0 and row["delivered"][0] > 0 for row in rows)

        until(line, busy)
        row = line.pushes[-1]["pub"]["data"]
    assert row["connections"] == [2] and row["client"] == [2] and row["direct"] == [0]
    assert row["memory"][0] > 10_000_000 and abs(row["time"][0] / 1000 - time.time()) < 60


def test_tables_follow_who_comes_and_goes(hub: InnerHub) -> None:
    with open_line(hub) as line:
        line.ask(subscribe={"channel": CONNECTIONS})
        line.ask(subscribe={"channel": CHANNELS})

        def changes(channel: str, part: str) -> list[Any]:
            found = [push for push in line.pushes if push.get("channel") == channel and "pub" in push]
            return [push["pub"]["data"][part] for push in found if part in push["pub"]["data"]]

        with open_line(hub, "bob") as other:
            other.ask(subscribe={"channel": "event:new"})
            until(line, lambda: any("bob" in rows["user"] for rows in changes(CONNECTIONS, "upsert")))
            until(line, lambda: any("event:new" in rows["channel"] for rows in changes(CHANNELS, "upsert")))
        until(line, lambda: changes(CONNECTIONS, "remove"))
        # What the page itself reads is not among the channels.
        assert not any(CHANNELS in rows["channel"] for rows in changes(CHANNELS, "upsert"))


def test_nothing_is_published_while_nobody_looks(hub: InnerHub) -> None:
    def tops() -> list[int]:
        return hub.call(
            lambda: [hub.app.hub.channel(name).log.top for name in (RATES, CONNECTIONS, CHANNELS)]
        )

    looks = {"data": {"rtwidgets": {"visible": False}}}
    with open_line(hub) as line:
        for name in (RATES, CONNECTIONS, CHANNELS):
            line.ask(subscribe={"channel": name, **looks})
        before = tops()
        time.sleep(0.3)
        assert tops() == before == [0, 0, 0]
        line.ask(rpc={"method": "rtwidgets.subscription", "data": {"channel": CONNECTIONS, "visible": True}})
        until(line, lambda: line.pushes)
    while hub.call(lambda: hub.app.hub.connections):
        pass
    # Who looks next does not see what was.
    deadline = time.monotonic() + 10
    kind = hub.app.hub.channel(CONNECTIONS).kind
    while b'"rows":{"client":[],' not in hub.call(lambda: kind.snapshot(0, 1024)).data:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_tables_are_bounded(hub: InnerHub) -> None:
    def fill() -> None:
        for number in range(MOST_ROWS + 50):
            hub.app.hub.channel(f"event:c{number}")

    hub.call(fill)
    with open_line(hub) as line:
        line.ask(subscribe={"channel": CHANNELS})
        until(line, lambda: [push for push in line.pushes if "pub" in push])
        assert len(line.pushes[0]["pub"]["data"]["upsert"]["channel"]) == MOST_ROWS


def test_link_of_who_runs_the_hub_opens_the_page_and_nothing_else(hub: InnerHub) -> None:
    arguments = ["admin-link", "--url", f"http://127.0.0.1:{hub.port}"]
    said = CliRunner().invoke(main, arguments, env={"RTWIDGETS_AUTH_HMAC_SECRET": SECRET}).output.strip()
    base, _, invite = said.partition("#")
    assert base == f"http://127.0.0.1:{hub.port}/admin"
    status, answer, _ = post(hub, {"invite": invite})
    assert (status, answer["user"], answer["name"], answer["session"]) == (200, ADMIN_USER, "admin", "")
    with bare_line(hub) as line:
        line.ask(connect={"token": answer["token"]})
        assert "subscribe" in line.ask(subscribe={"channel": CONNECTIONS})
        for request in (
            {"subscribe": {"channel": "event:other"}},
            # Of a user who is called so, and of one who took the name that the link has.
            {"subscribe": {"channel": "event:rtwidgets.notices#admin"}},
            {"subscribe": {"channel": f"event:rtwidgets.notices#{ADMIN_USER}"}},
            {"history": {"channel": "event:rtwidgets.notices#admin", "limit": 1}},
            {"publish": {"channel": CONNECTIONS, "data": {}}},
            {"rpc": {"method": "rtwidgets.revoke", "data": {"user": "ann"}}},
            {"rpc": {"method": "rtwidgets.sign_in", "data": {"admin": True}}},
        ):
            assert line.ask(**request)["error"]["code"] == 103


def test_link_names_where_browsers_reach_the_hub() -> None:
    runner = CliRunner()
    for variables, base in (
        ({}, "http://127.0.0.1:8090"),
        ({"RTWIDGETS_HUB_PUBLIC_URL": "https://hub.example.org/desk/"}, "https://hub.example.org/desk"),
    ):
        said = runner.invoke(main, ["admin-link"], env={"RTWIDGETS_AUTH_HMAC_SECRET": SECRET, **variables})
        assert said.output.startswith(f"{base}/admin#eyJ")


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ('jwks = "keys.json"', "the hub has no hmac_secret to sign tokens with"),
        (f'hmac_secret = "{SECRET}"\nalgorithms = ["RS256"]\njwks = "keys.json"', "does not list HS256"),
    ],
)
def test_settings_that_can_not_sign_say_so(tmp_path: Path, settings: str, why: str) -> None:
    config = tmp_path / "hub.toml"
    config.write_text(f"[auth]\n{settings}\n")
    said = CliRunner().invoke(main, ["admin-link", "--config", str(config)])
    assert said.exit_code == 1 and why in said.output and "--token-file" in said.output
    said = CliRunner().invoke(main, ["token", "--config", str(config), "--user", "ann"])
    assert said.exit_code == 1 and isinstance(said.exception, SystemExit), said.output


def test_layout_fits_the_grid() -> None:
    for panel in layout("Hub")["panels"]:
        assert panel["x"] + panel["w"] <= 12

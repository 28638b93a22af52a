from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import rtwidgets as rt
from rtwidgets.client.address import parse_address
from rtwidgets.client.hub import Hub
from rtwidgets.client.outbox import DEFAULT_BUFFER_BYTES
from rtwidgets.client.sites import FixedSite
from rtwidgets.errors import ClosedError
from tests.canary import Canaries
from tests.client.hub_process import HubProcess, token

BREAKING = "</script><script>alert(1)</script><!--<script>\u2028\u2029&lt;]]>"


@pytest.fixture(scope="module")
def running_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    hub = HubProcess(tmp_path_factory.mktemp("hub"))
    hub.start()
    yield hub
    hub.kill()


@pytest.fixture
def secret() -> str:
    return token()


@pytest.fixture
def hub(running_hub: HubProcess, secret: str) -> Iterator[Hub]:
    site = FixedSite(parse_address(running_hub.url), secret)
    with Hub(site, name="test", buffer_bytes=DEFAULT_BUFFER_BYTES) as hub:
        yield hub


class Parts(HTMLParser):
    """The scripts of a page, its title and its policy, as a browser takes it apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.title = self.policy = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        given = dict(attrs)
        if tag == "script":
            self.scripts.append((given, ""))
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = str(given["content"])

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            attrs, before = self.scripts[-1]
            self.scripts[-1] = (attrs, before + data)
        elif self._inside == "title":
            self.title += data


def contents_of(path: Path) -> Any:
    return json.loads(Parts(path.read_text(encoding="utf-8")).scripts[0][1])


def test_file_holds_specs_and_the_state_of_the_hub(hub: Hub, tmp_path: Path) -> None:
    prices = hub.stream("export/prices")
    prices.append(time=1_700_000_000.0, price=101.5, symbol="ACME")
    limit = hub.value("export/limit", default=5)
    hub.flush()
    chart, slider = rt.LiveChart(prices, y="price", title="Prices"), rt.Slider(limit, 0, 10)
    path = rt.save_html(tmp_path / "desk.html", [chart, slider])
    assert path == tmp_path / "desk.html"
    contents = contents_of(path)
    assert contents["title"] == "Prices"
    assert contents["hub"] is None
    first, second = contents["widgets"]
    assert first["spec"]["kind"] == "chart" and "hub" not in first["spec"]
    assert first["feeds"]["data"]["batches"] == [
        {"time": [1_700_000_000_000], "price": [101.5], "symbol": ["ACME"]}
    ]
    assert second["feeds"] == {"value": {"value": 5}}
    assert list(tmp_path.iterdir()) == [path], "no half of a file is left"


def test_every_widget_saves_itself(hub: Hub, tmp_path: Path) -> None:
    metric = rt.LiveMetric(hub.stream("export/m"), "n", title="Count")
    path = metric.save_html(str(tmp_path / "one.html"), title="Today")
    parts = Parts(path.read_text(encoding="utf-8"))
    assert parts.title == contents_of(path)["title"] == "Today"


def test_text_does_not_break_out_of_where_it_stands(hub: Hub, tmp_path: Path) -> None:
    room = hub.chat("export/broken")
    room.say(BREAKING)
    rows = hub.table("export/broken", key="id")
    rows.upsert({"id": [BREAKING], BREAKING: [BREAKING]})
    hub.flush()
    path = rt.save_html(
        tmp_path / "x.html", [rt.LiveChat(room, title=BREAKING), rt.LiveTable(rows)], title=BREAKING
    )
    text = path.read_text(encoding="utf-8")
    parts = Parts(text)
    assert len(parts.scripts) == 2
    assert text.count("<script") == 2 and text.count("</script") == 2
    assert not set("<>&\u2028\u2029") & set(parts.scripts[0][1])
    assert parts.title == BREAKING
    contents = contents_of(path)
    assert contents["widgets"][0]["feeds"]["chat"]["messages"][0]["text"] == BREAKING
    assert contents["widgets"][1]["feeds"]["data"]["rows"][BREAKING] == [BREAKING]


def test_policy_names_the_one_script_and_no_address(hub: Hub, tmp_path: Path) -> None:
    path = rt.Toggle(hub.value("export/t")).save_html(tmp_path / "x.html")
    parts = Parts(path.read_text(encoding="utf-8"))
    attrs, script = parts.scripts[1]
    assert attrs == {}
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert parts.policy == (
        f"default-src 'none'; script-src 'sha256-{digest}'; connect-src 'none'; "
        "base-uri 'none'; form-action 'none'"
    )


def test_file_of_a_session_leads_to_it_and_opens_nothing(
    hub: Hub, secret: str, tmp_path: Path, running_hub: HubProcess
) -> None:
    with hub.session("desk", title="Desk") as session:
        slider = rt.Slider(session.value("limit", default=1), 0, 10)
        path = slider.save_html(tmp_path / "x.html")
        assert contents_of(path)["hub"] == {"base": f"{running_hub.url}/", "session": "desk"}
        assert Canaries(owner=secret).found_in(path.read_text(encoding="utf-8")) == []
        other = rt.Slider(hub.value("limit", default=1), 0, 10)
        assert contents_of(rt.save_html(tmp_path / "y.html", [slider, other]))["hub"] is None


def test_file_with_an_invite_may_talk_to_its_hub_and_no_other(
    hub: Hub, secret: str, tmp_path: Path, running_hub: HubProcess
) -> None:
    with hub.session("desk") as session:
        slider = rt.Slider(session.value("limit", default=1), 0, 10)
        share = session.share("viewer", expires="1h")
        path = slider.save_html(tmp_path / "x.html", invite=share)
        invite = share.url.partition("#")[2]
        assert contents_of(path)["hub"]["invite"] == invite
        assert contents_of(slider.save_html(tmp_path / "y.html", invite=share.url)) is not None
        policy = Parts(path.read_text(encoding="utf-8")).policy
        ws = running_hub.url.replace("http", "ws")
        assert f"connect-src {running_hub.url} {ws};" in policy
        text = path.read_text(encoding="utf-8").replace(invite, "")
        assert Canaries(owner=secret).found_in(text) == []


def test_what_can_t_be_saved_is_said(hub: Hub, tmp_path: Path) -> None:
    path = tmp_path / "x.html"
    toggle = rt.Toggle(hub.value("export/t"))
    nothing: Any = "chart"
    with pytest.raises(
        TypeError, match=r"save_html takes widgets such as rt\.LiveChart\(\.\.\.\), not a str"
    ):
        rt.save_html(path, [nothing])
    with pytest.raises(ValueError, match="at least one widget"):
        rt.save_html(path, [])
    for invite in ("http://127.0.0.1:1/s/desk", "http://127.0.0.1:1/#x.y.z", 7):
        wrong: Any = invite
        with pytest.raises(ValueError, match=r"invite must be what session\.share\(\) made"):
            toggle.save_html(path, invite=wrong)
    with pytest.raises(FileNotFoundError):
        toggle.save_html(tmp_path / "nowhere" / "x.html")
    toggle.close()
    with pytest.raises(ClosedError, match=r"Toggle\(value:export/t\) was closed: make it again to save it"):
        toggle.save_html(path)
    assert not path.exists()


def test_widgets_of_two_hubs_need_two_files(hub: Hub, running_hub: HubProcess, tmp_path: Path) -> None:
    site = FixedSite(parse_address(running_hub.url), token("bob"))
    with Hub(site, name="other", buffer_bytes=DEFAULT_BUFFER_BYTES) as other:
        both = [rt.Toggle(hub.value("export/t")), rt.Toggle(other.value("export/t"))]
        with pytest.raises(ValueError, match="of several hubs"):
            rt.save_html(tmp_path / "x.html", both)


def test_dashboard_saves_its_panels(hub: Hub, tmp_path: Path) -> None:
    with hub.session("board") as session:
        limit = session.value("limit", default=3)
        board = rt.Dashboard(hub, "board", [[rt.Slider(limit, 0, 5)]], title="Board")
        hub.flush()
        contents = contents_of(board.save_html(tmp_path / "x.html"))
    assert contents["title"] == "Board"
    [panel] = contents["widgets"][0]["feeds"]["panels"].values()
    assert panel == {"value": {"value": 3}}
    assert re.search("slider", json.dumps(contents["widgets"][0]["feeds"]["layout"]))

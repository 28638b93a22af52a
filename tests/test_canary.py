"""Secrets stay where they belong: put canaries through the real system, and look for them in all it says.

Each sink is also filled once by somebody who is careless with a secret, to see that the search would find it.
What a page shows, asks for and logs is in `browser/test_canary.py`.
"""

from __future__ import annotations

import base64
import gc
import importlib
import json
import logging
import os
import pkgutil
import secrets
import signal
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anywidget
import jwt
import msgspec
import nbclient
import nbformat
import pytest
from nbconvert import HTMLExporter
from websockets.exceptions import ConnectionClosed

import rtwidgets as rt
from rtwidgets import connection_file, widgets
from rtwidgets.client import local
from rtwidgets.protocol.messages import (
    Command,
    ConnectRequest,
    RefreshRequest,
    SubRefreshRequest,
    SubscribeRequest,
)
from rtwidgets.server.settings import AuthSection, Settings, load

from .canary import Canaries
from .client.hub_process import ROOT, VERBS, HubProcess, environment
from .server.inner_hub import InnerHub
from .server.sockets import Line, bare_line

SECRET, PREVIOUS, API_KEY = (secrets.token_hex(24) for _ in range(3))
SETTINGS = f"""[auth]
hmac_secret = "{SECRET}"
hmac_secret_previous = "{PREVIOUS}"
api_key = "{API_KEY}"
"""


def token(user: str, secret: str = SECRET, **claims: Any) -> str:
    now = int(time.time())
    said = {"sub": user, "iat": now, "exp": now + 86_400, "jti": secrets.token_hex(8), "caps": {"*": VERBS}}
    return jwt.encode({**said, **claims}, secret, algorithm="HS256")


OWNER = token("root", owner=True)
# What a careless client sends: all of it is wrong in some way, and all of it is somebody's secret.
BAD = {
    "expired": token("ann", exp=1),
    "not yet good": token("ann", nbf=9e9),
    "of another hub": token("ann", secrets.token_hex(24)),
    "cut short": token("ann")[:-3],
    "with wrong claims": token("ann", caps={"*": ["fly"]}),
    "for a subscription": token("ann", channel="event:a"),
    "with odd characters": token("ann") + "\u2028\x1b[0m",
    "too long": "x".join([token("ann")] * 100),
}
CANARIES = Canaries(
    **{"hmac_secret": SECRET, "hmac_secret_previous": PREVIOUS, "api_key": API_KEY, "owner": OWNER, **BAD}
)


class LoudHub(HubProcess):
    """A hub that logs all it can."""

    def __init__(self, directory: Path, plant: str = "", log_format: str = "text") -> None:
        super().__init__(directory)
        self.config.write_text(f'{SETTINGS}[hub]\nlog_format = "{log_format}"\n')
        self._plant = plant

    def start(self) -> None:
        command = [sys.executable, str(ROOT / "tests/server/loud_hub.py"), str(self.config), str(self.port)]
        env = environment(PYTHONASYNCIODEBUG="1", RTWIDGETS_PLANT=self._plant)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=env)
        wait_for(lambda: b"http://127.0.0.1" in self._log.read_bytes())

    def output(self) -> bytes:
        self.kill()
        return self._log.read_bytes()


def wait_for(what: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def request(url: str, body: bytes | None = None, **headers: str) -> bytes:
    """Return all of an answer: status, headers and body."""
    wanted = urllib.request.Request(
        url, body, {name.replace("_", "-"): text for name, text in headers.items()}
    )
    try:
        with urllib.request.urlopen(wanted, timeout=5) as response:
            return f"{response.status}{response.headers}".encode() + bytes(response.read())
    except urllib.error.HTTPError as error:
        return f"{error.code}{error.headers}".encode() + error.read()


def connect_with(hub: HubProcess | InnerHub, bad: str) -> str:
    """Try a token that is not good, and return what the hub says to it."""
    with bare_line(hub) as line:
        try:
            return json.dumps(line.ask(connect={"token": bad}))
        except ConnectionClosed as error:
            return str(error)


def use(hub: HubProcess) -> bytes:
    """Do with a hub what can be done with secrets, rightly and wrongly, and return all that it answers."""
    heard: list[object] = [connect_with(hub, bad) for bad in BAD.values()]
    with bare_line(hub) as line:
        heard.append(line.ask(connect={"token": OWNER}))
        minted = line.ask(rpc={"method": "rtwidgets.token", "data": {"ttl_s": 60}})["rpc"]["data"]["token"]
        for method, data in (
            ("rtwidgets.status", {}),
            ("rtwidgets.nothing", {"token": OWNER}),
            ("rtwidgets.token", {"ttl_s": OWNER}),
            ("rtwidgets.token", {"ttl_s": 60, "caps": {OWNER: ["fly"]}, "info": OWNER}),
            ("rtwidgets.call", {"command": "halt", "args": {"key": OWNER}}),
            ("rtwidgets.revoke", {"jti": "a", "user": OWNER}),
        ):
            heard.append(line.ask(rpc={"method": method, "data": data}))
        for request_of in ({"channel": "event:a"}, {"channel": "event:broken"}):
            heard.append(line.ask(subscribe={**request_of, "token": BAD["for a subscription"]}))
            heard.append(line.ask(subscribe=request_of))
        heard.append(line.ask(publish={"channel": "event:a", "data": {"key": 1}}))
        heard.append(line.ask(refresh={"token": minted}))
        heard.append(line.ask(refresh={"token": BAD["expired"]}))
        heard.append(line.ask(sub_refresh={"channel": "event:a", "token": OWNER}))
    with bare_line(hub) as line:
        heard.append(connect_with(hub, minted))
        heard.append(_ending(line, '{"id": 1, "connect": {"token": "' + OWNER))
    for path in ("/health", "/metrics", "/api/publish", "/api/revoke", "/nowhere", "/"):
        heard += [
            request(f"{hub.url}{path}"),
            request(f"{hub.url}{path}", X_API_Key=API_KEY, Authorization=f"Bearer {OWNER}"),
            request(f"{hub.url}{path}", b"{}", X_API_Key=API_KEY[:-1] + "x"),
            request(f"{hub.url}{path}", f'{{"user": "{OWNER}'.encode(), X_API_Key=API_KEY),
            request(f"{hub.url}{path}", b'{"user": "ann"}', X_API_Key=API_KEY),
            request(f"{hub.url}{path}", Origin=f"https://{API_KEY}.example"),
        ]
    return b"\n".join(part if isinstance(part, bytes) else str(part).encode() for part in heard)


def _ending(line: Line, text: str) -> str:
    line.socket.send(text)
    with pytest.raises(ConnectionClosed) as caught:
        line.receive()
    return str(caught.value)


@pytest.fixture(scope="module")
def loud_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoudHub]:
    hub = LoudHub(tmp_path_factory.mktemp("loud"))
    hub.start()
    yield hub
    hub.kill()


def test_search_finds_every_form() -> None:
    found = Canaries(key="0123456789abcdefXYZ").found_in
    contents: tuple[str | bytes, ...] = (
        "key=0123456789abcdefXYZ&",
        b"\x00\x010123456789abcdefXYZ",
        b"0123456789abcdefXYZ".hex(),
        *(base64.b64encode(b"." * n + b"0123456789abcdefXYZ....") for n in range(3)),
    )
    for content in contents:
        assert found(content) == ["key"]
    assert found("0123456789abcdefXY") == []
    assert found("bearer " + OWNER[:60]) == ["some token"]
    assert Canaries(owner=OWNER).found_in(OWNER.rpartition(".")[2]) == ["owner"]


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_hub_answers_and_logs_no_secret(tmp_path: Path, log_format: str) -> None:
    hub = LoudHub(tmp_path, log_format=log_format)
    hub.start()
    try:
        answers = use(hub)
        assert CANARIES.found_in(answers) == []
        # All of it was really asked: good answers, refusals and faults.
        for words in (b"200", b"401", b"403", b"405", b"'code': 109", b"3500", b"'code': 100", b"uptime_s"):
            assert words in answers, words
        log = hub.output()
        fault = b"a request failed\nRuntimeError\n" if log_format == "text" else b'"error":"RuntimeError"'
        assert fault in log and b"/api/revoke" in log, "the log is not as loud as it should be"
        assert b"a fault of ours" not in log, "what an exception says may be what somebody sent"
        assert CANARIES.found_in(log) == []
    finally:
        hub.kill()


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_careless_hub_and_client_are_found_out(tmp_path: Path, log_format: str) -> None:
    hub = LoudHub(tmp_path, plant="log", log_format=log_format)
    hub.start()
    try:
        use(hub)
        request(f"{hub.url}/health?key={API_KEY}")
        with bare_line(hub) as line:
            line.ask(connect={"token": OWNER})
            answer = line.ask(rpc={"method": "rtwidgets.token", "data": {"ttl_s": 60}})
        assert CANARIES.found_in(str(answer)) == ["some token"]
        found = CANARIES.found_in(hub.output())
        # One from a log line, one from the URL that was asked for.
        assert {"owner", "expired", "api_key", "some token"} <= set(found)
    finally:
        hub.kill()


@pytest.mark.parametrize(
    "text",
    [
        SETTINGS.replace("api_key", "api_kez"),
        SETTINGS.replace(f'"{API_KEY}"', f'["{API_KEY}"]'),
        SETTINGS.replace(f'"{API_KEY}"', f'"{API_KEY}'),
        SETTINGS.replace(f'"{API_KEY}"', API_KEY),
        SETTINGS + f'algorithms = ["{"RS256"}"]\n',
        SETTINGS + f'leeway_s = "{API_KEY}"\n',
        SETTINGS + 'revocation_file = "/nowhere/revoked"\n',
        SETTINGS + 'jwks = "/nowhere/keys"\n',
        SETTINGS + "[hub]\nport = 1\nhost = '203.0.113.1'\n",
    ],
)
def test_complaints_about_settings_show_no_secret(tmp_path: Path, text: str) -> None:
    config = tmp_path / "hub.toml"
    config.write_text(text)
    said = run("serve", "--config", str(config), "--port", "0")
    assert said and CANARIES.found_in(said) == []


def run(*arguments: str, given: str = "") -> str:
    command = [sys.executable, "-m", "rtwidgets.server", *arguments]
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, timeout=30, env=environment(), check=False
    )
    return done.stdout + done.stderr


def test_explanation_of_a_token_does_not_show_it(tmp_path: Path) -> None:
    config = tmp_path / "hub.toml"
    config.write_text(SETTINGS)
    for given in (OWNER, token("ann", PREVIOUS), *BAD.values()):
        said = run("token", "--check", "-", "--config", str(config), given=given)
        assert "Traceback" not in said
        assert CANARIES.found_in(said) == []
    # Minting one is to show it: the search sees what the command writes.
    assert CANARIES.found_in(run("token", "--user", "ann", "--config", str(config))) == ["some token"]


@contextmanager
def inner_hub() -> Iterator[InnerHub]:
    hub = InnerHub(
        Settings(auth=AuthSection(hmac_secret=SECRET, hmac_secret_previous=PREVIOUS, api_key=API_KEY))
    )
    try:
        yield hub
    finally:
        hub.close()


def all_widgets(hub: rt.Hub) -> list[anywidget.AnyWidget]:
    """One of each widget class that there is."""
    hub.command(name="halt")(lambda: None)
    hub.chat("desk").say("hello")
    stream, value = hub.stream("px"), hub.value("limit", default=1)
    made: list[anywidget.AnyWidget] = [
        rt.Button("Halt", "halt", hub=hub),
        rt.Form("halt", hub=hub),
        rt.LiveLog(hub.event("alerts")),
        rt.Notifications(hub.event("alerts")),
        rt.LiveChart(stream, y="price"),
        rt.LiveChat(hub.chat("desk")),
        rt.LiveMetric(stream, "price"),
        rt.LiveTable(hub.table("orders", key="id")),
        rt.Slider(value, 0, 10),
        rt.RangeSlider(hub.value("range", default=[1, 2]), 0, 10),
        rt.Select(hub.value("one", default="a"), ["a", "b"]),
        rt.MultiSelect(hub.value("many", default=["a"]), ["a", "b"]),
        rt.TextInput(hub.value("text", default="a")),
        rt.NumberInput(hub.value("number", default=1)),
        rt.DateInput(hub.value("day", default="2026-01-31")),
        rt.Toggle(hub.value("on", default=True)),
        hub.session("morning").dashboard([[rt.LiveChart(hub.session("morning").stream("px"))]]),
        widgets.relay.Relay.of(hub),
    ]
    modules = [
        importlib.import_module(f"rtwidgets.widgets.{m.name}") for m in pkgutil.iter_modules(widgets.__path__)
    ]
    names = {
        name
        for module in modules
        for name, found in vars(module).items()
        if isinstance(found, type) and issubclass(found, anywidget.AnyWidget)
    }
    # By name: each instance is of a class of its own.
    assert {type(widget).__name__ for widget in made} == names - {"LiveWidget", "Control", "FieldControl"}
    return made


def test_what_widgets_save_holds_no_secret() -> None:
    with inner_hub() as hub:
        client = rt.connect(f"http://127.0.0.1:{hub.port}", token=OWNER)
        try:
            for widget in all_widgets(client):
                assert CANARIES.found_in(str(widget.get_state()) + repr(widget)) == []
                if "spec" in widget.keys:
                    widget.spec = {**widget.spec, "token": OWNER}
                    assert "owner" in CANARIES.found_in(str(widget.get_state()))
        finally:
            client.close()


def ours() -> list[object]:
    """Every object of our classes that is alive."""
    gc.collect()
    return [found for found in gc.get_objects() if str(type(found).__module__).startswith("rtwidgets.")]


def test_no_object_shows_a_secret_in_its_repr(tmp_path: Path) -> None:
    class Careless:
        __module__ = "rtwidgets.careless"

        def __repr__(self) -> str:
            return OWNER

    # What other tests have left may be large, and knows nothing of these secrets.
    earlier = ours()
    known = {id(found) for found in earlier}

    def telltales(*more: object) -> list[str]:
        new = [found for found in ours() if id(found) not in known]
        return [type(found).__name__ for found in (*new, *more) if CANARIES.found_in(repr(found))]

    config = tmp_path / "hub.toml"
    config.write_text(SETTINGS)
    settings = load(config, {}, {})
    with inner_hub() as hub:
        client = rt.connect(f"http://127.0.0.1:{hub.port}", token=OWNER)
        try:
            shown = all_widgets(client)
            classes = {type(found).__name__ for found in ours()}
            # Both sides are among them, and what holds secrets. Values are not: the collector skips them.
            assert {"Tokens", "HubApp", "HttpApi", "Connection", "Credentials"} <= classes
            assert {"Hub", "Link", "Driver", "FixedSite", "Session", "RelayDriver"} <= classes
            app = hub.app
            values: list[object] = [settings, settings.auth, app.settings, app.settings.auth]
            values += [*app.tokens._secrets, app.tokens.verify(OWNER, time.time())]
            values += [app.tokens.credentials(OWNER, time.time()), client._endpoint()]
            values += [connection_file.ConnectionFile("http://127.0.0.1:1", OWNER, 1, "h")]
            assert telltales(*values) == []
            careless = Careless()
            assert telltales() == ["Careless"]
            del careless, shown
        finally:
            client.close()
    subscribe = SubscribeRequest(token=OWNER)
    for message in (
        Command(connect=ConnectRequest(token=OWNER, subs={"event:a": subscribe})),
        Command(subscribe=subscribe),
        Command(refresh=RefreshRequest(token=OWNER)),
        Command(sub_refresh=SubRefreshRequest(token=OWNER)),
    ):
        assert CANARIES.found_in(repr(message)) == []
        assert CANARIES.found_in(msgspec.json.encode(message)) == ["owner", "some token"]


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_errors_of_the_client_show_no_token(bad: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with inner_hub() as hub:
        with pytest.raises(rt.errors.HubError) as caught:
            rt.connect(f"http://127.0.0.1:{hub.port}", token=bad)
        with pytest.raises(rt.errors.HubUnreachableError) as missing:
            rt.connect("http://127.0.0.1:9", token=bad)
    said = "".join(traceback.format_exception(caught.value) + traceback.format_exception(missing.value))
    assert CANARIES.found_in(said) == []
    assert CANARIES.found_in(caplog.text) == []


@pytest.mark.parametrize("careless", [False, True])
def test_log_of_the_client_shows_no_token(
    careless: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(
        "websockets.frames.Frame.MAX_LOG_SIZE", 100_000
    )  # whole frames, where they are logged
    if careless:
        caplog.set_level(logging.DEBUG, "rtwidgets.socket")
    with inner_hub() as hub:
        client = rt.connect(f"http://127.0.0.1:{hub.port}", token=OWNER)
        try:
            client.stream("px").append(price=1.0)
            assert client.status()["user"] == "root"
            assert client._link.portal.call(client.mint_token(60, {"*": frozenset(("subscribe",))}))
        finally:
            client.close()
    assert caplog.records
    assert CANARIES.found_in(caplog.text) == (["owner", "some token"] if careless else [])


CELLS = (
    "import rtwidgets as rt\nhub = rt.connect()\nhub",
    'hub.command(name="halt")(lambda: None)\nhub.chat("desk").say("hello")\nprices = hub.stream("px")\n'
    "prices.append(price=1.0)",
    'rt.LiveChart(prices, y="price")',
    'rt.LiveTable(hub.table("orders", key="id"))',
    'rt.LiveMetric(prices, "price")',
    'rt.LiveChat(hub.chat("desk"))',
    'rt.Slider(hub.value("limit", default=1), 0, 10)',
    'rt.Toggle(hub.value("on", default=True))',
    'rt.Button("Halt", "halt", hub=hub)',
    "hub.status(), vars(hub), [repr(o) for o in vars(hub).values()]",
    'rt.connect(hub.url, token="{}")  # a token that is not good',
)
PLANT = (
    'careless = rt.Toggle(hub.value("x"))\ncareless.spec = {**careless.spec, "key": hub._endpoint().token}'
)


@pytest.fixture
def own_runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in [name for name in os.environ if name.startswith("RTWIDGETS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RTWIDGETS_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    yield tmp_path
    found = connection_file.read()
    if found is not None:
        os.kill(found.pid, signal.SIGTERM)
        wait_for(lambda: connection_file.read() is None)
    for process in local._started:
        process.wait(10)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_saved_notebook_and_its_html_hold_no_secret(own_runtime: Path) -> None:
    def saved(*cells: str) -> tuple[str, str]:
        """Run a notebook, and return it as it is saved and as it is exported."""
        notebook = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
        notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]  # type: ignore[no-untyped-call]
        nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3", allow_errors=True).execute()
        html, _ = HTMLExporter().from_notebook_node(notebook)  # type: ignore[no-untyped-call]
        return nbformat.writes(notebook), html  # type: ignore[no-untyped-call]

    # What a cell's author writes there is not ours to hide: the bad token comes from the environment.
    cells = [cell.replace('"{}"', "__import__('os').environ['BAD']") for cell in CELLS]
    os.environ["BAD"] = BAD["of another hub"]
    try:
        saved_text, html = saved(*cells)
    finally:
        del os.environ["BAD"]
    owner = connection_file.read()
    assert owner is not None
    canaries = Canaries(**{"owner's token": owner.token, **{f"bad {n}": t for n, t in BAD.items()}})
    for kind in ("chart", "table", "metric", "chat", "slider", "toggle", "button"):
        assert f'"kind": "{kind}"' in saved_text, kind
    assert "TokenRefusedError" in saved_text and "widget-state+json" in html
    assert canaries.found_in(saved_text) == []
    assert canaries.found_in(html) == []
    assert canaries.found_in(local.log_path().read_bytes()) == []
    for careless in saved(*cells[:1], PLANT):
        assert "owner's token" in canaries.found_in(careless)

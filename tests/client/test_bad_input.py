"""What goes wrong in an analyst's hands gives one clear error and leaves everything else working."""

from __future__ import annotations

import asyncio
import http.server
import logging
import math
import re
import socket
import threading
import time
from typing import Any

import pandas as pd
import pytest

from rtwidgets.client.address import parse_address
from rtwidgets.client.connect import connect
from rtwidgets.client.frames import Backend
from rtwidgets.client.reading import anything, read
from rtwidgets.client.replies import in_python
from rtwidgets.client.snapshots import read_snapshots
from rtwidgets.core.kinds.base import NOBODY, DataError
from rtwidgets.core.kinds.table import Table
from rtwidgets.errors import (
    ChannelError,
    ChannelNameError,
    ClosedError,
    ColumnsError,
    HubUnreachableError,
    KeyColumnError,
    PermissionDeniedError,
    ReplyError,
    TokenRefusedError,
)

from .conftest import Join, eventually
from .hub_process import SECRET, HubProcess, free_port, token


@pytest.mark.parametrize(
    "url", ["localhost:8090", "ftp://hub", "http://", "hub", "http://h:99999", "http://[::1"]
)
def test_a_wrong_url_is_named_with_the_right_form(url: str) -> None:
    with pytest.raises(HubUnreachableError, match=r"http://host:8090|not a URL"):
        connect(url)


_JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbm4iLCJpYXQiOjE3OTV9.c2VzYW1lLXNlc2FtZS1zZXNhbWU"
_OPAQUE = "sesame" * 7


@pytest.mark.parametrize(
    "url",
    [
        _JWT,
        f" {_JWT}",
        f"hub.example.org/s/morning#{_JWT}",
        f"{_JWT}#{_JWT}",
        f"http://{_JWT}/",
        f"http://127.0.0.1:9/{_JWT}/x",
        *(
            form.format(secret)
            for secret in ("sesame", _OPAQUE, _JWT)
            for form in (
                "http://hub.example:8090/?token={}",
                "http://127.0.0.1:9/#{}",
                "htp://127.0.0.1:9/?token={}",
                "htp://127.0.0.1:9/#{}",
                "htp://ann:{}@127.0.0.1:9",
                "ann:{}@127.0.0.1",
                "https://ann:{}@127.0.0.1:99999",
                "https://ann:{}",
                "https://ann:x/{}@127.0.0.1",
                "htp://ann:x?{}@127.0.0.1",
                "http://[::1/?token={}",
            )
        ),
        _OPAQUE,
        f"127.0.0.1:9/{_OPAQUE}",
        f"http://127.0.0.1:9/a/{_OPAQUE}/b",
    ],
    ids=str,
)
def test_no_message_about_an_address_repeats_a_secret(url: str) -> None:
    with pytest.raises(
        HubUnreachableError, match=r"connect\(url, token=|no hub at http://127.0.0.1:9(/a/…/b)?:"
    ) as caught:
        connect(url)
    assert "sesame" not in str(caught.value) and "c2VzYW1l" not in str(caught.value)


def test_a_token_in_the_place_of_the_address_is_named_for_what_it_is() -> None:
    with pytest.raises(HubUnreachableError, match="is a token, not the address"):
        connect(_JWT, token="http://127.0.0.1:9")
    for other in ({"token": "sesame"}, b"sesame"):
        with pytest.raises(TypeError, match=f"a token is a text, not {type(other).__name__}$"):
            connect("http://127.0.0.1:9", token=other)  # type: ignore[arg-type]
    # Neither hides what is no secret.
    host = "http://my-load-balancer-1234567890.eyes.invalid"
    assert parse_address(f"{host}/hub").shown == f"{host}/hub"
    with pytest.raises(HubUnreachableError, match="'localhost:8090' is not the URL"):
        connect("localhost:8090")


@pytest.mark.parametrize(
    ("url", "base", "socket_url"),
    [
        ("http://h:8090", "http://h:8090", "ws://h:8090/connection/websocket"),
        ("ws://h:8090/", "http://h:8090", "ws://h:8090/connection/websocket"),
        ("wss://h/hub/", "https://h/hub", "wss://h/hub/connection/websocket"),
        ("https://h:443", "https://h", "wss://h/connection/websocket"),
        ("wss://h/a/connection/websocket", "https://h/a", "wss://h/a/connection/websocket"),
        ("http://[::1]:81", "http://[::1]:81", "ws://[::1]:81/connection/websocket"),
    ],
)
def test_every_form_of_a_url_leads_to_the_endpoint(url: str, base: str, socket_url: str) -> None:
    address = parse_address(url)
    assert (address.base, address.socket) == (base, socket_url)


def test_a_hub_that_is_not_there_is_told_at_once() -> None:
    port = free_port()
    started = time.monotonic()
    with pytest.raises(HubUnreachableError, match=rf"no hub at http://127\.0\.0\.1:{port}.*port right"):
        connect(f"http://127.0.0.1:{port}", token="x")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_a_web_server_that_is_no_hub_is_told_apart(version: str) -> None:
    class Quiet(http.server.BaseHTTPRequestHandler):
        protocol_version = version

        def do_GET(self) -> None:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with pytest.raises(HubUnreachableError, match="what answers there is not a hub"):
        connect(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


def test_something_that_accepts_and_says_nothing_does_not_hang() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        started = time.monotonic()
        with pytest.raises(HubUnreachableError, match="no answer in 5 s"):
            connect(f"http://127.0.0.1:{listener.getsockname()[1]}")
        assert time.monotonic() - started < 8


@pytest.mark.parametrize("bad", ["nonsense", "a.b.c"])
def test_a_refused_token_is_told_at_once(running_hub: HubProcess, bad: str) -> None:
    with pytest.raises(TokenRefusedError, match=r"did not accept the token.*RTWIDGETS_HUB_TOKEN"):
        connect(running_hub.url, token=bad)


def test_an_expired_token_is_told_at_once(running_hub: HubProcess) -> None:
    import jwt

    old = jwt.encode({"sub": "ann", "exp": 1_000_000, "jti": "1"}, SECRET, algorithm="HS256")
    with pytest.raises(TokenRefusedError, match="did not accept"):
        connect(running_hub.url, token=old)


def test_a_token_may_have_a_line_break_as_a_file_has(running_hub: HubProcess) -> None:
    known = token("ann")
    with connect(running_hub.url, token=known) as hub:
        assert connect(running_hub.url, token=f" {known}\r\n") is hub
    with connect(running_hub.url, token=f"{known}\n") as hub:
        assert hub.status()["user"] == "ann"


def test_the_environment_names_hub_and_token(
    running_hub: HubProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTWIDGETS_HUB_URL", running_hub.url)
    monkeypatch.setenv("RTWIDGETS_HUB_TOKEN", token("env-user"))
    with connect() as hub:
        assert hub.status()["user"] == "env-user"
        assert connect(running_hub.url.replace("http", "ws")) is hub
        assert not hub.is_local and hub.key.startswith("hub-")


def test_the_environments_token_is_not_sent_to_another_hub(
    running_hub: HubProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTWIDGETS_HUB_URL", "http://hub.example:1")
    monkeypatch.setenv("RTWIDGETS_HUB_TOKEN", token("env-user"))
    with connect(running_hub.url) as hub:
        assert hub.status()["user"] != "env-user"


def test_columns_of_unequal_length_are_named_with_their_lengths(join: Join) -> None:
    stream = join().stream("bad-columns")
    with pytest.raises(ColumnsError, match=r"'stream:bad-columns' have unequal.*'time' has 3, 'price' has 2"):
        stream.append({"time": [1, 2, 3], "price": [1, 2]})
    stream.append(price=1.0)
    assert stream.hub.flush()
    assert stream.to_frame()["price"].tolist() == [1.0]


def test_no_columns_and_wrong_types_are_named(join: Join) -> None:
    stream = join().stream("bad-types")
    with pytest.raises(ColumnsError, match="no columns"):
        stream.append()
    with pytest.raises(ColumnsError, match=r"'blob' of 'stream:bad-types' holds a bytes"):
        stream.append(blob=b"x")
    with pytest.raises(ColumnsError, match=r"can't take a int"):
        stream.append(5)
    with pytest.raises(ColumnsError, match=r"divide milliseconds by 1000"):
        stream.append(time=1_700_000_000_000, price=1)


def test_a_key_that_is_not_in_the_frame_is_named(join: Join) -> None:
    table = join().table("bad-key", key="id")
    with pytest.raises(
        KeyColumnError, match=r"'table:bad-key' has no key column 'id'; columns are 'sym', 'bid'"
    ):
        table.upsert(pd.DataFrame({"sym": ["A"], "bid": [1.0]}))
    with pytest.raises(KeyColumnError, match=r"row 1"):
        table.upsert({"id": [1, None]})
    with pytest.raises(KeyColumnError, match=r"1\.5.*texts or whole numbers"):
        table.upsert(id=1.5)
    with pytest.raises(KeyColumnError, match="whole numbers"):
        table.remove(True)
    table.upsert(id=1, bid=2)
    assert table.hub.flush()
    eventually(lambda: table.rows() == [{"id": 1, "bid": 2}])


def test_a_key_that_differs_from_the_declared_one_is_told(join: Join) -> None:
    hub = join()
    hub.table("two-keys", key="id")
    with pytest.raises(KeyColumnError, match="'id', not 'sym'"):
        hub.table("two-keys", key="sym")
    with pytest.raises(KeyColumnError, match=r"table:two-keys.*'id', not 'sym'"):
        join().table("two-keys", key="sym")
    with pytest.raises(KeyColumnError, match=r"hub\.table\('nobody', key=\.\.\.\)"):
        hub.table("nobody").upsert(id=1)


@pytest.mark.parametrize("name", ["", "a b", "é", "x" * 300, "tab\t"])
def test_a_channel_name_that_breaks_the_grammar_is_told(join: Join, name: str) -> None:
    with pytest.raises(ChannelNameError, match="printable ASCII"):
        join().stream(name)


def test_a_channel_of_another_kind_is_told(join: Join) -> None:
    with pytest.raises(ChannelNameError, match=r"kind table: use hub\.table"):
        join().stream("table:orders")


def test_nan_and_infinities_become_null(join: Join) -> None:
    hub = join()
    hub.stream("nan").append({"time": [1, 2, 3], "x": [math.nan, math.inf, 1.5]})
    hub.table("nan", key="id").upsert(id=1, x=-math.inf)
    hub.value("nan").set({"x": math.nan})
    assert hub.flush()
    assert hub.stream("nan").to_frame()["x"].isna().tolist() == [True, True, False]
    assert hub.table("nan").rows() == [{"id": 1, "x": None}]
    assert join().value("nan").get() == {"x": None}


def test_publishing_to_a_closed_channel_or_hub_says_how_to_go_on(join: Join) -> None:
    hub = join()
    stream = hub.stream("closing")
    stream.close()
    with pytest.raises(ClosedError, match=r"'stream:closing' was closed.*hub\.stream\('closing'\)"):
        stream.append(x=1)
    hub.stream("closing").append(x=1)
    hub.close()
    hub.close()
    with pytest.raises(ClosedError, match=r"rtwidgets\.connect\(\)"):
        hub.stream("closing")
    with pytest.raises(ClosedError):
        hub.status()


def test_data_with_no_place_in_json_is_told(join: Join) -> None:
    with pytest.raises(ChannelError, match=r"'value:odd' can't be sent as JSON.*object"):
        join().value("odd").set(object())


def test_a_right_that_is_missing_reaches_the_next_call_and_the_log(
    join: Join, caplog: pytest.LogCaptureFixture
) -> None:
    hub = join(own_token=token("eve", owner=False, caps={"stream:*": ["subscribe"]}))
    stream = hub.stream("forbidden")
    with caplog.at_level(logging.ERROR, "rtwidgets"):
        stream.append(x=1)
        assert hub.flush()
        with pytest.raises(PermissionDeniedError, match="stream:forbidden"):
            stream.append(x=2)
        stream.append(x=3)
        assert hub.flush()
    assert len([record for record in caplog.records if "stream:forbidden" in record.message]) == 1
    with pytest.raises(PermissionDeniedError, match="value:forbidden"):
        hub.value("forbidden").get()
    with pytest.raises(PermissionDeniedError):
        hub.stream("forbidden").to_frame()
    with pytest.raises(PermissionDeniedError):
        hub.table("forbidden", key="id")
    with pytest.raises(ReplyError):
        hub.command(name="forbidden")(lambda: None)


def test_a_row_larger_than_a_message_is_told_with_the_limit(join: Join) -> None:
    stream = join().stream("large")
    with pytest.raises(ColumnsError, match=r"one row of 'stream:large' takes \d+ bytes.*max_message_bytes"):
        stream.append(x="x" * 70_000)
    with pytest.raises(ChannelError, match="max_message_bytes"):
        join().value("large").set("x" * 70_000)


def test_a_frame_larger_than_a_message_goes_out_in_parts(join: Join) -> None:
    hub = join()
    count = 40_000
    hub.stream("big").append(pd.DataFrame({"n": range(count), "text": "some text"}))
    table = hub.table("big", key="id")
    table.replace({"id": range(5000), "text": ["some longer text"] * 5000})
    assert hub.flush(20)
    assert len(table.rows()) == 5000
    table.replace({"id": range(10, 5000), "text": ["another longer text"] * 4990})
    assert hub.flush(20)
    eventually(lambda: len(table.rows()) == 4990)
    kept = hub.stream("big").to_frame()["n"].tolist()
    assert kept[-1] == count - 1 and kept == list(range(kept[0], count))


def test_wrong_durations_and_backends_are_named(join: Join) -> None:
    stream = join().stream("durations")
    with pytest.raises(ValueError, match=r"'5 parsecs' is not a duration.*'5m'"):
        stream.to_frame(last="5 parsecs")
    with pytest.raises(ValueError, match=r"use 'pandas', 'polars' or 'arrow'"):
        stream.to_frame(backend="excel")  # type: ignore[arg-type]


async def test_a_namespace_that_the_hub_does_not_know_is_told(
    join: Join, caplog: pytest.LogCaptureFixture
) -> None:
    stream = join().stream("foo:bar")
    way_out = r"'foo:bar'.*no namespace 'foo': add \[namespaces\.foo\].*hub\.stream\('bar'\)"
    with pytest.raises(ReplyError, match=way_out):
        await asyncio.wait_for(anext(aiter(stream)), 5)
    with pytest.raises(ReplyError, match=way_out):
        stream.to_frame()
    stream.on_data(print)
    stream._settled.wait(5)
    records = [record for record in caplog.records if "foo:bar" in record.getMessage()]
    assert len(records) == 1 and records[0].levelno == logging.ERROR
    assert "add [namespaces.foo]" in records[0].getMessage()


def test_arguments_of_a_wrong_type_are_named(join: Join) -> None:
    hub = join()
    for wrong, name in ((None, "NoneType"), (5, "int")):
        with pytest.raises(TypeError, match=f"a channel name is a text, not {name}"):
            hub.stream(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"hub\.command takes a function, not int"):
        hub.command(5)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"is a text such as 'http://host:8090', not int"):
        connect(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"a token goes with a url"):
        connect(token="x")


def test_a_text_longer_than_a_message_is_refused_before_it_is_sent(join: Join) -> None:
    chat = join().chat("long")
    chat.say("x" * 16_384)
    with pytest.raises(ChannelError, match="has 16,385 characters, a message takes 16,384"):
        chat.say("x" * 16_385)
    assert chat.hub.flush()
    assert len(chat.history()) == 1


def test_an_empty_list_empties_a_table(join: Join) -> None:
    table = join().table("emptied", key="id")
    table.upsert(id=[1, 2], n=[3, 4])
    table.replace([])
    assert table.hub.flush()
    assert table.rows() == [] and table.key == "id"


def test_a_column_of_mixed_types_is_named_for_arrow(join: Join) -> None:
    stream = join().stream("mixed")
    stream.append(a=1)
    stream.append(a="text")
    assert stream.hub.flush()
    with pytest.raises(ColumnsError, match="column 'a' can't be an Arrow column, it holds int, str"):
        stream.to_frame(backend="arrow")
    assert stream.to_frame()["a"].tolist() == [1, "text"]


def test_rows_that_nobody_can_read_are_said_and_stop_no_reader(
    join: Join, caplog: pytest.LogCaptureFixture
) -> None:
    hub, other = join(), join()
    stream = hub.stream("unreadable")
    heard: list[object] = []
    other.stream("unreadable").on_data(lambda batch: heard.append(batch["n"]))
    with caplog.at_level(logging.WARNING, "rtwidgets"):
        stream.append(n=1)
        for data in (b'{"n":[1e999]}', b'{"n":[%b]}' % (b"9" * 400), b'{"n":[1],"m":[]}', b'{"n":5}'):
            hub._use().publisher.put_whole(stream.name, data)
        stream.append(n=2)
        assert hub.flush()
        eventually(lambda: heard == [[1], [2]])
        found = read_snapshots(hub, [stream.name])[stream.name]
        assert [batch["n"] for batch in found["batches"]] == [[1], [2]]
    said = [record.getMessage() for record in caplog.records]
    for why in ("beyond what a float holds", "unequal length", "Expected `array`"):
        assert any("'stream:unreadable'" in line and why in line for line in said), said
    for last in (None, "5m"):
        caplog.clear()
        assert stream.to_frame(last)["n"].tolist() == [1, 2]
        assert sum("is left out" in record.getMessage() for record in caplog.records) == 4


@pytest.mark.parametrize("time", ['"soon"', "1e300", "true", "[1]", "-1e15"])
@pytest.mark.parametrize("backend", ["pandas", "polars", "arrow"])
def test_a_time_that_is_none_is_missing_in_a_frame(join: Join, time: str, backend: Backend) -> None:
    stream = join().stream("times")
    stream.append(time=5, n=1)
    stream.hub._use().publisher.put_whole(stream.name, b'{"time":[%b],"n":[2]}' % time.encode())
    assert stream.hub.flush()
    frame = stream.to_frame(backend=backend)
    times = frame["time"].to_pylist() if backend == "arrow" else list(frame["time"])
    assert times[0].timestamp() == 5 and times[1] in (None, pd.NaT)


@pytest.mark.parametrize("time", ["1e308", "1" + "0" * 300, "9199999999999"])
@pytest.mark.parametrize("backend", ["pandas", "polars", "arrow"])
def test_a_row_of_the_far_future_hides_no_other(join: Join, time: str, backend: Backend) -> None:
    stream = join().stream(f"future-{backend}-{len(time)}")
    stream.append(n=[1, 2])
    assert stream.hub.flush()
    stream.hub._use().publisher.put_whole(stream.name, b'{"time":[%b],"n":[3]}' % time.encode())
    assert stream.hub.flush()
    numbers = stream.to_frame(last="5m", backend=backend)["n"]
    assert (numbers.to_pylist() if backend == "arrow" else list(numbers)) == [1, 2, 3]


def test_a_publication_of_thousands_of_columns_makes_no_frame_huge(
    join: Join, caplog: pytest.LogCaptureFixture
) -> None:
    stream = join().stream("bomb")
    stream.append(price=1.5)
    assert stream.hub.flush()
    publisher = stream.hub._use().publisher
    for _ in range(5):
        publisher.put_whole(stream.name, b'{"a":[%b]}' % b",".join([b"0"] * 32_000))
    publisher.put_whole(stream.name, b"{%b}" % b",".join(b'"%x":[1]' % n for n in range(6_200)))
    assert stream.hub.flush()
    for last in (None, "5m"):
        caplog.clear()
        frame = stream.to_frame(last)
        assert frame.shape[0] == 160_002 and frame.size < 12_000_000
        assert frame["price"][0] == 1.5 and frame["time"][0].year > 2000
        said = [record.getMessage() for record in caplog.records]
        assert len(said) == 1, said
        assert re.match(r"61\d\d of 6202 columns of 'stream:bomb' are left out.*to_frame\(last=", said[0])


@pytest.mark.parametrize("data", [b"[1e999]", b"9" * 5_000, b"{"])
def test_data_that_python_can_not_read_is_named_with_its_channel(data: bytes) -> None:
    with pytest.raises(ChannelError, match="published to 'value:odd' can't be read"):
        read(anything, data, "value:odd")


def test_a_number_that_no_float_holds_is_told(join: Join) -> None:
    hub = join()
    hub._use().publisher.put_whole("value:infinite", b"1e999")
    assert hub.flush()
    with pytest.raises(ReplyError, match=r"'value:infinite': a number is beyond what a float holds"):
        hub.value("infinite").set(1)


def test_a_table_that_lost_its_key_is_told_in_words_of_python() -> None:
    with pytest.raises(DataError) as refused:
        Table().accept(b"{}", 1, 0, NOBODY)
    error = ReplyError(107, str(refused.value))
    assert in_python("table:orders", error).message == (
        "the table has no key column yet: name it with hub.table('orders', key=...)"
    )
    other = ReplyError(107, "too large")
    assert in_python("table:orders", other) is other

"""`/metrics`: read as Prometheus reads it, held against its page, and against what clients did."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import connect
from websockets.typing import Origin

from rtwidgets.protocol.names import RELAY_PROGRAM
from rtwidgets.server.archive_figures import ArchiveFigures
from rtwidgets.server.exposition import Family, exposed
from rtwidgets.server.settings import AuthSection, HubSection, Settings

from ..client.hub_process import ROOT, SECRET, token
from .inner_hub import CHANNEL, InnerHub
from .sockets import Line, open_line

ROW = re.compile(r"\| `(\w+)` \| (\w+) \| (?:`(\w+)`)? ?\|")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[InnerHub]:
    archive = f"sqlite:///{tmp_path}/hub.db"
    inner = InnerHub(Settings(hub=HubSection(archive=archive), auth=AuthSection(hmac_secret=SECRET)))
    yield inner
    inner.close()


def families(hub: InnerHub) -> list[Family]:
    return hub.call(hub.app.metrics.families)


def figures(hub: InnerHub) -> dict[str, float]:
    """Every number by what stands before it in the text, as Prometheus' own parser reads it."""
    found = {}
    for family in text_string_to_metric_families(exposed(families(hub))):
        for sample in family.samples:
            labels = "".join(f'{{{name}="{value}"}}' for name, value in sample.labels.items())
            found[sample.name + labels] = sample.value
    return found


def test_page_of_metrics_is_what_there_is(hub: InnerHub) -> None:
    rows = [found.groups(default="") for found in ROW.finditer((ROOT / "docs/metrics.md").read_text())]
    shared = ArchiveFigures().families("broker", 0)
    found = [*families(hub), *shared]
    assert rows == [(family.name, family.type, family.label) for family in found] != []


def test_prometheus_reads_every_line(hub: InnerHub) -> None:
    with open_line(hub) as line:
        line.ask(subscribe={"channel": CHANNEL})
        ours = families(hub)
        theirs = list(text_string_to_metric_families(exposed(ours)))
    assert [one.name for one in theirs] == [
        one.name.removesuffix("_total") if one.type == "counter" else one.name for one in ours
    ]
    assert [(one.type, one.documentation) for one in theirs] == [(one.type, one.text) for one in ours]
    assert [len(one.samples) for one in theirs] == [len(one.samples) for one in ours]
    for family in theirs:
        if family.type == "histogram":
            bounds = [float(s.labels["le"]) for s in family.samples if "le" in s.labels]
            counts = [s.value for s in family.samples if "le" in s.labels]
            assert bounds == sorted(set(bounds)) and bounds[-1] == math.inf
            assert counts == sorted(counts) and family.samples[-1].value == counts[-1]


def test_connections_are_told_apart_by_how_they_come(hub: InnerHub) -> None:
    own = Origin(f"http://127.0.0.1:{hub.port}")
    with (
        connect(hub.url, origin=own) as page,
        connect(hub.url, user_agent_header=RELAY_PROGRAM) as relay,
        connect(hub.url, origin=own, user_agent_header=RELAY_PROGRAM) as odd,
        open_line(hub),
    ):
        for socket in (page, relay, odd):
            Line(socket).ask(connect={"token": token()})
        found = figures(hub)
    counts = [found[f'rtwidgets_connections{{transport="{name}"}}'] for name in ("direct", "relay", "client")]
    assert counts == [2, 1, 1]


def test_figures_are_what_clients_did(hub: InnerHub) -> None:
    with open_line(hub) as reader, open_line(hub) as slow, open_line(hub) as writer:
        reader.ask(subscribe={"channel": "event:figures"})
        wish = {"rtwidgets": {"max_hz": 0.01}}
        slow.ask(subscribe={"channel": "value:figures", "data": wish})
        hidden = {"rtwidgets": {"visible": False}}
        slow.ask(subscribe={"channel": "table:figures", "data": hidden})
        before = figures(hub)
        for number in range(3):
            writer.ask(publish={"channel": "event:figures", "data": number})
        while sum("pub" in push for push in reader.pushes) < 3:
            reader.receive()
        for number in range(5):
            writer.ask(publish={"channel": "value:figures", "data": number})
            while not slow.pushes:  # the first is due at once, the others wait
                slow.receive()
        assert "error" in writer.ask(publish={"channel": "nowhere:figures", "data": 1})
        assert "error" in writer.ask(rpc={"method": "rtwidgets.call", "data": {"command": "halt"}})
        position = writer.ask(history={"channel": "event:figures"})["history"]
        again = {"recover": True, "epoch": position["epoch"], "offset": 1}
        assert writer.ask(subscribe={"channel": "event:figures", **again})["subscribe"]["recovered"]
        writer.ask(subscribe={"channel": "value:figures", **again, "epoch": "none"})
        kind = 'rtwidgets_publications_total{kind="value"}'
        while (after := figures(hub))[kind] < 5:  # counted when they leave
            time.sleep(0.01)

    def grown(name: str) -> float:
        return after[name] - before[name]

    assert grown("rtwidgets_received_messages_total") == 13
    assert grown("rtwidgets_received_bytes_total") > 13 * 20
    assert grown("rtwidgets_sent_messages_total") == grown("rtwidgets_flush_bytes_count") >= 14
    assert grown("rtwidgets_sent_bytes_total") == grown("rtwidgets_flush_bytes_sum") > 14 * 10
    assert grown('rtwidgets_publications_total{kind="event"}') >= 3
    assert grown(kind) == 5
    assert grown("rtwidgets_delivered_publications_total") == 4
    assert after["rtwidgets_cursor_lag_max"] == 4
    behind = [after[f'rtwidgets_readers_behind{{publications="{n}"}}'] for n in (1, 10)]
    assert behind == [1, 0]
    assert after["rtwidgets_hidden_subscriptions"] == 1
    assert after['rtwidgets_subscriptions{kind="value"}'] == 2
    assert grown('rtwidgets_recoveries_total{outcome="recovered"}') == 1
    assert grown('rtwidgets_recoveries_total{outcome="unrecovered"}') == 1
    assert grown('rtwidgets_errors_total{code="102"}') == 1
    assert grown('rtwidgets_calls_total{outcome="away"}') == 1
    assert grown('rtwidgets_errors_total{code="1000"}') == 1


def test_calls_are_counted_by_how_they_end(hub: InnerHub) -> None:
    with open_line(hub) as handler, open_line(hub) as caller:
        spec = {"name": "halt", "title": "Halt", "schema": {}}
        handler.ask(rpc={"method": "rtwidgets.register", "data": {"commands": [spec]}})
        caller.socket.send('{"id":9,"rpc":{"method":"rtwidgets.call","data":{"command":"halt"}}}')
        while not handler.pushes:
            handler.receive()
        call = handler.pushes[0]["message"]["data"]["rtwidgets"]["call"]["id"]
        handler.ask(rpc={"method": "rtwidgets.reply", "data": {"call": call, "result": 1}})
        late = {"command": "halt", "timeout_ms": 1}
        caller.ask(rpc={"method": "rtwidgets.call", "data": late})
        found = figures(hub)
    ends = {end: found[f'rtwidgets_calls_total{{outcome="{end}"}}'] for end in ("done", "deadline", "failed")}
    assert ends == {"done": 1, "deadline": 1, "failed": 0}
    assert found["rtwidgets_call_seconds_count"] == 2


def test_conflated_and_skipped_publications_are_counted(hub: InnerHub) -> None:
    core = hub.app.hub
    with open_line(hub) as table, open_line(hub) as stream:
        table.ask(rpc={"method": "rtwidgets.declare", "data": {"channel": "table:t", "key": "id"}})
        table.ask(subscribe={"channel": "table:t", "data": {"rtwidgets": {"visible": False}}})
        stream.ask(subscribe={"channel": CHANNEL, "data": {"rtwidgets": {"visible": False}}})

        def publish() -> None:
            for number in range(50):
                core.channel("table:t").publish(b'{"upsert":{"id":[1],"x":[%d]}}' % number, now=hub.app.now())
            hub.publish(range(30_000))

        hub.call(publish)
        for line, channel in ((table, "table:t"), (stream, CHANNEL)):
            line.ask(rpc={"method": "rtwidgets.subscription", "data": {"channel": channel, "visible": True}})
        while not (table.pushes and stream.pushes):
            (table if stream.pushes else stream).receive()
        found = figures(hub)
    assert stream.pushes[0]["unsubscribe"]["code"] == 2500
    assert found["rtwidgets_skipped_publications_total"] == 30_000
    assert found["rtwidgets_conflated_publications_total"] == 49


def test_process_tells_of_itself(hub: InnerHub) -> None:
    found = figures(hub)
    assert found["process_resident_memory_bytes"] > 10_000_000
    assert found["process_open_fds"] > 3 and found["process_cpu_seconds_total"] > 0
    while not figures(hub)["rtwidgets_loop_lag_seconds_count"]:
        time.sleep(0.05)

"""The outbox, on a real PostgreSQL."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from rtwidgets.errors import ConfigError
from rtwidgets.sources import postgres

from ..archive.postgres_server import PostgresServer, programs
from ..client.hub_process import HubProcess
from .conftest import (
    Join,
    StartFeed,
    Watch,
    rows,
    send_out_and_back,
    send_table_out_and_back,
    wait_for,
)
from .faults import kill_while_it_reads, restart_the_hub, restart_what_it_reads

DOCS = Path(__file__).parents[2] / "docs/sources.md"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed; `make test` as root installs it, or your package manager")
    with PostgresServer(found) as server:
        yield server


def make_outbox(server: PostgresServer, name: str) -> None:
    """Make an outbox as the documentation says."""
    (statements,) = [block.partition("```")[0] for block in DOCS.read_text().split("```sql\n")[1:]]
    server.sql(statements.replace("outbox", name))


def send(server: PostgresServer, table: str, *values: object) -> None:
    cells = ", ".join(f"('{json.dumps(value)}')" for value in values)
    server.sql(f"INSERT INTO {table} (data) VALUES {cells}")


def left(server: PostgresServer, table: str) -> int:
    return int(server.sql(f"SELECT count(*) FROM {table}"))


def test_rows_arrive_in_order_and_are_deleted_after_that(
    server: PostgresServer, join: Join, watch: Watch
) -> None:
    make_outbox(server, "order_rows")
    send(server, "order_rows", *rows(0, 1200))
    hub, watcher = join(), watch("stream:order")
    feed = hub.run(postgres(server.url, table="order_rows"), into=hub.stream("order"))
    wait_for(lambda: len(watcher.column("n")) == 1200, said=lambda: feed.status)
    assert watcher.column("n") == list(range(1200)) and len(watcher.seen) < 100
    wait_for(lambda: left(server, "order_rows") == 0)
    # One statement's rows are of one time, that of the rows here.
    assert len(set(watcher.column("time"))) == 1
    feed.stop()
    assert feed.status == "stopped"


def test_notification_makes_a_row_come_at_once(server: PostgresServer, join: Join, watch: Watch) -> None:
    make_outbox(server, "prompt")
    hub, watcher = join(), watch("stream:prompt")
    hub.run(postgres(server.url, table="prompt"), into=hub.stream("prompt"))
    delays = []
    for number in range(4):
        send(server, "prompt", {"n": number})
        sent_at = time.monotonic()
        wait_for(lambda number=number: number in watcher.column("n"))  # type: ignore[misc]
        delays.append(time.monotonic() - sent_at)
    # Without it a row waits a second on average, and up to two.
    assert min(delays[1:]) < 0.3


def test_row_without_data_removes_the_row_of_its_key(server: PostgresServer, join: Join) -> None:
    make_outbox(server, "by_key")
    server.sql("""INSERT INTO by_key (key, data) VALUES ('1', '{"x": 1}'), ('2', '{"x": 2}'), ('1', NULL)""")
    hub = join()
    table = hub.table("by_key", key="id")
    feed = hub.run(postgres(server.url, table="public.by_key", decode_key="json"), into=table)
    wait_for(lambda: table.rows() == [{"id": 2, "x": 2}], said=lambda: feed.status)


def test_row_of_a_transaction_that_took_longer_is_not_left_out(
    server: PostgresServer, join: Join, watch: Watch
) -> None:
    make_outbox(server, "late")
    hub, watcher = join(), watch("stream:late")
    hub.run(postgres(server.url, table="late"), into=hub.stream("late"))
    send(server, "late", {"n": 1})
    wait_for(lambda: watcher.column("n") == [1])
    # It has the lower id and is committed after the higher one was read.
    server.sql("""INSERT INTO late (id, data) VALUES (100, '{"n": 100}')""")
    wait_for(lambda: 100 in watcher.column("n"))
    server.sql("""INSERT INTO late (id, data) VALUES (50, '{"n": 50}')""")
    wait_for(lambda: watcher.column("n") == [1, 100, 50])


def test_killed_feed_loses_nothing_and_repeats_one_batch_at_most(
    server: PostgresServer, watch: Watch, start_feed: StartFeed
) -> None:
    make_outbox(server, "killed")
    feed = start_feed(kind="postgres", channel="stream:killed", url=server.url, table="killed")
    kill_while_it_reads(feed, watch("stream:killed"), partial(send, server, "killed"))
    wait_for(lambda: left(server, "killed") == 0)
    assert feed.terminate() == 0, feed.log


def test_feed_goes_on_when_the_hub_comes_back_and_deletes_nothing_meanwhile(
    server: PostgresServer, join: Join, watch: Watch, own_hub: HubProcess
) -> None:
    make_outbox(server, "back")
    hub, watcher = join(own_hub), watch("stream:back", own_hub)
    feed = hub.run(postgres(server.url, table="back"), into=hub.stream("back"))
    by = partial(send, server, "back"), partial(left, server, "back")
    restart_the_hub(own_hub, hub, feed, watcher, *by)


def test_what_the_hub_refuses_is_not_deleted(server: PostgresServer, join: Join) -> None:
    make_outbox(server, "refused")
    send(server, "refused", *rows(0, 10))
    hub = join(owner=False, caps={"*": ["subscribe"]})
    feed = hub.run(postgres(server.url, table="refused"), into=hub.stream("refused"))
    wait_for(lambda: feed.status.startswith("failed: PermissionDeniedError"), said=lambda: feed.status)
    assert left(server, "refused") == 10


def test_feed_says_that_postgres_is_away_and_goes_on_after_that(
    server: PostgresServer, join: Join, watch: Watch
) -> None:
    make_outbox(server, "away")
    hub, watcher = join(), watch("stream:away")
    feed = hub.run(postgres(server.url, table="away"), into=hub.stream("away"))
    by = partial(send, server, "away"), partial(left, server, "away")
    restart_what_it_reads(server.stop, server.start, "PostgreSQL", feed, watcher, *by)


def test_second_reader_waits_until_the_first_has_gone(
    server: PostgresServer, join: Join, watch: Watch
) -> None:
    make_outbox(server, "standby")
    hub, watcher = join(), watch("stream:standby")
    first = hub.run(postgres(server.url, table="standby"), into=hub.stream("standby"))
    send(server, "standby", {"n": 1})
    wait_for(lambda: watcher.column("n") == [1] and left(server, "standby") == 0)
    second = hub.run(postgres(server.url, table="standby"), into=hub.stream("standby"))
    wait_for(lambda: second.status == "waiting: another process reads this outbox")
    first.stop()
    send(server, "standby", {"n": 2})
    wait_for(lambda: watcher.column("n") == [1, 2] and second.status == "running")


def test_missing_table_ends_the_feed_with_the_reason(server: PostgresServer, join: Join) -> None:
    hub = join()
    feed = hub.run(postgres(server.url, table="nowhere"), into=hub.stream("nowhere"))
    wait_for(lambda: 'relation "nowhere" does not exist' in feed.status, said=lambda: feed.status)


def test_stream_and_table_go_out_and_come_back(server: PostgresServer, join: Join) -> None:
    hub = join()
    for name in ("trip1", "trip2"):
        make_outbox(server, name)
    first, second = (postgres(server.url, table=table) for table in ("trip1", "trip2"))
    send_out_and_back(hub, first, first, "postgres", "trip1")
    send_table_out_and_back(hub, second, second, "postgres")


def test_address_that_can_not_be_used_is_not_repeated(join: Join) -> None:
    hub = join()
    feed = hub.run(postgres("postgresql://a:hunter2"), into=hub.stream("address"))
    wait_for(lambda: feed.status.startswith("failed: SourceError"), said=lambda: feed.status)
    assert "hunter2" not in feed.status


def test_wrong_options_are_told_at_once_without_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="use a form such as 'postgresql://") as caught:
        postgres("http://:hunter2@127.0.0.1")
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(postgres("postgresql://a:hunter2@127.0.0.1/b"))
    with pytest.raises(ConfigError, match="table is 'a; DROP TABLE b'"):
        postgres("postgresql://127.0.0.1/b", table="a; DROP TABLE b")
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(ConfigError, match=r"pip install 'rtwidgets\[postgres\]'"):
        postgres("postgresql://127.0.0.1/b")

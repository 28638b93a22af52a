"""The examples of docs/sources.md run as they stand there, each with a real server."""

from __future__ import annotations

import asyncio
import re
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import nats
import pytest
from confluent_kafka import Producer
from nats.js.api import StreamConfig

import rtwidgets.sources
from rtwidgets.client.tables import Table

from ..archive.postgres_server import PostgresServer, programs
from ..brokers.redis_server import RedisServer, program
from ..client.hub_process import HubProcess, token
from .conftest import wait_for
from .mock_kafka import MockKafka
from .mosquitto import Mosquitto
from .nats_server import NatsServer

TEXT = (Path(__file__).parents[2] / "docs/sources.md").read_text(encoding="utf-8")


def example(system: str) -> str:
    section = TEXT.split(f"### {system}\n")[1].partition("\n##")[0]
    blocks: list[str] = re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)
    (block,) = blocks
    return block


@pytest.fixture
def run(hub_process: HubProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str, str], Any]]:
    """Run an example with the address of the server that there is; returns its names."""
    monkeypatch.setenv("RTWIDGETS_HUB_URL", hub_process.url)
    monkeypatch.setenv("RTWIDGETS_HUB_TOKEN", token())
    made: list[dict[str, Any]] = []

    def execute(system: str, address: str, ours: str) -> dict[str, Any]:
        code = example(system)
        assert address in code
        names: dict[str, Any] = {}
        exec(compile(code.replace(address, ours), f"{system}.py", "exec"), names)
        made.append(names)
        return names

    yield execute
    for names in made:
        names["hub"].close()


def arrives(names: dict[str, Any], table: Table, row: dict[str, object]) -> None:
    wait_for(lambda: row in table.rows(), said=lambda: (names["feed"].status, table.rows()))


def test_kafka(run: Callable[[str, str, str], Any]) -> None:
    with closing(MockKafka()) as broker:
        broker.create("orders")
        producer = Producer({"bootstrap.servers": broker.servers, "log_level": 0})
        producer.produce("orders", b'{"id": 7, "status": "filled"}')
        producer.flush(10)
        names = run("Kafka", "127.0.0.1:9092", broker.servers)
        arrives(names, names["hub"].table("orders"), {"id": 7, "status": "filled"})
        names["feed"].stop()


def test_redis(run: Callable[[str, str, str], Any]) -> None:
    if program() is None:
        pytest.skip("Redis is not installed; `make test` as root installs it, or your package manager")
    with RedisServer() as server:
        server.client.xadd("orders", {"data": '{"id": 8, "status": "filled"}'})
        names = run("Redis Streams", "redis://127.0.0.1:6379/0", server.url)
        arrives(names, names["hub"].table("orders"), {"id": 8, "status": "filled"})
        names["feed"].stop()


def test_postgres(run: Callable[[str, str, str], Any]) -> None:
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed; `make test` as root installs it, or your package manager")
    with PostgresServer(found) as server:
        (statements,) = re.findall(r"```sql\n(.*?)```", TEXT, flags=re.DOTALL)
        server.sql(statements)
        server.sql("""INSERT INTO outbox (data) VALUES ('{"id": 9, "status": "filled"}')""")
        names = run("PostgreSQL", "postgresql://postgres@127.0.0.1/postgres", server.url)
        arrives(names, names["hub"].table("orders"), {"id": 9, "status": "filled"})
        names["feed"].stop()


def test_nats(run: Callable[[str, str, str], Any], tmp_path: Path) -> None:
    async def send(url: str) -> None:
        connection = await nats.connect(url)
        jetstream = connection.jetstream()
        await jetstream.add_stream(StreamConfig("ORDERS", subjects=["orders.>"]))
        await jetstream.publish("orders.a", b'{"id": 10, "status": "filled"}')
        await connection.close()

    with NatsServer(tmp_path) as server:
        asyncio.run(send(server.url))
        names = run("NATS JetStream", "nats://127.0.0.1:4222", server.url)
        arrives(names, names["hub"].table("orders"), {"id": 10, "status": "filled"})
        names["feed"].stop()


def test_mqtt(run: Callable[[str, str, str], Any], need_program: Callable[..., str]) -> None:
    with Mosquitto(need_program("mosquitto")) as broker:
        broker.send("sensors/a", b"20.5", retain=True)
        names = run("MQTT", "mqtt://127.0.0.1:1883", broker.url)
        arrives(names, names["hub"].table("sensors"), {"topic": "sensors/a", "value": 20.5})
        names["feed"].stop()


def test_settings_are_those_of_a_source() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", TEXT, flags=re.DOTALL)
    settings = tomllib.loads(block)["sources"]["orders"]
    make = getattr(rtwidgets.sources, settings.pop("kind"))
    assert settings.pop("channel") == "table:orders"
    assert make(**settings).name == "Kafka topic 'orders'"

"""librdkafka's mock broker, by its C interface: the Python package can't make one go away and come back.

It speaks the real protocol to any number of processes and keeps topics and offsets in memory. It has no
retention and no access rights, and a group forgets nobody before the session timeout, as real ones do.
"""

from __future__ import annotations

import ctypes
from pathlib import Path

import confluent_kafka

_PRODUCER = 0
_BROKER_ID = 1


class MockKafka:
    """A cluster of one broker in this process, on a free port of loopback."""

    def __init__(self) -> None:
        package = Path(confluent_kafka.__file__).parent
        (path,) = (package.parent / "confluent_kafka.libs").glob("librdkafka-*")
        self._lib = lib = ctypes.CDLL(str(path))
        for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
            getattr(lib, name).restype = ctypes.c_void_p
        lib.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
        conf = ctypes.c_void_p(lib.rd_kafka_conf_new())
        lib.rd_kafka_conf_set(conf, b"log_level", b"0", None, 0)
        self._handle = ctypes.c_void_p(lib.rd_kafka_new(_PRODUCER, conf, None, 0))
        self._cluster = ctypes.c_void_p(lib.rd_kafka_mock_cluster_new(self._handle, 1))
        # Three seconds otherwise, for members that come one after the other.
        lib.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 0)
        self.servers = lib.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def create(self, topic: str) -> None:
        """Make a topic of one partition."""
        self._lib.rd_kafka_mock_topic_create(self._cluster, topic.encode(), 1, 1)

    def stop(self) -> None:
        """Close all connections and take no new ones."""
        self._lib.rd_kafka_mock_broker_set_down(self._cluster, _BROKER_ID)

    def start(self) -> None:
        self._lib.rd_kafka_mock_broker_set_up(self._cluster, _BROKER_ID)

    def close(self) -> None:
        self._lib.rd_kafka_mock_cluster_destroy(self._cluster)
        self._lib.rd_kafka_destroy(self._handle)

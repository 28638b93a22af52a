"""LiveChart and LiveTable."""

from __future__ import annotations

import sys
import threading

import rtwidgets as rt
from benchmarks.widgets.flow import WINDOW_S, chart_batches, table_batches, whole_table

# The client batches by itself; this is the rhythm that a source would have.
INTERVAL_S = 0.005


def chart(rate: int, told: str, name: str, outside: bool = False) -> rt.LiveChart:
    """Show a stream, and feed it unless something outside does."""
    hub = rt.connect()
    stream = hub.stream(name)
    if not outside:
        hub.run(chart_batches(rate, told, INTERVAL_S), into=stream)
    return rt.LiveChart(stream, y=["fine", "coarse"], window=WINDOW_S, height=400)


def table(rows: int, rate: int, told: str, name: str, outside: bool = False) -> rt.LiveTable:
    """Show a table, and feed it unless something outside does."""
    hub = rt.connect()
    shown = hub.table(name, key="id")
    if not outside:
        shown.upsert(whole_table(rows))
        hub.run(table_batches(rows, rate, told, INTERVAL_S), into=shown)
    return rt.LiveTable(shown, height=400)


def publish(kind: str, name: str, told: str, rate: int, rows: int) -> None:
    """Publish from this process until its input ends; what `python -m ...ours` does."""
    with rt.connect() as hub:
        if kind == "chart":
            hub.run(chart_batches(rate, told, INTERVAL_S), into=hub.stream(name))
        else:
            shown = hub.table(name, key="id")
            shown.upsert(whole_table(rows))
            hub.run(table_batches(rows, rate, told, INTERVAL_S), into=shown)
        ended = threading.Event()

        def wait_for_end() -> None:
            sys.stdin.read()
            ended.set()

        threading.Thread(target=wait_for_end, daemon=True).start()
        ended.wait()


if __name__ == "__main__":
    publish(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))

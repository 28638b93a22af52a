from __future__ import annotations

from rtwidgets.client.rerun import CellRun, Started, current_run


def test_second_run_of_a_cell_stops_what_the_first_started() -> None:
    started = Started()
    stopped: list[str] = []
    for name in ("a1", "a2"):
        started.add(lambda name=name: stopped.append(name), CellRun("a", "1"))  # type: ignore[misc]
    started.add(lambda: stopped.append("b1"), CellRun("b", "2"))
    assert stopped == []
    started.add(lambda: stopped.append("a3"), CellRun("a", "3"))
    assert stopped == ["a1", "a2"]
    started.add(lambda: stopped.append("a4"), CellRun("a", "3"))
    assert stopped == ["a1", "a2"]


def test_outside_of_notebooks_nothing_is_replaced() -> None:
    started = Started()
    stopped: list[int] = []
    for number in range(3):
        started.add(lambda number=number: stopped.append(number), current_run())  # type: ignore[misc]
    assert current_run() is None and stopped == []

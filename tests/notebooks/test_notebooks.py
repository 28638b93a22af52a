"""Every notebook runs against a real hub, and a second client sees what it publishes."""

from __future__ import annotations

import time

import nbformat
import pytest

import rtwidgets as rt

from .conftest import NOTEBOOKS, eventually, executed

NAMES = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))


@pytest.mark.parametrize("name", NAMES)
def test_notebook_is_stored_valid_and_without_outputs(name: str) -> None:
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert [cell.id for cell in code if cell.outputs or cell.execution_count is not None] == []
    assert "widgets" not in notebook.metadata


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_quickstart_publishes_this_machine_and_follows_its_controls(hub: rt.Hub) -> None:
    began = time.time()
    with executed("01_quickstart.ipynb"):
        cpu = hub.stream("system/cpu")
        seen: list[float] = []
        cpu.on_data(lambda batch: seen.extend(batch["time"]))
        eventually(lambda: len(seen) >= 2)
        assert all(began < at < time.time() + 1 for at in seen)
        for name, columns in {
            "system/cpu": {"time", "cpu", "memory"},
            "system/cores": {"time", "core", "percent"},
            "system/network": {"time", "direction", "bytes_per_s"},
            "system/disk": {"time", "direction", "bytes_per_s", "used_percent"},
        }.items():
            assert set(hub.stream(name).to_frame().columns) == columns
        processes = hub.table("system/processes")
        eventually(lambda: any(row["cpu_percent"] is not None for row in processes.rows()))
        assert processes.key == "pid"

        hub.value("system/interval_s").set(0.1)
        before = len(seen)
        eventually(lambda: len(seen) >= before + 8, timeout_s=5)

        hub.value("system/running").set(False)
        time.sleep(1.0)  # what was on its way
        before = len(seen)
        time.sleep(1.0)
        assert len(seen) == before
        hub.value("system/running").set(True)
        eventually(lambda: len(seen) > before)

        said = hub.call("report", timeout_s=10)
        assert said.startswith("CPU in the last minute")
        eventually(lambda: said in [message.text for message in hub.chat("desk").history()])


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_tables_and_charts_replays_the_weather_at_a_speed_that_can_change(hub: rt.Hub) -> None:
    with executed("02_tables_and_charts.ipynb"):
        weather = hub.stream("weather")
        seen: list[float] = []
        weather.on_data(lambda batch: seen.extend(batch["time"]))
        eventually(lambda: len(seen) >= 2)
        first = seen[-1]
        hub.value("weather/hours_per_s").set(240)
        eventually(lambda: seen[-1] > first + 5 * 86_400, timeout_s=10)
        assert seen == sorted(seen)

        frame = weather.to_frame()
        assert set(frame["airport"]) == {"EWR", "JFK", "LGA"}
        assert -20 < frame["temperature_c"].mean() < 30
        latest = {row["airport"]: row for row in hub.table("weather/latest").rows()}
        assert set(latest) == {"EWR", "JFK", "LGA"}
        averages = hub.table("weather/averages").rows()
        assert {row["airport"] for row in averages} == {"EWR", "JFK", "LGA"}
        assert all(-20 < row["temperature_c"] < 30 for row in averages)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_chat_bot_answers_a_second_client_in_one_message(hub: rt.Hub) -> None:
    with executed("03_chat.ipynb"):
        chat = hub.chat("ask-the-machine")
        question, answer, reply = chat.history(3)
        assert question.text == "?memory"
        assert ("GB free" in answer.text, answer.label) == (True, "Machine")
        assert reply.reply_to == answer.id
        eventually(lambda: chat.history(3)[0].reactions == {"👍": [question.user]})
        assert len(hub.call("busiest", count=2).splitlines()) == 2
        chat.say("?disk")
        eventually(lambda: chat.history(2)[0].text == "?disk" and not chat.history(1)[0].open)
        assert chat.history(1)[0].text.rstrip().endswith("GB free")
        chat.say("no question")
        eventually(lambda: chat.history(1)[0].text == "no question")
        time.sleep(0.5)
        assert chat.history(1)[0].text == "no question"


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_shared_session_is_seen_and_moved_by_a_guest_with_its_link(hub: rt.Hub) -> None:
    with executed("04_shared_session.ipynb") as notebook:
        session = hub.session("machine")
        panels = {panel.id: panel for panel in session.dashboard().layout}
        assert list(panels) == [
            *("metric", "metric-2", "metric-3", "chart", "chat", "slider", "table", "chart-2"),
        ]
        assert (panels["table"].columns, panels["table"].rows) == (6, 6)
        assert (panels["chart-2"].x, panels["chart-2"].y) == (6, panels["table"].y)

        [url] = [
            output.text.strip()
            for cell in notebook.cells
            for output in cell.get("outputs", [])
            if "text" in output
        ]
        with rt.connect(url, name="Eve") as guest:
            there = guest.session("machine")
            assert there.role == "editor"
            assert [panel.id for panel in there.dashboard().layout] == list(panels)
            eventually(lambda: "Eve (guest)" in [member.name for member in session.members()])
            seen: list[float] = []
            there.stream("system/cpu").on_data(lambda batch: seen.extend(batch["time"]))
            there.value("interval_s").set(0.1)
            eventually(lambda: len(seen) >= 10, timeout_s=10)
            assert there.chat("desk").history(1)[0].text.startswith("The dashboard is up.")
            there.dashboard().remove("chart-2")
            eventually(lambda: "chart-2" not in [panel.id for panel in session.dashboard().layout])

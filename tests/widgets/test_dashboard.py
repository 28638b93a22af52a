"""The dashboard against a real hub; what it shows is read by a second client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import pytest

import rtwidgets as rt
from rtwidgets.client.address import parse_address
from rtwidgets.client.hub import Hub
from rtwidgets.client.outbox import DEFAULT_BUFFER_BYTES
from rtwidgets.client.sites import FixedSite
from rtwidgets.core.roles import caps_of_session
from rtwidgets.errors import ChannelError, ChannelNameError, ClosedError, PermissionDeniedError
from rtwidgets.widgets.dashboard import Dashboard
from rtwidgets.widgets.panels import MAX_PANELS, Panel
from tests.client.conftest import eventually
from tests.client.hub_process import HubProcess, token

Show = Callable[..., Dashboard]


@pytest.fixture(scope="module")
def hub_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    process = HubProcess(tmp_path_factory.mktemp("hub"))
    process.start()
    yield process
    process.kill()


@pytest.fixture
def join(hub_process: HubProcess) -> Iterator[Callable[..., Hub]]:
    made: list[Hub] = []

    def make(own_token: str | None = None) -> Hub:
        site = FixedSite(parse_address(hub_process.url), own_token or token())
        made.append(Hub(site, name="test", buffer_bytes=DEFAULT_BUFFER_BYTES))
        return made[-1]

    yield make
    for hub in made:
        hub.close(timeout_s=1)


@pytest.fixture
def hub(join: Callable[..., Hub], channels: Any) -> Hub:
    return join()


@pytest.fixture
def session(request: pytest.FixtureRequest) -> str:
    """A name that keeps tests on one hub apart."""
    return f"desk-{abs(hash(request.node.name))}"


@pytest.fixture
def widgets(hub: Hub, session: str) -> dict[str, Any]:
    """Widgets of the session, by what they are."""
    prices = hub.stream(f"{session}/prices")
    return {
        "chart": rt.LiveChart(prices),
        "table": rt.LiveTable(hub.table(f"{session}/orders")),
        "metric": rt.LiveMetric(prices, "price"),
        "chat": rt.LiveChat(hub.chat(f"{session}/desk")),
        "slider": rt.Slider(hub.value(f"{session}/limit"), 0, 10),
    }


def places(panels: list[Panel]) -> dict[str, tuple[int, int, int, int]]:
    return {panel.id: (panel.x, panel.y, panel.columns, panel.rows) for panel in panels}


def test_rows_of_widgets_become_panels_on_the_grid(hub: Hub, session: str, widgets: dict[str, Any]) -> None:
    chart, table, metric, chat, slider = widgets.values()
    dashboard = Dashboard(hub, session, [[chart, table], [metric, chat], slider], title="Morning desk")
    assert places(dashboard.layout) == {
        "chart": (0, 0, 6, 8),
        "table": (6, 0, 6, 8),
        "metric": (0, 8, 6, 8),
        "chat": (6, 8, 6, 8),
        "slider": (0, 16, 12, 1),
    }
    assert dashboard.spec == {
        "kind": "dashboard",
        "hub": hub.key,
        "channels": {
            "layout": f"value:{session}/dashboard",
            "members": f"event:{session}/rtwidgets.members",
        },
        "options": {},
    }
    assert repr(dashboard) == f"Dashboard({session!r}, title='Morning desk')"


def test_layout_is_an_ordinary_value_that_others_read_and_set(
    hub: Hub, session: str, widgets: dict[str, Any], join: Callable[..., Hub]
) -> None:
    dashboard = Dashboard(hub, session, [[widgets["chart"]]], title="Morning desk")
    other = join().value(f"{session}/dashboard")
    shown = other.get()
    chart = {name: part for name, part in widgets["chart"].spec.items() if name != "hub"}
    assert shown == {
        "title": "Morning desk",
        "panels": [{"id": "chart", "x": 0, "y": 0, "w": 12, "h": 8, "spec": chart}],
    }
    shown["panels"][0]["w"] = 4
    other.set(shown)
    eventually(lambda: places(dashboard.layout) == {"chart": (0, 0, 4, 8)})


def test_spans_choose_columns_and_rows(hub: Hub, session: str, widgets: dict[str, Any]) -> None:
    chart, table, metric, chat, _ = widgets.values()
    layout = [[rt.Span(chart, columns=8), table], [metric, rt.Span(chat, rows=4)]]
    assert places(Dashboard(hub, session, layout).layout) == {
        "chart": (0, 0, 8, 8),
        "table": (8, 0, 4, 8),
        "metric": (0, 8, 6, 4),
        "chat": (6, 8, 6, 4),
    }


def test_controls_stay_low_beside_tall_widgets_and_stack_in_a_list(hub: Hub, session: str) -> None:
    @hub.command(name=f"{session}/trade")
    def trade(symbol: str, amount: int, side: Literal["buy", "sell"], note: str = "") -> None:
        """Trade."""

    value = hub.value(f"{session}/limit")
    form, chart = rt.Form(trade), rt.LiveChart(hub.stream(f"{session}/prices"))
    layout: list[Any] = [
        [form, [rt.Slider(value, 0, 10), rt.NumberInput(value), chart]],
        [rt.Toggle(value), chart],
    ]
    # One field in each line where it is narrow.
    assert (form.rows_in(12), form.rows_in(6), form.rows_in(3)) == (5, 6, 9)
    assert rt.Form("trade", hub=hub).rows_in(6) == 8
    assert places(Dashboard(hub, session, layout).layout) == {
        "form": (0, 0, 6, 10),
        "slider": (6, 0, 6, 1),
        "number_input": (6, 1, 6, 1),
        "chart": (6, 2, 6, 8),
        "toggle": (0, 10, 6, 1),
        "chart-2": (6, 10, 6, 8),
    }
    # Where six share a row a field has its title above it.
    fields = [rt.NumberInput(value), rt.DateInput(value), rt.TextInput(value), rt.Select(value, [1, 2])]
    assert [field.rows_in(columns) for field in fields for columns in (2, 3)] == [2, 1] * 4
    controls = [rt.Slider(value, 0, 10), rt.Toggle(value)]
    assert [control.rows_in(2) for control in controls] == [1, 1]
    layout = [[form, [chart, *controls]], controls, [[*controls, *controls], form]]
    # A row begins below the tallest of the row above it.
    shown = Dashboard(hub, session, layout).layout
    assert [(panel.id, panel.y, panel.rows) for panel in shown] == [
        ("form", 0, 10),
        ("chart", 0, 8),
        ("slider", 8, 1),
        ("toggle", 9, 1),
        ("slider-2", 10, 1),
        ("toggle-2", 10, 1),
        ("slider-3", 11, 1),
        ("toggle-3", 12, 1),
        ("slider-4", 13, 1),
        ("toggle-4", 14, 1),
        ("form-2", 11, 6),
    ]
    with pytest.raises(ValueError, match="title has 201 characters; a dashboard's has at most 200"):
        Dashboard(hub, session, title="x" * 201)


def test_running_the_cell_again_keeps_the_panels_that_pages_show(
    hub: Hub, session: str, widgets: dict[str, Any]
) -> None:
    chart, table, *_ = widgets.values()
    prices = hub.stream(f"{session}/prices")
    Dashboard(hub, session, [[chart], [table]], title="Morning desk")
    second = rt.LiveChart(prices, window="1m")
    again = Dashboard(hub, session, [[second, rt.LiveChart(prices)], [rt.LiveTable(table_of(hub, session))]])
    assert places(again.layout) == {
        "chart-2": (0, 0, 6, 8),
        "chart": (6, 0, 6, 8),
        "table": (0, 8, 12, 8),
    }
    assert hub.value(f"{session}/dashboard").get()["title"] == "Morning desk"
    changed = Dashboard(hub, session, [[rt.LiveTable(table_of(hub, session), title="Orders")]])
    assert [(panel.id, panel.spec["options"]) for panel in changed.layout] == [
        ("table", {"title": "Orders", "height": 360})
    ]


def table_of(hub: Hub, session: str) -> Any:
    return hub.table(f"{session}/orders")


def test_dashboard_without_a_layout_shows_the_one_there_is(
    hub: Hub, session: str, widgets: dict[str, Any]
) -> None:
    Dashboard(hub, session, [[widgets["chart"]]], title="Morning desk")
    shown = Dashboard(hub, session)
    assert places(shown.layout) == {"chart": (0, 0, 12, 8)}
    Dashboard(hub, session, title="Evening desk")
    assert hub.value(f"{session}/dashboard").get()["title"] == "Evening desk"
    assert places(shown.layout) == {"chart": (0, 0, 12, 8)}
    assert Dashboard(hub, f"{session}-empty").layout == []


def test_widgets_are_added_moved_and_removed(hub: Hub, session: str, widgets: dict[str, Any]) -> None:
    chart, table, metric, chat, slider = widgets.values()
    dashboard = Dashboard(hub, session, [[chart]])
    assert dashboard.add(table).id == "table"
    assert places([dashboard.add(slider, columns=12)]) == {"slider": (0, 16, 12, 1)}
    assert places([dashboard.move("slider", y=0)]) == {"slider": (0, 0, 12, 1)}
    assert places([dashboard.move(chart, columns=6, rows=4)]) == {"chart": (0, 1, 6, 4)}
    assert places(dashboard.layout) == {
        "slider": (0, 0, 12, 1),
        "chart": (0, 1, 6, 4),
        "table": (0, 5, 6, 8),
    }
    assert places([dashboard.move(table, x=6)]) == {"table": (6, 5, 6, 8)}
    assert places([dashboard.move(table, y=1)]) == {"table": (6, 1, 6, 8)}
    assert places([dashboard.add(metric)]) == {"metric": (0, 5, 6, 3)}
    assert dashboard.add(metric).id == "metric-2"
    dashboard.remove(slider)
    dashboard.remove("metric")
    assert places(dashboard.layout) == {
        "chart": (0, 0, 6, 4),
        "table": (6, 0, 6, 8),
        "metric-2": (0, 4, 6, 3),
    }
    with pytest.raises(ValueError, match="no panel 'metric'; its panels are 'chart', 'metric-2', 'table'"):
        dashboard.remove("metric")
    with pytest.raises(ValueError, match="no panel LiveChat"):
        dashboard.move(chat, x=3)


def test_changes_keep_what_a_newer_version_has_written(
    hub: Hub, session: str, widgets: dict[str, Any]
) -> None:
    value = hub.value(f"{session}/dashboard")
    strange = [{"id": "globe", "x": "new form"}, {"id": "", "x": 0}, 7]
    value.set({"title": 7, "theme": "new", "panels": strange})
    dashboard = Dashboard(hub, session)
    assert dashboard.layout == []
    dashboard.add(widgets["chart"])
    kept = value.get()
    assert (kept["theme"], kept["panels"][1:]) == ("new", strange)
    everything: tuple[Any, ...] = (None, 7, "text", [], {"panels": 7})
    for nonsense in everything:
        value.set(nonsense)
        assert dashboard.layout == []


def test_widget_that_is_not_of_the_session_is_refused_with_the_way_out(
    hub: Hub, session: str, widgets: dict[str, Any], channels: Any
) -> None:
    def halt() -> None: ...

    for widget, way_out in (
        (rt.LiveChart(hub.stream("prices")), "shows 'stream:prices', .* use session.stream"),
        (rt.LiveChart(hub.stream(f"{session}2/prices")), "use session.stream"),
        (rt.Slider(hub.value("limit"), 0, 1), "use session.value"),
        (rt.Button("Halt", "halt", hub=hub), "calls 'halt', .* use @session.command"),
        (rt.LiveTable(channels(f"table:{session}/orders")), "is of another hub"),
    ):
        with pytest.raises(ChannelError, match=way_out):
            Dashboard(hub, session, [[widgets["chart"], widget]])
        with pytest.raises(ChannelError, match=way_out):
            Dashboard(hub, session).add(widget)
    assert Dashboard(hub, session).layout == []


def test_what_is_no_layout_is_said_at_the_call(hub: Hub, session: str, widgets: dict[str, Any]) -> None:
    chart = widgets["chart"]
    for layout, error, message in (
        ([["chart"]], TypeError, "widgets such as rt.LiveChart.*, not a str"),
        ([7], TypeError, "not a int"),
        ([[Dashboard(hub, session)]], TypeError, "can't be a panel"),
        ([[chart] * 13], ValueError, "a row has 12 columns"),
        ([[chart]] * (MAX_PANELS + 1), ValueError, "room for 64 panels, not 65"),
    ):
        with pytest.raises(error, match=message):
            Dashboard(hub, session, layout)  # type: ignore[arg-type]  # some are wrong on purpose
    for wrong in ({"columns": 13}, {"columns": 0}, {"columns": 1.5}, {"rows": 41}, {"rows": True}):
        with pytest.raises(ValueError, match=r"(columns|rows) must be a whole number from 1 to"):
            rt.Span(chart, **wrong)
    dashboard = Dashboard(hub, session, [[chart]] * MAX_PANELS)
    with pytest.raises(ValueError, match="room for 64 panels"):
        dashboard.add(chart)
    with pytest.raises(ValueError, match="x must be a whole number from 0 to 11"):
        dashboard.move("chart", x=12)


def test_page_may_do_in_the_session_what_an_editor_may_and_nothing_else(
    hub: Hub, session: str, channels: Any
) -> None:
    dashboard = Dashboard(hub, session)
    assert channels.scope.caps() == caps_of_session("editor", session)
    dashboard.close()
    assert channels.scope.caps() == {}
    with pytest.raises(ChannelError, match="star"):
        rt.LiveChart(hub.stream(f"{session}/*"))
    for name in ("*", "a/b", "", "morn*"):
        with pytest.raises(ChannelNameError):
            Dashboard(hub, name)
    assert channels.scope.caps() == {}


def test_viewer_sees_the_dashboard_and_is_refused_when_changing_it(
    hub: Hub, session: str, widgets: dict[str, Any], join: Callable[..., Hub]
) -> None:
    Dashboard(hub, session, [[widgets["chart"]]])
    caps: dict[str, list[str]] = {
        target: list(verbs) for target, verbs in caps_of_session("viewer", session).items()
    }
    viewer = join(token("eve", owner=False, caps=caps))
    shown = Dashboard(viewer, session)
    assert places(shown.layout) == {"chart": (0, 0, 12, 8)}
    with pytest.raises(PermissionDeniedError, match=session):
        shown.remove("chart")
    assert places(Dashboard(hub, session).layout) == {"chart": (0, 0, 12, 8)}


def test_of_many_who_change_it_at_once_none_undoes_what_another_did(
    hub: Hub, session: str, widgets: dict[str, Any], join: Callable[..., Hub]
) -> None:
    Dashboard(hub, session, [])
    others = [join() for _ in range(4)]

    def add(number: int) -> None:
        own = others[number]
        dashboard = Dashboard(own, session)
        for column in range(3):
            dashboard.add(rt.LiveMetric(own.stream(f"{session}/m{number}"), f"c{column}"))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, range(4)))
    eventually(lambda: len(Dashboard(hub, session).layout) == 12)
    shown = {str(panel.spec) for panel in Dashboard(hub, session).layout}
    assert len(shown) == 12


def test_session_shows_its_dashboard(hub: Hub, session: str) -> None:
    morning = hub.session(session)
    dashboard = morning.dashboard([[rt.LiveChart(morning.stream("prices"))]], title="Morning desk")
    assert isinstance(dashboard, Dashboard)
    assert places(morning.dashboard().layout) == {"chart": (0, 0, 12, 8)}
    morning.close()
    with pytest.raises(ClosedError, match=session):
        morning.dashboard()

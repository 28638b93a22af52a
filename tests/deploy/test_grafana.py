"""The dashboard for Grafana asks for metrics that there are, in panels that do not lie on each other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from rtwidgets.server.app import HubApp
from rtwidgets.server.archive_figures import ArchiveFigures
from rtwidgets.server.exposition import Family
from rtwidgets.server.settings import AuthSection, Settings

from ..client.hub_process import ROOT, SECRET

DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/rtwidgets.json").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
SHOWING = [panel for panel in PANELS if panel["type"] != "row"]
# Of Grafana's own list: @grafana/data, valueFormats.
UNITS = {"short", "ops", "Bps", "bytes", "s", "percentunit"}
NAME = re.compile(r"\b(?:rtwidgets|process)_\w+")


def families() -> dict[str, Family]:
    app = HubApp(Settings(auth=AuthSection(hmac_secret=SECRET)), 1)
    figures = ArchiveFigures()
    found = [*app.metrics.families(), *figures.families("archive", 0), *figures.families("broker", 0)]
    return {family.name: family for family in found}


def queries() -> Iterator[str]:
    for panel in SHOWING:
        yield from (target["expr"] for target in panel["targets"])
    yield from (one["expr"] for one in DASHBOARD["annotations"]["list"])
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["definition"]


def test_every_metric_is_there_and_asked_for_as_what_it_is() -> None:
    known = families()
    asked = set()
    for query in queries():
        for name in NAME.findall(query):
            family = known[re.sub(r"_(bucket|sum|count)$", "", name)]
            asked.add(family.name)
            is_rated = f"rate({name}" in query
            assert is_rated == (family.type != "gauge"), query
            assert (name != family.name) == (family.type == "histogram"), query
            for label in re.findall(r"by \((\w+)\)", query):
                assert label == (family.label or "le"), query
            for label in re.findall(r"\{\{(\w+)\}\}", query):
                assert label in (family.label, "instance"), query
    # What it leaves out: loads and trims are for who looks for something.
    expected = {
        name for name in known if not re.search(r"(loads|trims|archive_pub\w+|broker_pub\w+)_total", name)
    }
    assert expected <= asked | {"process_start_time_seconds", "rtwidgets_info"}


def test_brackets_of_queries_close() -> None:
    for query in queries():
        for opening, closing in ("()", "{}", "[]"):
            assert query.count(opening) == query.count(closing), query


def test_panels_are_whole() -> None:
    ids = [panel["id"] for panel in PANELS]
    assert len(set(ids)) == len(ids)
    titles = [panel["title"] for panel in SHOWING]
    assert all(titles) and len(SHOWING) > 20
    for panel in SHOWING:
        assert panel["type"] in ("timeseries", "stat") and panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
        assert panel["datasource"]["uid"] == "${datasource}"
        refs = [target["refId"] for target in panel["targets"]]
        assert refs and len(set(refs)) == len(refs)
        for target in panel["targets"]:
            many = len(panel["targets"]) > 1 or re.search(r" by \((?!le)", target["expr"])
            assert target["legendFormat"] or not many, panel["title"]


def test_panels_stand_beside_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_variables_are_used() -> None:
    names = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    assert names == {"datasource", "job", "instance"}
    for query in queries():
        for name in re.findall(r"\$(\w+)", query):
            assert name in names | {"__rate_interval"}
    assert DASHBOARD["uid"] and DASHBOARD["schemaVersion"] >= 36

"""Commands in real pages: forms, progress that all see, stopping, and handlers that go and come back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import rtwidgets as rt
from rtwidgets.client.live_session import Session
from rtwidgets.errors import CallCancelledError

from ..client.conftest import eventually
from .hub_page import DESCRIPTION, Desk, Visit, Visitor
from .lab import Lab, open_notebook, run_all, start_cell
from .watch import wait_for_transport


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = Desk(tmp_path_factory.mktemp("desk"), "[limits]\nconnections_per_ip = 0\n")
    yield desk
    desk.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    visitors: list[Visitor] = []

    def visit(**options: object) -> Visitor:
        visitors.append(Visitor(browser, **options))
        return visitors[-1]

    yield visit
    for visitor in visitors:
        visitor.close()


def show(session: Session, *widgets: tuple[str, str, dict[str, Any]]) -> None:
    """Lay out widgets of commands: kind, command, options."""
    channels = {
        "commands": f"table:{session.name}/rtwidgets.commands",
        "calls": f"table:{session.name}/rtwidgets.calls",
    }
    panels = [
        {
            "id": f"p{row}",
            "x": 0,
            "y": 12 * row,
            "w": 12,
            "h": 12,
            "spec": {
                "kind": kind,
                "channels": channels,
                "options": {"command": f"{session.name}/{command}", **options},
            },
        }
        for row, (kind, command, options) in enumerate(widgets)
    ]
    session.value("dashboard").set({"title": "Desk", "panels": panels})
    session.hub.flush()


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def test_command_is_started_by_one_watched_by_all_and_stopped_by_another(desk: Desk, visit: Visit) -> None:
    session = desk.session("watched", panels=False)
    stopped = threading.Event()

    @session.command
    def load() -> None:
        """Load everything"""
        try:
            while True:
                rt.progress(0.4, "page 4 of 10")
                stopped.wait(0.02)
        except CallCancelledError:
            stopped.set()
            raise

    show(session, ("button", "load", {"title": "Load"}))
    editors, viewers = session.share("editor").url, session.share("viewer").url
    ann, bob, vic = (
        visit().join(url, name) for url, name in ((editors, "Ann"), (editors, "Bob"), (viewers, "Vic"))
    )
    # Who may not press it sees so before anybody has.
    expect(button(vic, "Load")).to_be_disabled()
    expect(vic.locator(".rtw-button .rtw-status")).to_contain_text("view only")
    assert "you can watch this, not run it" in button(vic, "Load").evaluate(DESCRIPTION)
    button(ann, "Load").click()
    expect(button(ann, "Load")).to_be_disabled()
    expect(ann.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "40")
    expect(ann.locator(".rtw-run__text").first).to_have_text("40 % · page 4 of 10")
    for page in (bob, vic):
        expect(page.locator(".rtw-runs")).to_contain_text("Ann (guest) · 40 % · page 4 of 10")
    # Who may not run it may not stop it either, and is told.
    expect(button(vic, "Stop Load")).to_have_count(0)
    expect(vic.locator(".rtw-button__outcome")).to_contain_text("you can watch this, not run it")
    expect(button(vic, "Load")).to_be_disabled()
    button(bob, "Stop Load").click()
    expect(ann.locator(".rtw-button__outcome")).to_have_text("stopped")
    assert stopped.wait(5)
    for page in (bob, vic):
        expect(page.locator(".rtw-runs")).to_contain_text("Ann (guest) · stopped")
    expect(button(ann, "Load")).to_be_enabled()
    audit = [entry.data for entry in session.event("rtwidgets.audit").history(10)]
    assert [(entry["what"], entry["name"]) for entry in audit] == [
        ("started", "Ann (guest)"),
        ("cancelling", "Bob (guest)"),
        ("cancelled", "Ann (guest)"),
    ]


def test_form_is_filled_in_refused_run_and_answered(desk: Desk, visit: Visit) -> None:
    session = desk.session("forms", panels=False)
    asked: list[dict[str, Any]] = []

    @session.command
    def plan(
        symbol: str,
        day: date,
        side: Literal["buy", "sell"] = "buy",
        sizes: list[int] | None = None,
        hard: bool = True,
    ) -> dict[str, object]:
        """Plan an order.

        It is sent at the open.

        Args:
            symbol: Its ticker.
        """
        asked.append({"symbol": symbol, "day": day, "side": side, "sizes": sizes, "hard": hard})
        if symbol == "NONE":
            raise ValueError("argument 'symbol': no such ticker")
        return {"id": 7, "price": 1234.5678}

    show(session, ("form", "plan", {}))
    page = visit().join(session.share("editor").url, "Ann")
    form = page.locator(".rtw-form")
    expect(form.locator(".rtw-head__title")).to_have_text("Plan an order")
    expect(form).to_contain_text("It is sent at the open.")
    expect(form).to_contain_text("Its ticker.")
    # In the page already: what is needed, each at its field.
    button(page, "Run").click()
    expect(form.locator(".rtw-field__fault:visible")).to_have_text(["needed", "needed"])
    expect(page.get_by_label("Symbol")).to_be_focused()
    page.get_by_label("Symbol").fill("NONE")
    expect(form.locator(".rtw-field__fault:visible")).to_have_text(["needed"])
    page.get_by_label("Day").fill("2026-11-25")
    page.get_by_label("Side").select_option("sell")
    page.get_by_label("Hard").uncheck()
    # By the handler: with type and text, and at the field that it names.
    page.get_by_label("Symbol").press("Enter")
    expect(form.locator(".rtw-form__outcome")).to_have_text("ValueError: argument 'symbol': no such ticker")
    expect(form.locator(".rtw-field__fault:visible")).to_have_text(["no such ticker"])
    page.get_by_label("Symbol").fill("ACME")
    button(page, "Run").click()
    expect(form.locator(".rtw-form__outcome")).to_have_text("done")
    expect(form.locator(".rtw-result")).to_contain_text("1,234.5678")
    assert asked[-1] == {
        "symbol": "ACME",
        "day": date(2026, 11, 25),
        "side": "sell",
        "sizes": None,
        "hard": False,
    }
    # What was put in outlives a handler that goes, and comes back with one field more.
    plan.close()
    expect(form.locator(".rtw-form__outcome")).to_have_text(
        "the handler of 'forms/plan' is away; this goes on when it is back"
    )
    expect(button(page, "Run")).to_be_disabled()
    expect(page.get_by_label("Symbol")).to_have_value("ACME")

    @session.command(name="plan")
    def plan_better(symbol: str, note: str = "none") -> str:
        return f"{symbol}, {note}"

    expect(button(page, "Run")).to_be_enabled()
    expect(page.get_by_label("Symbol")).to_have_value("ACME")
    page.get_by_label("Note").fill("later")
    button(page, "Run").click()
    expect(form.locator(".rtw-result")).to_have_text("ACME, later")
    button(page, "Reset").click()
    expect(page.get_by_label("Note")).to_have_value("none")
    plan_better.close()


STOP = (
    "import time, threading\nimport rtwidgets as rt\nhub = rt.connect()\nenough = threading.Event()",
    "@hub.command\ndef stop() -> str:\n    enough.set()\n    return 'stopped it'\nrt.Button('Stop', stop)",
    "while not enough.is_set():\n    sum(range(1000))\nprint('the cell has', 'ended')",
)


def test_stop_button_works_while_its_kernel_runs_a_cell(lab: Lab, page: Page) -> None:
    lab.write_notebook("stop.ipynb", *STOP)
    open_notebook(page, lab, "stop.ipynb")
    run_all(page, first=0, last=1)
    wait_for_transport(page, "direct")
    stop = page.locator(".rtw-press")
    expect(stop).to_be_enabled()
    start_cell(page, 2)
    page.wait_for_timeout(500)
    expect(page.locator(".jp-InputPrompt").nth(2)).to_have_text("[*]:")
    stop.click()
    expect(page.locator(".rtw-button__outcome")).to_have_text("stopped it", timeout=3_000)
    expect(page.get_by_text("the cell has ended")).to_be_visible(timeout=3_000)
    eventually(lambda: page.locator(".jp-InputPrompt").nth(2).inner_text() != "[*]:")

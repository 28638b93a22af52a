"""The page of who runs the hub, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, expect

import rtwidgets.cli  # noqa: F401  adds its commands to the group
from rtwidgets.server.cli import main

from ..client.hub_process import SECRET, token
from .hub_page import Desk, Visitor
from .test_accessible import AXE, findings


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    yield desk
    desk.close()


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Visitor]:
    visitor = Visitor(browser, viewport={"width": 1300, "height": 1400})
    yield visitor
    visitor.close()


def admin_link(desk: Desk) -> str:
    variables = {"RTWIDGETS_AUTH_HMAC_SECRET": SECRET}
    return CliRunner().invoke(main, ["admin-link", "--url", desk.url], env=variables).output.strip()


def test_link_opens_the_hubs_own_dashboard(desk: Desk, visitor: Visitor) -> None:
    prices = desk.owner.stream("prices")
    prices.append(price=1.0)
    visitor.context.add_init_script(path=AXE)
    page = visitor.page
    page.goto(admin_link(desk))
    expect(page.locator("h1")).to_have_text("Hub")
    assert page.url == f"{desk.url}/admin", "what opens the hub is taken out of the address"
    expect(page.locator(".rtw-host__sub")).to_contain_text("signed in as admin")
    expect(page.locator(".rtw-metric").first).to_contain_text("2")
    expect(page.locator(".rtw-chart")).to_have_count(4)
    tables = page.locator(".rtw-table")
    expect(tables.nth(0)).to_contain_text("stream:prices")
    expect(tables.nth(1)).to_contain_text("ann")
    desk.owner.stream("later").append(price=1.0)
    expect(tables.nth(0)).to_contain_text("stream:later")
    assert findings(page) == []
    # Nobody arranges it, and a reload comes back to it.
    expect(page.locator(".rtw-dash__tool:visible")).to_have_count(0)
    page.reload()
    expect(page.locator(".rtw-metric").first).to_contain_text("2")


def test_who_is_signed_in_elsewhere_is_not_an_admin(desk: Desk, visitor: Visitor) -> None:
    page = visitor.page
    page.goto(f"{desk.url}/admin")
    expect(page.locator(".rtw-host__heading")).to_have_text("This page is for who runs the hub")
    # An owner's own sign-in link has all rights on channels, and none on what the hub tells of everybody.
    page.goto(desk.owner.sign_in_link().url)
    expect(page.locator("h1")).to_have_text("Sessions")
    page.goto(f"{desk.url}/admin")
    expect(page.locator(".rtw-host__heading")).to_have_text("This page is for who runs the hub")
    page.goto(desk.owner.sign_in_link().url.replace("/#", "/admin#"))
    expect(page.locator(".rtw-host__said")).to_contain_text("rtwidgets-hub admin-link")
    # And it still is who it was on the other pages.
    page.goto(desk.url)
    expect(page.locator("h1")).to_have_text("Sessions")


def test_page_fits_a_phone(desk: Desk, browser: Browser) -> None:
    phone = Visitor(browser, viewport={"width": 360, "height": 740}, color_scheme="dark")
    phone.page.goto(admin_link(desk))
    expect(phone.page.locator(".rtw-metric").first).to_contain_text("2")
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 360
    phone.close()


def test_owners_token_makes_the_link_too(
    desk: Desk, visitor: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "token"
    key.write_text(token())
    for name in ("RTWIDGETS_CONFIG", "RTWIDGETS_AUTH_HMAC_SECRET"):
        monkeypatch.delenv(name, raising=False)
    arguments = ["admin-link", "--url", desk.url, "--token-file", str(key)]
    visitor.page.goto(CliRunner().invoke(main, arguments).output.strip())
    expect(visitor.page.locator(".rtw-host__sub")).to_contain_text("signed in as Ann")
    expect(visitor.page.locator(".rtw-table").nth(1)).to_contain_text("Ann")

"""The hub's own pages: the same for everybody, and nothing in them but what the hub serves."""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.client
import re
from collections.abc import Iterator

import pytest

from rtwidgets.server.refusal_page import refusal_page

from ..client.hub_process import HubProcess
from .inner_hub import InnerHub

PAGES = ["/", "/s/morning", "/s/nowhere", "/admin", "/examples/chat"]
FILES = ["host.js", "host.css", "chat_example.js", "chat_example.css", "chat_example_source.js", "icon.svg"]


@pytest.fixture(scope="module")
def inner() -> Iterator[InnerHub]:
    hub = InnerHub()
    yield hub
    hub.close()


def get(
    hub: InnerHub | HubProcess, path: str, headers: dict[str, str] | None = None
) -> tuple[int, bytes, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=5)
    connection.request("GET", path, headers=headers or {})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body, response.headers


@pytest.mark.parametrize("path", PAGES)
def test_page_allows_nothing_but_its_own_files(inner: InnerHub, path: str) -> None:
    status, body, headers = get(inner, path)
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy.pop("default-src") == "'none'"
    assert {policy.pop(name) for name in ("frame-ancestors", "base-uri", "form-action")} == {"'none'"}
    assert set(policy.values()) == {"'self'"}
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
    text = body.decode()
    # All addresses are relative, and nothing runs or is styled within the page's text.
    addresses = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert addresses and not [address for address in addresses if re.match(r"/|\w+:", address)]
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)", text)
    depth = "../" * (path.count("/") - 1)
    for address in addresses:
        if "static/" in address:
            assert address.startswith(f"{depth}static/")
            assert get(inner, "/" + address.removeprefix(depth))[0] == 200


def test_page_is_the_same_whether_there_is_such_a_session(inner: InnerHub) -> None:
    assert get(inner, "/s/morning")[1] == get(inner, "/s/nowhere")[1]


BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_browser_gets_a_page_where_there_is_none_and_a_program_json(inner: InnerHub) -> None:
    for path in ("/nowhere", "/s/a/b", "/metrics", "/%3Cscript%3E"):
        status, body, headers = get(inner, path, BROWSER)
        assert (status, headers["Content-Type"]) == (401, "text/html; charset=utf-8")
        assert b"<h1>There is no page here</h1>" in body
        assert b"<script" not in body and not re.search(rb"(src|href)=", body)
        style = re.search(r"<style>(.*)</style>", body.decode())
        assert style is not None
        digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
        policy = headers["Content-Security-Policy"]
        assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; ")
        assert headers["X-Content-Type-Options"] == "nosniff"
        status, body, headers = get(inner, path, {"Accept": "*/*"})
        assert (status, headers["Content-Type"]) == (401, "application/json") and b'"error"' in body
    status, body, _ = get(inner, "/", {**BROWSER, "Origin": "https://evil.example"})
    assert status == 403 and b"Pages of this origin may not connect" in body


@pytest.mark.parametrize("name", FILES)
def test_file_is_sent_once_to_who_keeps_it(inner: InnerHub, name: str) -> None:
    status, body, headers = get(inner, f"/static/{name}")
    assert status == 200 and len(body) > 100
    assert headers["Cache-Control"] == "no-cache"
    status, again, _ = get(inner, f"/static/{name}", {"If-None-Match": headers["ETag"]})
    assert (status, again) == (304, b"")
    status, packed, headers = get(inner, f"/static/{name}", {"Accept-Encoding": "gzip, br"})
    assert (status, headers["Content-Encoding"]) == (200, "gzip")
    assert gzip.decompress(packed) == body


def test_code_makes_no_code_of_text_and_no_elements_of_strings(inner: InnerHub) -> None:
    for name in ("host.js", "chat_example.js"):
        code = get(inner, f"/static/{name}")[1].decode()
        assert not re.search(r"\beval\(|new Function\(|\.innerHTML|insertAdjacentHTML|document\.write", code)


def test_page_of_a_refusal_shows_text() -> None:
    assert "<p>&lt;b&gt;hello&lt;/b&gt;.</p>" in refusal_page(403, "<b>hello</b>")

"""Imports point down the layers of docs/design.md, and server and client never meet."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import rtwidgets

PACKAGE = Path(rtwidgets.__file__).parent

# From each layer: the layers it may import. A layer may always import itself.
BELOW: dict[str, set[str]] = {
    "errors": set(),
    "protocol": {"errors"},
    "connection_file": {"errors", "protocol"},
    "file_lock": set(),
    "local_user": set(),
    "cancellation": set(),
    "core": {"errors", "protocol"},
    "archive": {"errors", "protocol", "file_lock", "core"},
    "brokers": {"errors", "protocol", "cancellation", "core"},
    "server": {
        "errors",
        "protocol",
        "connection_file",
        "file_lock",
        "local_user",
        "core",
        "archive",
        "brokers",
    },
    "client": {"errors", "protocol", "connection_file", "local_user", "core"},
    "sources": {"errors", "cancellation", "client"},
    "widgets": {"errors", "protocol", "connection_file", "core", "client"},
    "cli": {"errors", "protocol", "connection_file", "core", "server", "client", "sources"},
}
# The one way up: session.dashboard() makes a widget, which loads what shows it at the call and not before.
EXCEPT = {("rtwidgets.client.live_session", "rtwidgets.widgets.dashboard")}
# The package itself: its names are resolved on first use.
TOP = "rtwidgets"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")
# What the core must not touch, by docs/design.md: no I/O, no clock, no tasks.
IMPURE = {"asyncio", "socket", "threading", "time", "random", "secrets", "os", "subprocess", "pathlib"}


def layer_of(module: str) -> str | None:
    """Return the layer of a dotted module name; None for what is not ours."""
    parts = module.split(".")
    if parts[0] != TOP:
        return None
    return parts[1] if len(parts) > 1 else TOP


def imports_of(source: str, package: str) -> Iterator[tuple[int, str]]:
    """Yield line and absolute dotted name of everything a module imports, wherever in it.

    Args:
        package: Dotted name of the package the module lies in.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            stem = ".".join([*base, node.module or ""]).rstrip(".")
            # `from .. import connection_file` imports a module, `from ..errors import X` a name of one.
            yield from ((node.lineno, f"{stem}.{alias.name}") for alias in node.names)


def upward(source: str, module: str, package: str) -> list[str]:
    """Return the imports of a module that point up or across."""
    own = layer_of(module)
    assert own is not None
    found = []
    for line, name in imports_of(source, package):
        layer = layer_of(name)
        if layer is None or layer == own or layer in BELOW[own]:
            continue
        if (module, name.rpartition(".")[0]) in EXCEPT:
            continue
        if layer in BELOW or layer == TOP:
            found.append(f"{module}, line {line}: {own} may not import {layer}")
    return found


def dotted(path: Path) -> tuple[str, str]:
    """Return the dotted names of a module and of the package it lies in."""
    parts = [TOP, *path.relative_to(PACKAGE).with_suffix("").parts]
    if parts[-1] == "__init__":
        return ".".join(parts[:-1]), ".".join(parts[:-1])
    return ".".join(parts), ".".join(parts[:-1])


def test_every_module_belongs_to_a_layer() -> None:
    assert {layer_of(dotted(path)[0]) for path in MODULES} == set(BELOW)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    assert upward(path.read_text(encoding="utf-8"), *dotted(path)) == []


@pytest.mark.parametrize(
    "path", [path for path in MODULES if "core" in path.relative_to(PACKAGE).parts], ids=lambda p: p.name
)
def test_the_core_touches_no_clock_socket_or_thread(path: Path) -> None:
    names = {name.split(".")[0] for _, name in imports_of(path.read_text(encoding="utf-8"), dotted(path)[1])}
    assert names & IMPURE == set()


@pytest.mark.parametrize(
    "line",
    [
        "from ..client.hub import Hub",
        "from .. import client",
        "import rtwidgets.server.app",
        "def late():\n    from rtwidgets.client import hub",
    ],
)
def test_an_arrow_that_points_up_is_found(line: str) -> None:
    assert upward(line, "rtwidgets.core.hub", "rtwidgets.core")


def test_the_one_way_up_is_open_to_no_other_module() -> None:
    line = "from ..widgets.dashboard import Dashboard"
    assert not upward(line, "rtwidgets.client.live_session", "rtwidgets.client")
    assert upward(line, "rtwidgets.client.hub", "rtwidgets.client")
    assert upward(
        "from ..widgets.chart import LiveChart", "rtwidgets.client.live_session", "rtwidgets.client"
    )


def test_a_server_that_imports_the_client_is_found() -> None:
    assert upward("from ..client import hub", "rtwidgets.server.app", "rtwidgets.server")
    assert not upward("from ..core.hub import Hub", "rtwidgets.server.app", "rtwidgets.server")

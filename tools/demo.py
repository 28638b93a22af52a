"""`make demo`: this machine, live, in JupyterLab; with --headless the same notebook without a person."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
# Where the demo's copies are: what is run and saved there leaves the clone as it is.
COPIES = ROOT / "build" / "demo"
NOTEBOOK = "01_quickstart.ipynb"
FLOW_TIMEOUT_S = 20.0


def main() -> int:
    """Run the demo as the command line says and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--headless", action="store_true", help="run the notebook and check that data flows")
    return run_headless() if parser.parse_args().headless else open_lab()


def open_lab() -> int:
    """Start the user's hub and open JupyterLab on the quickstart; return when JupyterLab ends."""
    import rtwidgets as rt

    hub = rt.connect(name="demo")
    print(f"hub: {hub.url} (yours alone, on this machine; it ends by itself when unused)")
    print(f"JupyterLab opens on a copy of {NOTEBOOK} in {COPIES.relative_to(ROOT)}.")
    print("Choose Run > Run All Cells there. Ctrl-C here ends it.")
    copy_notebooks()
    # As the default URL it is also in the addresses that JupyterLab prints, for a browser elsewhere.
    command = [sys.executable, "-m", "jupyter", "lab", f"--LabApp.default_url=/lab/tree/{NOTEBOOK}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # JupyterLab refuses root without it
    lab = subprocess.Popen(command, cwd=COPIES)
    signal.signal(signal.SIGTERM, lambda *_: lab.terminate())
    while True:
        try:
            return lab.wait()
        except KeyboardInterrupt:  # JupyterLab got it too and asks; it decides when to end
            continue


def copy_notebooks() -> None:
    """Copy what is not there yet; a notebook that somebody has worked on stays."""
    for source in NOTEBOOKS.rglob("*"):
        target = COPIES / source.relative_to(NOTEBOOKS)
        if source.is_file() and not target.exists() and ".ipynb_checkpoints" not in source.parts:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


def run_headless() -> int:
    """Run every cell on a hub of this run alone, and read the channels back through a second client."""
    with tempfile.TemporaryDirectory(prefix="rtwidgets-demo-") as directory:
        for name in [name for name in os.environ if name.startswith("RTWIDGETS_")]:
            del os.environ[name]
        os.environ["RTWIDGETS_RUNTIME_DIR"] = directory

        import rtwidgets as rt
        from rtwidgets import connection_file

        hub = rt.connect(name="demo")
        found = connection_file.read()
        try:
            fault = flow_fault(hub)
        finally:
            hub.close()
            if found is not None:
                os.kill(found.pid, signal.SIGTERM)
    if fault:
        print(f"demo: {fault}", file=sys.stderr)
        return 1
    return 0


def flow_fault(hub: object) -> str | None:
    """Execute the notebook; return what is wrong with what came out of the hub, or None."""
    import nbclient
    import nbformat

    import rtwidgets as rt

    assert isinstance(hub, rt.Hub)
    began = time.time()
    rows: list[float] = []
    hub.stream("system/cpu").on_data(lambda batch: rows.extend(batch["time"]))
    notebook = nbformat.read(NOTEBOOKS / NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    client = nbclient.NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOKS)}}
    )
    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            try:
                client.execute_cell(cell, index)
            except nbclient.exceptions.CellExecutionError as error:
                return f"a cell of {NOTEBOOK} failed:\n{error}"
        deadline = time.monotonic() + FLOW_TIMEOUT_S
        while time.monotonic() < deadline:
            fresh = [at for at in rows if at > began]
            processes = hub.table("system/processes").rows()
            if len(fresh) >= 3 and processes:
                print(
                    f"demo: {NOTEBOOK} ran; a second client got {len(fresh)} readings of the CPU and "
                    f"{len(processes)} processes through the hub"
                )
                return None
            time.sleep(0.1)
    return (
        f"{NOTEBOOK} ran, but after {FLOW_TIMEOUT_S:g} s only {len(rows)} readings of system/cpu and "
        f"{len(processes)} processes had come through the hub"
    )


if __name__ == "__main__":
    sys.exit(main())

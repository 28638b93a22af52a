"""Threads, interrupts, forks and imports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rtwidgets.client.portal import Portal, shared_portal

from .conftest import Join, eventually
from .hub_process import HubProcess, environment, token


def test_import_loads_nothing_heavy() -> None:
    script = (
        "import sys, rtwidgets\n"
        "heavy = ['starlette', 'uvicorn', 'pandas', 'narwhals', 'websockets', 'anywidget', 'asyncio']\n"
        "print([name for name in heavy if name in sys.modules], rtwidgets.__version__)\n"
        "rtwidgets.connect; print('websockets' in sys.modules, 'narwhals' in sys.modules)\n"
    )
    out = subprocess.run(
        [sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=True
    )
    assert out.stdout.splitlines() == ["[] 0.1.0", "False False"]


def test_unknown_names_of_the_package_are_attribute_errors() -> None:
    import rtwidgets

    with pytest.raises(AttributeError, match="LiveChard"):
        rtwidgets.LiveChard  # noqa: B018
    assert set(rtwidgets.__all__) <= set(dir(rtwidgets))


def test_an_interrupt_of_the_caller_leaves_the_connection_intact(join: Join) -> None:
    hub = join()

    @hub.command
    def slow() -> None:
        time.sleep(1)

    # What a shell runs in the background begins with interrupts ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    started = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            hub.call("slow", timeout_s=10)
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - started < 0.9
    assert hub.state == "connected"
    assert hub.status()["user"] == "ann"


def test_a_blocking_call_from_the_portals_own_thread_is_refused(join: Join) -> None:
    hub = join()

    async def wrong() -> None:
        hub.status()

    with pytest.raises(RuntimeError, match="await instead"):
        hub.portal.call(wrong())


def test_portals_are_shared_by_name() -> None:
    assert shared_portal("test-portal") is shared_portal("test-portal")
    assert isinstance(shared_portal("test-portal"), Portal)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_publishes_over_a_connection_of_its_own(running_hub: HubProcess, join: Join) -> None:
    # In a process with few threads of its own: forking the test process itself is not what is tested.
    script = (
        "import os, sys, rtwidgets as rt\n"
        f"hub = rt.connect({running_hub.url!r}, token={token('forker')!r})\n"
        "answers = []\n"
        "hub.value('forked').on_change(answers.append)\n"
        "hub.value('forked', default=0).get()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    hub.stream('forked').append(who=1)\n"
        "    ok = hub.flush() and hub.value('forked').get() == 0 and hub.status()['connections'] > 1\n"
        "    os._exit(0 if ok else 1)\n"
        "_, status = os.waitpid(child, 0)\n"
        "hub.stream('forked').append(who=2)\n"
        "assert hub.flush()\n"
        "sys.exit(os.waitstatus_to_exitcode(status))\n"
    )
    subprocess.run([sys.executable, "-c", script], env=environment(), check=True, timeout=30)
    stream = join().stream("forked")
    eventually(lambda: stream.to_frame()["who"].tolist() == [1, 2])


WORKERS = """
import multiprocessing, sys, rtwidgets as rt
URL, TOKEN, NAME, PASSED, METHOD = {url!r}, {token!r}, {name!r}, {passed!r}, {method!r}

def work(i, hub=None):
    hub = hub or rt.connect(URL, token=TOKEN)
    hub.stream(NAME).append(i=i)

if __name__ == "__main__":
    context = multiprocessing.get_context(METHOD)
    args = (rt.connect(URL, token=TOKEN),) if PASSED else ()
    workers = [context.Process(target=work, args=(i, *args)) for i in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    sys.exit(max(worker.exitcode for worker in workers))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(("method", "passed"), [("fork", False), ("fork", True), ("forkserver", False)])
def test_a_worker_of_multiprocessing_that_appends_and_returns_loses_nothing(
    running_hub: HubProcess, join: Join, tmp_path: Path, method: str, passed: bool
) -> None:
    name = f"workers-{method}-{passed}"
    script = tmp_path / "script.py"
    values = {"url": running_hub.url, "token": token("worker"), "name": name}
    script.write_text(WORKERS.format(**values, passed=passed, method=method))
    subprocess.run([sys.executable, str(script)], env=environment(), check=True, timeout=30)
    assert sorted(join().stream(name).to_frame()["i"]) == [0, 1, 2]


def test_rows_that_a_script_leaves_unacknowledged_are_reported_on_stderr(mortal_hub: HubProcess) -> None:
    script = (
        "import os, signal, time, rtwidgets as rt\n"
        f"hub = rt.connect({mortal_hub.url!r}, token={token()!r})\n"
        f"os.kill({mortal_hub.pid}, signal.SIGKILL)\n"
        "while hub.state == 'connected': time.sleep(0.01)\n"
        "for n in range(3): hub.stream('lost').append(n=n)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(), capture_output=True, text=True, timeout=30
    )
    assert "not acknowledged by the hub; they are lost" in done.stderr
    assert mortal_hub.url in done.stderr

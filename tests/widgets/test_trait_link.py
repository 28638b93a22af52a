from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import ipywidgets
import pytest
import traitlets
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from rtwidgets import link
from rtwidgets.client.address import parse_address
from rtwidgets.client.hub import Hub
from rtwidgets.client.outbox import DEFAULT_BUFFER_BYTES
from rtwidgets.client.sites import FixedSite
from rtwidgets.errors import ChannelError

from ..client.conftest import eventually
from ..client.hub_process import HubProcess, environment, token


@pytest.fixture(scope="module")
def running_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    hub = HubProcess(tmp_path_factory.mktemp("hub"))
    hub.start()
    yield hub
    hub.kill()


@pytest.fixture
def join(running_hub: HubProcess) -> Iterator[Callable[[], Hub]]:
    made: list[Hub] = []

    def make(own_token: str | None = None) -> Hub:
        site = FixedSite(parse_address(running_hub.url), own_token or token())
        made.append(Hub(site, name="test", buffer_bytes=DEFAULT_BUFFER_BYTES))
        return made[-1]

    yield make
    for hub in made:
        hub.close(timeout_s=1)


class Holder(traitlets.HasTraits):
    value = traitlets.Any()


def test_value_that_was_never_set_takes_what_the_trait_holds(join: Any) -> None:
    slider = ipywidgets.IntSlider(7)
    link(slider, "value", join().value("link1"))
    other = join().value("link1")
    eventually(lambda: other.get() == 7)


def test_trait_takes_a_value_that_is_there(join: Any) -> None:
    join().value("link2").set(42, if_version=0)
    slider = ipywidgets.IntSlider(7)
    link(slider, "value", join().value("link2"))
    assert slider.value == 42


def test_each_follows_the_other_and_nothing_comes_back(join: Any) -> None:
    hub, other = join(), join().value("link3")
    slider, value = ipywidgets.IntSlider(0), hub.value("link3")
    with link(slider, "value", value):
        heard: list[int] = []
        other.on_change(heard.append)
        other._wait()
        slider.value = 5
        eventually(lambda: other.get() == 5)
        other.set(9)
        eventually(lambda: slider.value == 9)
        hub.flush()
        version = other.version
        assert hub.flush() and other.get() == 9
        # An echo would be a version more.
        slider.value = 10
        eventually(lambda: other.get() == 10)
        assert other.version == version + 1


def test_trait_that_moves_fast_never_jumps_back(join: Any) -> None:
    hub = join()
    slider = ipywidgets.IntSlider(0, max=100_000)
    seen: list[int] = []
    slider.observe(lambda change: seen.append(change["new"]), names="value")
    link(slider, "value", hub.value("link4"))
    for n in range(1, 3_000):
        slider.value = n
    assert hub.flush()
    other = join().value("link4")
    eventually(lambda: other.get() == 2_999 and hub.value("link4").version == other.version)
    assert [pair for pair in pairwise(seen) if pair[1] != pair[0] + 1] == []
    assert slider.value == 2_999


def test_links_of_two_hubs_end_with_the_same_value_whoever_moved(join: Any) -> None:
    first, second = ipywidgets.IntSlider(0, max=1000), ipywidgets.IntSlider(0, max=1000)
    link(first, "value", join().value("link5"))
    link(second, "value", join().value("link5"))

    def move(slider: Any, start: int) -> None:
        for n in range(start, start + 200):
            slider.value = n
            time.sleep(0.0005)

    hands = [threading.Thread(target=move, args=pair) for pair in ((first, 1), (second, 500))]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    value = join().value("link5")
    eventually(lambda: first.value == second.value == value.get())
    # And stay there: there is no circle.
    version = value.version
    first.value = 3
    eventually(lambda: first.value == second.value == value.get() == 3)
    assert value.version == version + 1


def test_what_a_trait_cuts_off_is_said_once_and_moves_nobody(
    join: Any, caplog: pytest.LogCaptureFixture
) -> None:
    other = join().value("link6")
    other.set(5, if_version=0)
    slider = ipywidgets.IntSlider(0, max=10)
    made = link(slider, "value", join().value("link6"))
    with caplog.at_level(logging.ERROR, "rtwidgets"):
        other.set(70)
        eventually(lambda: slider.value == 10 and caplog.records)
        assert made._value.hub.flush()
        assert join().value("link6").version == 2
        for n in ("x", 80):
            other.set(n)
            eventually(lambda n=n: made._agreed == n)  # type: ignore[misc]
    other.set(6)
    eventually(lambda: slider.value == 6)
    assert other.get() == 6
    assert [record.getMessage() for record in caplog.records] == [
        "IntSlider.value can't show 70 of 'value:link6': it shows 10"
    ]


def test_what_is_no_json_is_said_once_and_the_rest_goes_on(
    join: Any, caplog: pytest.LogCaptureFixture
) -> None:
    holder, value = Holder(value=1), join().value("link7")
    link(holder, "value", value)
    with caplog.at_level(logging.ERROR, "rtwidgets"):
        for _ in range(3):
            holder.value = object()
        holder.value = 2
    other = join().value("link7")
    eventually(lambda: other.get() == 2)
    (record,) = caplog.records
    assert (
        "'value:link7' does not follow Holder.value: data for 'value:link7' from Holder.value can't be sent"
        in (record.getMessage())
    )


def test_right_that_is_missing_is_said_in_the_log(join: Any, caplog: pytest.LogCaptureFixture) -> None:
    join().value("link8").set(1, if_version=0)
    hub = join(token("eve", owner=False, caps={"value:*": ["subscribe"]}))
    slider = ipywidgets.IntSlider(0)
    link(slider, "value", hub.value("link8"))
    with caplog.at_level(logging.ERROR, "rtwidgets"):
        slider.value = 2
        hub.flush()
        slider.value = 3
    assert join().value("link8").get() == 1
    assert "permission denied" in caplog.text


def test_stopped_link_moves_nothing(join: Any) -> None:
    slider, value = ipywidgets.IntSlider(3), join().value("link9")
    made = link(slider, "value", value)
    other = join().value("link9")
    eventually(lambda: other.get() == 3)
    made.stop()
    made.stop()
    slider.value = 4
    value.set(5)
    eventually(lambda: other.get() == 5)
    assert slider.value == 4
    assert repr(made) == "<TraitLink of IntSlider.value and 'value:link9', stopped>"


def test_wrong_ends_are_said_at_the_call(join: Any) -> None:
    hub = join()
    value: Any = hub.value("link10")
    with pytest.raises(ChannelError, match=r"link shows a value; 'chat:x' is a chat"):
        link(ipywidgets.IntSlider(), "value", hub.chat("x"))
    with pytest.raises(TypeError, match="link takes an ipywidget, not int"):
        link(5, "value", value)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"IntSlider has no trait 'valu'; it has .*value"):
        link(ipywidgets.IntSlider(), "valu", value)
    with pytest.raises(ChannelError, match=r"from Holder\.value can't be sent as JSON"):
        link(Holder(value=object()), "value", value)


# A real kernel ----------------------------------------------------------------


class Kernel:
    """A kernel, and what a page does with it."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client

    def run(self, code: str) -> dict[str, str]:
        """Execute and return what the names of `expressions` stand for."""
        reply = self.client.execute_interactive(
            code, timeout=30, output_hook=lambda message: None, user_expressions={"it": "it"}
        )
        content = reply["content"]
        assert content["status"] == "ok", content
        found: dict[str, str] = content["user_expressions"]["it"]
        return found

    def it(self, code: str) -> str:
        return str(self.run(f"it = {code}")["data"]["text/plain"])  # type: ignore[index]

    def hear(self) -> dict[str, Any]:
        """Wait for the next state of a widget that the kernel sends to pages."""
        while True:
            message = self.client.get_iopub_msg(timeout=10)
            if message["msg_type"] == "comm_msg" and "state" in message["content"]["data"]:
                state: dict[str, Any] = message["content"]["data"]["state"]
                return state

    def move(self, comm_id: str, value: object) -> None:
        """Do what a page does when somebody moves the widget."""
        data = {"method": "update", "state": {"value": value}, "buffer_paths": []}
        message = self.client.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
        self.client.shell_channel.send(message)


SETUP = """
import threading, time, ipywidgets, rtwidgets as rt
hub = rt.connect()
slider = ipywidgets.IntSlider(1, max=1000)
threads = []
def note(change):
    threads.append(threading.current_thread() is threading.main_thread())
slider.observe(note, names="value")
made = rt.link(slider, "value", hub.value("kernel"))
it = slider.comm.comm_id
"""


BUSY = """
threads.clear()
hub.value("running").set(True)
while not hub.value("go-on").get() or hub.value("kernel").get() != 139:
    time.sleep(0.01)
during = slider.value
"""


@pytest.fixture
def kernel(running_hub: HubProcess, tmp_path: Path) -> Iterator[Kernel]:
    env = environment(
        RTWIDGETS_HUB_URL=running_hub.url, RTWIDGETS_HUB_TOKEN=token(), IPYTHONDIR=str(tmp_path)
    )
    manager, client = start_new_kernel(kernel_name="python3", env=env)
    try:
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_in_a_kernel_the_trait_is_set_on_the_main_thread_and_the_page_hears(
    join: Any, kernel: Kernel
) -> None:
    value = join().value("kernel")
    kernel.run(SETUP)
    comm_id = kernel.it("slider.comm.comm_id").strip("'")
    eventually(lambda: value.get() == 1)
    # Moved in the page: the hub hears.
    kernel.move(comm_id, 5)
    eventually(lambda: value.get() == 5)
    # Moved by another: the trait and the page hear, on the thread that ipywidgets are made for.
    kernel.run("threads.clear(); it = 0")
    value.set(77)
    assert kernel.hear() == {"value": 77}
    assert kernel.it("(slider.value, threads)") == "(77, [True])"
    # While a cell runs it waits for the end, and then there is one change, to the latest.
    running, go_on = value.hub.value("running"), value.hub.value("go-on", default=False)
    kernel.client.execute(BUSY)
    eventually(running.get)
    for n in range(100, 140):
        value.set(n)
    value.hub.flush()
    go_on.set(True)
    eventually(lambda: kernel.it("slider.value") == "139")
    assert kernel.it("(during, threads)") == "(77, [True])"
    # Running the cell again replaces nothing here, but stop does.
    kernel.run("made.stop(); slider.value = 3; it = 0")
    assert value.get() == 139

from __future__ import annotations

import threading

from rtwidgets.client.kernel_loop import run_in_kernel


def test_outside_of_kernels_it_is_a_worker_thread() -> None:
    ran: list[threading.Thread] = []
    done = threading.Event()

    def note() -> None:
        ran.append(threading.current_thread())
        done.set()

    run_in_kernel(note)
    assert done.wait(5)
    assert ran[0].name == "rtwidgets-worker"

"""Several hub processes on one port, and one that looks after them."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from ..errors import ConfigError
from .app import HubApp
from .run import bind, serve_on, url_of
from .settings import Settings

log = logging.getLogger("rtwidgets.hub")

# A worker that ends sooner than this after its start is not started again at once.
SHORT_LIFE_S = 5.0
REST_S = 1.0
# Workers that have not ended so long after their drain should be over are killed.
END_S = 20.0
# A worker whose loop has not turned for so long is killed, and another started: by then the others have
# forgotten it, and what the system gives it hangs.
HUNG_S = 15.0
BEAT_S = 1.0


class Worker:
    """One hub process. Its end of the line tells it when who started it has gone."""

    def __init__(self, settings: Settings, port: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.line, theirs = context.Pipe()
        self.started_at = time.monotonic()
        self.is_ready = False
        # Counts on while its loop turns. Memory, as writing to a line may wait.
        self._beats: Any = context.Value("L", 0, lock=False)
        self._beat = 0
        self._missed_s = 0.0
        self.process: BaseProcess = context.Process(target=_work, args=(settings, port, theirs, self._beats))
        self.process.start()
        theirs.close()

    def is_hung(self, passed_s: float) -> bool:
        """Say whether it does nothing any more, having looked at it for some time more."""
        if not self.is_ready or self._beats.value != self._beat:
            self._beat, self._missed_s = self._beats.value, 0.0
        else:
            self._missed_s += passed_s
        return self._missed_s > HUNG_S

    def end(self, how: int) -> None:
        """Send it a signal."""
        if self.process.pid is not None and self.process.is_alive():
            os.kill(self.process.pid, how)


class Workers:
    """Start hub processes, start one again that has ended, and end them all together.

    The system spreads connections over them. This process only holds the port, so that nobody else gets it.

    Args:
        on_ready: Called with the hub's URL once all of them accept connections.
    """

    def __init__(self, settings: Settings, on_ready: Callable[[str], None]) -> None:
        self._settings = settings
        self._on_ready = on_ready
        self._workers: list[Worker] = []
        self._is_ending = False
        self._were_ready = False

    def run(self) -> None:
        """Look after the workers until told to end.

        Raises:
            ConfigError: If the address can't be used, or workers can't start with these settings.
        """
        hub = self._settings.hub
        # Here, as each of them takes its time to come to what is wrong.
        HubApp(self._settings, hub.port).check_keeper()
        holder = _hold(hub.host, hub.port)
        port = holder.getsockname()[1]
        mine, others = socket.socketpair()
        others.setblocking(False)
        before = signal.set_wakeup_fd(others.fileno())
        kept = {name: signal.signal(name, _note) for name in (signal.SIGTERM, signal.SIGINT)}
        try:
            self._workers = [Worker(self._settings, port) for _ in range(hub.workers)]
            while self._workers:
                self._look_after(mine, port)
        finally:
            for worker in self._workers:
                worker.end(signal.SIGKILL)
            for name, handler in kept.items():
                signal.signal(name, handler)
            signal.set_wakeup_fd(before)
            for end in (mine, others, holder):
                end.close()

    def _look_after(self, signals: socket.socket, port: int) -> None:
        waited: list[Any] = [signals, *(worker.process.sentinel for worker in self._workers)]
        waited += [worker.line for worker in self._workers if not worker.is_ready]
        happened = wait(waited, timeout=REST_S)
        if not happened:  # this process may have been stopped itself: only what it has waited counts
            for worker in self._workers:
                if worker.is_hung(REST_S):
                    log.error("worker %s does not do anything any more: it is killed", worker.process.pid)
                    worker.end(signal.SIGKILL)
        for found in happened:
            if found is signals:
                for number in signals.recv(64):
                    self._end_all(number)
        for worker in list(self._workers):
            if not worker.is_ready and worker.line.poll():
                self._hear(worker)
            if not worker.process.is_alive():
                self._workers.remove(worker)
                self._replace(worker, port)
        if not self._were_ready and self._workers and all(worker.is_ready for worker in self._workers):
            self._were_ready = True
            self._on_ready(url_of(self._settings.hub, port))

    def _hear(self, worker: Worker) -> None:
        try:
            fault = worker.line.recv()
        except EOFError:
            return  # it has ended
        worker.is_ready = not fault
        if not fault or self._is_ending:
            return
        if not self._were_ready:  # the others would fail in the same way
            raise ConfigError(fault)
        log.error("worker %s can't start: %s", worker.process.pid, fault)

    def _replace(self, worker: Worker, port: int) -> None:
        worker.line.close()
        if self._is_ending:
            return
        log.error("worker %s ended with %s; another is started", worker.process.pid, worker.process.exitcode)
        if time.monotonic() - worker.started_at < SHORT_LIFE_S:
            time.sleep(REST_S)
        self._workers.append(Worker(self._settings, port))

    def _end_all(self, number: int) -> None:
        """Let all of them drain; whoever presses Ctrl+C a second time means at once."""
        if self._is_ending:
            if number == signal.SIGINT:
                self._kill()
            return
        self._is_ending = True
        for worker in self._workers:
            worker.end(signal.SIGTERM)
        late = threading.Timer(self._settings.hub.drain_window_s + END_S, self._kill)
        late.daemon = True
        late.start()

    def _kill(self) -> None:
        for worker in self._workers:
            worker.end(signal.SIGKILL)


def _hold(host: str, port: int) -> socket.socket:
    """Bind the port for the workers, if nobody else has it: others of this user could share it, too.

    Raises:
        ConfigError: If the address can't be used.
    """
    holder = bind(host, port)
    # From now on whoever doesn't share it is refused, and so is who holds it as we do before sharing it.
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return holder


def _note(number: int, frame: object) -> None:
    """Let a signal wake up who waits, and do nothing else."""


def _work(settings: Settings, port: int, line: Connection, beats: Any) -> None:
    """Be a worker."""

    def ready(url: str) -> None:
        line.send("")
        _beat(beats)

    # A terminal sends it to all processes of the group; who started us passes it on in its own way.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(line,), daemon=True).start()
    try:
        listener = bind(settings.hub.host, port, shared=True)
        serve_on(listener, settings, ready)
    except ConfigError as fault:
        line.send(str(fault))


def _beat(beats: Any) -> None:
    """Show that the loop turns, from now on."""
    beats.value += 1
    asyncio.get_running_loop().call_later(BEAT_S, _beat, beats)


def _end_with(line: Connection) -> None:
    """End when the process that started us has gone without a word."""
    try:
        line.recv()
    except (EOFError, OSError):
        os.kill(os.getpid(), signal.SIGTERM)

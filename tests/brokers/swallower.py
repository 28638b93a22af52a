"""A TCP proxy in front of Redis that can stop to let messages through, and says nothing of it."""

from __future__ import annotations

import socket
import threading


class Swallower:
    """While `swallows` is set, what Redis sends to subscribers goes nowhere; all else goes through."""

    def __init__(self, target_port: int) -> None:
        self.swallows = False
        # Connections that have subscribed to something.
        self.subscribers = 0
        self._target = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        for end in self._ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            self._ends += (near, far)
            subscribes = threading.Event()
            threading.Thread(target=self._up, args=(near, far, subscribes), daemon=True).start()
            threading.Thread(target=self._down, args=(far, near, subscribes), daemon=True).start()

    def _up(self, near: socket.socket, far: socket.socket, subscribes: threading.Event) -> None:
        try:
            while data := near.recv(65_536):
                if b"SUBSCRIBE" in data and not subscribes.is_set():
                    self.subscribers += 1
                    subscribes.set()
                far.sendall(data)
            far.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def _down(self, far: socket.socket, near: socket.socket, subscribes: threading.Event) -> None:
        try:
            while data := far.recv(65_536):
                if not (self.swallows and subscribes.is_set()):
                    near.sendall(data)
            near.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

"""The hidden widget that carries frames between the pages of a notebook and a hub."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from .front_end import front_end, packed_kit
from .relay_driver import RelayDriver
from .scope import Scope

if TYPE_CHECKING:
    from .relay_driver import RelayHub


class Relay(anywidget.AnyWidget):
    """Gives the pages that show this kernel's widgets a way to the hub. Made by the widgets; never shown.

    It also carries the code that shows them, once for all of them. Its other trait is the hub's key. Tokens
    and frames travel in custom messages, as notebooks save traits.
    """

    _esm = front_end("loader.js")
    kit = traitlets.Unicode(packed_kit()).tag(sync=True)
    hub_key = traitlets.Unicode().tag(sync=True)

    def __init__(self, hub: RelayHub) -> None:
        # Before the comm opens: a page may answer at once, on another thread.
        self.scope = Scope()
        self._driver = RelayDriver(hub, self.scope, self._send_to_pages, self.close)
        self.on_msg(self._from_page)
        super().__init__(hub_key=hub.key)
        _answer_on_the_senders_shell(self.comm)

    @classmethod
    def of(cls, hub: RelayHub) -> Relay:
        """Return the relay of a hub, made at first use."""
        with _lock:
            relay = _relays.get(hub)
            if relay is None:
                relay = _relays[hub] = cls(hub)
            return relay

    def close(self) -> None:
        """End the connections of all pages."""
        self._driver.close()
        super().close()

    def _send_to_pages(self, content: dict[str, object], buffers: list[bytes]) -> None:
        self.send(content, buffers)

    def _from_page(self, _widget: Any, content: object, _buffers: object) -> None:
        self._driver.receive(content)


_lock = threading.Lock()
_relays: weakref.WeakKeyDictionary[RelayHub, Relay] = weakref.WeakKeyDictionary()


def _answer_on_the_senders_shell(comm: Any) -> None:
    """Let pages' messages go to the shell they were sent to.

    JupyterLab sends comm messages to a subshell, so that a busy cell does not hold them up. ipykernel 7.4
    sends them instead to the shell that last published on the comm, and takes our thread for the main shell.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, default: default

"""Joining a trait of an ipywidget with a shared value."""

from __future__ import annotations

import logging
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import traitlets

from ..client.kernel_loop import run_in_kernel
from ..client.rerun import current_run, started
from ..errors import ClosedError, RtWidgetsError
from .base import take_channel
from .trait_json import from_json, to_json

if TYPE_CHECKING:
    from ..client.values import Value

log = logging.getLogger("rtwidgets")


class TraitLink:
    """A trait and a value that follow each other until `stop`. Made by `link`."""

    def __init__(self, widget: traitlets.HasTraits, trait: str, value: Value) -> None:
        self._widget = widget
        self._trait = trait
        self._value = value
        self._name = f"{type(widget).__name__}.{trait}"
        self._where = f"{value.name!r} from {self._name}"
        # Held while either side is set, so that both end with the same. What observes the trait may set it.
        self._lock = threading.RLock()
        # What both sides are known to hold, as JSON.
        self._agreed: Any = None
        self._pulling = False
        self._pull_waits = threading.Event()
        self._logged: set[str] = set()
        self._stopped = False
        if value.version == 0 and value.get() is None:
            self._push()
        else:
            self._pull()
        widget.observe(self._on_trait, names=trait)
        self._handle = value.on_change(lambda _: self._pull_soon())
        # It may have moved between the two.
        self._pull_soon()

    def stop(self) -> None:
        """Let both go their own ways."""
        if not self._stopped:
            self._stopped = True
            self._handle()
            self._widget.unobserve(self._on_trait, names=self._trait)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = ", stopped" if self._stopped else ""
        return f"<TraitLink of {self._name} and {self._value.name!r}{state}>"

    def _on_trait(self, change: object) -> None:
        """Hear that the trait changed, on whatever thread set it."""
        self._push()

    def _push(self) -> None:
        """Set the value to what the trait holds, unless that is known."""
        try:
            with self._lock:
                # What a trait makes of a value that does not fit moves nobody else's.
                if self._pulling:
                    return
                held = to_json(getattr(self._widget, self._trait), self._where)
                if held != self._agreed:
                    self._agreed = held
                    self._value.set(held)
        except ClosedError:
            self.stop()
        except RtWidgetsError as error:
            self._log_once("push", f"{self._value.name!r} does not follow {self._name}: {error}")

    def _pull_soon(self) -> None:
        """Pull on the kernel's thread; more of them before it is there are one."""
        if not self._pull_waits.is_set():
            self._pull_waits.set()
            run_in_kernel(self._pull)

    def _pull(self) -> None:
        """Set the trait to the value, unless it holds that."""
        self._pull_waits.clear()
        with self._lock:
            if self._stopped:
                return
            try:
                # The value, not what was told: what we have set ourselves may come back late.
                value = self._value.get()
            except RtWidgetsError as error:
                self._log_once("get", f"{self._name} does not follow {self._value.name!r}: {error}")
                return
            if value != self._agreed:
                self._agreed = value
                self._show(value)

    def _show(self, value: Any) -> None:
        """Set the trait; what observes it is called."""
        widget, name = self._widget, self._trait
        self._pulling = True
        try:
            setattr(widget, name, from_json(value, widget.traits()[name], getattr(widget, name)))
            held = to_json(getattr(widget, name), self._where)
            if held != value:
                self._misfit(value, f"it shows {held!r}")
        except (traitlets.TraitError, ValueError, TypeError) as error:
            self._misfit(value, str(error))
        finally:
            self._pulling = False

    def _misfit(self, value: object, why: str) -> None:
        self._log_once("misfit", f"{self._name} can't show {value!r} of {self._value.name!r}: {why}")

    def _log_once(self, kind: str, text: str) -> None:
        """Say what is wrong the first time: a slider that is dragged would say it a hundred times."""
        if kind not in self._logged:
            self._logged.add(kind)
            log.error("%s", text)


def link(widget: traitlets.HasTraits, trait: str, value: Value) -> TraitLink:
    """Join an ipywidget's trait with a shared value, both ways: ``rt.link(slider, "value", limit)``.

    At first the trait takes the value; a value that was never set takes what the trait holds. Tuples and sets
    become lists on the way and dates text, and become themselves again. What the trait can't show, such as a
    number beyond a slider's end, is said in the log once and moves nobody else's.

    The trait is set on the kernel's main thread, so while a cell runs it follows when that has ended; what
    the trait sets reaches the others at once. Running the notebook cell again replaces the link.

    Args:
        widget: An ipywidget, or anything else with traits.
        trait: The name of the trait, mostly ``"value"``.
        value: The value.

    Returns:
        The link: ``stop()`` ends it.

    Raises:
        ChannelError: If ``value`` is not a value, or the trait holds what has no place in JSON.
        TypeError: If the widget has no such trait.
    """
    take_channel("link", value, "value")
    if not isinstance(widget, traitlets.HasTraits):
        raise TypeError(f"link takes an ipywidget, not {type(widget).__name__}")
    if not widget.has_trait(trait):
        names = ", ".join(name for name in widget.trait_names() if not name.startswith("_"))
        raise TypeError(f"{type(widget).__name__} has no trait {trait!r}; it has {names}")
    to_json(getattr(widget, trait), f"{value.name!r} from {type(widget).__name__}.{trait}")
    made = TraitLink(widget, trait, value)
    started.add(made.stop, current_run())
    return made

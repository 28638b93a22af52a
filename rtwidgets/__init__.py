"""Live data and live people in notebooks.

    import rtwidgets as rt

    hub = rt.connect()                     # your local hub, started if none runs
    prices = hub.stream("prices")
    prices.append(price=101.2, symbol="ACME")
    rt.LiveChart(prices, y="price", by="symbol")

Names are loaded on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import errors, sources
    from .client.connect import connect
    from .client.hub import Hub
    from .client.live_session import Session
    from .client.running import cancelled, progress
    from .widgets.button import Button
    from .widgets.chart import LiveChart
    from .widgets.chat import LiveChat
    from .widgets.dashboard import Dashboard, Span
    from .widgets.export import save_html
    from .widgets.form import Form
    from .widgets.inputs import DateInput, NumberInput, TextInput
    from .widgets.log import LiveLog
    from .widgets.metric import LiveMetric
    from .widgets.notifications import Notifications
    from .widgets.select import MultiSelect, Select
    from .widgets.slider import RangeSlider, Slider
    from .widgets.table import LiveTable
    from .widgets.toggle import Toggle
    from .widgets.trait_link import link

__version__ = "0.1.0"

__all__ = [
    "Button",
    "Dashboard",
    "DateInput",
    "Form",
    "Hub",
    "LiveChart",
    "LiveChat",
    "LiveLog",
    "LiveMetric",
    "LiveTable",
    "MultiSelect",
    "Notifications",
    "NumberInput",
    "RangeSlider",
    "Select",
    "Session",
    "Slider",
    "Span",
    "TextInput",
    "Toggle",
    "__version__",
    "cancelled",
    "connect",
    "errors",
    "link",
    "progress",
    "save_html",
    "sources",
]

_HOMES = {
    "Button": ".widgets.button",
    "Dashboard": ".widgets.dashboard",
    "DateInput": ".widgets.inputs",
    "Form": ".widgets.form",
    "Hub": ".client.hub",
    "LiveChart": ".widgets.chart",
    "LiveChat": ".widgets.chat",
    "LiveLog": ".widgets.log",
    "LiveMetric": ".widgets.metric",
    "LiveTable": ".widgets.table",
    "Session": ".client.live_session",
    "MultiSelect": ".widgets.select",
    "Notifications": ".widgets.notifications",
    "NumberInput": ".widgets.inputs",
    "RangeSlider": ".widgets.slider",
    "Select": ".widgets.select",
    "Slider": ".widgets.slider",
    "TextInput": ".widgets.inputs",
    "Span": ".widgets.dashboard",
    "Toggle": ".widgets.toggle",
    "cancelled": ".client.running",
    "connect": ".client.connect",
    "link": ".widgets.trait_link",
    "progress": ".client.running",
    "save_html": ".widgets.export",
}
_MODULES = {"errors", "sources"}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(home, __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

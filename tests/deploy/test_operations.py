"""The page for who runs a hub names what there is."""

from __future__ import annotations

import re

from rtwidgets.server.settings import Settings

from ..client.hub_process import ROOT
from ..server.test_metrics import ROW

PAGE = (ROOT / "docs/operations.md").read_text()


def test_page_names_settings_files_and_metrics_that_are_there() -> None:
    settings = Settings()
    for section, key in re.findall(r"`(hub|auth)\.(\w+)`", PAGE):
        assert hasattr(getattr(settings, section), key), key
    for section, key in re.findall(r"RTWIDGETS_(HUB|AUTH)_([A-Z_]+)", PAGE):
        assert hasattr(getattr(settings, section.lower()), key.lower()), key
    for path in re.findall(r"\]\(([\w./-]+)", PAGE):
        assert (ROOT / "docs" / path).exists(), path
    known = {found[1] for found in ROW.finditer((ROOT / "docs/metrics.md").read_text())}
    assert set(re.findall(r"`(rtwidgets_\w+)`", PAGE)) <= known

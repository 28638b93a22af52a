from __future__ import annotations

from typing import Any

import pytest

from rtwidgets.errors import ChannelError
from rtwidgets.widgets.table import LiveTable


def test_table_is_its_spec(channels: Any) -> None:
    table = LiveTable(channels("table:orders"), columns=["id", "status"], sort="-id")
    assert table.spec["channels"] == {"data": "table:orders"}
    assert table.spec["options"] == {"columns": ["id", "status"], "sort": "-id", "height": 360}
    assert repr(table) == "LiveTable(table:orders, columns=['id', 'status'], sort='-id')"


def test_table_without_options_leaves_them_to_the_page(channels: Any) -> None:
    assert LiveTable(channels("table:orders")).spec["options"] == {"height": 360}
    calm = LiveTable(channels("table:orders"), max_hz=5)
    assert calm.spec["options"] == {"height": 360, "max_hz": 5}


@pytest.mark.parametrize("sort", ["", "-"])
def test_table_refuses_a_sort_without_a_column(channels: Any, sort: str) -> None:
    with pytest.raises(ValueError, match="sort must be the name of a column"):
        LiveTable(channels("table:orders"), sort=sort)


def test_table_names_only_so_many_columns(channels: Any) -> None:
    names = [f"c{number}" for number in range(257)]
    assert LiveTable(channels("table:orders"), columns=names[:-1]).spec["options"]["columns"] == names[:-1]
    with pytest.raises(ValueError, match="columns may name up to 256 columns, not 257"):
        LiveTable(channels("table:orders"), columns=names)


def test_table_of_a_stream_names_the_widgets_that_show_it(channels: Any) -> None:
    with pytest.raises(
        ChannelError, match=r"LiveTable shows a table; 'stream:a' is a stream: use rt.LiveChart"
    ):
        LiveTable(channels("stream:a"))

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.counting import count_markers
from benchmarks.payload import MARKER, template


@given(
    # Whole buffers under the size from which runs are looked for would test nothing.
    st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=40, max_size=120),
    st.integers(0, 200),
    st.integers(0, 200),
)
@example([(3, False)] * 50 + [(4, True)] * 50, 0, 0)
def test_counting_by_runs_finds_what_a_search_of_every_byte_finds(
    messages: list[tuple[int, bool]], cut_left: int, cut_right: int
) -> None:
    data = b"".join(
        (b"\x82\x7e\x7c\x3c" if framed else b"") + b'{"offset":' + b"9" * digits + b"," + template(128)
        for digits, framed in messages
    )
    buffer = bytearray(data[cut_left:])
    end = max(len(buffer) - cut_right, 0)
    assert count_markers(buffer, end) == bytes(buffer[:end]).count(MARKER)

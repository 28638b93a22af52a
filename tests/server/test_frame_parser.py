from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from rtwidgets.server.frame_parser import Control, FrameFault, FrameParser, frame_head

LIMIT = 1000

messages = st.lists(
    st.binary(max_size=300) | st.sampled_from([b"x" * 125, b"x" * 126, b"y" * 900]), max_size=6
)


def masked(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    return Frame(Opcode(opcode), payload, fin=final).serialize(mask=True)


def feed_in_pieces(data: bytes, cuts: list[int]) -> tuple[list[bytes], list[Control]]:
    parser = FrameParser(LIMIT, 8)
    found: tuple[list[bytes], list[Control]] = ([], [])
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in itertools.pairwise(edges):
        messages, controls = parser.feed(data[start:end])
        found[0].extend(messages)
        found[1].extend(controls)
    return found


@given(messages, st.lists(st.integers(0, 10_000), max_size=8))
def test_messages_come_out_however_the_bytes_are_cut(payloads: list[bytes], cuts: list[int]) -> None:
    data = b"".join(masked(1, payload) for payload in payloads)
    assert feed_in_pieces(data, cuts) == (payloads, [])


@given(
    st.lists(st.binary(max_size=100), min_size=2, max_size=8), st.lists(st.integers(0, 10_000), max_size=6)
)
def test_fragments_join_and_controls_may_come_between(parts: list[bytes], cuts: list[int]) -> None:
    data = masked(1, parts[0], final=False) + masked(9, b"ping")
    data += b"".join(masked(0, part, final=False) for part in parts[1:-1]) + masked(0, parts[-1])
    assert feed_in_pieces(data, cuts) == ([b"".join(parts)], [Control(9, b"ping")])


def test_nothing_counts_behind_a_close_frame() -> None:
    data = masked(1, b"one") + masked(8, b"") + masked(1, b"two")
    assert FrameParser(LIMIT, 8).feed(data) == ([b"one"], [Control(8, b"")])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (Frame(Opcode.TEXT, b"x" * 10).serialize(mask=False), 1002),
        (bytes((0xC1, 0x80, 0, 0, 0, 0)), 1002),
        (bytes((0x83, 0x80, 0, 0, 0, 0)), 1002),
        (bytes((0x8B, 0x80, 0, 0, 0, 0)), 1002),
        (bytes((0x09, 0x80, 0, 0, 0, 0)), 1002),
        (masked(0, b"x"), 1002),
        (masked(1, b"x", final=False) + masked(1, b"x"), 1002),
        (bytes((0x89, 0xFE, 0, 200)) + bytes(204), 1002),
        (bytes((0x81, 0xFF)) + (2**63).to_bytes(8, "big") + bytes(4), 1009),
        (masked(1, b"x" * (LIMIT + 1)), 1009),
        (masked(1, b"x" * 600, final=False) + masked(0, b"x" * 600), 1009),
        (masked(1, b"", final=False) + masked(0, b"", final=False) * 20, 1008),
    ],
    ids=[
        "unmasked",
        "reserved bit",
        "unknown data opcode",
        "unknown control opcode",
        "ping in pieces",
        "nothing to continue",
        "new message inside another",
        "long ping",
        "impossible length",
        "too long",
        "too long in pieces",
        "too many pieces",
    ],
)
def test_broken_rules_end_with_their_code(data: bytes, code: int) -> None:
    with pytest.raises(FrameFault) as fault:
        FrameParser(LIMIT, 8).feed(data)
    assert fault.value.code == code


@given(st.binary(max_size=200))
def test_noise_gives_messages_or_a_fault(noise: bytes) -> None:
    try:
        FrameParser(LIMIT, 8).feed(noise)
    except FrameFault as fault:
        assert fault.code in (1002, 1008, 1009)


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536, 100_000])
def test_head_is_what_other_implementations_write(length: int) -> None:
    whole = Frame(Opcode.TEXT, b"x" * length).serialize(mask=False)
    assert frame_head(length) + b"x" * length == whole


@pytest.mark.parametrize("size", [1, 400])
def test_nothing_piles_up_behind_a_fault(size: int) -> None:
    parser = FrameParser(LIMIT, 8)
    parser.feed(masked(1, b"x" * size, final=False))
    for _ in range(1_000):
        with contextlib.suppress(FrameFault):
            parser.feed(masked(0, b"x" * size, final=False))
    held = sum(map(len, parser._fragments)) + len(parser._rest)
    assert held <= LIMIT and len(parser._fragments) <= 8
    # The answer to a close frame is still found.
    with contextlib.suppress(FrameFault):
        parser.feed(masked(0, b"x", final=False))
    assert parser.feed(masked(8, b"")) == ([], [Control(8, b"")])

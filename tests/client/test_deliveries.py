"""Receipts: who publishes hears when the hub has it, or why not."""

from __future__ import annotations

import pytest

from rtwidgets.client.outbox import Outbox, Receipt, Whole, rows_item
from rtwidgets.client.publisher import Publisher, staged
from rtwidgets.errors import ChannelError, ClosedError, ReplyError

from .conftest import Join

LIMIT = 10_000


def publisher(max_bytes: int = 100_000) -> Publisher:
    made = Publisher(Outbox("p", max_bytes), wake=lambda: None, may_wait=lambda: False)
    made.set_online(True)
    return made


def offered(made: Publisher, channel: str, n: int) -> Receipt:
    receipt = made.offer(rows_item(channel, {"n": [n]}))
    assert receipt is not None
    return receipt


def test_receipts_of_joined_rows_are_settled_when_the_hub_has_them() -> None:
    made = publisher()
    receipts = [offered(made, "stream:a", n) for n in range(3)]
    batch = made.next()
    assert batch is not None and batch.count == 3
    assert not any(receipt.done() for receipt in receipts)
    made.set_online(False)
    assert not any(receipt.done() for receipt in receipts)
    made.set_online(True)
    assert made.next() is batch
    made.acknowledge(batch.seq, {}, {})
    assert all(receipt.result() is None for receipt in receipts)


def test_refusal_is_told_to_who_holds_the_receipt_and_to_nobody_else() -> None:
    made = publisher()
    refused, taken = offered(made, "stream:a", 1), offered(made, "stream:b", 2)
    made.put_rows("stream:a", {"n": [3]})  # not joined: nobody would hear of it
    batch = made.next()
    assert batch is not None and len(batch.channels) == 3
    made.acknowledge(batch.seq, {0: ReplyError(103, "permission denied")}, {})
    with pytest.raises(ReplyError, match="permission denied"):
        refused.result()
    assert taken.result() is None
    made.put_rows("stream:a", {"n": [4]})


def test_refusal_in_a_batch_that_has_to_come_again_is_told_at_once() -> None:
    made = publisher()
    refused, waits = offered(made, "stream:a", 1), offered(made, "stream:b", 2)
    batch = made.next()
    assert batch is not None
    made.postpone(batch.seq, {0: ReplyError(103, "no")}, {1: ReplyError(100, "archive away")})
    assert refused.done() and not waits.done()
    made.resume()
    assert made.next() is batch
    made.acknowledge(batch.seq, {}, {})
    assert waits.result() is None
    with pytest.raises(ReplyError):
        refused.result()


def test_whole_batch_refused() -> None:
    made = publisher()
    receipt = offered(made, "stream:a", 1)
    batch = made.next()
    assert batch is not None
    made.refuse(batch.seq, ReplyError(107, "bad request"))
    with pytest.raises(ReplyError):
        receipt.result()


def test_value_that_took_anothers_place_stands_for_both() -> None:
    made = publisher()
    first = made.offer(Whole("value:v", b"1", latest_only=True))
    second = made.offer(Whole("value:v", b"2", latest_only=True))
    batch = made.next()
    assert batch is not None and first is not None and second is not None
    made.acknowledge(batch.seq, {}, {})
    assert first.done() and second.done()


def test_without_room_there_is_no_receipt_and_the_item_may_be_offered_again() -> None:
    made = publisher(max_bytes=200)
    item = Whole("event:e", b"x" * 100)
    assert made.offer(Whole("event:e", b"x" * 100)) is None or made.offer(item) is None
    assert item.receipts == []


def test_end_of_the_connection_settles_all_wherever_they_wait() -> None:
    made = publisher()
    sent = offered(made, "stream:a", 1)
    batch = made.next()
    assert batch is not None
    made.postpone(batch.seq, {}, {0: ReplyError(100, "archive away")})
    behind = offered(made, "stream:a", 2)
    made.next()  # puts it behind the first
    pending = offered(made, "stream:b", 3)
    made.end(ClosedError("over"))
    for receipt in (sent, behind, pending):
        with pytest.raises(ClosedError):
            receipt.result()
    with pytest.raises(ClosedError):
        offered(made, "stream:b", 4)


def test_what_somebody_holds_receipts_of_is_not_owed_at_the_end() -> None:
    made = publisher()
    offered(made, "stream:a", 1)
    assert made.next() is not None
    offered(made, "stream:a", 2)
    assert not made.owes
    made.put_rows("stream:b", {"n": [3]})
    assert made.owes
    assert made.next() is not None and made.owes


def test_staged_publications_are_not_on_their_way(join: Join) -> None:
    hub = join()
    table = hub.table("staged", key="id")
    with staged() as items:
        table.upsert(id=1)
        table.remove(2)
    assert [item.channel for item in items] == ["table:staged"] * 2
    with pytest.raises(ChannelError), staged():
        table.upsert(id=1)
        table.upsert(id=1.5)
    assert hub.flush() and table.rows() == []

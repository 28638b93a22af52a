"""What happens to a feed whatever it reads, and what has to be true after that."""

from __future__ import annotations

from collections.abc import Callable

from rtwidgets.client.feeds import Feed
from rtwidgets.client.hub import Hub

from ..client.hub_process import HubProcess
from .conftest import in_order, rows, wait_for
from .feed_process import FeedProcess
from .watcher import Watcher

Send = Callable[..., None]


def kill_while_it_reads(feed: FeedProcess, watcher: Watcher, send: Send) -> None:
    """Kill a feed in the middle of 4,000 rows, and start it: one batch may come twice, nothing is lost."""
    for start in range(0, 4000, 500):
        send(*rows(start, start + 500))
        if start == 2000:
            wait_for(lambda: watcher.seen, said=lambda: feed.log)
            feed.kill()
            feed.start()
    wait_for(lambda: 3999 in watcher.column("n"), said=lambda: (feed.log, len(watcher.seen)))
    assert in_order(watcher.column("n"), 4000) <= 500


def restart_the_hub(
    process: HubProcess, hub: Hub, feed: Feed, watcher: Watcher, send: Send, open_rows: Callable[[], int]
) -> None:
    """Let ten rows wait for a hub that is away.

    Args:
        open_rows: How many of those sent the other system still has to give, as nobody said they were read.
    """
    send(*rows(0, 10))
    wait_for(lambda: len(watcher.column("n")) == 10 and open_rows() == 0, said=lambda: feed.status)
    process.kill()
    send(*rows(10, 20))
    wait_for(lambda: hub.status()["waiting_items"], said=lambda: feed.status)
    assert open_rows() == 10
    process.start()
    wait_for(lambda: 19 in watcher.column("n") and open_rows() == 0, said=lambda: feed.status)
    assert sorted(set(watcher.column("n"))) == list(range(20))


def restart_what_it_reads(
    stop: Callable[[], None],
    start: Callable[[], None],
    away: str,
    feed: Feed,
    watcher: Watcher,
    send: Send,
    open_rows: Callable[[], int],
) -> None:
    """Stop the other system and start it again.

    Args:
        away: What the feed says meanwhile.
    """
    send(*rows(0, 10))
    wait_for(lambda: len(watcher.column("n")) == 10 and open_rows() == 0, said=lambda: feed.status)
    stop()
    wait_for(lambda: feed.status.startswith(f"waiting: {away} is away"), said=lambda: feed.status)
    start()
    send(*rows(10, 20))
    wait_for(lambda: watcher.column("n") == list(range(20)), said=lambda: (feed.status, watcher.column("n")))
    assert feed.status == "running"

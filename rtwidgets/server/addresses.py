"""Where requests come from, and how many from one address."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import islice
from typing import TypeAlias

from starlette.datastructures import Headers
from starlette.types import Scope

from ..core import Limits
from ..core.rates import Bucket

Network: TypeAlias = IPv4Network | IPv6Network
# A whole home or office has one of these, so one address of it counts as all of them.
IPV6_PREFIX = 64
# A connection that ends for what it sent counts as so many seconds' worth of requests.
FAULT_S = 0.25
MAX_WAIT_S = 5.0
# Of so many addresses at a time it is remembered how much they did of late.
MAX_ADDRESSES = 10_000


class TooManyError(Exception):
    """An address has used up what it may do.

    Args:
        limit: Name of the limit.
    """

    def __init__(self, limit: str, message: str) -> None:
        super().__init__(message)
        self.limit = limit


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read addresses and networks.

    Raises:
        ValueError: If one is neither; the message names it.
    """
    return tuple(ip_network(text) for text in texts)


class Addresses:
    """Count what each address does.

    Args:
        proxies: Addresses whose X-Forwarded-For is believed.
        refused: Counts what was refused, by the name of the limit.
        most: Connections from all addresses together.
    """

    def __init__(
        self,
        limits: Limits,
        proxies: tuple[Network, ...],
        refused: Counter[str],
        now: Callable[[], float],
        most: float = math.inf,
    ) -> None:
        self._limits = limits
        self._proxies = proxies
        self._refused = refused
        self._now = now
        self._most = most
        self._sockets: Counter[str] = Counter()
        self._http: Counter[str] = Counter()
        self._requests: dict[str, Bucket] = {}
        self._joins: dict[str, Bucket] = {}
        self._rubbish: dict[str, Bucket] = {}
        self._handshakes: dict[str, Bucket] = {}

    def of(self, scope: Scope) -> str:
        """Return the address a request comes from: behind trusted proxies the one that they saw."""
        peer = scope["client"][0] if scope.get("client") else ""
        address = peer
        if self._proxies and self._is_proxy(peer):
            # Each proxy adds whom it saw at the end; what stands before that a stranger may have written.
            header = ",".join(Headers(scope=scope).getlist("x-forwarded-for"))
            for text in reversed(header.split(",")):
                if _parsed(text.strip()) is None:
                    break
                address = text.strip()
                if not self._is_proxy(address):
                    break
        return _grouped(address)

    def note_request(self, address: str) -> None:
        """Count a request.

        Raises:
            TooManyError: If there were too many of late.
        """
        self._count(self._requests, address, "connects_per_ip_per_s", "requests")

    def note_fault(self, address: str) -> None:
        """Count a connection that was ended because it broke the rules of the wire.

        Such connections are work for the hub and good for nothing; whoever makes them again and again waits.
        """
        rate, now = self._limits.connects_per_ip_per_s, self._now()
        if rate:
            requests = self._bucket(self._requests, address, rate, now)
            # Others may have the same address: they do not wait for ever.
            if requests.wait_s(now) < MAX_WAIT_S:
                requests.take(rate * FAULT_S)

    def note_rubbish(self, peer: str) -> bool:
        """Count what came from a peer and is no HTTP; False when there was too much of late to answer it.

        It takes nothing from the address's requests: a page of another site can make the user's browser send
        some, such as a handshake of TLS.
        """
        return self._may(self._rubbish, peer, "requests that are none")

    def note_handshake(self, peer: str) -> bool:
        """Count a handshake of TLS that a peer begins; False when it began too many of late.

        It takes nothing from the address's requests, of which each connection has one or more. A trusted
        proxy speaks for many.
        """
        return self._is_proxy(peer) or self._may(self._handshakes, peer, "handshakes")

    def note_refused_body(self, limit: str, address: str) -> None:
        """Count a request whose body was not read; no page in a browser can send one in chunks."""
        self._refused[limit] += 1
        if limit == "chunked_bodies":
            self.note_fault(address)

    def note_join(self, address: str) -> None:
        """Count an invite that was shown.

        Raises:
            TooManyError: If there were too many of late.
        """
        self._count(self._joins, address, "joins_per_ip_per_s", "invites")

    @contextmanager
    def socket(self, address: str) -> Iterator[None]:
        """Count a WebSocket while the block runs.

        Raises:
            TooManyError: If there are too many at the time.
        """
        bound = self._limits.connections_per_ip
        if bound and self._sockets[address] >= bound:
            self._refuse("connections_per_ip", f"more than {bound} connections from one address")
        self._sockets[address] += 1
        try:
            yield
        finally:
            self._sockets[address] -= 1
            if not self._sockets[address]:
                del self._sockets[address]

    def open_http(self, peer: str, among: int) -> bool:
        """Count a connection that has not asked for anything yet; False when its peer has too many.

        A trusted proxy speaks for many.

        Args:
            among: How many connections of any kind there are, from all addresses.
        """
        if among > self._most:
            self._refused["descriptors"] += 1
            return False
        bound, address = self._limits.connections_per_ip, _grouped(peer)
        if bound and self._http[address] >= bound and not self._is_proxy(peer):
            self._refused["connections_per_ip"] += 1
            return False
        self._http[address] += 1
        return True

    def close_http(self, peer: str) -> None:
        """Note that a connection which was counted has ended, or is a WebSocket now."""
        address = _grouped(peer)
        self._http[address] -= 1
        if not self._http[address]:
            del self._http[address]

    def _may(self, rates: dict[str, Bucket], peer: str, what: str) -> bool:
        try:
            self._count(rates, _grouped(peer), "connects_per_ip_per_s", what)
        except TooManyError:
            return False
        return True

    def _count(self, rates: dict[str, Bucket], address: str, limit: str, what: str) -> None:
        rate: float = getattr(self._limits, limit)
        if not rate:
            return
        now = self._now()
        known = self._bucket(rates, address, rate, now)
        if known.wait_s(now):
            self._refuse(limit, f"more than {rate:g} {what} a second from one address")
        known.take(1)

    def _bucket(self, rates: dict[str, Bucket], address: str, rate: float, now: float) -> Bucket:
        known = rates.get(address)
        if known is None:
            if len(rates) >= MAX_ADDRESSES:
                _forget(rates, now)
            known = rates[address] = Bucket(rate, now)
        return known

    def _refuse(self, limit: str, message: str) -> None:
        self._refused[limit] += 1
        raise TooManyError(limit, f"{message}: {limit}")

    def _is_proxy(self, text: str) -> bool:
        address = _parsed(text)
        return address is not None and any(address in network for network in self._proxies)


def _forget(rates: dict[str, Bucket], now: float) -> None:
    """Forget addresses that did nothing of late, or, when nearly all did something, the oldest too.

    A tenth at least: looking through all of them for each new one would be work for a stranger's asking.
    """
    drop = [address for address, rate in rates.items() if rate.is_full(now)]
    if len(drop) < MAX_ADDRESSES // 10:
        drop = list(dict.fromkeys([*drop, *islice(rates, MAX_ADDRESSES // 10)]))
    for address in drop:
        del rates[address]


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _grouped(text: str) -> str:
    address = _parsed(text)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, IPV6_PREFIX), strict=False))
    return text if address is None else str(address)

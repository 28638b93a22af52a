"""The certificate that a hub shows, taken up anew when its files are."""

from __future__ import annotations

import logging
import os
import ssl
import time

from ..errors import ConfigError
from .logs import happened
from .settings import HubSection

# How often new handshakes look for new files.
LOOK_INTERVAL_S = 60.0
# Why OpenSSL doesn't verify one, as far as its dates are why: not valid yet, and expired.
_DATES = (9, 10)

log = logging.getLogger("rtwidgets.hub")


class Certificate:
    """What a hub speaks TLS with.

    Raises:
        ConfigError: If the certificate and key can't be used.
    """

    def __init__(self, hub: HubSection) -> None:
        self._chain, self._key = hub.ssl_certfile, hub.ssl_keyfile
        self._looked_at = time.monotonic()
        self._known = self._stamps()
        self._context = self._load()

    def context(self) -> ssl.SSLContext:
        """Return what the next handshake is made with: with the new files, once there are some."""
        now = time.monotonic()
        if now - self._looked_at >= LOOK_INTERVAL_S:
            self._looked_at = now
            stamps = self._stamps()
            if stamps != self._known:
                self._known = stamps
                self._renew()
        return self._context

    def _renew(self) -> None:
        try:
            self._context = self._load()
        except ConfigError as fault:
            # Perhaps one of two files that are not written at the same time.
            log.error("%s; the certificate from before stays until they change again", fault)
        else:
            happened("certificate renewed")

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self._chain, self._key or None, "")
        except (OSError, ssl.SSLError) as error:
            what = error.reason if isinstance(error, ssl.SSLError) and error.reason else error.strerror
            files = f"hub.ssl_certfile {self._chain!r} with hub.ssl_keyfile {self._key!r}"
            raise ConfigError(f"{files} can't be used: {what}") from None
        if fault := _fault_of_dates(context, self._chain):
            log.warning(
                "hub.ssl_certfile %r: %s, and clients refuse it; the hub takes a new one up within a minute",
                self._chain,
                fault,
            )
        return context

    def _stamps(self) -> list[tuple[int, int, int] | None]:
        """Return what tells whether the files are others than before."""
        found: list[tuple[int, int, int] | None] = []
        for path in filter(None, (self._chain, self._key)):
            try:
                status = os.stat(path)
            except OSError:
                found.append(None)
            else:
                found.append((status.st_mtime_ns, status.st_ino, status.st_size))
        return found


def _fault_of_dates(context: ssl.SSLContext, chain: str) -> str:
    """Return what is wrong with the dates of the certificate in a context; empty if nothing is.

    Python tells them to a client only: so one that trusts this certificate shakes hands with it in memory.
    """
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        trusting.load_verify_locations(chain)
        client = trusting.wrap_bio(to_client, to_server)
        server = context.wrap_bio(to_server, to_client, server_side=True)
        for end in (client, server, client):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                pass
    except ssl.SSLCertVerificationError as error:
        return error.verify_message if error.verify_code in _DATES else ""
    except ssl.SSLError:
        pass  # of no other fault is this the place
    return ""

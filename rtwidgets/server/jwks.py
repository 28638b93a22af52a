"""Public keys from a JWKS: a file, or an address that is read again now and then."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
import urllib.request
from concurrent.futures import Future
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

from ..core.tokens import PUBLIC_KEY, Key, Tokens
from ..errors import ConfigError
from ..protocol.shown import shown
from .settings import LOOPBACK

REFRESH_S = 300.0
# A token that names an unknown key makes it look earlier, but not oftener than this.
SOONEST_S = 10.0
TIMEOUT_S = 5.0
MAX_BYTES = 1024 * 1024
# Shorter RSA keys are not accepted. Source: RFC 7518, section 3.3.
MIN_RSA_BITS = 2048

log = logging.getLogger("rtwidgets.hub")


class Jwks:
    """Keeps the public keys of a hub's tokens up to date.

    Args:
        source: A file's path, or an https address (http on this machine only).

    Raises:
        ConfigError: If the source can't be used at all: a file that can't be read, an address that is not
            safe, or no library for such keys.
    """

    def __init__(self, source: str, tokens: Tokens) -> None:
        self._source = source
        self._tokens = tokens
        self._is_address = "://" in source
        self._shown = shown(source) if self._is_address else source
        self._wanted = asyncio.Event()
        self._asking: threading.Thread | None = None
        self._passed_over: list[str] = []
        try:
            import cryptography  # noqa: F401
        except ImportError:
            raise ConfigError(
                "auth.jwks needs the cryptography package: pip install 'rtwidgets[jwks]'"
            ) from None
        if self._is_address:
            _check_address(source)
        tokens.on_unknown_key = self._wanted.set
        try:
            tokens.public_keys = self._load()
        except (OSError, HTTPException, ValueError) as error:
            fault = f"auth.jwks: no keys from {self._shown}: {error}"
            if not self._is_address:
                raise ConfigError(fault) from None
            # Whoever serves it may start later than this hub.
            log.warning("%s; trying again", fault)

    async def keep(self) -> None:
        """Read the keys again, for ever. What was read last stays when that fails."""
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            wait_s = REFRESH_S if self._tokens.public_keys else SOONEST_S
            try:
                async with asyncio.timeout(wait_s):
                    await self._wanted.wait()
            except TimeoutError:
                pass
            await asyncio.sleep(SOONEST_S - (loop.time() - started))
            self._wanted.clear()
            try:
                self._tokens.public_keys = await asyncio.to_thread(self._load)
            except (OSError, HTTPException, ValueError) as error:
                log.warning("auth.jwks: no newer keys from %s: %s", self._shown, error)
            except Exception as error:
                # Withdrawn keys would be good for ever. What its text repeats may be secret.
                kind = type(error).__name__
                log.error("auth.jwks: no newer keys from %s: an unexpected %s", self._shown, kind)

    def _load(self) -> tuple[Key, ...]:
        body = self._fetch_in_time() if self._is_address else Path(self._source).read_bytes()
        keys, passed_over = _keys_in(body)
        if passed_over and passed_over != self._passed_over:
            names = ", ".join(passed_over)
            log.warning("auth.jwks: passed over what can't be used of %s: %.1000s", self._shown, names)
        self._passed_over = passed_over
        if not keys:
            raise ValueError(f"it has no key for {' or '.join(PUBLIC_KEY)}")
        return keys

    def _fetch_in_time(self) -> bytes:
        """Ask the address, which has a time for the whole: a socket's begins anew with each byte."""
        if self._asking is not None and self._asking.is_alive():
            raise ValueError("it is still answering an earlier request")
        answer: Future[bytes] = Future()

        def ask() -> None:
            try:
                answer.set_result(self._fetch())
            except Exception as error:
                answer.set_exception(error)

        self._asking = threading.Thread(target=ask, name="jwks", daemon=True)
        self._asking.start()
        try:
            return answer.result(TIMEOUT_S)
        except TimeoutError:
            raise ValueError(f"it takes longer than {TIMEOUT_S:g} s") from None

    def _fetch(self) -> bytes:
        handlers: list[Any] = [_NoRedirects]
        if not self._source.startswith("https:"):
            # Plain http stays on this machine, whatever proxy the environment names.
            handlers.append(urllib.request.ProxyHandler({}))
        deadline = time.monotonic() + TIMEOUT_S
        body = bytearray()
        try:
            response = urllib.request.build_opener(*handlers).open(self._source, timeout=TIMEOUT_S)
        except HTTPError as error:
            error.close()
            raise ValueError(f"it answers with status {error.code}") from None
        with response:
            while chunk := response.read1(MAX_BYTES):
                body += chunk
                if len(body) > MAX_BYTES:
                    raise ValueError(f"it has more than {MAX_BYTES} bytes")
                if time.monotonic() > deadline:
                    raise ValueError(f"it takes longer than {TIMEOUT_S:g} s")
        return bytes(body)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Keys come from the address in the settings and from no other that it may name."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        return None


def _check_address(source: str) -> None:
    try:
        parts = urlsplit(source)
        is_whole = parts.port != 0 and all("!" <= char <= "~" for char in source)
    except ValueError:  # its text repeats what may be a password
        is_whole = False
    if not is_whole or "@" in parts.netloc:
        raise ConfigError(
            f"auth.jwks: {shown(source)} can't be asked: write host, port and path in printable ASCII, "
            "without user and password"
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ConfigError("auth.jwks must be a file or an https:// address: who changes it on its way is you")


def _keys_in(body: bytes) -> tuple[tuple[Key, ...], list[str]]:
    """Return the keys of a JWKS that can be used, and names of those that should be and can't."""
    from jwt import PyJWK

    try:
        found = json.loads(body)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    entries = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(entries, list):
        raise ValueError('it is no JWKS: {"keys": [...]}')
    keys, passed_over = [], []
    for entry in entries:
        if isinstance(entry, dict) and entry.get("use") not in (None, "sig"):
            continue  # of no concern here
        try:
            key = PyJWK.from_dict(entry)
            # A private key has no place there; taking its public part would hide that.
            is_usable = "d" not in entry and getattr(key.key, "key_size", 0) >= _least(key.algorithm_name)
        except Exception:
            # There is no end to what may be odd in one, and no one of them may stop the others.
            is_usable = False
        if is_usable and key.algorithm_name in PUBLIC_KEY:
            key_id = str(key.key_id or "")
            keys.append(Key(f"key {key_id!r} of auth.jwks", key.algorithm_name, key.key, key_id))
        else:
            name = entry.get("kid") if isinstance(entry, dict) else None
            passed_over.append(f"{name!r:.100}" if name else "one without a kid")
    return tuple(keys), passed_over


def _least(algorithm: str) -> int:
    return MIN_RSA_BITS if algorithm == "RS256" else 256

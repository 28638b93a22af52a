"""Public keys from a JWKS: a file, or an address that is read again now and then."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import urllib.request
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from ..core.tokens import PUBLIC_KEY, Key, Tokens
from ..errors import ConfigError
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
        self._wanted = asyncio.Event()
        try:
            import cryptography  # noqa: F401
        except ImportError:
            raise ConfigError(
                "auth.jwks needs the cryptography package: pip install 'rtwidgets[jwks]'"
            ) from None
        if self._is_address:
            parts = urlsplit(source)
            if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
                raise ConfigError(
                    "auth.jwks must be a file or an https:// address: who changes it on its way is you"
                )
        tokens.on_unknown_key = self._wanted.set
        try:
            tokens.public_keys = self._load()
        except (OSError, HTTPException, ValueError) as error:
            fault = f"auth.jwks: no keys from {source}: {error}"
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
                log.warning("auth.jwks: no newer keys from %s: %s", self._source, error)

    def _load(self) -> tuple[Key, ...]:
        keys = _keys_in(self._fetch() if self._is_address else Path(self._source).read_bytes())
        if not keys:
            raise ValueError(f"it has no key for {' or '.join(PUBLIC_KEY)}")
        return keys

    def _fetch(self) -> bytes:
        handlers: list[Any] = [_NoRedirects]
        if not self._source.startswith("https:"):
            # Plain http stays on this machine, whatever proxy the environment names.
            handlers.append(urllib.request.ProxyHandler({}))
        deadline = time.monotonic() + TIMEOUT_S
        body = bytearray()
        with urllib.request.build_opener(*handlers).open(self._source, timeout=TIMEOUT_S) as response:
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


def _keys_in(body: bytes) -> tuple[Key, ...]:
    """Return the keys of a JWKS that can be used; others are passed over."""
    from jwt import PyJWK, PyJWTError

    try:
        found = json.loads(body)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    entries = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(entries, list):
        raise ValueError('it is no JWKS: {"keys": [...]}')
    keys = []
    for entry in entries:
        try:
            key = PyJWK.from_dict(entry)
            usable = key.public_key_use in (None, "sig") and key.algorithm_name in PUBLIC_KEY
            # A private key has no place there; taking its public part would hide that.
            if not usable or "d" in entry or getattr(key.key, "key_size", 0) < _least(key.algorithm_name):
                continue
        except (PyJWTError, AttributeError, TypeError, ValueError):
            continue
        key_id = str(key.key_id or "")
        keys.append(Key(f"key {key_id!r} of auth.jwks", key.algorithm_name, key.key, key_id))
    return tuple(keys)


def _least(algorithm: str) -> int:
    return MIN_RSA_BITS if algorithm == "RS256" else 256

"""The hub's settings: one TOML file, environment variables of the same names, flags."""

from __future__ import annotations

import socket
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from ..archive import open_archive, open_shared_archive
from ..brokers.address import open_broker
from ..core import HubRules, Limits, Namespace
from ..core.origins import parse_origin
from ..core.rules import default_namespaces
from ..core.tokens import HMAC, LEEWAY_S, PUBLIC_KEY, TokenRules, Tokens
from ..errors import ConfigError
from ..protocol.shown import shown
from .addresses import parse_networks
from .key_strength import MAKE_ONE, foreign_keys, weak_keys
from .logs import LogFormat

# Keys whose environment variable is split at its commas.
LISTS = ("allowed_origins", "algorithms", "trusted_proxies")
_SQLITE = "sqlite:///"
LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))


class HubSection(Struct, frozen=True, forbid_unknown_fields=True):
    """`[hub]`: where it listens and what keeps its data.

    Args:
        broker: Orders and spreads publications: ``memory`` in this process alone, ``redis://…`` in several.
        archive: Keeps what has to outlive the process: ``sqlite:///path.db`` or ``postgresql://…``; with a
            broker the latter.
        workers: Processes that share the port; more than one need a broker that they share.
        public_url: The address that browsers reach it at, when that is not host and port.
        trusted_proxies: Addresses and networks whose X-Forwarded-For is believed.
        examples: Let anybody who reaches the hub into the example chat, as a guest.
        flush_interval_ms: How long publications are collected into one frame while the hub is busy.
        drain_window_s: Over how long clients are sent away when the hub ends, so that they come back spread.
        log_format: ``text`` for people; ``json`` for one object a line, also of starts, drains and ends of
            connections.
        ssl_certfile: PEM file with the certificate chain; with it the hub speaks TLS.
        ssl_keyfile: PEM file with the certificate's key; empty when that is in the same file.
    """

    host: str = "127.0.0.1"
    port: int = 8090
    broker: str = "memory"
    archive: str = "none"
    workers: int = 1
    public_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    examples: bool = False
    flush_interval_ms: float = 5
    drain_window_s: float = 5
    log_format: LogFormat = "text"
    ssl_certfile: str = ""
    ssl_keyfile: str = ""

    def __repr__(self) -> str:
        return "HubSection(...)"  # an address may hold a password, and a repr may land in a log

    @property
    def scheme(self) -> str:
        """``"https"`` when the hub speaks TLS itself, else ``"http"``."""
        return "https" if self.ssl_certfile else "http"

    @property
    def url(self) -> str:
        """The hub's address for programs on its own machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)
        return f"{self.scheme}://{host}:{self.port}"


class AuthSection(Struct, frozen=True, forbid_unknown_fields=True):
    """`[auth]`: who may come in.

    Args:
        hmac_secret: HS256 key that tokens are signed and verified with; like the two keys below, 32
            characters or more where others reach the hub.
        hmac_secret_previous: The key before it, while tokens that it signed are still about.
        jwks: File or address of a JWKS with public keys for RS256 and ES256.
        algorithms: Accepted ones; empty for all that the keys allow.
        leeway_s: By how much the clocks of the hub and of who makes tokens may differ.
        audience: The `aud` that tokens must name; empty for any.
        issuer: The `iss` that tokens must have; empty for any.
        revocation_file: Keeps what was revoked; processes that share it hear of it within a second. Empty:
            beside the archive if that is of SQLite, else what was revoked is good again at the next start.
        anonymous: Let clients in that have no token.
        api_key: The key of the HTTP API; empty shuts it.
        allowed_origins: Origins whose pages may connect, besides the hub's own.
        user_channel: Subscribe every user to ``#<user>``.
    """

    hmac_secret: str = ""
    hmac_secret_previous: str = ""
    jwks: str = ""
    algorithms: tuple[str, ...] = ()
    leeway_s: float = LEEWAY_S
    audience: str = ""
    issuer: str = ""
    revocation_file: str = ""
    anonymous: bool = False
    api_key: str = ""
    allowed_origins: tuple[str, ...] = ()
    user_channel: bool = False

    def __repr__(self) -> str:
        return "AuthSection(...)"  # it has secrets, and a repr may land in a log

    def tokens(self) -> Tokens:
        """Return what signs and verifies tokens, without the keys of the JWKS."""
        implied = (*((HMAC,) if self.hmac_secret else ()), *(PUBLIC_KEY if self.jwks else ()))
        rules = TokenRules(self.algorithms or implied, self.leeway_s, self.audience, self.issuer)
        return Tokens(self.hmac_secret or None, self.hmac_secret_previous or None, rules)


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything the file can say.

    Args:
        sources: What `rtwidgets-hub feed` reads, by name; no affair of the hub's.
    """

    hub: HubSection = field(default_factory=HubSection)
    auth: AuthSection = field(default_factory=AuthSection)
    limits: Limits = field(default_factory=Limits)
    namespaces: dict[str, Namespace] = {}
    sources: dict[str, dict[str, Any]] = {}

    def __repr__(self) -> str:
        return "Settings(...)"  # addresses of sources may hold passwords, and a repr may land in a log

    def rules(self) -> HubRules:
        """Return the rules of the core."""
        return HubRules(
            namespaces={**default_namespaces(), **self.namespaces},
            limits=self.limits,
            anonymous=self.auth.anonymous,
            user_channel=self.auth.user_channel,
            archive=self.hub.archive != "none",
            shared=self.hub.broker != "memory",
            public_url=self.hub.public_url.rstrip("/"),
        )


def load(path: Path | None, environ: Mapping[str, str], flags: Mapping[str, object]) -> Settings:
    """Read settings: flags win over environment variables, those over the file.

    Args:
        path: A TOML file, or None.
        environ: `RTWIDGETS_<SECTION>_<KEY>` for the keys of `[hub]`, `[auth]` and `[limits]`.
        flags: Keys of `[hub]`; None stands for a flag that was not given.
    Raises:
        ConfigError: If the file can't be read, or a key or value is not usable.
    """
    raw = _read(path) if path is not None else {}
    for section, struct in (("hub", HubSection), ("auth", AuthSection), ("limits", Limits)):
        for key in struct.__struct_fields__:
            value = environ.get(f"RTWIDGETS_{section}_{key}".upper())
            if value is not None:
                _section(raw, section)[key] = _split(value) if key in LISTS else value
    _section(raw, "hub").update({key: value for key, value in flags.items() if value is not None})
    try:
        settings = msgspec.convert(raw, Settings, strict=False)
    except msgspec.ValidationError as error:
        source = "the settings" if path is None else f"config file {path}"
        raise ConfigError(f"{source}: {_explain(str(error))}") from None
    _check(settings)
    return _with_revocation_file(settings)


def _with_revocation_file(settings: Settings) -> Settings:
    """Keep revocations beside the archive where nothing is said of them: they must not end with the hub."""
    archive = settings.hub.archive
    if settings.auth.revocation_file or not archive.startswith(_SQLITE):
        return settings
    file = Path(archive.removeprefix(_SQLITE) + ".revoked").absolute()
    return replace(settings, auth=replace(settings.auth, revocation_file=str(file)))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise ConfigError(f"config file {path} can't be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"config file {path} is not TOML: {error}") from None


def _section(raw: dict[str, Any], name: str) -> dict[str, Any]:
    section = raw.setdefault(name, {})
    if not isinstance(section, dict):
        raise ConfigError(f"[{name}] must be a table of keys")
    return section


def _split(value: str) -> list[str]:
    return [item.strip() for item in value.split(",") if item.strip()]


def _explain(message: str) -> str:
    # msgspec says "Object contains unknown field `prot` - at `$.hub`".
    text = message.replace("Object contains unknown field", "unknown key")
    return text.replace(" - at `$.", " in `").replace(" - at `$`", "")


def _check(settings: Settings) -> None:
    hub, auth = settings.hub, settings.auth
    if not 0 <= hub.port < 65_536:
        raise ConfigError(f"hub.port is {hub.port}; use 0 (any free port) to 65535")
    for name in ("flush_interval_ms", "drain_window_s"):
        if not 0 <= getattr(hub, name) <= 3600:
            raise ConfigError(f"hub.{name} is {getattr(hub, name):g}; use 0 to 3600")
    if hub.broker != "memory":
        open_broker(hub.broker)  # says what is wrong with it
    if hub.workers < 1:
        raise ConfigError(f"hub.workers is {hub.workers}; use 1 or more")
    if hub.workers > 1 and hub.broker == "memory":
        raise ConfigError(
            f"hub.workers is {hub.workers} and hub.broker is 'memory': each process would have channels of "
            "its own, and who is at another would see nothing of them. Set hub.broker, such as "
            "'redis://127.0.0.1:6379/0'"
        )
    if hub.workers > 1 and not hasattr(socket, "SO_REUSEPORT"):
        raise ConfigError(
            "hub.workers is above 1, and this system lets no processes share a port: start them "
            "one by one, each with a port of its own"
        )
    if hub.archive != "none":
        # Says what is wrong with it.
        (open_archive if hub.broker == "memory" else open_shared_archive)(hub.archive)
    for origin in auth.allowed_origins:
        if parse_origin(origin) is None:
            raise ConfigError(
                f"auth.allowed_origins has {origin!r}; write scheme, host and port exactly as the browser "
                "does, such as 'https://lab.example.org'"
            )
    if hub.public_url and parse_origin("/".join(hub.public_url.split("/")[:3])) is None:
        raise ConfigError(
            f"hub.public_url is no address for browsers, {shown(hub.public_url)!r}; use a form such as "
            "'https://hub.example.org', without user and password"
        )
    try:
        parse_networks(hub.trusted_proxies)
    except ValueError as error:
        raise ConfigError(
            f"hub.trusted_proxies: {error}; use forms such as '10.0.0.1' or '10.0.0.0/8'"
        ) from None
    for name in settings.limits.__struct_fields__:
        if getattr(settings.limits, name) < 0:
            raise ConfigError(
                f"limits.{name} is {getattr(settings.limits, name)}; use 0 for no bound, or more"
            )
    _check_keys(auth)
    if hub.ssl_keyfile and not hub.ssl_certfile:
        raise ConfigError("hub.ssl_keyfile is set and hub.ssl_certfile is not: TLS needs the certificate too")
    _check_for_others(hub, auth)
    if auth.user_channel and "default" not in settings.namespaces:
        raise ConfigError(
            "auth.user_channel needs the channels without a prefix: write [namespaces.default], such as "
            'kind = "event"'
        )
    for name, namespace in settings.namespaces.items():
        if namespace.archive:
            _check_archived(name, namespace, hub.archive)
        if not name or ":" in name or not name.isascii() or not name.isprintable() or " " in name:
            raise ConfigError(
                f"[namespaces.{name}]: a namespace is printable ASCII without spaces and colons"
            )


def _check_archived(name: str, namespace: Namespace, archive: str) -> None:
    where = f"[namespaces.{name}] has archive = true, and"
    if archive == "none":
        raise ConfigError(f"{where} the hub has no archive: set hub.archive, such as 'sqlite:///hub.db'")
    if not namespace.recover or not namespace.history_size:
        raise ConfigError(
            f"{where} recover or history_size say that its channels keep nothing: recover = true and a "
            "history_size above 0 are needed"
        )
    if namespace.archive_ttl_s < 0 or namespace.archive_size < 0:
        raise ConfigError(f"{where} archive_ttl_s or archive_size below 0: use 0 for no bound, or more")


def _check_keys(auth: AuthSection) -> None:
    if not (auth.hmac_secret or auth.jwks or auth.anonymous):
        raise ConfigError(
            "nobody could connect: set auth.hmac_secret (the key that tokens are signed with, "
            "RTWIDGETS_AUTH_HMAC_SECRET), auth.jwks or auth.anonymous = true"
        )
    if auth.hmac_secret_previous and not auth.hmac_secret:
        raise ConfigError("auth.hmac_secret_previous is set and auth.hmac_secret is not: set the new one")
    for fault in foreign_keys(auth):
        raise ConfigError(fault)
    if not 0 <= auth.leeway_s <= 300:
        raise ConfigError(f"auth.leeway_s is {auth.leeway_s:g}; use 0 to 300 seconds")
    if auth.revocation_file and not Path(auth.revocation_file).is_absolute():
        # A hub and `rtwidgets-hub revoke` elsewhere would have two files, and nobody would see.
        raise ConfigError(
            f"auth.revocation_file is {auth.revocation_file!r}; write its whole path, from the root"
        )
    for algorithm in auth.algorithms:
        if algorithm not in (HMAC, *PUBLIC_KEY):
            raise ConfigError(
                f"auth.algorithms has {algorithm!r}; this hub knows {', '.join((HMAC, *PUBLIC_KEY))}"
            )
        if not (auth.hmac_secret if algorithm == HMAC else auth.jwks):
            key = "auth.hmac_secret" if algorithm == HMAC else "auth.jwks"
            raise ConfigError(f"auth.algorithms has {algorithm!r}, for which {key} must be set")


def _check_for_others(hub: HubSection, auth: AuthSection) -> None:
    if hub.host not in LOOPBACK:
        where = f"hub.host is {hub.host!r}, which others can reach, and"
    elif hub.public_url or hub.trusted_proxies:
        key = "public_url" if hub.public_url else "trusted_proxies"
        where = f"hub.{key} is set, so others can reach the hub, and"
    else:
        return
    if not auth.hmac_secret and not auth.jwks:
        raise ConfigError(f"{where} auth.hmac_secret is empty: set a secret, such as {MAKE_ONE} prints")
    for fault in weak_keys(auth):
        raise ConfigError(f"{where} {fault}")

"""`rtwidgets-hub`: the commands that run a hub and make its tokens."""

from __future__ import annotations

import json
import os
import secrets
import time
from pathlib import Path
from typing import TextIO

import click

from .. import __version__
from ..core.capabilities import ALL_VERBS, Caps
from ..core.patterns import check_patterns
from ..core.revocation import revocation_of
from ..core.roles import ROLES, caps_of_role
from ..core.rules import Verb
from ..core.tokens import TokenError
from ..errors import ConfigError, RtWidgetsError
from .explain import explain
from .jwks import Jwks
from .key_strength import weak_keys
from .known_revocations import known_revocations
from .local import IDLE_AFTER_S, serve_local
from .revocation_file import RevocationFile
from .run import serve as run_hub
from .settings import Settings, load
from .workers import Workers

MAX_TTL_S = 10 * 365 * 86_400.0

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="RTWIDGETS_CONFIG",
    help="TOML file with the settings.",
)


class Commands(click.Group):
    """A group whose commands report our errors as one line."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (RtWidgetsError, TokenError) as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=Commands)
@click.version_option(__version__, prog_name="rtwidgets-hub")
def main() -> None:
    """Run and use an rtwidgets hub."""


@main.command()
@config_option
@click.option("--host", help="Address to listen on (default 127.0.0.1).")
@click.option("--port", type=int, help="Port to listen on (default 8090; 0 for any).")
@click.option("--workers", type=int, help="Processes on this port (default 1); more need hub.broker.")
@click.option(
    "--log-format", type=click.Choice(("text", "json")), help="How the log is written (default text)."
)
@click.option("--ssl-certfile", help="PEM file with the certificate chain: speak TLS.")
@click.option("--ssl-keyfile", help="PEM file with its key, when that is in a file of its own.")
def serve(config: Path | None, **flags: object) -> None:
    """Serve a hub."""
    settings = load(config, os.environ, flags)
    for fault in weak_keys(settings.auth):
        click.echo(f"warning: {fault}", err=True)

    def on_ready(url: str) -> None:
        click.echo(f"rtwidgets hub at {url}")

    if settings.hub.workers > 1:
        Workers(settings, on_ready).run()
    else:
        run_hub(settings, on_ready)


@main.command()
@click.option("--idle-after-s", type=float, default=IDLE_AFTER_S, help="End after this many unused seconds.")
def local(idle_after_s: float) -> None:
    """Serve this user's local hub; notebooks start it by themselves."""
    if not serve_local(idle_after_s):
        click.echo("another process is the local hub already")


@main.command()
@config_option
@click.option("--user", help="Who the token is for.")
@click.option("--name", help="Name that others see.")
@click.option("--ttl-s", type=float, default=3600.0, show_default=True, help="Seconds it is good for.")
@click.option("--role", type=click.Choice(ROLES), help="Rights by name; with --channels.")
@click.option("--channels", multiple=True, help="Channels of the role, such as 'stream:*'; all without it.")
@click.option("--caps", help='Rights as JSON, such as \'{"stream:*": ["subscribe"]}\'; all without it.')
@click.option("--owner", is_flag=True, help="Let it mint tokens, allow origins and revoke.")
@click.option("--check", type=click.File(), help="Explain the token in this file, or - for the input.")
def token(
    config: Path | None,
    user: str | None,
    name: str | None,
    ttl_s: float,
    role: str | None,
    channels: tuple[str, ...],
    caps: str | None,
    owner: bool,
    check: TextIO | None,
) -> None:
    """Mint a connection token with the secret of the settings, or explain one."""
    settings = load(config, os.environ, {})
    if check is not None:
        _explain(settings, read_token(check))
        return
    if user is None or not user.strip():
        # Mostly a variable that is not set. A token for nobody could not be ended by its user.
        raise click.UsageError(
            "--user is needed: who is the token for?" + ("" if user is None else " It is empty")
        )
    if (role is None and channels) or (role is not None and (caps is not None or owner)):
        raise click.UsageError("--role and --channels go together, --caps and --owner without them")
    if not 0 < ttl_s <= MAX_TTL_S:
        raise click.UsageError(f"--ttl-s must be above 0 and at most {MAX_TTL_S:.0f}, ten years")
    if not settings.auth.hmac_secret:
        raise ConfigError("auth.hmac_secret is empty: there is no key to sign a token with")
    rights = _caps(caps) if role is None else caps_of_role(role, channels or ("*",))
    try:
        check_patterns(rights)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    minted = settings.auth.tokens().mint(
        user=user,
        caps=rights,
        now=time.time(),
        token_id=secrets.token_urlsafe(12),
        ttl_s=ttl_s,
        info={"name": name or user},
        owner=owner or role == "owner",
    )
    click.echo(minted)


def read_token(file: TextIO) -> str:
    """Return the token that a file holds, without the space around it.

    Raises:
        ConfigError: If it is no text.
    """
    try:
        return file.read().strip()
    except UnicodeDecodeError:
        raise ConfigError(f"{file.name} holds no token: it is no text in UTF-8; save it as that") from None


def _explain(settings: Settings, text: str) -> None:
    tokens = settings.auth.tokens()
    if settings.auth.jwks:
        Jwks(settings.auth.jwks, tokens)
    entries, unknown = known_revocations(settings)
    for entry in entries:
        tokens.revocations.add(entry)
    lines, fault = explain(text, tokens, time.time())
    for line in lines:
        click.echo(printable(line))
    if fault is not None:
        raise click.ClickException(f"the hub refuses it: {printable(fault)}")
    click.echo(f"The hub takes it, unless it was revoked: {unknown}." if unknown else "The hub takes it.")


@main.command()
@config_option
@click.option("--user", default="", help="Refuse all tokens of this user that were issued up to now.")
@click.option("--jti", default="", help="Refuse the token with this id, and those made from it.")
def revoke(config: Path | None, user: str, jti: str) -> None:
    """Write to auth.revocation_file; hubs that share it close what they opened within a second."""
    path = load(config, os.environ, {}).auth.revocation_file
    if not path:
        raise ConfigError(
            "auth.revocation_file is not set, so there is nowhere to write; a running hub also takes "
            "POST /api/revoke"
        )
    try:
        entry = revocation_of(jti, user, time.time())
    except ValueError as error:
        raise click.UsageError(f"{error}: use --jti or --user") from None
    RevocationFile(Path(path)).append(entry)


def printable(text: str) -> str:
    """Return a text with what a terminal would obey written out."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def _caps(text: str | None) -> Caps:
    if text is None:
        return {"*": ALL_VERBS}
    verbs: dict[str, frozenset[Verb]] = {}
    try:
        for pattern, names in json.loads(text).items():
            unknown = set(names) - ALL_VERBS
            if unknown:
                raise ConfigError(
                    f"--caps: unknown verb {sorted(unknown)[0]!r}; use {', '.join(sorted(ALL_VERBS))}"
                )
            verbs[pattern] = frozenset(names)
    except (ValueError, AttributeError, TypeError):
        raise ConfigError('--caps must be JSON such as \'{"stream:*": ["subscribe"]}\'') from None
    return verbs

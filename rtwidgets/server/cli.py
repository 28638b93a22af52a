"""`rtwidgets-hub`: the commands that run a hub and make its tokens."""

from __future__ import annotations

import json
import os
import secrets
import time
from pathlib import Path

import click

from .. import __version__
from ..core.capabilities import ALL_VERBS, Caps
from ..core.rules import Verb
from ..core.tokens import Tokens
from ..errors import ConfigError, RtWidgetsError
from .local import IDLE_AFTER_S, serve_local
from .run import serve as run_hub
from .settings import GOOD_SECRET, load

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
        except RtWidgetsError as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=Commands)
@click.version_option(__version__, prog_name="rtwidgets-hub")
def main() -> None:
    """Run and use an rtwidgets hub."""


@main.command()
@config_option
@click.option("--host", help="Address to listen on (default 127.0.0.1).")
@click.option("--port", type=int, help="Port to listen on (default 8090; 0 for any).")
@click.option("--ssl-certfile", help="PEM file with the certificate chain: speak TLS.")
@click.option("--ssl-keyfile", help="PEM file with its key, when that is in a file of its own.")
def serve(config: Path | None, **flags: object) -> None:
    """Serve a hub."""
    settings = load(config, os.environ, flags)
    secret = settings.auth.hmac_secret
    if secret and len(secret) < GOOD_SECRET:
        click.echo(
            f"warning: auth.hmac_secret has {len(secret)} characters and can be guessed; "
            f"use {GOOD_SECRET} or more",
            err=True,
        )
    run_hub(settings, lambda url: click.echo(f"rtwidgets hub at {url}"))


@main.command()
@click.option("--idle-after-s", type=float, default=IDLE_AFTER_S, help="End after this many unused seconds.")
def local(idle_after_s: float) -> None:
    """Serve this user's local hub; notebooks start it by themselves."""
    if not serve_local(idle_after_s):
        click.echo("another process is the local hub already")


@main.command()
@config_option
@click.option("--user", required=True, help="Who the token is for.")
@click.option("--name", help="Name that others see.")
@click.option("--ttl-s", type=float, default=3600.0, show_default=True, help="Seconds it is good for.")
@click.option("--caps", help='Rights as JSON, such as \'{"stream:*": ["subscribe"]}\'; all without it.')
@click.option("--owner", is_flag=True, help="Let it mint tokens and allow origins.")
def token(
    config: Path | None, user: str, name: str | None, ttl_s: float, caps: str | None, owner: bool
) -> None:
    """Mint a connection token with the secret of the settings."""
    settings = load(config, os.environ, {})
    if not settings.auth.hmac_secret:
        raise ConfigError("auth.hmac_secret is empty: there is no key to sign a token with")
    minted = Tokens(settings.auth.hmac_secret).mint(
        user=user,
        caps=_caps(caps),
        now=time.time(),
        token_id=secrets.token_urlsafe(12),
        ttl_s=ttl_s,
        info={"name": name or user},
        owner=owner,
    )
    click.echo(minted)


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

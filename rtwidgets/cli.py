"""`rtwidgets-hub`: the hub's own commands, and a terminal's way to read and write channels."""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import click
import msgspec
from msgspec import Raw

from .client.backoff import Backoff
from .client.connect import TOKEN_VARIABLE, URL_VARIABLE, connect
from .client.hub import Hub
from .client.notices import Subscribed
from .core.tokens import TokenError
from .errors import ConfigError, HubUnreachableError
from .protocol.messages import ClientInfo, Command, Error, Publication, PublishRequest
from .protocol.names import check_channel
from .server.admin import local_url, signed_admin_invite
from .server.cli import config_option, main, read_token
from .server.settings import load

url_option = click.option("--url", help="Address of the hub; your own local hub without it.")
token_option = click.option(
    "--token-file", type=click.File(), help="File with the token, or - ; RTWIDGETS_HUB_TOKEN without it."
)


@main.command()
@click.argument("channel")
@url_option
@token_option
def tail(channel: str, url: str | None, token_file: TextIO | None) -> None:
    """Print a channel: its snapshot, then every publication, one JSON object a line."""
    with _connect(url, token_file) as hub:
        follower = _Printer(channel)
        hub._use().follow(check_channel(channel), follower, Raw(b'{"rtwidgets":{"snapshot":true}}'))
        with suppress(KeyboardInterrupt):
            follower.refused.wait()
            raise click.ClickException(f"channel {channel!r}: {follower.reason}")


@main.command()
@click.argument("channel")
@click.argument("data")
@url_option
@token_option
def publish(channel: str, data: str, url: str | None, token_file: TextIO | None) -> None:
    """Publish DATA, which is JSON, to a channel."""
    try:
        json.loads(data, parse_constant=_no_constant)
    except ValueError as error:
        raise click.ClickException(f"DATA is not JSON: {error}; quote texts as '\"hello\"'") from None
    with _connect(url, token_file) as hub:
        hub._use().request(Command(publish=PublishRequest(check_channel(channel), Raw(data.encode()))))


@main.command()
@config_option
@click.argument("names", nargs=-1)
@click.option("--url", help="Address of the hub; the one in the settings without it.")
@token_option
def feed(config: Path | None, names: tuple[str, ...], url: str | None, token_file: TextIO | None) -> None:
    """Feed channels from the [sources] of the settings, all of them or those with these NAMES.

    It is a client of the hub like any other and needs a token with the right to publish to the channels.
    A source that fails stops alone; with none left it ends with 1.
    """
    from .sources.configured import start_feed, watch

    settings = load(config, os.environ, {})
    chosen = {name: settings.sources[name] for name in names or settings.sources if name in settings.sources}
    if not chosen or (unknown := set(names) - set(settings.sources)):
        missing = f"[sources.{sorted(unknown)[0]}]" if chosen else "[sources.NAME]"
        raise ConfigError(f"the settings have no {missing}: write what to read and the channel that it feeds")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    url = url or os.environ.get(URL_VARIABLE) or settings.hub.url
    token = read_token(token_file) if token_file is not None else os.environ.get(TOKEN_VARIABLE)
    hub = _connect_when_there(url, token, stopping)
    if hub is None:
        return
    with hub:
        feeds = {name: start_feed(hub, name, options) for name, options in chosen.items()}
        click.echo(f"feeding {', '.join(sorted(feeds))}")
        if not watch(feeds, stopping):
            raise SystemExit(1)


def _connect_when_there(url: str, token: str | None, stopping: threading.Event) -> Hub | None:
    """Connect to a hub that may not have started yet; None when it is time to stop first."""
    backoff = Backoff(random.random, base_s=0.5, cap_s=5.0)
    while not stopping.is_set():
        try:
            return connect(url, token=token, name="feed")
        except HubUnreachableError as error:
            logging.getLogger("rtwidgets").warning("%s; it is tried again", error)
            stopping.wait(backoff.next())
    return None


@main.command("admin-link")
@config_option
@click.option("--url", help="Address of the hub, in the link and to reach it at.")
@token_option
def admin_link(config: Path | None, url: str | None, token_file: TextIO | None) -> None:
    """Print a link to the page of who runs the hub, good for ten minutes.

    With the hub's settings it is signed with their secret. Without, or with settings that have no secret and
    --url, an owner's token makes it: your own local hub's, or the one in --token-file.
    """
    settings = load(config, os.environ, {}) if _has_settings(config) else None
    if settings is not None and (settings.auth.hmac_secret or url is None):
        try:
            invite = signed_admin_invite(settings, time.time())
        except TokenError as error:
            raise ConfigError(
                f"{error}: give the hub's address and a token of its owner, --url and --token-file"
            ) from None
        base = url or settings.hub.public_url or local_url(settings.hub)
        click.echo(f"{base.rstrip('/')}/admin#{invite}")
        return
    with _connect(url, token_file) as hub:
        made = msgspec.json.decode(hub._use().rpc("rtwidgets.sign_in", {"admin": True}))
        base = url or made["public_url"] or hub.url
        click.echo(f"{base.rstrip('/')}/admin#{made['invite']}")


def _has_settings(config: Path | None) -> bool:
    return config is not None or "RTWIDGETS_AUTH_HMAC_SECRET" in os.environ


class _Printer:
    """Print what a channel brings; the loop of the client's thread calls it."""

    def __init__(self, channel: str) -> None:
        self.refused = threading.Event()
        self.reason = ""

    def on_subscribed(self, notice: Subscribed) -> None:
        if bytes(notice.snapshot):
            click.echo(b'{"snapshot":' + bytes(notice.snapshot) + b"}")

    def on_publication(self, publication: Publication) -> None:
        click.echo(msgspec.json.encode(publication))

    def on_membership(self, info: ClientInfo, joined: bool) -> None:
        word = "join" if joined else "leave"
        click.echo(msgspec.json.encode({word: info}))

    def on_refused(self, error: Error) -> None:
        self.reason = error.message
        self.refused.set()


def _connect(url: str | None, token_file: TextIO | None) -> Hub:
    token = read_token(token_file) if token_file is not None else None
    hub = connect(url, token=token)
    if hub.is_local:  # somebody who forgot --url would wait for what is published at another
        click.echo(f"your own local hub at {hub.url}; --url or {URL_VARIABLE} names another", err=True)
    return hub


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not allowed")

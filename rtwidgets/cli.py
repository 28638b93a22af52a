"""`rtwidgets-hub`: the hub's own commands, and a terminal's way to read and write channels."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from typing import TextIO

import click
import msgspec
from msgspec import Raw

from .client.connect import connect
from .client.hub import Hub
from .client.notices import Subscribed
from .protocol.messages import ClientInfo, Command, Error, Publication, PublishRequest
from .protocol.names import check_channel
from .server.cli import main

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
    token = token_file.read().strip() if token_file is not None else None
    return connect(url, token=token)


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not allowed")

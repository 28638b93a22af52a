from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rtwidgets.errors import ConfigError
from rtwidgets.server.settings import load

from ..client.hub_process import HubProcess, environment

SECRET = '[auth]\nhmac_secret = "s"\n'
GOOD = f'[auth]\nhmac_secret = "{"0123456789abcdef" * 2}"\n'
KNOWN = '[auth]\nhmac_secret = "at least 32 characters that nobody guesses"\n'
UNREAD = "[auth]\nhmac_secret = \"$(python3 -c 'import secrets; print(secrets.token_hex(32))')\"\n"
PEM = "-----BEGIN PUBLIC KEY-----MFkwEwYHKoZIzj0CAQ-----END PUBLIC KEY-----"
OPEN = "[hub]\nhost = '0.0.0.0'"
FRONT = "[hub]\npublic_url = 'https://hub.example.org'"
ARCHIVE = SECRET + "[hub]\narchive = 'sqlite:///hub.db'\n[namespaces.a]\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SECRET + "[hub]\nprot = 1", ["unknown key `prot`", "hub"]),
        (SECRET + "[hob]\nport = 1", ["unknown key `hob`"]),
        (SECRET + "[hub]\nport = 'x'", ["hub.port"]),
        (SECRET + "[hub]\nport = 70000", ["hub.port is 70000", "0 (any free port) to 65535"]),
        (SECRET + "[hub]\nbroker = 'carrier pigeon'", ["hub.broker", "'memory'"]),
        (
            SECRET + "[hub]\nbroker = 'redis://a'\narchive = 'sqlite:///a.db'",
            ["SQLite", "one process", "postgresql://"],
        ),
        (SECRET + "[hub]\nworkers = 2", ["hub.workers is 2", "of its own", "hub.broker", "redis://"]),
        (SECRET + "[hub]\nworkers = 0", ["hub.workers is 0", "1 or more"]),
        (SECRET + "[hub]\narchive = 'attic'", ["hub.archive", "'none'", "sqlite:///path.db"]),
        (SECRET + "[namespaces.a]\narchive = true", ["[namespaces.a]", "no archive", "'sqlite:///hub.db'"]),
        (ARCHIVE + "archive = true", ["[namespaces.a]", "recover = true", "history_size"]),
        (ARCHIVE + "archive = true\nrecover = true", ["[namespaces.a]", "history_size"]),
        (
            ARCHIVE + "archive = true\nrecover = true\nhistory_size = 1\narchive_ttl_s = -1",
            ["[namespaces.a]", "archive_ttl_s"],
        ),
        (SECRET + "[hub]\npublic_url = 'https://ann:pw@here'", ["hub.public_url", "'https://here'"]),
        (SECRET + "[hub]\npublic_url = 'here'", ["hub.public_url", "https://hub.example.org"]),
        (SECRET + "allowed_origins = ['*']", ["allowed_origins", "'*'"]),
        (SECRET + "[namespaces.a]\nkind = 'blob'", ["blob"]),
        (SECRET + "[namespaces.a]\nallow = ['fly']", ["fly"]),
        (SECRET + "[namespaces.'a b']\nkind = 'event'", ["[namespaces.a b]"]),
        (SECRET + "[limits]\nmax_message_byte = 5", ["unknown key `max_message_byte`"]),
        (SECRET + "algorithms = ['none']", ["'none'", "HS256, RS256, ES256"]),
        (SECRET + "algorithms = ['RS256']", ["'RS256'", "auth.jwks"]),
        (SECRET + "leeway_s = 3600", ["auth.leeway_s is 3600"]),
        (SECRET + "revocation_file = 'revoked'", ["'revoked'", "whole path"]),
        ("[auth]\nhmac_secret_previous = 's'\nanonymous = true", ["set the new one"]),
        (GOOD + "hmac_secret_previous = 's'\n" + OPEN, ["0.0.0.0", "auth.hmac_secret_previous", "guessed"]),
        (GOOD + "api_key = 'x'\n" + OPEN, ["0.0.0.0", "auth.api_key can be guessed", "32", "token_hex"]),
        (GOOD + "hmac_secret_previous = 's'\n" + FRONT, ["hub.public_url", "auth.hmac_secret_previous"]),
        (GOOD + "api_key = 'x'\n" + FRONT, ["hub.public_url is set", "auth.api_key can be guessed"]),
        (SECRET + FRONT, ["hub.public_url is set", "auth.hmac_secret can be guessed", "token_hex"]),
        (SECRET + "[hub]\ntrusted_proxies = ['127.0.0.1']", ["hub.trusted_proxies is set", "guessed"]),
        (KNOWN + OPEN, ["0.0.0.0", "auth.hmac_secret is the text of an example", "token_hex"]),
        (UNREAD + OPEN, ["0.0.0.0", "auth.hmac_secret is the text of an example", "token_hex"]),
        ("[auth]\nanonymous = true\n" + FRONT, ["hub.public_url is set", "set a secret"]),
        ("[hub", ["not TOML"]),
        ("", ["nobody could connect", "auth.hmac_secret", "auth.anonymous"]),
        ("[auth]\nanonymous = true\n[hub]\nhost = '0.0.0.0'", ["0.0.0.0", "set a secret"]),
        (SECRET + OPEN, ["0.0.0.0", "auth.hmac_secret can be guessed", "32", "token_hex"]),
        (
            f"[auth]\nhmac_secret = '{'a' * 32}'\n" + OPEN,
            ["0.0.0.0", "hmac_secret can be guessed", "1 different"],
        ),
        (
            GOOD + f"api_key = '{'password' * 8}'\n" + FRONT,
            ["auth.api_key", "7 different characters", "token_hex"],
        ),
        (f"[auth]\nhmac_secret = '{PEM}'", ["auth.hmac_secret is a key for RS256", "auth.jwks", "token_hex"]),
        (
            GOOD + "hmac_secret_previous = 'ssh-rsa AAAAB3Nza'",
            ["auth.hmac_secret_previous is a key", "auth.jwks"],
        ),
        (SECRET + "[hub]\nssl_keyfile = 'key.pem'", ["ssl_certfile is not"]),
    ],
)
def test_bad_setting_is_named_with_the_way_out(tmp_path: Path, text: str, words: list[str]) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        load(path, {}, {})
    for word in words:
        assert word in str(error.value)


def test_address_of_the_archive_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(SECRET + "[hub]\narchive = 'postgresql://hub:hush@db/hub'\n")
    assert "hush" not in repr(load(path, {}, {}))
    path.write_text(SECRET + "[sources.a]\nkind = 'redis'\nurl = 'redis://:hush@db'\n")
    assert "hush" not in repr(load(path, {}, {}))
    path.write_text(SECRET + "[hub]\narchive = 'postgres+old://hub:hush@db/hub'\n")
    with pytest.raises(ConfigError, match=r"begins with 'postgres\+old'") as error:
        load(path, {}, {})
    assert "hush" not in str(error.value)


def test_keys_that_nobody_guesses_start_a_hub_for_others(tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    for where in (OPEN, FRONT, FRONT + "\ntrusted_proxies = ['127.0.0.1']"):
        path.write_text(GOOD + f"api_key = '{'keys' + '01234567' * 4}'\n{where}")
        assert load(path, {}, {}).auth.api_key


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml can't be read"):
        load(tmp_path / "nowhere.toml", {}, {})


def test_flags_win_over_environment_and_environment_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(SECRET + "[hub]\nport = 1\nhost = 'localhost'\nflush_interval_ms = 7\n")
    environ = {
        "RTWIDGETS_HUB_PORT": "2",
        "RTWIDGETS_HUB_HOST": "::1",
        "RTWIDGETS_AUTH_ALLOWED_ORIGINS": "http://a,http://b",
    }
    settings = load(path, environ, {"port": 3, "host": None})
    assert (settings.hub.port, settings.hub.host, settings.hub.flush_interval_ms) == (3, "::1", 7)
    assert settings.auth.allowed_origins == ("http://a", "http://b")


def test_written_namespace_stands_beside_the_built_in_ones(tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(SECRET + "[namespaces.default]\nkind = 'event'\nallow = ['subscribe']\n")
    namespaces = load(path, {}, {}).rules().namespaces
    assert set(namespaces) == {"default", "event", "stream", "table", "value", "chat"}


def serve(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rtwidgets.server", "serve", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        env=environment(),
    )


def test_command_line_reports_one_line_and_no_traceback(tmp_path: Path, hub: HubProcess) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(SECRET)
    taken = serve("--config", str(path), "--port", str(hub.port))
    assert taken.returncode == 1
    assert f"can't listen on 127.0.0.1:{hub.port}" in taken.stderr and "--port" in taken.stderr
    assert "Traceback" not in taken.stderr
    assert "warning: auth.hmac_secret can be guessed" in taken.stderr
    path.write_text("[hub]\nprot = 1")
    wrong = serve("--config", str(path))
    assert wrong.returncode == 1 and len(wrong.stderr.splitlines()) == 1

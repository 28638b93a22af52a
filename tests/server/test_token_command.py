"""`rtwidgets-hub token`, as an operator uses it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import jwt
import pytest

from ..client.hub_process import SECRET, environment, free_port, token

OLD = "the secret that was used before it"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "hub.toml"
    path.write_text(
        f'[auth]\nhmac_secret = "{SECRET}"\nhmac_secret_previous = "{OLD}"\n'
        f'audience = "desk"\nrevocation_file = "{tmp_path / "revoked"}"\n'
    )
    return path


def run(config: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rtwidgets.server", *arguments, "--config", str(config)]
    return subprocess.run(
        command, input=given, capture_output=True, text=True, timeout=30, env=environment(), check=False
    )


def mint(config: Path, *arguments: str) -> dict[str, object]:
    done = run(config, "token", "--user", "ann", *arguments)
    assert done.returncode == 0, done.stderr
    claims: dict[str, object] = jwt.decode(done.stdout.strip(), SECRET, algorithms=["HS256"], audience="desk")
    return claims


READ = ["history", "presence", "subscribe"]


@pytest.mark.parametrize(
    ("arguments", "caps", "owner"),
    [
        (["--role", "viewer"], {"*": READ}, None),
        (["--role", "viewer", "--channels", "stream:*"], {"stream:*": READ}, None),
        (
            ["--role", "editor", "--channels", "stream:a", "--channels", "value:b"],
            {
                "stream:a": sorted([*READ, "publish"]),
                "value:b": sorted([*READ, "publish"]),
                "command:*": ["command"],
            },
            None,
        ),
        (["--caps", '{"event:a": ["subscribe"]}'], {"event:a": ["subscribe"]}, None),
        (
            ["--role", "owner"],
            {"*": sorted([*READ, "publish", "command"]), "command:*": ["command", "publish"]},
            True,
        ),
    ],
)
def test_roles_become_rights(config: Path, arguments: list[str], caps: object, owner: bool | None) -> None:
    claims = mint(config, *arguments)
    assert (claims["caps"], claims.get("owner")) == (caps, owner)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--user is needed"),
        *((["--user", empty], "--user is needed: who is the token for? It is empty") for empty in ("", " ")),
        (["--user", "ann", "--channels", "a"], "--role and --channels go together"),
        (["--user", "ann", "--role", "viewer", "--owner"], "--caps and --owner without"),
        (["--user", "ann", "--role", "king"], "king"),
        (["--check", "nowhere"], "nowhere"),
        *((["--user", "ann", "--ttl-s", text], "--ttl-s must be") for text in ("nan", "inf", "0", "-5")),
    ],
)
def test_wrong_use_is_explained(config: Path, arguments: list[str], words: str) -> None:
    done = run(config, "token", *arguments)
    assert done.returncode != 0 and words in done.stderr and "Traceback" not in done.stderr


def check(config: Path, text: str) -> tuple[int, str]:
    done = run(config, "token", "--check", "-", given=text + "\n")
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    # What it explains must not be usable by who reads the explanation.
    assert not text or text not in said
    assert text.rpartition(".")[2] not in said or "." not in text
    return done.returncode, said


def test_what_is_no_text_is_named(config: Path, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_bytes("eyJ".encode("utf-16"))
    done = run(config, "token", "--check", str(path))
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"{path} holds no token: it is no text in UTF-8" in done.stderr


def test_good_token_is_explained(config: Path) -> None:
    done = run(config, "token", "--user", "ann", "--role", "viewer", "--ttl-s", "7300")
    code, said = check(config, done.stdout.strip())
    assert code == 0
    for words in (
        "HS256, auth.hmac_secret\n",
        "user        ann",
        "in 2 hours",
        "*: history, presence, subscribe",
        "desk",
    ):
        assert words in said
    assert said.endswith("The hub takes it.\n")


def test_refused_tokens_are_explained(config: Path) -> None:
    now = int(time.time())
    claims = {"sub": "ann", "aud": "desk", "iat": now - 7200, "jti": "j1"}
    old = jwt.encode(claims, OLD, algorithm="HS256")
    assert "HS256, auth.hmac_secret_previous" in check(config, old)[1]
    for text, words in (
        (jwt.encode({**claims, "exp": now - 3600}, SECRET, algorithm="HS256"), ["expired", "60 minutes ago"]),
        (
            jwt.encode(claims, "x" * 32, algorithm="HS256"),
            ["not signed with a key of this hub", "not verified"],
        ),
        (token(), ["audience 'desk'"]),
        (jwt.encode({**claims, "exp": 1e18}, SECRET, algorithm="HS256"), ["no time"]),
        (jwt.encode({**claims, "sub": "\x1b[2Jann"}, "x" * 32, algorithm="HS256"), ["\\x1b[2Jann"]),
        (jwt.encode({**claims, "caps": 5, "channels": 5}, "x" * 32, algorithm="HS256"), ["not verified"]),
        ("nonsense", ["no JWT"]),
        ("", ["no JWT"]),
    ):
        code, said = check(config, text)
        assert code == ("no time" not in words)
        for word in words:
            assert word in said, said
    assert run(config, "revoke", "--jti", "j1").returncode == 0
    assert "revoked" in check(config, old)[1]


def test_invites_are_explained(config: Path) -> None:
    ends = int(time.time()) + 600
    claims = {"sub": "ann", "aud": "desk", "exp": ends, "jti": "i", "use": "invite"}
    says = {**claims, "invite": {"session": "morning", "role": "viewer"}}
    code, said = check(config, jwt.encode(says, SECRET, algorithm="HS256"))
    assert code == 0 and "an invite: POST /api/join" in said
    assert "session   morning" in said and "role      viewer" in said and "right" not in said
    for odd in ({"invite": 7}, {"invite": {"session": "morning", "role": "king"}}, {**says, "exp": None}):
        given = {name: value for name, value in {**claims, **odd}.items() if value is not None}
        code, said = check(config, jwt.encode(given, SECRET, algorithm="HS256"))
        assert code == 1 and "refuses it: it is no invite that a hub made" in said


def test_tokens_that_come_together_are_explained(config: Path) -> None:
    claims = {"aud": "desk", "exp": int(time.time()) + 600}
    ann, more, bob = (
        jwt.encode({**claims, "sub": user, "jti": token_id}, SECRET, algorithm="HS256")
        for user, token_id in (("ann", "j1"), ("ann", "j2"), ("bob", "j3"))
    )
    code, said = check(config, f"{ann} {more}")
    assert code == 0 and said.endswith("The hub takes it.\n")
    assert said.index("token 1:") < said.index("j1") < said.index("token 2:") < said.index("j2")
    code, said = check(config, f"{ann} {bob}")
    assert code == 1 and "tokens that come together are of one user" in said
    assert run(config, "revoke", "--jti", "j2").returncode == 0
    code, said = check(config, f"{ann} {more}")
    assert code == 1 and "refuses it: token 2: the token was revoked" in said


def test_what_can_not_be_known_of_revocations_is_said(config: Path) -> None:
    config.write_text(f'[auth]\nhmac_secret = "{SECRET}"\n')
    code, said = check(config, token())
    assert code == 0 and "unless it was revoked: a hub without auth.revocation_file" in said
    config.write_text(
        f'[auth]\nhmac_secret = "{SECRET}"\n[hub]\nbroker = "redis://127.0.0.1:{free_port()}"\n'
    )
    code, said = check(config, token())
    assert code == 0 and "unless it was revoked: hub.broker, which keeps that, can't be asked" in said


def test_revoke_needs_one_name_and_a_file(config: Path, tmp_path: Path) -> None:
    assert "--jti or --user" in run(config, "revoke").stderr
    assert "--jti or --user" in run(config, "revoke", "--jti", "a", "--user", "b").stderr
    bare = tmp_path / "bare.toml"
    bare.write_text(f'[auth]\nhmac_secret = "{SECRET}"\n')
    assert "auth.revocation_file is not set" in run(bare, "revoke", "--user", "a").stderr

"""Tokens of somebody else's identity provider: keys from a file, and from a server that changes them."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import jwt
import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from rtwidgets.core.tokens import TokenError
from rtwidgets.errors import ConfigError
from rtwidgets.server import jwks
from rtwidgets.server.jwks import Jwks
from rtwidgets.server.settings import AuthSection, Settings

from ..client.hub_process import HubProcess
from .inner_hub import InnerHub
from .sockets import bare_line

RSA_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def entry(key: Any, key_id: str, **more: Any) -> dict[str, Any]:
    maker = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    return {**json.loads(maker.to_jwk(key.public_key())), "kid": key_id, **more}


def signed(key: Any, key_id: str, user: str = "ann") -> str:
    algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    claims = {"sub": user, "exp": time.time() + 600, "caps": {"*": ["subscribe"]}}
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": key_id})


def test_hub_with_a_jwks_file_takes_its_tokens_and_no_others(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [entry(RSA_KEY, "r1"), entry(EC_KEY, "e1", use="sig")]}))
    hub = HubProcess(tmp_path, f'jwks = "{file}"\n')
    hub.start()
    try:
        for key, key_id in ((RSA_KEY, "r1"), (EC_KEY, "e1")):
            with bare_line(hub) as line:
                assert "connect" in line.ask(connect={"token": signed(key, key_id)})
        stranger = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
        with bare_line(hub) as line:
            line.socket.send(json.dumps({"id": 1, "connect": {"token": signed(stranger, "r1")}}))
            with pytest.raises(Exception, match="invalid token"):
                line.receive()
    finally:
        hub.kill()


@pytest.mark.parametrize(
    ("keys", "left"),
    [
        ([entry(RSA_KEY, "a", use="enc")], 0),
        ([entry(rsa.generate_private_key(public_exponent=65_537, key_size=1024), "a")], 0),
        ([entry(ec.generate_private_key(ec.SECP384R1()), "a")], 0),
        ([{"kty": "oct", "k": "c2VjcmV0", "alg": "HS256", "kid": "a"}], 0),
        ([{"kty": "RSA"}, {}, "key", None, 5, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}], 0),
        ([json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(RSA_KEY))], 0),
        ([entry(RSA_KEY, "a", alg="RS512"), entry(RSA_KEY, "b", alg="RS256")], 1),
    ],
)
def test_unusable_keys_are_passed_over(tmp_path: Path, keys: list[Any], left: int) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": keys}))
    tokens = AuthSection(jwks=str(file)).tokens()
    if left:
        Jwks(str(file), tokens)
        assert len(tokens.public_keys) == left
    else:
        with pytest.raises(ConfigError, match="no key for RS256 or ES256"):
            Jwks(str(file), tokens)


def test_odd_keys_do_not_stop_the_others(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    odd = [
        {"kty": "oct", "kid": "internal"},
        {"kty": "RSA", "alg": "none"},
        {"kty": [], "kid": {}},
        {"use": {}},
        entry(RSA_KEY, "enc", use="enc"),
    ]
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [*odd, entry(EC_KEY, "e1")]}))
    tokens = AuthSection(jwks=str(file)).tokens()
    Jwks(str(file), tokens)
    assert [key.key_id for key in tokens.public_keys] == ["e1"]
    (record,) = caplog.records
    assert record.getMessage().endswith(f"of {file}: 'internal', one without a kid, one without a kid")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"keys": 5}', '{"key": []}', "null", "\x00", "[" * 100_000])
def test_file_that_is_no_jwks_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"auth\.jwks: no keys from"):
        Jwks(str(file), AuthSection(jwks=str(file)).tokens())


@pytest.mark.parametrize(
    "source", ["http://login.example.org/keys", "ftp://127.0.0.1/keys", "file:///etc/passwd"]
)
def test_only_safe_addresses_are_asked(source: str) -> None:
    with pytest.raises(ConfigError, match="https"):
        Jwks(source, AuthSection(jwks=source).tokens())


@pytest.mark.parametrize(
    "place", ["u:PASSWORD@login/k", "PASSWORD@login:80/k", "u:PASSWORD/x@login/k", "[PASSWORD"]
)
@pytest.mark.parametrize("query", ["", "?key=PASS WORD&mail=a@b#PASSWORD"])
def test_address_with_a_password_is_refused_without_showing_it(place: str, query: str) -> None:
    source = f"https://{place}{query}"
    with pytest.raises(ConfigError, match=r"auth\.jwks: .* can't be asked") as caught:
        Jwks(source, AuthSection(jwks=source).tokens())
    assert "PASS" not in str(caught.value).replace("[PASSWORD", "")


class Provider(BaseHTTPRequestHandler):
    """An identity provider that answers with what the test has put there."""

    body: ClassVar[bytes] = b""
    redirect: ClassVar[str] = ""
    asked: ClassVar[int] = 0
    paths: ClassVar[list[str]] = []
    drips_header: ClassVar[bool] = False
    pause_s: ClassVar[float] = 0.0

    def do_GET(self) -> None:
        Provider.asked += 1
        Provider.paths.append(self.path)
        self.send_response(302 if Provider.redirect else 200 if Provider.body else 503)
        if Provider.redirect:
            self.send_header("Location", Provider.redirect)
        if Provider.drips_header:
            self.flush_headers()
            self._drip(b"X-Name: " + b"y" * 2000)
        self.end_headers()
        if not Provider.pause_s:
            self.wfile.write(Provider.body)
            return
        self._drip(Provider.body)

    def _drip(self, data: bytes) -> None:
        for byte in data:
            try:
                self.wfile.write(bytes((byte,)))
            except OSError:  # who asked has gone
                return
            time.sleep(Provider.pause_s)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def provider(certificate: trustme.LeafCert | None = None) -> Iterator[str]:
    Provider.body, Provider.redirect, Provider.asked, Provider.pause_s = b"", "", 0, 0.0
    Provider.paths, Provider.drips_header = [], False
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"{'http' if certificate is None else 'https'}://127.0.0.1:{server.server_port}/keys"
    finally:
        server.shutdown()
        server.server_close()


def takes(hub: InnerHub, token: str) -> bool:
    try:
        hub.call(lambda: hub.app.tokens.credentials(token, hub.app.now()))
    except TokenError:
        return False
    return True


def within(seconds: float, what: Any) -> bool:
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_keys_from_an_address_follow_its_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "SOONEST_S", 0.2)
    with provider() as address:
        # It is not there yet: the hub starts all the same.
        hub = InnerHub(Settings(auth=AuthSection(jwks=address)))
        try:
            first, second = signed(RSA_KEY, "r1"), signed(EC_KEY, "e1")
            assert not takes(hub, first)
            Provider.body = json.dumps({"keys": [entry(RSA_KEY, "r1")]}).encode()
            assert within(5, lambda: takes(hub, first))
            # A new key is looked for when a token names it; what was there goes when it is gone there.
            Provider.body = json.dumps({"keys": [entry(EC_KEY, "e1")]}).encode()
            assert within(5, lambda: takes(hub, second))
            assert not takes(hub, first)
            # Nonsense, a failure or somewhere else to look leave the keys that are there.
            for Provider.body, Provider.redirect in ((b"{}", ""), (b"", ""), (b"x", "file:///etc/passwd")):
                more = Provider.asked + 1
                assert within(5, lambda more=more: not takes(hub, first) and Provider.asked >= more)
            assert takes(hub, second)
        finally:
            hub.close()


def test_looking_for_keys_goes_on_whatever_happens(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(jwks, "SOONEST_S", 0.1)
    with provider() as address:
        Provider.body = json.dumps({"keys": [entry(RSA_KEY, "r1")]}).encode()
        hub = InnerHub(Settings(auth=AuthSection(jwks=f"{address}?key=PASSWORD")))
        first, second = signed(RSA_KEY, "r1"), signed(EC_KEY, "e1")
        try:
            assert takes(hub, first)
            with monkeypatch.context() as patch:
                patch.setattr(jwks, "MAX_BYTES", None)  # nobody has thought of this
                assert within(5, lambda: not takes(hub, second) and "an unexpected TypeError" in caplog.text)
            # A symmetric key that names no secret stands beside the new one.
            Provider.body = json.dumps({"keys": [entry(EC_KEY, "e1"), {"kty": "oct", "kid": "in"}]}).encode()
            assert within(5, lambda: takes(hub, second))
            assert not takes(hub, first)
            Provider.body = b""
            assert within(5, lambda: not takes(hub, first) and "503" in caplog.text)
            assert caplog.text.count("passed over") == 1
            assert f"from {address}: " in caplog.text and "PASSWORD" not in caplog.text
            assert "/keys?key=PASSWORD" in Provider.paths
        finally:
            hub.close()


def test_keys_come_from_no_other_place_than_that_of_the_settings(caplog: pytest.LogCaptureFixture) -> None:
    with provider() as address:
        Provider.body = json.dumps({"keys": [entry(RSA_KEY, "r1")]}).encode()
        Provider.redirect = "/elsewhere"
        tokens = AuthSection(jwks=address).tokens()
        Jwks(address, tokens)
        assert (tokens.public_keys, Provider.paths) == ((), ["/keys"])
        assert "302" in caplog.text


def test_unknown_keys_do_not_make_the_hub_ask_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "SOONEST_S", 0.5)
    with provider() as address:
        Provider.body = json.dumps({"keys": [entry(RSA_KEY, "r1")]}).encode()
        hub = InnerHub(Settings(auth=AuthSection(jwks=address)))
        try:
            started = time.monotonic()
            for number in range(200):
                assert not takes(hub, signed(EC_KEY, f"e{number}"))
                time.sleep(0.005)
            assert Provider.asked <= 2 + (time.monotonic() - started) / 0.5
        finally:
            hub.close()


def test_plain_http_goes_through_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with provider() as address:
        Provider.body = json.dumps({"keys": [entry(RSA_KEY, "r1")]}).encode()
        tokens = AuthSection(jwks=address).tokens()
        Jwks(address, tokens)
        assert len(tokens.public_keys) == 1


@pytest.mark.parametrize("fault", ["more than", "takes longer", "header"])
def test_answer_without_end_is_left(
    fault: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(jwks, "TIMEOUT_S", 0.3)
    if fault == "more than":
        monkeypatch.setattr(jwks, "MAX_BYTES", 64)
    with provider() as address:
        Provider.body = b" " * 65 + json.dumps({"keys": [entry(RSA_KEY, "r1")]}).encode()
        Provider.pause_s = 0.0 if fault == "more than" else 0.01
        Provider.drips_header = fault == "header"
        tokens = AuthSection(jwks=address).tokens()
        started = time.monotonic()
        Jwks(address, tokens)
        assert time.monotonic() - started < 5
        assert tokens.public_keys == ()
        assert ("takes longer" if fault == "header" else fault) in caplog.text


def test_a_provider_that_is_still_answering_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "TIMEOUT_S", 0.3)
    with provider() as address:
        Provider.body = json.dumps({"keys": [entry(RSA_KEY, "r1")]}).encode()
        Provider.pause_s, Provider.drips_header = 0.01, True
        keys = Jwks(address, AuthSection(jwks=address).tokens())
        with pytest.raises(ValueError, match="still answering an earlier request"):
            keys._load()
        assert len(Provider.paths) == 1


def test_provider_that_can_not_prove_who_it_is_gives_no_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    with provider(authority.issue_cert("127.0.0.1")) as address:
        Provider.body = json.dumps({"keys": [entry(RSA_KEY, "r1")]}).encode()
        tokens = AuthSection(jwks=address).tokens()
        Jwks(address, tokens)
        assert tokens.public_keys == ()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        Jwks(address, tokens)
        assert len(tokens.public_keys) == 1

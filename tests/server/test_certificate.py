"""Certificates that have expired, and those that take their place while the hub runs."""

from __future__ import annotations

import logging
import shutil
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rtwidgets.server import certificate
from rtwidgets.server.certificate import Certificate
from rtwidgets.server.settings import HubSection

from ..deploy.front import Certificates
from .inner_hub import InnerHub

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [(-2, 2, ""), (-2, -1, "has expired"), (1, 2, "not yet valid")],
    ids=["valid", "expired", "early"],
)
def test_a_certificate_that_is_not_valid_now_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, first: int, last: int, said: str
) -> None:
    files = Certificates(tmp_path, not_before=NOW + first * DAY, not_after=NOW + last * DAY)
    Certificate(HubSection(ssl_certfile=str(files.chain), ssl_keyfile=str(files.key)))
    assert [said in record.getMessage() for record in caplog.records] == [True] * bool(said)


def test_new_files_are_taken_up_while_the_hub_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    old, new = (Certificates(made(tmp_path / name)) for name in ("old", "new"))
    files = HubSection(ssl_certfile=str(old.chain), ssl_keyfile=str(old.key))
    known = [ssl.PEM_cert_to_DER_cert(each.chain.read_text()) for each in (old, new)]
    hub = InnerHub(tls=Certificate(files))

    def shown() -> int:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection(("127.0.0.1", hub.port), timeout=5) as plain,
            context.wrap_socket(plain) as secured,
        ):
            return known.index(secured.getpeercert(binary_form=True) or b"")

    try:
        assert shown() == 0
        shutil.copy(new.chain, old.chain)
        # Not looked for at each handshake.
        assert shown() == 0 and not caplog.records
        monkeypatch.setattr(certificate, "LOOK_INTERVAL_S", 0.0)
        # The key is still the old one's, and that is said once.
        assert (shown(), shown()) == (0, 0)
        faults = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
        assert len(faults) == 1 and "the certificate from before stays" in faults[0]
        shutil.copy(new.key, old.key)
        assert shown() == 1
        old.key.unlink()
        assert shown() == 1
    finally:
        hub.close()


def made(directory: Path) -> Path:
    directory.mkdir()
    return directory

"""The containers: what Compose would start is what the hub and nginx take."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import yaml

from rtwidgets.server.settings import load

from ..client.hub_process import ROOT
from .front import FILE

FOLDER = ROOT / "deploy/docker"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())
FILLED = {
    "NAME": "desk.example.org",
    "HMAC_SECRET": "0123456789abcdef" * 2,
    "API_KEY": "fedcba9876543210" * 4,
    "CERTIFICATE": "/c.pem",
    "KEY": "/k.pem",
    "POSTGRES_PASSWORD": "secret",
}


def filled(text: str) -> str:
    """Put the values of an .env file into a text, as Compose does."""
    return re.sub(r"\$\{(\w+)(:[?-][^}]*)?\}", lambda found: FILLED[found[1]], text).replace("$$", "$")


def test_example_env_has_what_compose_asks_for() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (FOLDER / "compose.yaml").read_text()))
    given = dict(re.findall(r'^(\w+)="?(.*?)"?$', (FOLDER / "example.env").read_text(), re.MULTILINE))
    assert asked == set(FILLED) == set(given)


def test_services_are_two_hubs_and_what_they_share() -> None:
    services = COMPOSE["services"]
    assert set(services) == {"hub-a", "hub-b", "redis", "postgres", "nginx"}
    for name, service in services.items():
        for needed in service.get("depends_on", {}):
            assert "healthcheck" in services[needed], name
        assert service["networks"]
    assert "ports" not in services["hub-a"], "the hubs are reached through nginx alone"
    hubs = [dict(services[name]) for name in ("hub-a", "hub-b")]
    own = {hub.pop("networks")["inside"]["ipv4_address"] for hub in hubs}
    assert hubs[0] == hubs[1] and len(own) == 2


def test_hub_takes_the_settings_of_its_container() -> None:
    given: dict[str, Any] = COMPOSE["services"]["hub-a"]["environment"]
    environment = {key: filled(text) for key, text in given.items()}
    settings = load(None, {**environment, "RTWIDGETS_HUB_HOST": "0.0.0.0"}, {})
    known = {f"RTWIDGETS_HUB_{key}".upper() for key in settings.hub.__struct_fields__}
    known |= {f"RTWIDGETS_AUTH_{key}".upper() for key in settings.auth.__struct_fields__}
    assert set(given) <= known
    assert settings.hub.broker == "redis://redis:6379/0"
    assert settings.hub.archive == "postgresql://rtwidgets:secret@postgres/rtwidgets"
    assert settings.hub.public_url == "https://desk.example.org"
    assert settings.hub.trusted_proxies == (
        COMPOSE["services"]["nginx"]["networks"]["inside"]["ipv4_address"],
    )


def test_nginx_gets_the_file_with_the_hubs_in_it(tmp_path: Path) -> None:
    shell, option, script = COMPOSE["services"]["nginx"]["command"]
    script = script.replace("$$", "$").replace("/etc/rtwidgets/rtwidgets.conf", str(FILE))
    script = script.replace("/etc/nginx/conf.d/default.conf", str(tmp_path / "out"))
    script = script.replace("exec nginx -g 'daemon off;'", "")
    hubs = COMPOSE["services"]["nginx"]["environment"]["HUBS"]
    subprocess.run([shell, option, script], env={**FILLED, "HUBS": hubs, "PATH": "/usr/bin:/bin"}, check=True)
    text = (tmp_path / "out").read_text()
    assert re.findall(r"^(?!\s*#).*server (hub-\w:\d+) max_fails=0", text, re.MULTILINE)
    assert all(f"server {hub} max_fails=0;" in text for hub in hubs.split())
    assert {hub.partition(":")[0] for hub in hubs.split()} == {"hub-a", "hub-b"}
    assert "hub.example.org" not in text and "server_name desk.example.org;" in text
    volumes = [filled(volume) for volume in COMPOSE["services"]["nginx"]["volumes"]]
    for path in re.findall(r"^    ssl_certificate\S* +(\S+);", text, re.MULTILINE):
        assert any(volume.split(":")[1] == path for volume in volumes), path


def test_image_installs_what_there_is() -> None:
    text = (FOLDER / "Dockerfile").read_text()
    extras = set(re.findall(r"\[([\w,]+)\]", text)[0].split(","))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert extras <= set(project["optional-dependencies"])
    kept = [line[1:] for line in (FOLDER / "Dockerfile.dockerignore").read_text().split() if line[0] == "!"]
    assert all((ROOT / name).exists() for name in kept)
    assert project["readme"] in kept and set(project["license-files"]) <= set(kept)


def test_compose_itself_reads_it(tmp_path: Path) -> None:
    docker = shutil.which("docker")
    has_compose = (
        docker is not None
        and not subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode
    )
    if not has_compose or docker is None:
        return  # the tests above read it as YAML
    command = [docker, "compose", "-f", str(FOLDER / "compose.yaml"), "config", "--quiet"]
    subprocess.run(command, env={**FILLED, "PATH": "/usr/bin:/bin"}, check=True)

"""The threat table names code and tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs/security.md").read_text()


def rows() -> list[list[str]]:
    table = TEXT.split("## Threats")[1].split("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_threat_has_a_defence_code_and_a_test() -> None:
    found = rows()
    assert len(found) > 30
    for row in found:
        assert len(row) == 4 and all(row), row
        assert "`" in row[3], row


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:40])
def test_named_code_and_tests_exist(row: list[str]) -> None:
    for path in re.findall(r"`([\w/]+\.(?:py|ts|css))", row[2]):
        assert (ROOT / path).exists() or (ROOT / "rtwidgets" / path).exists(), path
    for path, names in re.findall(r"`([\w/]+\.(?:py|ts|css))` \(((?:`\w+`(?:, | and )?)+)\)", row[2]):
        place = ROOT / path if (ROOT / path).exists() else ROOT / "rtwidgets" / path
        for name in re.findall(r"\w+", names):
            assert re.search(
                rf"(?:def|class|function|const) {name}\b|^{name} ?[:=]|\b{name}\(.*\{{$",
                place.read_text(),
                re.M,
            ), f"{path} has no {name}"
    assert not re.search(r"`test_(?![\w]*\.)", row[3]), "write ::test_… behind the file that it is in"
    assert "..." not in row[3] and "…" not in row[3], "write test_name_* for several"
    file: Path | None = None
    for path, test in re.findall(r"`([\w/]+\.(?:test\.ts|py))?(?:::(\w+\*?))?", row[3]):
        if path:
            file = ROOT / path
            assert file.exists(), path
        if test:
            assert file is not None, row
            name = test.rstrip("*") if test.endswith("*") else rf"{test}\("
            assert re.search(rf"def {name}", file.read_text()), f"{file}: {test}"


def test_lower_bounds_with_a_reason_are_those_of_the_package() -> None:
    table = TEXT.split("## Supply chain")[1].split("\n## ")[0]
    package = (ROOT / "pyproject.toml").read_text() + (ROOT / "js/package.json").read_text()
    found = re.findall(r"^\| (npm )?([\w-]+)(?: \([^)]*\))? \| ([\d.]+) \| (.*)", table, re.MULTILINE)
    assert {"jupyterlab", "cryptography", "starlette", "PyJWT"} <= {name for _, name, *_ in found}
    for npm, name, version, reason in found:
        assert re.search(r"CVE-\d{4}-\d{4,}|GHSA-", reason) or "extends" in reason, f"{name}: {reason}"
        bound = f'"{name}": "^{version}"' if npm else f'"{name}>={version}"'
        assert bound in package, bound

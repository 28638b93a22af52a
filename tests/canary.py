"""Secrets that can be recognised, and the search for them in what comes out of the system."""

from __future__ import annotations

import base64
import re
from urllib.parse import quote

# A header and the start of claims: any JWT, whoever made it and wherever it was cut.
JWT = re.compile(rb"eyJ[\w-]{8,}\.[\w-]{8,}")


class Canaries:
    """Secrets by name."""

    def __init__(self, **secrets: str) -> None:
        self._forms: dict[str, list[bytes]] = {}
        for name, secret in secrets.items():
            self.add(name, secret)

    def add(self, name: str, secret: str) -> None:
        """Look for one more. A JWT is found by its claims and by its signature too."""
        parts = [secret, *secret.split(".")[1:]]
        assert min(map(len, parts)) >= 16, "short texts are found by chance"
        self._forms[name] = [form for part in parts for form in _forms(part)]

    def found_in(self, content: str | bytes) -> list[str]:
        """Return the names of the secrets that are in a text, in any of the forms that software gives it."""
        data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        found = [name for name, forms in self._forms.items() if any(form in data for form in forms)]
        return found + ["some token"] * bool(JWT.search(data))


def _forms(text: str) -> list[bytes]:
    data = text.encode()
    forms = [data, quote(text).encode(), data.hex().encode()]
    for shift in range(3):  # wherever it stands in something that is base64 as a whole
        coded = base64.b64encode(b"\x00" * shift + data).rstrip(b"=")
        forms.append(coded[4 if shift else 0 : -2])
    return forms

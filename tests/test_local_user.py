"""The name of who runs this process."""

from __future__ import annotations

import getpass
import os

import pytest

from rtwidgets.local_user import local_user


@pytest.mark.parametrize("fault", [KeyError("uid not found"), OSError("no user name")])
def test_a_user_without_a_name_is_called_by_the_number(
    monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    assert local_user() == getpass.getuser()

    def nobody() -> str:
        raise fault

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert local_user() == f"uid-{os.getuid()}"

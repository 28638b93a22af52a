"""What an exception says, also one whose class misbehaves when it is asked."""

from __future__ import annotations


def text_of(error: BaseException) -> str:
    """Return an exception's text as one that JSON can carry; never raises.

    The exceptions of users' functions are the users' classes: what such a `__str__` raises must not keep an
    answer from whoever waits for it.
    """
    try:
        # Half a surrogate pair, as from the name of a file, has no UTF-8.
        return str(error).encode("utf-8", "backslashreplace").decode()
    except BaseException as raised:
        return f"(its text can't be read: that raises {type(raised).__name__})"
